// SPDX-License-Identifier: MIT
#include "adapter/forward/other_metrics.h"

#include "base/err.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 700

struct counted {
    struct other_metrics metrics; /* first */
    atomic_uint refs;
    struct other_metric items[];
};

static const struct {
    const char *group_version, *path;
} groups[PASS_GROUPS] = {
    [PASS_EXTERNAL] = {"external.metrics.k8s.io/v1beta1", "/apis/external.metrics.k8s.io/v1beta1"},
    [PASS_CUSTOM] = {"custom.metrics.k8s.io/v1beta2", "/apis/custom.metrics.k8s.io/v1beta2"},
};

const char *other_metrics_path(enum pass_group group)
{
    return groups[group].path;
}

/* ---- one entry ---- */

static bool is_printable(const char *text)
{
    while (*text > ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

/* An external metric, or RESOURCE/METRIC. */
static bool is_name(enum pass_group group, const char *name)
{
    size_t len = strlen(name);
    const char *slash = strchr(name, '/');

    if (len == 0 || len > NAME_MAX_BYTES || !is_printable(name))
        return false;
    if (group == PASS_EXTERNAL)
        return !slash;
    return slash && slash > name && slash[1] && !strchr(slash + 1, '/');
}

static void add(struct counted *c, enum pass_group group, const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    char *copy = NULL;

    if (name && is_name(group, name) && c->metrics.count < OTHER_METRICS_MAX)
        copy = strdup(name);
    if (!copy)
        c->metrics.left_out++;
    else
        c->items[c->metrics.count++] =
            (struct other_metric){copy, json_is_true(json_object_get(entry, "namespaced"))};
}

/* ---- all of them ---- */

/* Go writes a list of nothing as null. */
static bool is_resource_list(enum pass_group group, const json_t *doc)
{
    const char *kind = json_string_value(json_object_get(doc, "kind"));
    const char *its = json_string_value(json_object_get(doc, "groupVersion"));
    const json_t *resources = json_object_get(doc, "resources");

    return kind && strcmp(kind, "APIResourceList") == 0 && its &&
           strcmp(its, groups[group].group_version) == 0 &&
           (!resources || json_is_null(resources) || json_is_array(resources));
}

static struct other_metrics *make(enum pass_group group, const json_t *resources)
{
    size_t count = json_array_size(resources);
    struct counted *c =
        calloc(1, sizeof(*c) + (count < OTHER_METRICS_MAX ? count : OTHER_METRICS_MAX) *
                                   sizeof(c->items[0]));

    if (!c)
        return NULL;
    atomic_init(&c->refs, 1);
    c->metrics.items = c->items;
    for (size_t i = 0; i < count; i++)
        add(c, group, json_array_get(resources, i));
    return &c->metrics;
}

int other_metrics_read(enum pass_group group, int status, const struct buf *body,
                       struct other_metrics **ret, struct err *err)
{
    json_auto_t *doc = NULL;
    int r = endpoint_read_answer(status, body, &doc, err);

    if (r < 0)
        return r;
    if (!is_resource_list(group, doc))
        return err_set(err, -ENOMSG, "answers what is no list of the resources of %s",
                       groups[group].group_version);
    struct other_metrics *metrics = make(group, json_object_get(doc, "resources"));
    if (!metrics)
        return err_set(err, -ENOMEM, "cannot be asked: out of memory");
    *ret = metrics;
    return 0;
}

struct other_metrics *other_metrics_ref(struct other_metrics *m)
{
    struct counted *c = (struct counted *)m;

    if (c)
        (void)atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return m;
}

void other_metrics_unref(struct other_metrics *m)
{
    struct counted *c = (struct counted *)m;

    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < m->count; i++)
        free((char *)(uintptr_t)c->items[i].name);
    free(c);
}

bool other_metrics_equal(const struct other_metrics *a, const struct other_metrics *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].namespaced != b->items[i].namespaced ||
            strcmp(a->items[i].name, b->items[i].name) != 0)
            return false;
    return true;
}
