// SPDX-License-Identifier: MIT
#include "adapter/api/external.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/quantity.h"
#include "kube/selector.h"
#include "kube/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "external.metrics.k8s.io"
#define VERSION "v1beta1"
#define GROUP_VERSION GROUP "/" VERSION
#define LIST_KIND "ExternalMetricValueList"
#define MESSAGE_MAX_BYTES (32 * KIB) /* a condition of an HPA takes as much */

/* ---- discovery ---- */

static json_t *group_new(void)
{
    return json_pack("{s:s, s:[{s:s, s:s}], s:{s:s, s:s}}", "name", GROUP, "versions",
                     "groupVersion", GROUP_VERSION, "version", VERSION, "preferredVersion",
                     "groupVersion", GROUP_VERSION, "version", VERSION);
}

static bool is_listed(const json_t *resources, const char *name)
{
    size_t i;
    json_t *resource;

    json_array_foreach (resources, i, resource) {
        if (strcmp(json_string_value(json_object_get(resource, "name")), name) == 0)
            return true;
    }
    return false;
}

/* Only the verb get: others make generic controllers try to use them. */
static int list_resource(json_t *resources, const char *name)
{
    if (is_listed(resources, name))
        return 0;
    return json_array_append_new(resources, json_pack("{s:s, s:s, s:b, s:s, s:[s]}", "name", name,
                                                      "singularName", "", "namespaced", 1, "kind",
                                                      LIST_KIND, "verbs", "get"));
}

/* Never empty: some kubectl versions print an error on every command then. */
static json_t *resources_new(const struct feeds *feeds)
{
    json_t *resources = json_array();
    int r = resources ? 0 : -1;

    for (size_t i = 0; i < feeds->count && r == 0; i++)
        r = list_resource(resources, feeds->items[i].metric->name);
    if (feeds->count == 0 && r == 0)
        r = list_resource(resources, "externalmetrics");
    if (r == 0)
        return resources;
    json_decref(resources);
    return NULL;
}

/* Takes doc, which may be NULL. */
static char *dump(json_t *doc)
{
    char *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;

    json_decref(doc);
    return text;
}

int external_api_init(struct external_api *api, struct feeds *feeds)
{
    *api = (struct external_api){.feeds = feeds};
    api->groups = dump(json_pack("{s:s, s:s, s:[o]}", "kind", "APIGroupList", "apiVersion", "v1",
                                 "groups", group_new()));
    json_t *group = json_pack("{s:s, s:s}", "kind", "APIGroup", "apiVersion", "v1");
    json_auto_t *members = group_new();
    if (group && (!members || json_object_update(group, members) < 0)) {
        json_decref(group);
        group = NULL;
    }
    api->group = dump(group);
    api->resources =
        dump(json_pack("{s:s, s:s, s:s, s:o}", "kind", "APIResourceList", "apiVersion", "v1",
                       "groupVersion", GROUP_VERSION, "resources", resources_new(feeds)));
    if (api->groups && api->group && api->resources)
        return 0;
    external_api_done(api);
    return -ENOMEM;
}

void external_api_done(struct external_api *api)
{
    free(api->groups);
    free(api->group);
    free(api->resources);
    *api = (struct external_api){0};
}

static struct http_reply discovery(const char *text)
{
    return http_reply_static(200, "application/json", text, strlen(text));
}

static struct http_reply serve_groups(void *app, const struct http_request *r)
{
    const struct external_api *api = app;

    (void)r;
    return discovery(api->groups);
}

static struct http_reply serve_group(void *app, const struct http_request *r)
{
    const struct external_api *api = app;

    (void)r;
    return discovery(api->group);
}

static struct http_reply serve_resources(void *app, const struct http_request *r)
{
    const struct external_api *api = app;

    (void)r;
    return discovery(api->resources);
}

/* ---- values ---- */

static bool is_asked_for(const struct external_metric *m, const char *namespace, const char *name)
{
    return strcmp(m->name, name) == 0 && (!m->namespace || strcmp(m->namespace, namespace) == 0);
}

/* The metric's labels and the sample's, which count if both have one. A copy: a json_t's reference
 * count must stay in one thread. */
static json_t *item_labels(const struct external_metric *m, const struct sample *sample)
{
    json_t *labels = json_deep_copy(m->labels);
    int r = labels ? 0 : -1;

    for (size_t i = 0; i < sample->label_count && r == 0; i++)
        r = json_object_set_new(labels, sample->labels[i].name,
                                json_string(sample->labels[i].value));
    if (r == 0)
        return labels;
    json_decref(labels);
    return NULL;
}

static json_t *item_new(const struct external_metric *m, const struct reading *r,
                        const struct sample *sample, json_t *labels)
{
    char timestamp[CLOCK_TEXT_MAX], value[QUANTITY_TEXT_MAX];

    return json_pack("{s:s, s:o, s:s, s:s}", "metricName", m->name, "metricLabels", labels,
                     "timestamp", clock_rfc3339(reading_measured_wall_ns(r, sample), timestamp),
                     "value", quantity_format(sample->value_milli, value));
}

/* Appends the samples that the selector wants. */
static int add_samples(const struct external_metric *m, const struct reading *r,
                       const struct selector *selector, json_t *items, struct buf *why)
{
    for (size_t i = 0; i < samples_count(r->samples); i++) {
        const struct sample *sample = samples_at(r->samples, i);
        json_t *labels = item_labels(m, sample);
        if (!labels)
            return -ENOMEM;
        if (!selector_matches(selector, labels)) {
            json_decref(labels);
            continue;
        }
        if (sample->fault) {
            json_decref(labels);
            return buf_printf(why, "%s: %s has a value that is %s", m->shown_as,
                              m->query.source->shown_as, sample->fault) < 0
                       ? -ENOMEM
                       : -ENODATA;
        }
        if (json_array_append_new(items, item_new(m, r, sample, labels)) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Appends the values to items. 0; -ENODATA with the reason appended to *why when there is none that
 * may be served; -ENOMEM. */
static int add_items(struct feed *f, const struct selector *selector, json_t *items,
                     struct buf *why)
{
    const struct external_metric *m = f->metric;
    uint64_t now_ns = clock_mono_ns();
    struct reading *r = query_newest(f->query);
    enum reading_state state = reading_state(r, m->max_age_ns, now_ns);
    int result = -ENODATA;

    if (state == READING_FRESH || state == READING_HELD)
        result = add_samples(m, r, selector, items, why);
    else if (reading_explain(r, m->shown_as, query_source(f->query), m->max_age_ns, now_ns, why) <
             0)
        result = -ENOMEM;
    reading_unref(r);
    return result;
}

static struct http_reply no_such_metric(size_t same_name, const char *namespace, const char *name,
                                        const char *selector)
{
    if (same_name)
        return status_replyf(404,
                             "external metric \"%.253s\": no labels match the selector '%.500s'",
                             name, selector);
    return status_replyf(404, "external metric \"%.253s\" is not served in namespace \"%.253s\"",
                         name, namespace);
}

/* Each series of a metric has labels of its own, which only its values tell. */
static bool may_match(const struct external_metric *m, const struct selector *selector)
{
    return m->query.combining.how == COMBINE_EACH || selector_matches(selector, m->labels);
}

static struct http_reply values(struct external_api *api, const char *namespace, const char *name,
                                const struct selector *selector, const char *selector_text)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};
    json_t *items = json_array();
    size_t same_name = 0;
    int result = items ? 0 : -ENOMEM;

    for (size_t i = 0; i < api->feeds->count && result == 0; i++) {
        struct feed *f = &api->feeds->items[i];
        if (!is_asked_for(f->metric, namespace, name))
            continue;
        same_name++;
        if (may_match(f->metric, selector))
            result = add_items(f, selector, items, &why);
    }
    if (result == 0 && json_array_size(items))
        return json_reply(200, json_pack("{s:s, s:s, s:{}, s:o}", "kind", LIST_KIND, "apiVersion",
                                         GROUP_VERSION, "metadata", "items", items));
    json_decref(items);
    if (result == 0)
        return no_such_metric(same_name, namespace, name, selector_text);
    if (result == -ENODATA)
        return status_reply(503, why.data);
    return status_reply(500, "out of memory");
}

static bool wants_watch(const struct http_request *r)
{
    const char *watch = http_query(r, "watch");

    return watch && strcmp(watch, "false") != 0 && strcmp(watch, "0") != 0;
}

static struct http_reply serve_values(void *app, const struct http_request *r)
{
    const char *text = http_query(r, "labelSelector");
    struct selector *selector = NULL;
    struct err err = {0};

    if (wants_watch(r))
        return status_reply(405, "watch is not supported on external metrics");
    if (!text)
        text = "";
    if (selector_parse(text, &selector, &err) < 0)
        return status_replyf(400, "labelSelector: %s", err.text);

    struct http_reply reply = values(app, r->params[0], r->params[1], selector, text);
    selector_free(selector);
    return reply;
}

const struct http_route external_routes[] = {
    {"GET", "/apis", serve_groups, "APIGroupList: the API groups served here."},
    {"GET", "/apis/" GROUP, serve_group, "APIGroup: its versions."},
    {"GET", "/apis/" GROUP_VERSION, serve_resources,
     "APIResourceList: the metrics. Never waits for a source."},
    {"GET", "/apis/" GROUP_VERSION "/namespaces/{namespace}/{metric}", serve_values,
     LIST_KIND ": all metrics of that name whose labels match ?labelSelector=. 404 when there is "
               "none, 400 when the selector does not parse, 503 when a value is missing or too "
               "old. Answers from memory."},
};
const size_t external_route_count = ARRAY_LEN(external_routes);
