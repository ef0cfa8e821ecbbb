// SPDX-License-Identifier: MIT
/* buckets: bounds of a histogram of durations that show what a service of a known cost does. Any
 * thread. */
#ifndef WORKLOAD_BUCKETS_H
#define WORKLOAD_BUCKETS_H

#include <stddef.h>

#define BUCKETS_MAX 24

/* The default bounds of the Prometheus clients, for dashboards that name them, and between them
 * finer ones from the cost up to ten times of it: where waiting begins and where it hurts. In
 * seconds, ascending. Returns how many. */
size_t buckets_for_cost(double cost_s, double ret_bounds[BUCKETS_MAX]);

#endif
