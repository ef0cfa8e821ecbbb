// SPDX-License-Identifier: MIT
/* field: sets a value deep inside a JSON object by its path (kube/jpath.h). One thread per object.
 */
#ifndef LAB_SIMULATE_FIELD_H
#define LAB_SIMULATE_FIELD_H

#include <jansson.h>

struct err;

/* Sets a copy of value. Members that are missing on the way are made; elements of a list are not.
 * -EINVAL with a sentence that names the part of the path where it ends: "spec.metrics has no [3]";
 * -ENOMEM. */
int field_set(json_t *root, const char *path, const json_t *value, struct err *err);

#endif
