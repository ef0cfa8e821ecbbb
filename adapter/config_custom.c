// SPDX-License-Identifier: MIT
#include "adapter/config_custom.h"

#include "adapter/config_fields.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST "customMetrics"
#define RESOURCE_MAX_BYTES 300
#define LABEL_MAX_BYTES 200

static int no_memory(const struct strict *s)
{
    return err_set(s->err, -ENOMEM, "out of memory");
}

static int copy_resource(const struct resource *r, struct resource *ret)
{
    *ret = (struct resource){.group = strdup(r->group),
                             .version = strdup(r->version),
                             .plural = strdup(r->plural),
                             .singular = strdup(r->singular),
                             .kind = strdup(r->kind),
                             .namespaced = r->namespaced};
    return ret->group && ret->version && ret->plural && ret->singular && ret->kind ? 0 : -ENOMEM;
}

static int read_resource(const struct strict *s, const json_t *entry, const char *path,
                         struct resource *ret)
{
    const char *text = "pods";
    int r = strict_text(s, entry, path, "resource", RESOURCE_MAX_BYTES, &text);
    struct catalogue *catalogue = r == 0 ? catalogue_new() : NULL;

    if (r < 0)
        return r;
    const char *dot = strchrnul(text, '.');
    scoped(free_at) char *name = strndup(text, (size_t)(dot - text));
    const struct resource *found =
        catalogue && name ? catalogue_find_or_guess(catalogue, *dot ? dot + 1 : "", name) : NULL;
    r = found ? copy_resource(found, ret) : -ENOMEM;
    catalogue_free(catalogue);
    return r < 0 ? no_memory(s) : 0;
}

static int check_place(const struct strict *s, const char *path, const struct custom_metric *m)
{
    if (m->resource.namespaced && !m->namespace_label && !m->namespace)
        return strict_refuse(s, path, "%s takes namespaceLabel or namespace: %s have namespaces",
                             path, m->resource.plural);
    if (!m->resource.namespaced && (m->namespace_label || m->namespace))
        return strict_refuse(s, path, "%s takes no namespace: %s have none", path,
                             m->resource.plural);
    return 0;
}

static int keep_texts(const struct strict *s, const char *path, struct custom_metric *m,
                      const char *const texts[4])
{
    m->name = strdup(texts[0]);
    m->object_label = strdup(texts[1] ? texts[1] : m->resource.singular);
    m->namespace_label = texts[2] ? strdup(texts[2]) : NULL;
    m->namespace = texts[3] ? strdup(texts[3]) : NULL;
    if (!m->name || !m->object_label || (texts[2] && !m->namespace_label) ||
        (texts[3] && !m->namespace))
        return no_memory(s);
    return check_place(s, path, m);
}

static int read_metric(const struct strict *s, const json_t *entry, const char *path,
                       struct custom_metric *m)
{
    static const struct strict_member members[] = {{"name", true},
                                                   {"resource", false},
                                                   {"objectLabel", false},
                                                   {"namespaceLabel", false},
                                                   {"namespace", false},
                                                   {"source", true},
                                                   {"interval", false},
                                                   {"maxAge", false},
                                                   {0}};
    const char *texts[4] = {NULL};
    char at[STRICT_PATH_MAX];

    int r = strict_mapping(s, entry, path, members);
    if (r == 0)
        r = config_read_name(s, entry, path, &texts[0]);
    if (r == 0)
        r = read_resource(s, entry, path, &m->resource);
    if (r == 0)
        r = strict_text(s, entry, path, "objectLabel", LABEL_MAX_BYTES, &texts[1]);
    if (r == 0)
        r = strict_text(s, entry, path, "namespaceLabel", LABEL_MAX_BYTES, &texts[2]);
    if (r == 0)
        r = config_read_namespace(s, entry, path, &texts[3]);
    if (r == 0)
        r = keep_texts(s, path, m, texts);
    if (r == 0)
        r = source_read_config(s, json_object_get(entry, "source"), strict_path(at, path, "source"),
                               &m->query.source);
    m->query.combining.how = COMBINE_ALL;
    return r == 0 ? config_read_times(s, entry, path, &m->query, &m->max_age_ns) : r;
}

static bool overlap(const struct custom_metric *a, const struct custom_metric *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->resource.plural, b->resource.plural) == 0 &&
           strcmp(a->resource.group, b->resource.group) == 0 &&
           (!a->namespace || !b->namespace || strcmp(a->namespace, b->namespace) == 0);
}

static int refuse_twins(const struct strict *s, const struct custom_metrics *c, size_t last)
{
    char at[STRICT_PATH_MAX], first[STRICT_PATH_MAX];

    for (size_t i = 0; i < last; i++) {
        if (!overlap(&c->items[i], &c->items[last]))
            continue;
        (void)snprintf(at, sizeof(at), LIST "[%zu]", last);
        (void)snprintf(first, sizeof(first), LIST "[%zu]", i);
        return strict_refuse(s, at, "%s of %s is there twice (the first is on line %u)",
                             c->items[last].name, c->items[last].resource.plural,
                             yaml_line(s->file, s->document, first));
    }
    return 0;
}

int custom_metrics_read(const struct strict *s, const json_t *document, struct custom_metrics *ret)
{
    const json_t *list = json_object_get(document, LIST);
    char path[STRICT_PATH_MAX];
    int r = 0;

    if (!list)
        return 0;
    if (!json_is_array(list) || json_array_size(list) > CUSTOM_METRICS_MAX)
        return strict_refuse(s, LIST, LIST " takes a list of at most %d metrics",
                             CUSTOM_METRICS_MAX);
    ret->items = calloc(json_array_size(list) + 1, sizeof(*ret->items));
    if (!ret->items)
        return no_memory(s);
    while (r == 0 && ret->count < json_array_size(list)) {
        size_t i = ret->count++;
        (void)snprintf(path, sizeof(path), LIST "[%zu]", i);
        r = read_metric(s, json_array_get(list, i), path, &ret->items[i]);
        if (r == 0)
            r = refuse_twins(s, ret, i);
    }
    return r;
}

static void free_text(const char *text)
{
    free((char *)(uintptr_t)text);
}

void custom_metrics_done(struct custom_metrics *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct custom_metric *m = &c->items[i];
        free(m->name);
        free(m->object_label);
        free(m->namespace_label);
        free(m->namespace);
        free_text(m->resource.group);
        free_text(m->resource.version);
        free_text(m->resource.plural);
        free_text(m->resource.singular);
        free_text(m->resource.kind);
        source_unref(m->query.source);
    }
    free(c->items);
    *c = (struct custom_metrics){0};
}

bool custom_metric_is_of(const struct custom_metric *m, const char *path)
{
    const struct resource *r = &m->resource;
    const char *dot = strchrnul(path, '.');
    size_t len = (size_t)(dot - path);

    if (*dot && strcmp(dot + 1, r->group) != 0)
        return false;
    return (strlen(r->plural) == len && strncasecmp(r->plural, path, len) == 0) ||
           (strlen(r->singular) == len && strncasecmp(r->singular, path, len) == 0);
}

void custom_metrics_print(const struct custom_metrics *c, FILE *out)
{
    char interval[CLOCK_TEXT_MAX], age[CLOCK_TEXT_MAX];

    for (size_t i = 0; i < c->count; i++) {
        const struct custom_metric *m = &c->items[i];
        (void)fprintf(out, "%s of %s%s%s by %s: %s every %s, at most %s old\n", m->name,
                      m->resource.plural, *m->resource.group ? "." : "", m->resource.group,
                      m->object_label, m->query.source->shown_as,
                      clock_duration(m->query.interval_ns, interval),
                      clock_duration(m->max_age_ns, age));
    }
}

void custom_metrics_help(FILE *out)
{
    (void)fputs("  customMetrics:              at most 1000\n"
                "  - name: requests_per_second\n"
                "    resource: pods            or deployments.apps and so on; default pods\n"
                "    objectLabel: pod          the label that is the object's name; default: the\n"
                "                              resource's singular name\n"
                "    namespaceLabel: namespace the label that is its namespace; or\n"
                "    namespace: shop           the one in which the metric is served\n"
                "    source:                   as above; every sample is an object's value\n"
                "    interval: 5s\n"
                "    maxAge: 60s\n",
                out);
}
