// SPDX-License-Identifier: MIT
/* proxy_durations: how long the connections of a Service took, on a logarithmic scale.
 *
 * Counted is every connection that a pod took and in which the client sent something, however it
 * ended: from accept by the proxy until both directions were closed. For clients with one
 * connection per request (busybox wget, ab without -k) that is the latency of the request, without
 * the time in which it waited to be accepted; one that gave up counts with the time that it waited.
 * For keep-alive clients it is the life of a connection, not a latency.
 *
 * Counts only grow: subtract two readings to look at a window. Plain data. */
#ifndef LAB_PROXY_DURATIONS_H
#define LAB_PROXY_DURATIONS_H

#include <stddef.h>
#include <stdint.h>

#define PROXY_DURATION_BUCKETS 386 /* 16 per power of two from 16 us to 275 s, below, above */

struct proxy_durations {
    uint64_t count[PROXY_DURATION_BUCKETS];
};

void proxy_durations_add(struct proxy_durations *d, uint64_t ns);

/* The q-quantile (0.99: p99) of what was added from before to now; before NULL: since the start.
 * The upper bound of its bucket: at most 6.25 % above the true value and never below it, except
 * that everything above 2^38 ns (275 s) reads 2^38 and everything below 2^14 ns (16 us) 2^14.
 * 0, or -ENODATA when no connection finished in between. */
int proxy_durations_quantile(const struct proxy_durations *now,
                             const struct proxy_durations *before, double q, uint64_t *ret_ns);

#endif
