// SPDX-License-Identifier: MIT
/* point: the state of the lab at one moment, as page, terminal and report show it. Built from the
 * store and the proxies' counters, and from nothing else. Control thread.
 *
 * The shape is a contract with lab/web/page.js:
 *   {t, wall, speed, limits, scene,
 *    targets: [{hpa, namespace, kind, name, request_milli, limit_milli,
 *               replicas: {current, ready, desired, min, max},
 *               metrics: [{name, type, value, target, low, high, unit, error}],
 *               decision: {sentence, why, at, next_in},
 *               load: {rate, p99_ms, errors, unit, label},
 *               pods: [{name, state, cpu_milli, throttled, rate, age, restarts}], queue}],
 *    events: [{t, type, text}]}
 * t is control seconds since the lab's start, wall real seconds; low and high are where the
 * tolerance ends. sentence and why are those of the decision record. What is unknown is null.
 */
#ifndef LAB_POINT_H
#define LAB_POINT_H

#include <jansson.h>

struct env;
struct player;
struct point_maker;
struct services;

struct point_maker *point_maker_new(struct env *env); /* NULL when out of memory */
void point_maker_free(struct point_maker *m);

/* Rates are means since the last call. services may be NULL (nothing runs), so may player. New. */
json_t *point_make(struct point_maker *m, struct services *services, const struct player *player);

#endif
