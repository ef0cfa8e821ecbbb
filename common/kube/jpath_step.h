// SPDX-License-Identifier: MIT
/* jpath_step: the steps of a path in the form of jpath.h, for those who walk something else than
 * JSON by it. Any thread. */
#ifndef KUBE_JPATH_STEP_H
#define KUBE_JPATH_STEP_H

#include <stdbool.h>
#include <stddef.h>

struct jpath_step {
    const char *name; /* name_len bytes inside the path; NULL: the step is an index */
    size_t name_len;
    size_t index;
};

/* Takes the step in front off *path. False at the end of the path and when it is malformed. */
bool jpath_step_take(const char **path, struct jpath_step *ret_step);

#endif
