// SPDX-License-Identifier: MIT
/* series: the course of one or more workloads in a bounded number of points, each standing for an
 * equal stretch of time. One thread. */
#ifndef LAB_SIMULATE_SERIES_H
#define LAB_SIMULATE_SERIES_H

#include <stddef.h>
#include <stdint.h>

#define SERIES_POINTS_MAX 400

struct point {          /* {0}, then steps are added */
    double arrived;     /* requests */
    double cpu_s;       /* used by ready pods */
    double requested_s; /* by ready pods */
    double wanted;      /* replicas that the metrics asked for, the highest */
    double granted;     /* replicas of the scale, the highest */
    double ready;       /* pods that serve, the highest */
    double backlog;     /* requests that wait, the most */
};

struct series {          /* series_init, series_done */
    uint64_t stretch_ns; /* of one point; a whole number of sync periods */
    size_t count;
    struct point *points; /* owned */
};

/* 0 or -ENOMEM. */
int series_init(struct series *s, uint64_t duration_ns, uint64_t sync_period_ns);
void series_done(struct series *s);

/* Takes what one step brought into the point. */
void point_step(struct point *p, const struct point *step);

/* Adds the point of one more workload. index < count */
void series_add(struct series *s, size_t index, const struct point *p);

/* Adds a series of the same stretch and count. */
void series_add_all(struct series *s, const struct series *other);

double series_rate(const struct series *s, size_t index);                /* requests per second */
double series_utilization_percent(const struct series *s, size_t index); /* 0 without ready pods */

#endif
