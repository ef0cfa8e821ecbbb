// SPDX-License-Identifier: MIT
#include "metrics/histogram.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define FIRST_POWER 9
#define STEP_BITS 7 /* 128 buckets in each power of two */
#define STEPS (1U << STEP_BITS)

static uint64_t clamp(uint64_t ns)
{
    if (ns < HISTOGRAM_MIN_NS)
        return HISTOGRAM_MIN_NS;
    return ns > HISTOGRAM_MAX_NS ? HISTOGRAM_MAX_NS : ns;
}

static size_t bucket_of(uint64_t ns)
{
    unsigned power = 63U - (unsigned)__builtin_clzll(ns);
    uint64_t step = (ns >> (power - STEP_BITS)) & (STEPS - 1);

    return (size_t)(power - FIRST_POWER) * STEPS + (size_t)step;
}

/* The largest value that falls into the bucket. */
static uint64_t bucket_last_ns(size_t bucket)
{
    unsigned power = FIRST_POWER + (unsigned)(bucket / STEPS);
    uint64_t step = bucket % STEPS;

    return ((STEPS + step + 1) << (power - STEP_BITS)) - 1;
}

void histogram_record(struct histogram *h, uint64_t ns)
{
    ns = clamp(ns);
    h->counts[bucket_of(ns)]++;
    if (h->count == 0 || ns < h->min_ns)
        h->min_ns = ns;
    if (h->count == 0 || ns > h->max_ns)
        h->max_ns = ns;
    h->count++;
    h->sum_ns += (double)ns;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
    if (other->count == 0)
        return;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        h->counts[i] += other->counts[i];
    if (h->count == 0 || other->min_ns < h->min_ns)
        h->min_ns = other->min_ns;
    if (h->count == 0 || other->max_ns > h->max_ns)
        h->max_ns = other->max_ns;
    h->count += other->count;
    h->sum_ns += other->sum_ns;
}

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof(*h));
}

/* How many values the percentile covers. The small difference keeps 99.9 % of 1000 at 999 although
 * 99.9 / 100 * 1000 is a little more than that in binary. */
static uint64_t rank_of(const struct histogram *h, double percent)
{
    double rank = ceil(percent / 100 * (double)h->count - 1e-6);

    if (rank < 1)
        return 1;
    return rank > (double)h->count ? h->count : (uint64_t)rank;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
    uint64_t seen = 0, rank;

    if (h->count == 0)
        return 0;

    rank = rank_of(h, percent);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= rank)
            return bucket_last_ns(i) < h->max_ns ? bucket_last_ns(i) : h->max_ns;
    }
    return h->max_ns;
}

double histogram_mean(const struct histogram *h)
{
    return h->count ? h->sum_ns / (double)h->count : 0;
}
