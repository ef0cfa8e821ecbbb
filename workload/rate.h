// SPDX-License-Identifier: MIT
/* rate: events per second over the last ten seconds, from readings of a counter that only grows.
 *
 * A reading a second is kept, so a rate costs the same however many events there were. Time is
 * passed in. One thread. */
#ifndef WORKLOAD_RATE_H
#define WORKLOAD_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_WINDOW_S 10

struct rate { /* {0} is ready to use; the fields belong to rate.c */
    struct {
        uint64_t mono_ns, total;
    } readings[RATE_WINDOW_S + 1]; /* a ring; the oldest is at next once it is full */
    size_t count, next;
};

/* Feeds the counter as it reads now, at least once a second, and returns the rate since the oldest
 * reading in the window; 0 until there are readings a second apart. A total below the last one
 * starts over. */
double rate_feed(struct rate *r, uint64_t mono_ns, uint64_t total);

#endif
