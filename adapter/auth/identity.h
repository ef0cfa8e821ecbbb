// SPDX-License-Identifier: MIT
/* identity: who a request comes from, as a SubjectAccessReview wants it. One thread. */
#ifndef ADAPTER_AUTH_IDENTITY_H
#define ADAPTER_AUTH_IDENTITY_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

/* Beyond these nobody is let in: a part of the truth about somebody is not the truth. */
#define IDENTITY_GROUPS_MAX 1024
#define IDENTITY_EXTRA_MAX 256

#define GROUP_MASTERS "system:masters"
#define GROUP_AUTHENTICATED "system:authenticated"

struct identity_extra {
    char *key, *value; /* a key that has several values comes several times */
};

struct identity { /* {0} is nobody; identity_done releases it */
    char *user, *uid;
    char **groups;
    struct identity_extra *extra;
    size_t group_count, extra_count;
};

/* Texts are copied. 0, -ENOMEM, or -E2BIG beyond the limits. */
int identity_set_user(struct identity *id, const char *user);
int identity_set_uid(struct identity *id, const char *uid);
int identity_add_group(struct identity *id, const char *group);
int identity_add_extra(struct identity *id, const char *key, const char *value);

bool identity_has_group(const struct identity *id, const char *group);

void identity_done(struct identity *id);

/* Appends a text that no other identity has. Errors as buf_append. */
int identity_write_key(const struct identity *id, struct buf *out);

/* {"user", "uid", "groups", "extra"} as in a SubjectAccessReview's spec. New; NULL when out of
 * memory. */
json_t *identity_to_json(const struct identity *id);

/* Reads status.user of a TokenReview: {"username", "uid", "groups", "extra"}. 0, -EBADMSG without a
 * name, or as above. */
int identity_from_review(const json_t *user, struct identity *ret);

#endif
