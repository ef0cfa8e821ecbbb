// SPDX-License-Identifier: MIT
/* feed: a configured metric with the query that gives its values. Any thread. */
#ifndef ADAPTER_FEED_H
#define ADAPTER_FEED_H

#include "adapter/config.h"
#include "adapter/query.h"

struct feed {
    const struct external_metric *metric; /* borrowed */
    struct query *query;
};

struct custom_feed {
    const struct custom_metric *metric; /* borrowed */
    struct query *query;
};

struct feeds {
    struct feed *items; /* external ones */
    size_t count;
    struct custom_feed *customs;
    size_t custom_count;
    struct query *pods_usage, *nodes_usage; /* NULL: nobody feeds it */
    uint64_t usage_max_age_ns;
};

/* Wants the queries of all metrics. 0 or -ENOMEM. config is borrowed until feeds_done. */
int feeds_init(struct feeds *f, const struct adapter_config *config, struct queries *queries);
void feeds_done(struct feeds *f);

#endif
