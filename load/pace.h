// SPDX-License-Identifier: MIT
/* pace: when each request of a constant rate is due.
 *
 * Times are computed from the index, never by adding sleeps, so a run of any length does not drift.
 * Pure: no clock is read. Any thread. */
#ifndef LOAD_PACE_H
#define LOAD_PACE_H

#include <stdint.h>

struct err;

#define PACE_MAX_PER_S 1000000

struct pace { /* count requests, evenly spread, in every per_ns */
    uint64_t count, per_ns;
};

/* Reads "100", "100/s", "90/1m", "5/500ms" (vegeta's form): requests, and the time that they are
 * spread over. -EINVAL with what is wrong, *ret untouched. At most PACE_MAX_PER_S; 0 and "infinity"
 * are refused, because a request without a planned time has no corrected latency. */
int pace_parse(const char *text, struct pace *ret, struct err *err);

/* How long after the start request number index (from 0) is due; UINT64_MAX beyond 584 years. */
uint64_t pace_offset_ns(const struct pace *p, uint64_t index);

#endif
