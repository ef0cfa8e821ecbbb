// SPDX-License-Identifier: MIT
#include "adapter/rules/metric_list.h"

#include "adapter/rules/label_index.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define NAME_MAX_BYTES 500
#define POOL_MAX_BYTES (64 * MIB)

struct counted_list { /* what others see, first, and what it is made of */
    struct metric_list list;
    atomic_uint refs;
    struct pool pool;
    struct catalogue *catalogue;
    struct object_metric *objects;
    struct external_rule_metric *externals;
    size_t object_size, external_size; /* of the arrays */
};

static struct counted_list *counted(const struct metric_list *l)
{
    return (struct counted_list *)(uintptr_t)l;
}

/* Room for one more in an array that doubles. */
static int grow(void **array, size_t *size, size_t count, size_t element_size)
{
    if (count < *size)
        return 0;
    size_t bigger = *size ? 2 * *size : 64;
    void *grown = reallocarray(*array, bigger, element_size);
    if (!grown)
        return -ENOMEM;
    *array = grown;
    *size = bigger;
    return 0;
}

/* Kubernetes cuts a path at slashes and takes these words for its own. */
static bool can_be_in_a_path(const char *name)
{
    static const char *const taken[] = {".", "..", "status", "finalize", "watch", "proxy"};

    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (strcmp(name, taken[i]) == 0)
            return false;
    return *name && !strpbrk(name, "/%");
}

/* 1 and the metric's name in ret, from the pool; 0 when the series is not of the rule. */
static int name_metric(struct counted_list *c, const struct rule *rule,
                       const struct series_shape *shape, const char **ret)
{
    scoped(buf_done) struct buf name = {.max = NAME_MAX_BYTES};
    int r = rule_name_series(rule, shape->name, &name);

    if (r == -ENOMEM)
        return r;
    if (r == 0)
        return 0;
    if (r < 0 || !name.data || !can_be_in_a_path(name.data)) {
        c->list.left_out++;
        return 0;
    }
    *ret = pool_text(&c->pool, name.data, name.len);
    return *ret ? 1 : -ENOMEM;
}

static int add_object(struct counted_list *c, const struct object_metric *m)
{
    if (c->list.object_count == METRIC_LIST_MAX) {
        c->list.left_out++;
        return 0;
    }
    int r = grow((void **)&c->objects, &c->object_size, c->list.object_count, sizeof(*c->objects));
    if (r < 0)
        return r;
    c->objects[c->list.object_count] = *m;
    c->objects[c->list.object_count].order = c->list.object_count;
    c->list.object_count++;
    return 0;
}

static int add_shape(struct counted_list *c, const struct rule *rule,
                     const struct label_index *index, const struct catalogue *catalogue,
                     const struct series_shape *shape)
{
    struct object_metric m = {.rule = rule};
    int r = name_metric(c, rule, shape, &m.name);

    if (r <= 0)
        return r;
    m.series = pool_text(&c->pool, shape->name, strlen(shape->name));
    if (!m.series)
        return -ENOMEM;
    for (size_t i = 0; i < shape->label_count; i++) {
        m.resource = label_index_resource(index, shape->labels[i]);
        if (!m.resource)
            continue;
        m.label = label_index_label(index, m.resource);
        m.namespace_label = m.resource->namespaced ? label_index_namespace(index, catalogue) : NULL;
        r = add_object(c, &m);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_custom_rule(struct counted_list *c, const struct rule *rule,
                           struct catalogue *catalogue, const struct shapes *shapes)
{
    struct label_index index;
    int r = label_index_init(&index, &rule->labels, catalogue, &c->pool);

    for (size_t i = 0; r == 0 && i < shapes->count; i++)
        r = add_shape(c, rule, &index, catalogue, &shapes->items[i]);
    return r;
}

static int add_external(struct counted_list *c, const struct external_rule_metric *m)
{
    if (c->list.external_count == METRIC_LIST_MAX) {
        c->list.left_out++;
        return 0;
    }
    int r = grow((void **)&c->externals, &c->external_size, c->list.external_count,
                 sizeof(*c->externals));
    if (r < 0)
        return r;
    c->externals[c->list.external_count] = *m;
    c->externals[c->list.external_count].order = c->list.external_count;
    c->list.external_count++;
    return 0;
}

static int add_external_rule(struct counted_list *c, const struct rule *rule,
                             struct catalogue *catalogue, const struct shapes *shapes)
{
    struct external_rule_metric m = {.rule = rule};
    struct label_index index;
    int r = label_index_init(&index, &rule->labels, catalogue, &c->pool);

    if (r < 0)
        return r;
    if (rule->labels.namespaced)
        m.namespace_label = label_index_namespace(&index, catalogue);
    for (size_t i = 0; i < shapes->count; i++) {
        r = name_metric(c, rule, &shapes->items[i], &m.name);
        if (r == 0)
            continue;
        m.series = pool_text(&c->pool, shapes->items[i].name, strlen(shapes->items[i].name));
        if (r < 0 || !m.series || add_external(c, &m) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* ---- order ---- */

static int compare_object(const struct object_metric *m, const char *name,
                          const struct resource *resource)
{
    int order = strcmp(m->name, name);

    if (order == 0)
        order = strcmp(m->resource->plural, resource->plural);
    return order ? order : strcmp(m->resource->group, resource->group);
}

static bool same_object(const void *a, const void *b)
{
    const struct object_metric *other = b;

    return compare_object(a, other->name, other->resource) == 0;
}

static int by_object(const void *a, const void *b)
{
    const struct object_metric *x = a, *y = b;
    int order = compare_object(x, y->name, y->resource);

    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static bool same_name(const void *a, const void *b)
{
    const struct external_rule_metric *x = a, *y = b;

    return strcmp(x->name, y->name) == 0;
}

static int by_name(const void *a, const void *b)
{
    const struct external_rule_metric *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Of neighbours that are the same only the last stays. Returns how many there are then. */
static size_t keep_last(void *array, size_t count, size_t size,
                        bool (*same)(const void *, const void *))
{
    char *items = array;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || !same(items + i * size, items + (i + 1) * size))
            memmove(items + kept++ * size, items + i * size, size);
    return kept;
}

static void put_in_order(struct counted_list *c)
{
    struct metric_list *l = &c->list;

    if (l->object_count)
        qsort(c->objects, l->object_count, sizeof(*c->objects), by_object);
    if (l->external_count)
        qsort(c->externals, l->external_count, sizeof(*c->externals), by_name);
    l->object_count = keep_last(c->objects, l->object_count, sizeof(*c->objects), same_object);
    l->external_count =
        keep_last(c->externals, l->external_count, sizeof(*c->externals), same_name);
    l->objects = c->objects;
    l->externals = c->externals;
}

/* ---- life ---- */

static int fill(struct counted_list *c, const struct rules *rules, const struct shapes *custom,
                const struct shapes *external)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < rules->custom_count; i++)
        r = add_custom_rule(c, &rules->custom[i], c->catalogue, &custom[i]);
    for (size_t i = 0; r == 0 && i < rules->external_count; i++)
        r = add_external_rule(c, &rules->external[i], c->catalogue, &external[i]);
    return r;
}

struct metric_list *metric_list_new(const struct rules *rules, struct catalogue *catalogue,
                                    const struct shapes *custom, const struct shapes *external)
{
    struct counted_list *c = calloc(1, sizeof(*c));

    if (!c) {
        catalogue_free(catalogue);
        return NULL;
    }
    atomic_init(&c->refs, 1);
    c->pool.max = POOL_MAX_BYTES;
    c->list.catalogue = c->catalogue = catalogue;
    if (fill(c, rules, custom, external) < 0) {
        metric_list_unref(&c->list);
        return NULL;
    }
    put_in_order(c);
    return &c->list;
}

struct metric_list *metric_list_ref(const struct metric_list *l)
{
    struct counted_list *c = counted(l);

    (void)atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return &c->list;
}

void metric_list_unref(struct metric_list *l)
{
    if (!l)
        return;
    struct counted_list *c = counted(l);
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
        return;
    free(c->objects);
    free(c->externals);
    catalogue_free(c->catalogue);
    pool_done(&c->pool);
    free(c);
}

/* ---- look-up ---- */

const struct object_metric *metric_list_object(const struct metric_list *l, const char *name,
                                               const struct resource *resource)
{
    size_t low = 0, high = l->object_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_object(&l->objects[middle], name, resource);
        if (order == 0)
            return &l->objects[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct external_rule_metric *metric_list_external(const struct metric_list *l,
                                                        const char *name)
{
    size_t low = 0, high = l->external_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(l->externals[middle].name, name);
        if (order == 0)
            return &l->externals[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = 0; i < l->external_count; i++)
        if (strcasecmp(l->externals[i].name, name) == 0)
            return &l->externals[i];
    return NULL;
}
