// SPDX-License-Identifier: MIT
#include "adapter/api/metrics_api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct metrics_api *metrics_api_ref(struct metrics_api *api)
{
    (void)atomic_fetch_add_explicit(&api->refs, 1, memory_order_relaxed);
    return api;
}

void metrics_api_unref(struct metrics_api *api)
{
    if (api && atomic_fetch_sub_explicit(&api->refs, 1, memory_order_acq_rel) == 1 && api->free)
        api->free(api);
}

struct metrics_api *metrics_api_take(struct metrics_api_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    struct metrics_api *api = metrics_api_ref(slot->now);
    pthread_mutex_unlock(&slot->lock);
    return api;
}

struct metrics_api *metrics_api_exchange(struct metrics_api_slot *slot, struct metrics_api *api)
{
    pthread_mutex_lock(&slot->lock);
    struct metrics_api *before = slot->now;
    slot->now = api;
    pthread_mutex_unlock(&slot->lock);
    return before;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of all external metrics, sorted, each once: new in *ret, to be freed. */
static int list_externals(const struct metrics_api *api, const struct metric_list *list,
                          const char ***ret, size_t *ret_count)
{
    size_t of_rules = list ? list->external_count : 0, count = 0, kept = 0;
    const char **names = calloc(api->feeds->count + of_rules + 1, sizeof(*names));

    if (!names)
        return -ENOMEM;
    for (size_t i = 0; i < api->feeds->count; i++)
        names[count++] = api->feeds->items[i].metric->name;
    for (size_t i = 0; i < of_rules; i++)
        names[count++] = list->externals[i].name;
    qsort(names, count, sizeof(*names), by_text);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
            names[kept++] = names[i];
    *ret = names;
    *ret_count = kept;
    return 0;
}

static bool is_configured(const struct feeds *f, const struct object_metric *m)
{
    for (size_t i = 0; i < f->custom_count; i++) {
        const struct custom_metric *c = f->customs[i].metric;
        if (strcmp(c->name, m->name) == 0 && strcmp(c->resource.plural, m->resource->plural) == 0 &&
            strcmp(c->resource.group, m->resource->group) == 0)
            return true;
    }
    return false;
}

/* Whether an earlier one is the same for another namespace. */
static bool is_repeated(const struct feeds *f, size_t i)
{
    const struct custom_metric *m = f->customs[i].metric;

    for (size_t k = 0; k < i; k++) {
        const struct custom_metric *c = f->customs[k].metric;
        if (strcmp(c->name, m->name) == 0 && strcmp(c->resource.plural, m->resource.plural) == 0 &&
            strcmp(c->resource.group, m->resource.group) == 0)
            return true;
    }
    return false;
}

/* The metrics of objects, each once: new in *ret, to be freed. */
static int list_objects(const struct metrics_api *api, const struct metric_list *list,
                        struct discovery_object_metric **ret, size_t *ret_count)
{
    const struct feeds *f = api->feeds;
    size_t of_rules = list ? list->object_count : 0, count = 0;
    struct discovery_object_metric *objects =
        calloc(f->custom_count + of_rules + 1, sizeof(*objects));

    if (!objects)
        return -ENOMEM;
    for (size_t i = 0; i < f->custom_count; i++)
        if (!is_repeated(f, i))
            objects[count++] = (struct discovery_object_metric){f->customs[i].metric->name,
                                                                &f->customs[i].metric->resource};
    for (size_t i = 0; i < of_rules; i++)
        if (!is_configured(f, &list->objects[i]))
            objects[count++] =
                (struct discovery_object_metric){list->objects[i].name, list->objects[i].resource};
    *ret = objects;
    *ret_count = count;
    return 0;
}

static int set_documents(struct metrics_api *api, struct discovery_input *input)
{
    struct metric_conflicts conflicts[PASS_GROUPS] = {0};
    struct other_metrics *others[PASS_GROUPS] = {0};

    for (size_t i = 0; i < PASS_GROUPS; i++)
        input->others[i] = others[i] = api->forwards[i] ? forward_others(api->forwards[i]) : NULL;
    int r = discovery_set(api->discovery, input, conflicts);
    for (size_t i = 0; i < PASS_GROUPS; i++) {
        if (r == 0 && api->forwards[i])
            forward_note_conflicts(api->forwards[i], &conflicts[i]);
        other_metrics_unref(others[i]);
    }
    return r;
}

int metrics_api_publish(struct metrics_api *api, const struct metric_list *list)
{
    struct discovery_input input = {.has_resource_metrics =
                                        api->usage_rules || api->feeds->pods_usage};
    struct discovery_object_metric *objects = NULL;
    const char **externals = NULL;
    int r = list_objects(api, list, &objects, &input.object_count);

    if (r == 0)
        r = list_externals(api, list, &externals, &input.external_count);
    input.objects = objects;
    input.externals = externals;
    if (r == 0)
        r = set_documents(api, &input);
    free(externals);
    free(objects);
    return r;
}
