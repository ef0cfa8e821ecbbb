// SPDX-License-Identifier: MIT
/* stored: the status of an HPA as the API server keeps it and gives it back. New objects, NULL when
 * out of memory. Any thread. */
#ifndef LAB_REPLAY_STORED_H
#define LAB_REPLAY_STORED_H

#include <jansson.h>

/* status as somebody wrote it (NULL: none), with its quantities in canonical form. */
json_t *stored_status(const json_t *status);

/* What the result of a step shows of it: counts, time, metrics, conditions without their times. */
json_t *stored_shown(const json_t *status);

#endif
