// SPDX-License-Identifier: MIT
#include "lab/proxy_durations.h"

#include <errno.h>
#include <math.h>

#define LOWEST_BIT 14
#define HIGHEST_BIT 38
#define STEP_BITS 4 /* 16 buckets per power of two */
#define STEPS (1U << STEP_BITS)

static size_t bucket_of(uint64_t ns)
{
    if (ns >> LOWEST_BIT == 0)
        return 0;
    if (ns >> HIGHEST_BIT != 0)
        return PROXY_DURATION_BUCKETS - 1;

    unsigned bit = 63U - (unsigned)__builtin_clzll(ns);
    return 1 + (bit - LOWEST_BIT) * STEPS + ((ns >> (bit - STEP_BITS)) & (STEPS - 1));
}

static uint64_t upper_bound_ns(size_t bucket)
{
    if (bucket == 0)
        return UINT64_C(1) << LOWEST_BIT;
    if (bucket == PROXY_DURATION_BUCKETS - 1)
        return UINT64_C(1) << HIGHEST_BIT;

    size_t bit = LOWEST_BIT + (bucket - 1) / STEPS, step = (bucket - 1) % STEPS;
    return (uint64_t)(STEPS + step + 1) << (bit - STEP_BITS);
}

void proxy_durations_add(struct proxy_durations *d, uint64_t ns)
{
    d->count[bucket_of(ns)]++;
}

static uint64_t added(const struct proxy_durations *now, const struct proxy_durations *before,
                      size_t bucket)
{
    return now->count[bucket] - (before ? before->count[bucket] : 0);
}

int proxy_durations_quantile(const struct proxy_durations *now,
                             const struct proxy_durations *before, double q, uint64_t *ret_ns)
{
    uint64_t total = 0, seen = 0;

    for (size_t i = 0; i < PROXY_DURATION_BUCKETS; i++)
        total += added(now, before, i);
    if (total == 0)
        return -ENODATA;

    uint64_t rank = (uint64_t)ceil(q * (double)total);
    size_t at = 0;
    for (; at < PROXY_DURATION_BUCKETS - 1; at++) {
        seen += added(now, before, at);
        if (seen >= rank && seen > 0)
            break;
    }
    *ret_ns = upper_bound_ns(at);
    return 0;
}
