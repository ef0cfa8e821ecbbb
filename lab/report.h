// SPDX-License-Identifier: MIT
/* report: a run as one JSON file: for each scene its result, a timeline, every decision record,
 * what the load generators and the queue counted. Control thread.
 *
 *   {version, speed, limits, ok, scenes: [{name, title, passed, summary, first_replicas,
 *    most_replicas, last_replicas, steps, jobs, timeline: [{t, wall, current, ready, desired,
 * value, target, rate, p99_ms, depth}], decisions: [record], loads: {name: result}}]} */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include <jansson.h>
#include <stdbool.h>

struct env;
struct err;
struct player;
struct report;

struct report *report_new(struct env *env); /* NULL when out of memory */
void report_free(struct report *r);

void report_begin_scene(struct report *r);
void report_point(struct report *r, const json_t *point);
void report_end_scene(struct report *r, const struct player *player);

/* Writes the file in one step: whole or not at all. */
int report_write(const struct report *r, const char *path, bool ok, struct err *err);

#endif
