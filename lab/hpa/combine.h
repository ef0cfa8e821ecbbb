// SPDX-License-Identifier: MIT
/* combine: one number from several metrics.
 *
 * Source: horizontal.go, computeReplicasForMetrics. A metric that failed blocks the way down only:
 * up and "stay" go on. Any thread. */
#ifndef LAB_HPA_COMBINE_H
#define LAB_HPA_COMBINE_H

#include "lab/hpa/hpa.h"

struct combined {
    bool failed; /* all metrics failed, or the good ones want fewer than current */
    size_t failed_count;
    size_t first_failed; /* when failed_count > 0 */
    size_t winner;       /* unless failed */
    int32_t proposal;    /* of the winner, may be negative */
};

struct combined combine(const struct hpa_result *results, size_t count, int32_t current);

#endif
