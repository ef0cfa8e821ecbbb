// SPDX-License-Identifier: MIT
#include "adapter/rules/label_index.h"

#include "base/hash.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define LABEL_MAX_BYTES 1000
#define SCRAPE_LABEL "job"

/* A group as it can be part of a label. */
static char *label_of_group(const char *group, struct pool *pool)
{
    char *text = pool_text(pool, group, strlen(group));

    for (char *c = text; c && *c; c++)
        if (*c == '.' || *c == '-')
            *c = '_';
    return text;
}

/* The label that the template gives a resource, from pool; "" when it cannot be one. */
static const char *label_by_form(const struct template *form, const struct resource *r,
                                 struct pool *pool)
{
    scoped(buf_done) struct buf text = {.max = LABEL_MAX_BYTES};
    const char *group = label_of_group(r->group, pool);
    const struct value values[] = {value_text(group), value_text(r->singular)};

    if (!group)
        return NULL;
    int result = template_run(form, values, &text, NULL);
    if (result == -ENOMEM)
        return NULL;
    if (result < 0 || !text.data || strcmp(text.data, SCRAPE_LABEL) == 0)
        return "";
    return pool_text(pool, text.data, text.len);
}

static void add(struct label_index *index, const char *label, const struct resource *r)
{
    index->items[index->count++] = (struct labelled){label, hash_text(HASH_START, label), r};
}

static int add_overrides(struct label_index *index, const struct rule_labels *labels,
                         struct catalogue *catalogue)
{
    for (size_t i = 0; i < labels->override_count; i++) {
        const struct rule_override *o = &labels->overrides[i];
        const struct resource *r = catalogue_find_or_guess(catalogue, o->group, o->resource);
        if (!r)
            return -ENOMEM;
        if (!label_index_label(index, r))
            add(index, o->label, r);
    }
    return 0;
}

static int add_by_form(struct label_index *index, const struct template *form,
                       const struct catalogue *catalogue, size_t resources, struct pool *pool)
{
    for (size_t i = 0; form && i < resources; i++) {
        const struct resource *r = catalogue_at(catalogue, i);
        const char *label = label_by_form(form, r, pool);
        if (!label)
            return -ENOMEM;
        if (*label && !label_index_resource(index, label) && !label_index_label(index, r))
            add(index, label, r);
    }
    return 0;
}

int label_index_init(struct label_index *index, const struct rule_labels *labels,
                     struct catalogue *catalogue, struct pool *pool)
{
    size_t resources = catalogue_count(catalogue);

    *index = (struct label_index){0};
    index->items =
        pool_take(pool, (labels->override_count + resources + 1) * sizeof(*index->items));
    if (!index->items || add_overrides(index, labels, catalogue) < 0)
        return -ENOMEM;
    return add_by_form(index, labels->form, catalogue, resources, pool);
}

const struct resource *label_index_resource(const struct label_index *index, const char *label)
{
    uint64_t hash = hash_text(HASH_START, label);

    for (size_t i = 0; i < index->count; i++)
        if (index->items[i].hash == hash && strcmp(index->items[i].label, label) == 0)
            return index->items[i].resource;
    return NULL;
}

const char *label_index_label(const struct label_index *index, const struct resource *resource)
{
    for (size_t i = 0; i < index->count; i++)
        if (index->items[i].resource == resource)
            return index->items[i].label;
    return NULL;
}

const char *label_index_namespace(const struct label_index *index,
                                  const struct catalogue *catalogue)
{
    const char *label = label_index_label(index, catalogue_find(catalogue, "", "namespaces"));

    return label ? label : "namespace";
}
