// SPDX-License-Identifier: MIT
/* Selectors: the canonical text must parse, to itself, and match the same labels. */
#include "kube/selector.h"

#include "base/err.h"
#include "base/scoped.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct selector *s)
{
    scoped(buf_done) struct buf text = {.max = 16 * MIB}, again = {.max = 16 * MIB};
    json_auto_t *labels = json_pack("{s:s,s:s,s:s}", "a", "b", "app", "web", "x.io/y", "");
    struct selector *parsed = NULL;

    if (selector_format(s, &text) < 0)
        abort();
    if (selector_parse(text.data ? text.data : "", &parsed, NULL) < 0)
        abort();
    if (selector_format(parsed, &again) < 0 || again.len != text.len ||
        (text.len && memcmp(text.data, again.data, text.len) != 0))
        abort();
    if (selector_is_empty(s) != selector_is_empty(parsed) ||
        selector_matches(s, labels) != selector_matches(parsed, labels) ||
        selector_matches(s, NULL) != selector_matches(parsed, NULL))
        abort();
    selector_free(parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(free_at) char *text = strndup((const char *)data, size);
    json_auto_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    struct selector *s;
    struct err err = {0};

    if (selector_parse(text, &s, &err) == 0) {
        check_canonical(s);
        selector_free(s);
    } else if (!err.text[0])
        abort();
    if (value && selector_from_json(value, &s, NULL) == 0) {
        check_canonical(s);
        selector_free(s);
    }
    return 0;
}
