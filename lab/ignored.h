// SPDX-License-Identifier: MIT
/* ignored: which kinds and which fields of manifests the lab does not act on, so that it can say
 * so. Any thread. */
#ifndef LAB_IGNORED_H
#define LAB_IGNORED_H

#include "lab/kinds.h"

#include <jansson.h>
#include <stdbool.h>

/* A kind that clusters have, but not the lab: passed over, not refused. */
bool ignored_kind(const char *api_version, const char *kind);

/* Calls fn with the path (jpath.h's form) of each field that has no effect in the lab; of a field
 * that is ignored as a whole only the field itself. */
void ignored_fields(const struct kind *kind, const json_t *object,
                    void (*fn)(void *arg, const char *path), void *arg);

#endif
