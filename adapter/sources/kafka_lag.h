// SPDX-License-Identifier: MIT
/* kafka_lag: how far a consumer group is behind, and what of it a scaler should see.
 *
 * The rules are those of KEDA's kafka trigger, with three deviations: a lag is never negative (a
 * topic that was made anew); with the policy earliest a partition without a committed offset counts
 * what is still there (end - start), not all that ever was; and without any lag an even
 * distribution asks for no consumer, not for one. Any thread. */
#ifndef ADAPTER_SOURCES_KAFKA_LAG_H
#define ADAPTER_SOURCES_KAFKA_LAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KAFKA_NO_OFFSET (-1) /* of committed and previous */

struct kafka_partition {
    int64_t committed; /* by the group */
    int64_t previous;  /* what was committed at the last poll */
    int64_t start, end;
};

struct kafka_lag_rules {
    int64_t threshold; /* lag that one consumer is to have; at least 1 */
    bool earliest;     /* where consumers without an offset begin; else at the end */
    bool zero_on_invalid_offset;
    bool exclude_persistent; /* what nobody worked on since the last poll */
    bool allow_idle;         /* more consumers than partitions */
    bool limit_to_those_with_lag;
    bool even; /* as many consumers as divide the partitions */
};

/* The sum over the partitions, cut to what as many consumers as can work justify. */
int64_t kafka_lag(const struct kafka_lag_rules *rules, const struct kafka_partition *partitions,
                  size_t count);

#endif
