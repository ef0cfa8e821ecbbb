// SPDX-License-Identifier: MIT
/* review: the two questions that only the API server can answer, and how its answers are read:
 * whose token is this (TokenReview), may they do that (SubjectAccessReview). Any thread. */
#ifndef ADAPTER_AUTH_REVIEW_H
#define ADAPTER_AUTH_REVIEW_H

#include "adapter/auth/attributes.h"
#include "adapter/auth/identity.h"

#include <jansson.h>
#include <stdbool.h>

#define REVIEW_TOKEN_PATH "/apis/authentication.k8s.io/v1/tokenreviews"
#define REVIEW_ACCESS_PATH "/apis/authorization.k8s.io/v1/subjectaccessreviews"

/* New; NULL when out of memory. */
json_t *review_token_new(const char *token);
json_t *review_access_new(const struct identity *who, const struct attributes *what);

/* 0 and *ret; -EACCES when it is nobody's; -EBADMSG when this is no TokenReview; -ENOMEM; -E2BIG.
 */
int review_token_read(const json_t *review, struct identity *ret);

/* Sets *ret_allowed. 0, or -EBADMSG when this is no SubjectAccessReview. */
int review_access_read(const json_t *review, bool *ret_allowed);

#endif
