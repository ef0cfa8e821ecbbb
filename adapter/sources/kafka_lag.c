// SPDX-License-Identifier: MIT
#include "adapter/sources/kafka_lag.h"

static int64_t not_negative(int64_t lag)
{
    return lag < 0 ? 0 : lag;
}

/* How far one partition is behind. */
static int64_t lag_of(const struct kafka_lag_rules *r, const struct kafka_partition *p)
{
    if (p->committed != KAFKA_NO_OFFSET)
        return not_negative(p->end - p->committed);
    if (r->zero_on_invalid_offset)
        return 0;
    return r->earliest ? not_negative(p->end - p->start) : 1; /* 1 keeps a consumer alive */
}

static bool is_persistent(const struct kafka_lag_rules *r, const struct kafka_partition *p)
{
    return r->exclude_persistent && p->committed != KAFKA_NO_OFFSET && p->committed == p->previous;
}

/* The fewest consumers that divide the partitions evenly and are enough. */
static int64_t even_consumers(int64_t total, int64_t threshold, int64_t partitions)
{
    for (int64_t n = 1; n < partitions; n++)
        if (partitions % n == 0 && n * threshold >= total)
            return n;
    return partitions;
}

int64_t kafka_lag(const struct kafka_lag_rules *r, const struct kafka_partition *partitions,
                  size_t count)
{
    int64_t total = 0, with_lag = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t lag = is_persistent(r, &partitions[i]) ? 0 : lag_of(r, &partitions[i]);
        with_lag += lag > 0;
        if (__builtin_add_overflow(total, lag, &total))
            total = INT64_MAX;
    }
    if (r->even && total > 0) /* nothing to do is nothing to do */
        total = r->threshold * even_consumers(total, r->threshold, (int64_t)count);
    int64_t cap = r->limit_to_those_with_lag ? with_lag : (int64_t)count;
    bool capped = !r->allow_idle || r->limit_to_those_with_lag || r->even;
    if (capped && total / r->threshold > cap)
        total = cap * r->threshold;
    return total;
}
