// SPDX-License-Identifier: MIT
/* manifests: reads what a person applies, checks it whole, and only then puts it into the store.
 *
 * What a real API server or controller would refuse or stumble over is refused here, with file and
 * line: broken YAML, unknown kinds, a HorizontalPodAutoscaler that points nowhere or does not
 * validate, an image that the lab does not know, a Service to a named port that its container does
 * not have. Objects and fields that the lab ignores are warned about once each. Control thread. */
#ifndef LAB_MANIFESTS_H
#define LAB_MANIFESTS_H

#include <stdbool.h>

struct env;
struct err;

/* path is a file or a folder, read as manifest_files.h says. Of env only the store and the images
 * are used; without images nothing will run, so any container is good and nothing is ignored.
 * Nothing is stored when anything is wrong. -EINVAL, or the errno of a file that cannot be read. */
int manifests_load(const struct env *env, const char *path, struct err *err);

#endif
