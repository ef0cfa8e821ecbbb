// SPDX-License-Identifier: MIT
/* figures: what a simulated workload cost and how well it did, kept while time goes on: the memory
 * does not grow with it. Plain data; {0} is ready to use. One thread. */
#ifndef LAB_SIMULATE_FIGURES_H
#define LAB_SIMULATE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIGURES_OSCILLATION_S 600 /* a change that another one takes back within this time */

struct figures {
    double seconds;     /* of simulated time, over all workloads */
    double pod_s;       /* pods that have a place on a node, times how long */
    double pending_s;   /* pods that have none */
    double over_s;      /* a metric of the HPA was above its target and tolerance */
    double waiting_s;   /* requests waited */
    double wait_max_s;  /* the longest that a new request would have had to wait */
    double backlog_max; /* of one workload */
    double arrived, served, lost;
    double cpu_s, requested_s; /* CPU used and requested by ready pods */
    size_t replicas_max;       /* of one workload */
    uint64_t ups, downs;       /* changes of the scale */
    uint64_t oscillations;     /* of these, how many took the one before back so soon */

    int direction; /* of the last change: 1, -1, or 0: there was none */
    uint64_t changed_ns;
};

struct figures_step { /* what was so during one step */
    double seconds;
    double arrived, served, lost;
    double cpu_s, requested_s;
    double backlog, wait_s;
    size_t replicas, placed;
    bool over_target;
};

void figures_step(struct figures *f, const struct figures_step *step);

/* The scale went up or down. */
void figures_scaled(struct figures *f, bool up, uint64_t now_ns);

/* Adds another workload's figures. */
void figures_add(struct figures *f, const struct figures *other);

double figures_pod_hours(const struct figures *f);
double figures_over_percent(const struct figures *f);    /* of the time */
double figures_waiting_percent(const struct figures *f); /* of the time */
double figures_utilization_percent(const struct figures *f);

#endif
