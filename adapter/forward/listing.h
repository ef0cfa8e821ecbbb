// SPDX-License-Identifier: MIT
/* listing: when another adapter's list of metrics is read, and for how long it counts.
 *
 * After a good read the next one comes an interval later; after n failures in a row 2^(n-1) s
 * later, but never later than an interval. The last good list stays until it is older than the
 * limit.
 *
 * Time is passed in (CLOCK_MONOTONIC). One thread. */
#ifndef ADAPTER_FORWARD_LISTING_H
#define ADAPTER_FORWARD_LISTING_H

#include "adapter/forward/other_metrics.h"

struct listing { /* the first two are the caller's; the rest is 0 before */
    uint64_t interval_ns, max_age_ns;
    struct other_metrics *metrics; /* NULL: nothing counts */
    uint64_t read_ns;              /* when it was read */
    uint64_t due_ns;               /* the next read */
    unsigned failures;             /* in a row */
};

/* A read ended well: takes metrics. True when they are others than before. */
bool listing_take(struct listing *l, struct other_metrics *metrics, uint64_t now_ns);

/* It did not. */
void listing_fail(struct listing *l, uint64_t now_ns);

/* True when the list became too old now: metrics is NULL from here on. */
bool listing_expire(struct listing *l, uint64_t now_ns);

/* When something is to be done: the next read or the list's end. */
uint64_t listing_next_ns(const struct listing *l);

void listing_done(struct listing *l);

#endif
