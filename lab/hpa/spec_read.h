// SPDX-License-Identifier: MIT
/* spec_read: typed members of an API object, with the field's path in the error.
 *
 * A place is an object and its path; "" is the root. Functions return 0, -EINVAL with the error
 * filled (a member of a wrong type), or -ENOMEM. One thread. */
#ifndef LAB_HPA_SPEC_READ_H
#define LAB_HPA_SPEC_READ_H

#include "lab/hpa/hpa.h"

#include "kube/amount.h"

struct place {
    const json_t *object; /* NULL: absent */
    char path[160];
    struct hpa_spec_error *error;
};

/* Fails at a member of the place; member NULL: at the place itself. Returns -EINVAL. */
int spec_bad(const struct place *at, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int spec_no_memory(const struct place *at);

/* Adds one of several errors to those that the place's error has; the same one only once. */
void spec_complain(const struct place *at, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 0, or -EINVAL when there were complaints, with brackets around several. */
int spec_complaints(struct hpa_spec_error *error);

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

/* The same, new. */
int spec_copy(const struct place *at, const char *member, char **ret);

/* *ret keeps its value when the member is absent. */
int spec_int(const struct place *at, const char *member, int32_t *ret);
int spec_amount(const struct place *at, const char *member, struct amount *ret);

#endif
