// SPDX-License-Identifier: MIT
/* closed_loop: one simulated workload: load comes in, pods work, they are sampled, the HPA decides,
 * pods come and go. What happens at one moment has this order: pods start and become ready, they
 * are sampled, the HPA evaluates and its decision is carried out; then requests are served until
 * the next moment. One thread. */
#ifndef LAB_SIMULATE_CLOSED_LOOP_H
#define LAB_SIMULATE_CLOSED_LOOP_H

#include "lab/simulate/blueprint.h"
#include "lab/simulate/figures.h"
#include "lab/simulate/series.h"

struct closed_loop;
struct nodes;

/* Told of each change of a scale. decision is valid for the call. */
struct change_listener {
    void (*fn)(void *arg, const struct blueprint *b, size_t copy, uint64_t at_ns,
               const struct hpa_decision *decision); /* NULL: nobody listens */
    void *arg;
};

struct closed_loop_setup { /* everything is borrowed for the loop's life */
    const struct plan *plan;
    const struct blueprint *blueprint;
    size_t copy; /* which of the workload's copies, from 0 */
    struct nodes *nodes;
    struct series *series; /* its points are added here */
    struct change_listener listener;
};

/* New in *ret, or -ENOMEM. */
int closed_loop_new(const struct closed_loop_setup *setup, struct closed_loop **ret);
void closed_loop_free(struct closed_loop *l);

/* Goes on by one step; the plan's duration has duration / step of them. 0 or -ENOMEM. */
int closed_loop_step(struct closed_loop *l);

const struct figures *closed_loop_figures(const struct closed_loop *l);

#endif
