// SPDX-License-Identifier: MIT
/* selfmetrics: what the adapter says about itself on /metrics. Any thread. */
#ifndef ADAPTER_SELFMETRICS_H
#define ADAPTER_SELFMETRICS_H

#include "metrics/registry.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct metrics_api_slot;

enum poll_outcome {
    POLL_OK,
    POLL_TIMEOUT,
    POLL_UNREACHABLE,
    POLL_STATUS,
    POLL_TOO_LARGE,
    POLL_NO_VALUE
};
#define POLL_OUTCOMES 6

/* Which outcome the result of a poll is: 0, or an errno of source.h. */
enum poll_outcome poll_outcome(int result);

/* Where the polls of one source are counted. From 0 on, so that a rate sees the first failure
 * too. */
struct poll_series {
    struct metric *of[POLL_OUTCOMES];
    struct metric *duration, *last_success;
};
struct poll_series selfmetrics_poll_series(struct metrics *m, const char *source);
void poll_series_count(const struct poll_series *s, int result, uint64_t duration_ns);

/* Age and state of every configured metric, and how passing on stands, are written at each scrape.
 * *s must live as long as m, slot until the last scrape. Before threads. */
struct selfmetrics {
    struct metrics *metrics;
    struct metrics_api_slot *slot;
};
void selfmetrics_init(struct selfmetrics *s, struct metrics *m, struct metrics_api_slot *slot);

/* How the configuration stands: which generation is in force, counted from 1, and whether the file
 * as it is now was refused. */
void selfmetrics_set_config(struct metrics *m, uint64_t generation, bool refused);

void selfmetrics_help(FILE *out); /* for --help */

#endif
