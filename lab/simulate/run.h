// SPDX-License-Identifier: MIT
/* run: a whole simulation, start to end: all workloads of a plan, with their figures and courses.
 *
 * Without nodes no workload can feel another, so each runs to its end before the next begins, and
 * no more than one is in memory; with nodes they go step by step together, in the order of the
 * plan. One thread. */
#ifndef LAB_SIMULATE_RUN_H
#define LAB_SIMULATE_RUN_H

#include "lab/simulate/closed_loop.h"

struct run_workload { /* one entry of the plan, all its copies together */
    struct blueprint *blueprint;
    struct figures figures;
    struct series series;
};

struct run {
    struct plan *plan;
    struct run_workload *workloads; /* plan->workload_count of them */
    struct figures total;
};

/* Takes plan, also on failure. hpas and deployments as blueprint_new. New in *ret. -EINVAL with a
 * sentence, or -ENOMEM. */
int run_simulation(struct plan *plan, const json_t *hpas, const json_t *deployments,
                   struct change_listener listener, struct run **ret, struct err *err);
void run_free(struct run *r);

/* Of one entry by its name, or of all together when name is NULL. */
struct course {
    const char *name;      /* the workload's, or "all workloads"; lives as long as the run */
    double target_percent; /* cpu utilization that all HPAs aim at; 0: they differ or have none */
    struct series series;  /* owned: series_done */
};

/* 0, -ENOENT when there is no such entry, or -ENOMEM. */
int run_course(const struct run *r, const char *name, struct course *ret);

#endif
