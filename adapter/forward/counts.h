// SPDX-License-Identifier: MIT
/* counts: what is said about passing on on /metrics. Counters begin at 0, so that a rate sees the
 * first failure too; states are written at each scrape. Any thread. */
#ifndef ADAPTER_FORWARD_COUNTS_H
#define ADAPTER_FORWARD_COUNTS_H

#include "metrics/registry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of a question. The first three are answers that are passed on. */
enum forward_outcome {
    FORWARD_VALUES,
    FORWARD_UNKNOWN, /* it has no such metric either */
    FORWARD_STATUS,
    FORWARD_DENIED,
    FORWARD_INVALID,
    FORWARD_TIMEOUT,
    FORWARD_UNREACHABLE,
    FORWARD_TOO_LARGE,
    FORWARD_BUSY,   /* not asked: too much is asked already */
    FORWARD_FAILING /* not asked: it did not answer before */
};
#define FORWARD_OUTCOMES 10

struct counts {
    struct metric *outcomes[FORWARD_OUTCOMES];
    struct metric *duration;
    struct metric *lists[2]; /* failed, read */
};
struct counts counts_of(struct metrics *m, const char *group);

struct forward_state { /* of one group */
    bool failing;
    bool has_list;
    uint64_t list_age_ns;
    size_t listed, conflicts;
};
void counts_clear_states(struct metrics *m); /* before the groups that there are now */
void counts_write_state(struct metrics *m, const char *group, const struct forward_state *s);

void counts_help(FILE *out); /* for --help */

#endif
