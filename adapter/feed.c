// SPDX-License-Identifier: MIT
#include "adapter/feed.h"

#include <errno.h>
#include <stdlib.h>

static int want_externals(struct feeds *f, const struct adapter_config *config,
                          struct queries *queries)
{
    for (; f->count < config->count; f->count++) {
        const struct external_metric *m = &config->metrics[f->count];
        struct query *query = queries_want(queries, &m->query);
        if (!query)
            return -ENOMEM;
        f->items[f->count] = (struct feed){m, query};
    }
    return 0;
}

static int want_customs(struct feeds *f, const struct custom_metrics *custom,
                        struct queries *queries)
{
    for (; f->custom_count < custom->count; f->custom_count++) {
        const struct custom_metric *m = &custom->items[f->custom_count];
        struct query *query = queries_want(queries, &m->query);
        if (!query)
            return -ENOMEM;
        f->customs[f->custom_count] = (struct custom_feed){m, query};
    }
    return 0;
}

static int want_usage(struct feeds *f, const struct usage_feed *usage, struct queries *queries)
{
    f->usage_max_age_ns = usage->max_age_ns;
    if (usage->pods.source)
        f->pods_usage = queries_want(queries, &usage->pods);
    if (usage->nodes.source)
        f->nodes_usage = queries_want(queries, &usage->nodes);
    return !f->pods_usage == !usage->pods.source && !f->nodes_usage == !usage->nodes.source
               ? 0
               : -ENOMEM;
}

int feeds_init(struct feeds *f, const struct adapter_config *config, struct queries *queries)
{
    *f = (struct feeds){.items = calloc(config->count + 1, sizeof(*f->items)),
                        .customs = calloc(config->custom.count + 1, sizeof(*f->customs))};
    if (f->items && f->customs && want_externals(f, config, queries) == 0 &&
        want_customs(f, &config->custom, queries) == 0 &&
        want_usage(f, &config->usage, queries) == 0)
        return 0;
    feeds_done(f);
    return -ENOMEM;
}

void feeds_done(struct feeds *f)
{
    for (size_t i = 0; i < f->count; i++)
        query_release(f->items[i].query);
    for (size_t i = 0; i < f->custom_count; i++)
        query_release(f->customs[i].query);
    query_release(f->pods_usage);
    query_release(f->nodes_usage);
    free(f->items);
    free(f->customs);
    *f = (struct feeds){0};
}
