// SPDX-License-Identifier: MIT
/* jpath: reads values deep inside API objects without a ladder of lookups.
 *
 *     int64_t replicas = jpath_int(deployment, "spec.replicas", 1);
 *
 * A path is member names joined by dots and [index]; a name that has dots itself is written
 * ["app.kubernetes.io/name"]. A missing or null value and one of another type give the default.
 * Results are borrowed from the object. One thread per object. */
#ifndef KUBE_JPATH_H
#define KUBE_JPATH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

json_t *jpath(const json_t *root, const char *path); /* NULL when absent or null */
const char *jpath_str(const json_t *root, const char *path, const char *otherwise);
int64_t jpath_int(const json_t *root, const char *path, int64_t otherwise);
double jpath_double(const json_t *root, const char *path, double otherwise); /* integers too */
bool jpath_bool(const json_t *root, const char *path, bool otherwise);

#endif
