// SPDX-License-Identifier: MIT
/* queues: polls the scene's queue and keeps its numbers as a QueueReport object. Control thread. */
#ifndef LAB_QUEUES_H
#define LAB_QUEUES_H

#include <stdbool.h>

struct env;
struct queues;

/* service and name are borrowed; NULL: there is no queue and nothing is polled. NULL when out of
 * memory. */
struct queues *queues_new(struct env *env, const char *service, const char *name);
void queues_free(struct queues *q);

/* Asks for numbers that are newer than this moment; queues_is_fresh says when they are there. */
void queues_refresh(struct queues *q);
bool queues_is_fresh(const struct queues *q);

#endif
