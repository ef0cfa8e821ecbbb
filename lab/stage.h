// SPDX-License-Identifier: MIT
/* stage: manifests that run: everything between "objects are in the store" and "processes are
 * gone". Control thread. */
#ifndef LAB_STAGE_H
#define LAB_STAGE_H

#include <stdbool.h>
#include <stdint.h>

struct env;
struct err;
struct loads;
struct services;
struct stage;

struct stage_periods { /* control time */
    uint64_t sync_ns, metrics_ns;
};

/* Loads folder's manifests and starts Services, pods, sampler and autoscaler. Nothing runs on
 * failure. */
int stage_start(struct env *env, const char *folder, const struct stage_periods *periods,
                struct stage **ret, struct err *err);

/* Lets pods drain: load stops at once, pods get SIGTERM, and after grace_ns (real) SIGKILL. Serves
 * the loop meanwhile; afterwards every process is reaped and the store has no objects of the stage.
 */
void stage_stop(struct stage *s, uint64_t grace_ns);

/* What changed is looked at soon, once for many changes. Fits env->changed with the stage as arg.
 */
void stage_changed(void *stage);

struct services *stage_services(struct stage *s); /* borrowed, both */
struct loads *stage_loads(struct stage *s);

#endif
