// SPDX-License-Identifier: MIT
#include "adapter/api/external.h"

#include "adapter/api/read.h"
#include "adapter/rules/query_text.h"
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

#define GROUP_VERSION EXTERNAL_GROUP "/v1beta1"
#define LIST_KIND "ExternalMetricValueList"
#define MESSAGE_MAX_BYTES (32 * KIB) /* a condition of an HPA takes as much */

/* ---- configured metrics ---- */

static bool is_asked_for(const struct external_metric *m, const char *namespace, const char *name)
{
    return strcmp(m->name, name) == 0 && (!m->namespace || strcmp(m->namespace, namespace) == 0);
}

/* The metric's labels and the sample's, which count if both have one. A copy: a json_t's reference
 * count must stay in one thread. */
static json_t *item_labels(const struct external_metric *m, const struct sample *sample)
{
    json_t *labels = m->labels ? json_deep_copy(m->labels) : json_object();
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

/* Each series of a metric has labels of its own, which only its values tell. */
static bool may_match(const struct external_metric *m, const struct selector *selector)
{
    return m->query.combining.how == COMBINE_EACH || selector_matches(selector, m->labels);
}

static struct http_reply reply_items(bool pretty, json_t *items)
{
    return read_reply_json(pretty,
                           json_pack("{s:s, s:s, s:{}, s:o}", "kind", LIST_KIND, "apiVersion",
                                     GROUP_VERSION, "metadata", "items", items));
}

/* What was asked for; all borrowed. */
struct asked {
    const char *namespace, *name, *selector_text;
    const struct selector *selector;
    bool pretty;
};

static size_t configured(const struct metrics_api *api, const struct asked *a)
{
    size_t same_name = 0;

    for (size_t i = 0; i < api->feeds->count; i++)
        same_name += is_asked_for(api->feeds->items[i].metric, a->namespace, a->name);
    return same_name;
}

/* Answered from memory. */
static struct http_reply serve_configured(struct metrics_api *api, const struct asked *a)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};
    json_t *items = json_array();
    int result = items ? 0 : -ENOMEM;

    for (size_t i = 0; i < api->feeds->count && result == 0; i++) {
        struct feed *f = &api->feeds->items[i];
        if (is_asked_for(f->metric, a->namespace, a->name) && may_match(f->metric, a->selector))
            result = add_items(f, a->selector, items, &why);
    }
    if (result == 0 && json_array_size(items))
        return reply_items(a->pretty, items);
    json_decref(items);
    if (result == 0)
        return status_replyf(404,
                             "external metric \"%.253s\": no labels match the selector '%.500s'",
                             a->name, a->selector_text);
    if (result == -ENODATA)
        return status_reply(503, why.data);
    return status_reply(500, "out of memory");
}

/* ---- metrics of rules ---- */

struct rule_read {           /* a request while its value is found */
    struct metrics_api *api; /* a reference, for what list borrows */
    struct metric_list *list;
    char *name;
    bool pretty;
};

static void rule_read_free(void *arg)
{
    struct rule_read *read = arg;

    metric_list_unref(read->list);
    metrics_api_unref(read->api);
    free(read->name);
    free(read);
}

static json_t *rule_item_new(const struct rule_read *read, const struct reading *r,
                             const struct sample *sample)
{
    char timestamp[CLOCK_TEXT_MAX], value[QUANTITY_TEXT_MAX];
    json_t *labels = json_object();

    for (size_t i = 0; i < sample->label_count; i++)
        (void)json_object_set_new(labels, sample->labels[i].name,
                                  json_string(sample->labels[i].value));
    return json_pack("{s:s, s:o, s:s, s:s}", "metricName", read->name, "metricLabels", labels,
                     "timestamp", clock_rfc3339(reading_measured_wall_ns(r, sample), timestamp),
                     "value", quantity_format(sample->value_milli, value));
}

static struct http_reply reply_samples(const struct rule_read *read, const struct query *query,
                                       const struct reading *r)
{
    const char *source = query_source(query)->shown_as;
    json_t *items = json_array();
    int result = items ? 0 : -1;

    if (samples_count(r->samples) == 0) {
        json_decref(items);
        return status_replyf(404, "external metric \"%.253s\": %s answers with no series",
                             read->name, source);
    }
    for (size_t i = 0; result == 0 && i < samples_count(r->samples); i++) {
        const struct sample *sample = samples_at(r->samples, i);
        if (sample->fault) {
            json_decref(items);
            return status_replyf(503, "%.253s: %s has a value that is %s", read->name, source,
                                 sample->fault);
        }
        result = json_array_append_new(items, rule_item_new(read, r, sample));
    }
    if (result == 0)
        return reply_items(read->pretty, items);
    json_decref(items);
    return status_reply(500, "out of memory");
}

static struct http_reply reply_rule(const void *context, const struct read_result *results,
                                    size_t count)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};
    const struct rule_read *read = context;
    const struct query *query = results->query;
    const struct reading *r = results->reading;
    uint64_t now_ns = clock_mono_ns();
    enum reading_state state = reading_state(r, RULE_MAX_AGE_NS, now_ns);

    (void)count;
    if (state == READING_FRESH || state == READING_HELD)
        return reply_samples(read, query, r);
    if (reading_explain(r, read->name, query_source(query), RULE_MAX_AGE_NS, now_ns, &why) < 0)
        return status_reply(500, "out of memory");
    return status_reply(503, why.data);
}

/* Takes list. */
static struct http_reply serve_rule(struct metrics_api *api, const struct http_request *r,
                                    const struct asked *a, struct metric_list *list,
                                    const struct external_rule_metric *m)
{
    scoped(buf_done) struct buf text = {.max = QUERY_TEXT_MAX_BYTES};
    const struct query_input in = {.series = m->series,
                                   .selector = a->selector,
                                   .namespace_label = m->namespace_label,
                                   .namespace = m->namespace_label ? a->namespace : NULL};
    struct rule_read *read = calloc(1, sizeof(*read));
    struct err err = {0};

    if (!read) {
        metric_list_unref(list);
        return status_reply(500, "out of memory");
    }
    *read = (struct rule_read){metrics_api_ref(api), list, strdup(a->name), a->pretty};
    int result = read->name ? query_text(m->rule->query, &in, &text, &err) : -ENOMEM;
    if (result == 0) {
        struct query *query = rule_set_want(api->rules, text.data);
        return read_start(r, &query, 1, reply_rule, read, rule_read_free);
    }
    rule_read_free(read);
    return status_replyf(result == -EINVAL ? 400 : 500, "external metric \"%.253s\" (%s): %s",
                         a->name, m->rule->shown_as, *err.text ? err.text : "out of memory");
}

/* ---- the route ---- */

/* Somebody else may have it. */
static struct http_reply no_such_metric(const struct metrics_api *api, const struct http_request *r,
                                        const struct asked *a)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};
    scoped(buf_done) struct buf message = {.max = 2 * MESSAGE_MAX_BYTES};
    struct forward *other = api->forwards[PASS_EXTERNAL];

    if ((api->rules && rule_set_explain(api->rules, true, &why) < 0) ||
        buf_printf(&message, "external metric \"%.253s\" is not served in namespace \"%.253s\"%s%s",
                   a->name, a->namespace, why.len ? ", or it is not known yet: " : "",
                   why.len ? why.data : "") < 0)
        return status_reply(500, "out of memory");
    if (other)
        return forward_ask(other, r, why.len ? buf_take(&message, NULL) : NULL);
    return status_reply(why.len ? 503 : 404, message.data);
}

static struct http_reply serve_asked(struct metrics_api *api, const struct http_request *r,
                                     const struct asked *a)
{
    struct metric_list *list = NULL;
    const struct external_rule_metric *m;

    if (configured(api, a))
        return serve_configured(api, a);
    if (api->rules)
        list = rule_set_list(api->rules);
    m = list ? metric_list_external(list, a->name) : NULL;
    if (m)
        return serve_rule(api, r, a, list, m);
    metric_list_unref(list);
    return no_such_metric(api, r, a);
}

static struct http_reply serve_values(void *app, const struct http_request *r)
{
    const char *text = http_query(r, "labelSelector");
    struct selector *selector = NULL;
    struct http_reply refusal;
    struct err err = {0};

    if (!read_is_possible(r, &refusal))
        return refusal;
    if (!text)
        text = "";
    if (selector_parse(text, &selector, &err) < 0)
        return status_replyf(400, "labelSelector: %s", err.text);

    struct metrics_api *api = metrics_api_take(app);
    struct http_reply reply = serve_asked(
        api, r, &(struct asked){r->params[0], r->params[1], text, selector, read_is_pretty(r)});
    metrics_api_unref(api);
    selector_free(selector);
    return reply;
}

const struct http_route external_routes[] = {
    {"GET", "/apis/" GROUP_VERSION "/namespaces/{namespace}/{metric}", serve_values,
     LIST_KIND
     ": all metrics of that name whose labels match ?labelSelector=. 404 when there is "
     "none, 400 when the selector does not parse, 503 when a value is missing or too "
     "old. Answers from memory; the first read of a rule's query waits for its answer, and "
     "what is passed on (passThrough) for the other adapter's."},
};
const size_t external_route_count = ARRAY_LEN(external_routes);
