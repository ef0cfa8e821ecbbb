// SPDX-License-Identifier: MIT
#include "adapter/feed.h"

#include <errno.h>
#include <stdlib.h>

int feeds_init(struct feeds *f, const struct adapter_config *config, struct queries *queries)
{
    *f = (struct feeds){.items = calloc(config->count + 1, sizeof(*f->items))};
    if (!f->items)
        return -ENOMEM;
    for (; f->count < config->count; f->count++) {
        const struct external_metric *m = &config->metrics[f->count];
        struct query *query = queries_want(queries, &m->query);
        if (!query) {
            feeds_done(f);
            return -ENOMEM;
        }
        f->items[f->count] = (struct feed){m, query};
    }
    return 0;
}

void feeds_done(struct feeds *f)
{
    for (size_t i = 0; i < f->count; i++)
        query_release(f->items[i].query);
    free(f->items);
    *f = (struct feeds){0};
}
