// SPDX-License-Identifier: MIT
/* stored: the status of an HPA as the API server keeps it and gives it back. Any thread. */
#ifndef LAB_REPLAY_STORED_H
#define LAB_REPLAY_STORED_H

#include "lab/replay/jsonwrite.h"

/* status as somebody wrote it (NULL: none), with its quantities in canonical form. New; NULL when
 * out of memory. */
json_t *stored_status(const json_t *status);

/* The number under that name, which is 0 when there is none. */
json_int_t stored_count(const json_t *status, const char *member);

/* Writes what the result of a step shows of it: counts, time, metrics, conditions without their
 * times. */
void stored_write(const json_t *status, struct json_writer *w);

#endif
