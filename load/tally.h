// SPDX-License-Identifier: MIT
/* tally: what happened to the requests of a run.
 *
 * Two latencies are kept side by side. Corrected counts from the intended send time, as a user
 * who came at that time would have waited; it covers every request that was answered (with any
 * status), and those that waited and got nothing, with the time until they were given up: timeouts,
 * requests unfinished at the end, and requests that never left. Service time counts from when the
 * request left, and covers what was answered: it is what most tools print, and looks good just when
 * the service does not. Requests that failed at once (refused, reset) are errors without latency.
 *
 * One thread. */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include "load/transport.h"
#include "metrics/histogram.h"

#define TALLY_STATUS_MAX 600 /* statuses are 100 to 599; anything else is counted as 0 */
#define TALLY_PODS_MAX 256   /* later names are counted together as "(more)" */
#define TALLY_POD_NAME_MAX 254

struct tally_pod {
    char name[TALLY_POD_NAME_MAX];
    uint64_t answered;
};

struct tally { /* zeroed memory is ready to use; large: allocate it */
    uint64_t sent, unsent;
    uint64_t answered;  /* with any status */
    uint64_t succeeded; /* with 200 to 399 */
    uint64_t errors;    /* any other status, and failures */
    uint64_t unfinished;
    uint64_t body_bytes;
    uint64_t statuses[TALLY_STATUS_MAX], failures[FAILURE_COUNT];
    struct histogram corrected, service;
    struct histogram window; /* corrected, since tally_next_window */
    uint64_t window_answered;
    struct tally_pod pods[TALLY_PODS_MAX]; /* in the order of their first answer */
    size_t pod_count;
};

/* Counts how a request ended, and its latencies. */
void tally_outcome(struct tally *t, const struct outcome *o);

/* Counts an attempt that will be repeated: as an error, without a latency. */
void tally_failed_attempt(struct tally *t, const struct outcome *o);

/* Counts a request that was sent and is given up after waited_ns without an answer. */
void tally_unfinished(struct tally *t, uint64_t waited_ns);

/* Counts a request that was due waited_ns ago and never left. */
void tally_unsent(struct tally *t, uint64_t waited_ns);

void tally_next_window(struct tally *t);

bool status_is_success(int status);

#endif
