// SPDX-License-Identifier: MIT
#include "adapter/auth/review.h"

#include <errno.h>
#include <string.h>

json_t *review_token_new(const char *token)
{
    return json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", "authentication.k8s.io/v1", "kind",
                     "TokenReview", "spec", "token", token);
}

json_t *review_access_new(const struct identity *who, const struct attributes *what)
{
    json_auto_t *spec = identity_to_json(who), *attributes = attributes_to_json(what);

    if (!spec || !attributes || json_object_update(spec, attributes) < 0)
        return NULL;
    return json_pack("{s:s, s:s, s:O}", "apiVersion", "authorization.k8s.io/v1", "kind",
                     "SubjectAccessReview", "spec", spec);
}

static const json_t *status_of(const json_t *review, const char *kind)
{
    const char *its_kind = json_string_value(json_object_get(review, "kind"));
    const json_t *status = json_object_get(review, "status");

    return its_kind && strcmp(its_kind, kind) == 0 && json_is_object(status) ? status : NULL;
}

int review_token_read(const json_t *review, struct identity *ret)
{
    const json_t *status = status_of(review, "TokenReview");

    if (!status)
        return -EBADMSG;
    if (!json_is_true(json_object_get(status, "authenticated")))
        return -EACCES;
    return identity_from_review(json_object_get(status, "user"), ret);
}

int review_access_read(const json_t *review, bool *ret_allowed)
{
    const json_t *status = status_of(review, "SubjectAccessReview");

    if (!status)
        return -EBADMSG;
    *ret_allowed = json_is_true(json_object_get(status, "allowed")) &&
                   !json_is_true(json_object_get(status, "denied"));
    return 0;
}
