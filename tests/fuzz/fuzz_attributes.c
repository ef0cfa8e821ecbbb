// SPDX-License-Identifier: MIT
/* What a request wants, from its path, and who it comes from, from a review's answer: "METHOD
 * PATH", a line break, JSON. */
#include "adapter/auth/attributes.h"
#include "adapter/auth/review.h"
#include "base/scoped.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_path(const char *method, const char *path)
{
    const struct http_request r = {.method = method, .path = path};
    scoped(buf_done) struct buf key = {.max = MIB};
    struct attributes a;
    char text[900];

    attributes_of(&r, &a);
    if (a.is_resource != (*a.resource != '\0') || (a.is_resource && (!*a.group || !*a.version)))
        abort();
    if (strlen(attributes_forbidden(&a, "u", text, sizeof(text))) >= sizeof(text) ||
        attributes_write_key(&a, &key) < 0)
        abort();
    json_decref(attributes_to_json(&a));
}

static void use_review(const char *text, size_t len)
{
    json_auto_t *review = json_loadb(text, len, 0, NULL);
    struct identity who = {0};
    bool allowed = false;

    if (review_token_read(review, &who) == 0 &&
        (!who.user || !*who.user || !identity_has_group(&who, GROUP_AUTHENTICATED)))
        abort();
    identity_done(&who);
    (void)review_access_read(review, &allowed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(free_at) char *text = strndup((const char *)data, size);
    char *rest = text;
    const char *method = strsep(&rest, " "), *path = rest ? strsep(&rest, "\n") : "/";

    use_path(method, path);
    if (rest)
        use_review(rest, strlen(rest));
    return 0;
}
