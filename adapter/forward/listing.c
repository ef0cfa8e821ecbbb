// SPDX-License-Identifier: MIT
#include "adapter/forward/listing.h"

#include "base/clock.h"

#define STEPS_MAX 12 /* 2^12 s are longer than any interval */

bool listing_take(struct listing *l, struct other_metrics *metrics, uint64_t now_ns)
{
    bool is_new = !l->metrics || !other_metrics_equal(l->metrics, metrics);

    other_metrics_unref(l->metrics);
    l->metrics = metrics;
    l->read_ns = now_ns;
    l->due_ns = now_ns + l->interval_ns;
    l->failures = 0;
    return is_new;
}

void listing_fail(struct listing *l, uint64_t now_ns)
{
    unsigned steps = l->failures < STEPS_MAX ? l->failures : STEPS_MAX;
    uint64_t wait_ns = NS_PER_S << steps;

    l->failures++;
    l->due_ns = now_ns + (wait_ns < l->interval_ns ? wait_ns : l->interval_ns);
}

bool listing_expire(struct listing *l, uint64_t now_ns)
{
    if (!l->metrics || now_ns < l->read_ns + l->max_age_ns)
        return false;
    other_metrics_unref(l->metrics);
    l->metrics = NULL;
    return true;
}

uint64_t listing_next_ns(const struct listing *l)
{
    uint64_t end_ns = l->metrics ? l->read_ns + l->max_age_ns : UINT64_MAX;

    return l->due_ns < end_ns ? l->due_ns : end_ns;
}

void listing_done(struct listing *l)
{
    other_metrics_unref(l->metrics);
    l->metrics = NULL;
}
