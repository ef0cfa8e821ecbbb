// SPDX-License-Identifier: MIT
/* bumps: gauges that clients raise by an amount for a time (resource-consumer's /BumpMetric).
 *
 * A gauge stays, at 0, when nothing raises it any more. Times are passed in, so tests never sleep.
 * Owner holds a lock. */
#ifndef WORKLOAD_BUMPS_H
#define WORKLOAD_BUMPS_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

#define BUMPS_NAME_MAX 128
#define BUMPS_GAUGES_MAX 1000
#define BUMPS_MAX 10000 /* at a time */

struct bumps { /* {0} is ready to use; the fields belong to bumps.c */
    struct bumps_gauge {
        char name[BUMPS_NAME_MAX + 1];
        double value; /* while writing */
    } gauges[BUMPS_GAUGES_MAX];
    struct bump {
        size_t gauge; /* an index */
        double delta;
        uint64_t until_ns;
    } active[BUMPS_MAX];
    size_t gauge_count, active_count;
};

/* Raises the gauge until then. -EINVAL when name is no name of a metric ([a-zA-Z_:][a-zA-Z0-9_:]*,
 * at most BUMPS_NAME_MAX bytes); -ENOSPC beyond the numbers above. */
int bumps_add(struct bumps *b, uint64_t now_ns, uint64_t until_ns, const char *name, double delta);

/* Appends the exposition as resource-consumer writes it: for each gauge, in the order of their
 * first bump, HELP, TYPE and the value with six decimals. -E2BIG, -ENOMEM or 0. */
int bumps_write(struct bumps *b, uint64_t now_ns, struct buf *out);

#endif
