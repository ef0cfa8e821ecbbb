// SPDX-License-Identifier: MIT
/* histogram: latencies from 1 us to 24 h with at most 1 % error, in a fixed log-linear layout.
 *
 * Every power of two of nanoseconds is split into 128 equal buckets, so a bucket is never wider
 * than 1/128 of its values. The layout never changes: histograms of several generators are added
 * bucket by bucket and percentiles are computed once from the sum (percentiles themselves cannot be
 * combined). What is outside the range counts as its nearer end. One thread. */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_MIN_NS UINT64_C(1000)
#define HISTOGRAM_MAX_NS (UINT64_C(86400) * UINT64_C(1000000000))

/* Powers of two from 2^9 (1 us lies in it) to 2^46 (24 h lies in it), 128 buckets each. */
#define HISTOGRAM_BUCKETS ((46 - 9 + 1) * UINT64_C(128))

struct histogram { /* {0} is ready to use; 38 KiB: not for the stack of a thread */
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t min_ns, max_ns; /* exact; meaningless while count is 0 */
    double sum_ns;
};

void histogram_record(struct histogram *h, uint64_t ns);

/* Adds all that other has seen. */
void histogram_merge(struct histogram *h, const struct histogram *other);

void histogram_clear(struct histogram *h);

/* The smallest value that at least percent (0..100) of the values do not exceed, rounded up to the
 * end of its bucket but not above the maximum: the error never flatters. 0 while empty. */
uint64_t histogram_percentile(const struct histogram *h, double percent);

double histogram_mean(const struct histogram *h); /* ns; 0 while empty */

#endif
