// SPDX-License-Identifier: MIT
#include "lab/hpa/combine.h"

struct combined combine(const struct hpa_result *results, size_t count, int32_t current)
{
    struct combined c = {0};

    for (size_t i = 0; i < count; i++) {
        const struct hpa_result *r = &results[i];
        if (r->error) {
            if (c.failed_count++ == 0)
                c.first_failed = i;
        } else if (c.proposal == 0 || r->proposal > c.proposal) {
            /* 0 counts as "none yet", so that anything later replaces it */
            c.proposal = r->proposal;
            c.winner = i;
        }
    }
    c.failed = c.failed_count >= count || (c.failed_count > 0 && c.proposal < current);
    return c;
}
