// SPDX-License-Identifier: MIT
/* spec_read: typed members of an API object, with the field's path in the error.
 *
 * A place is an object and its path; "" is the root. Functions return 0, -EINVAL with the error
 * filled, or -ENOMEM. One thread. */
#ifndef LAB_HPA_SPEC_READ_H
#define LAB_HPA_SPEC_READ_H

#include "lab/hpa/hpa.h"

struct place {
    const json_t *object; /* NULL: absent */
    char path[160];
    struct hpa_spec_error *error;
};

struct range {
    int32_t min, max, otherwise; /* otherwise: when the field is absent */
};

/* Fails at a member of the place; member NULL: at the place itself. Returns code. */
int spec_bad(const struct place *at, const char *member, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int spec_no_memory(const struct place *at);

/* The member, or NULL when absent or null. */
json_t *spec_get(const struct place *at, const char *member);

/* A member that is an object or absent. */
int spec_enter(const struct place *at, const char *member, struct place *ret);

/* Element i of a member that is a list; -EINVAL when it is no object. */
int spec_element(const struct place *at, const char *member, size_t i, struct place *ret);

/* How long a list is; 0 when absent. */
int spec_list(const struct place *at, const char *member, size_t *ret_count);

/* Borrowed; "" when absent. */
int spec_text(const struct place *at, const char *member, const char **ret);

/* New; required, and a name that may stand in a path. */
int spec_name(const struct place *at, const char *member, char **ret);

int spec_int(const struct place *at, const char *member, struct range range, int32_t *ret);

#endif
