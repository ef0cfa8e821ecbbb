// SPDX-License-Identifier: MIT
#include "adapter/rules/series.h"

#include "adapter/rules/pool.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define SHAPES_MAX_BYTES (64 * MIB)

static int make_shape(const struct sample *s, struct pool *pool, struct series_shape *ret)
{
    const char **labels = pool_take(pool, s->label_count * sizeof(*labels) + 1);

    if (!labels)
        return -ENOMEM;
    *ret = (struct series_shape){.name = sample_label(s, SERIES_NAME), .labels = labels};
    for (size_t i = 0; i < s->label_count; i++)
        if (strcmp(s->labels[i].name, SERIES_NAME) != 0)
            labels[ret->label_count++] = s->labels[i].name;
    return 0;
}

static int make_shapes(const struct samples *samples, struct pool *pool, struct shapes *ret)
{
    struct series_shape *items = pool_take(pool, samples_count(samples) * sizeof(*items) + 1);
    int r = items ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < samples_count(samples); i++)
        r = make_shape(samples_at(samples, i), pool, &items[i]);
    *ret = (struct shapes){items, samples_count(samples)};
    return r;
}

struct metric_list *series_to_metrics(const struct rules *rules, struct samples *const *series,
                                      struct catalogue *resources)
{
    scoped(pool_done) struct pool pool = {.max = SHAPES_MAX_BYTES};
    size_t count = rules->custom_count + rules->external_count;
    struct shapes *shapes = pool_take(&pool, count * sizeof(*shapes) + 1);
    int r = shapes && resources ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < count; i++)
        r = make_shapes(series[i], &pool, &shapes[i]);
    if (r == 0)
        return metric_list_new(rules, resources, shapes, shapes + rules->custom_count);
    catalogue_free(resources);
    return NULL;
}
