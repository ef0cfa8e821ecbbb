// SPDX-License-Identifier: MIT
/* mapping: the kinds that a scenario's API server knows, from kind to resource, as the controller
 * finds them by discovery. Any thread. */
#ifndef LAB_REPLAY_MAPPING_H
#define LAB_REPLAY_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

struct mapping {
    const char *group, *version, *kind, *resource; /* group "" is the core group */
    bool scalable;                                 /* has a scale sub-resource */
};

/* NULL when unknown. */
const struct mapping *mapping_find(const char *group, const char *kind);

/* Where the group ends in an apiVersion: "apps" in "apps/v1", "" in "v1". False when it is none
 * (more than one slash). */
bool mapping_group(const char *api_version, size_t *ret_len);

#endif
