// SPDX-License-Identifier: MIT
#include "adapter/api/custom.h"

#include "adapter/api/object_values.h"
#include "adapter/api/read.h"
#include "adapter/rules/query_text.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES (32 * KIB)
#define ALL "*"

/* A request while its value is found: what struct object_read borrows. */
struct custom_read {
    struct object_read read;
    struct metrics_api *api;  /* a reference, for what is borrowed */
    struct metric_list *list; /* NULL: the metric is a configured one */
    char *metric, *namespace;
    struct selector *objects; /* that `*` stands for */
    struct selector *series;
};

static void custom_read_free(void *arg)
{
    struct custom_read *c = arg;

    if (!c)
        return;
    metric_list_unref(c->list);
    metrics_api_unref(c->api);
    names_done(&c->read.names);
    selector_free(c->objects);
    selector_free(c->series);
    free(c->metric);
    free(c->namespace);
    free(c);
}

static struct http_reply reply_read(const void *context, const struct read_result *results,
                                    size_t count)
{
    const struct custom_read *c = context;

    (void)count;
    return object_values_reply(&c->read, results->query, results->reading, clock_mono_ns());
}

/* ---- what is asked for ---- */

struct asked { /* borrowed from the request */
    const char *version, *namespace, *resource, *name, *metric;
};

static int parse_selector(const struct http_request *r, const char *parameter,
                          struct selector **ret, struct http_reply *refusal)
{
    const char *text = http_query(r, parameter);
    struct err err = {0};
    int result = selector_parse(text ? text : "", ret, &err);

    if (result < 0)
        *refusal = status_replyf(result == -EINVAL ? 400 : 500, "%s: %s", parameter, err.text);
    return result;
}

/* NULL with *refusal set when the request cannot be. */
static struct custom_read *make_read(const struct http_request *r, const struct asked *a,
                                     struct http_reply *refusal)
{
    struct custom_read *c = calloc(1, sizeof(*c));

    *refusal = json_reply(500, NULL);
    if (!c)
        return NULL;
    c->metric = strdup(a->metric);
    c->namespace = a->namespace ? strdup(a->namespace) : NULL;
    if (!c->metric || (a->namespace && !c->namespace) ||
        parse_selector(r, "labelSelector", &c->objects, refusal) < 0 ||
        parse_selector(r, "metricLabelSelector", &c->series, refusal) < 0) {
        custom_read_free(c);
        return NULL;
    }
    c->read = (struct object_read){.v1beta2 = strcmp(a->version, "v1beta2") == 0,
                                   .pretty = read_is_pretty(r),
                                   .metric = c->metric,
                                   .namespace = c->namespace,
                                   .all = strcmp(a->name, ALL) == 0};
    return c;
}

/* ---- which objects ---- */

static int list_objects(const struct metrics_api *api, struct custom_read *c, const char *name,
                        struct http_reply *refusal)
{
    struct object_read *read = &c->read;
    struct err err = {0};
    int r;

    if (!read->all) {
        r = names_add(&read->names, name);
    } else if (!api->lister.list) {
        *refusal = status_replyf(503,
                                 "%s of all %s: there is no API server to ask which there are "
                                 "(--lister-kubeconfig)",
                                 read->metric, read->resource->plural);
        return -EAGAIN;
    } else {
        r = api->lister.list(api->lister.arg, read->resource, read->namespace, c->objects, false,
                             &read->names, &err);
    }
    if (r < 0)
        *refusal = r == -ENOMEM ? json_reply(500, NULL) : status_reply(503, err.text);
    names_sort(&read->names);
    return r;
}

static struct http_reply no_objects(const struct custom_read *c)
{
    scoped(buf_done) struct buf selector = {.max = MESSAGE_MAX_BYTES};

    (void)selector_format(c->objects, &selector);
    return status_replyf(404, "%s: there are no %s%s%s that the selector '%.500s' matches",
                         c->read.metric, c->read.resource->plural,
                         c->namespace ? " in namespace " : "", c->namespace ? c->namespace : "",
                         selector.data ? selector.data : "");
}

/* ---- a rule's metric ---- */

/* The query of a rule for these objects, or NULL with *refusal set. */
static struct query *want_query(const struct metrics_api *api, const struct custom_read *c,
                                const struct object_metric *m, struct http_reply *refusal)
{
    scoped(buf_done) struct buf text = {.max = QUERY_TEXT_MAX_BYTES};
    const struct query_input in = {.series = m->series,
                                   .selector = c->series,
                                   .namespace_label = m->namespace_label,
                                   .namespace = m->namespace_label ? c->namespace : NULL,
                                   .object_label = m->label,
                                   .names = (const char *const *)c->read.names.items,
                                   .name_count = c->read.names.count};
    struct err err = {0};

    int r = query_text(m->rule->query, &in, &text, &err);
    if (r < 0) {
        *refusal = status_replyf(r == -EINVAL ? 400 : 500, "%s (%s): %s", c->read.metric,
                                 m->rule->shown_as, *err.text ? err.text : "out of memory");
        return NULL;
    }
    struct query *query = rule_set_want(api->rules, text.data);
    if (!query)
        *refusal = status_reply(500, "out of memory, or too many queries");
    return query;
}

/* Takes c. */
static struct http_reply serve_rule(const struct metrics_api *api, const struct http_request *r,
                                    struct custom_read *c, const char *name,
                                    const struct object_metric *m)
{
    struct http_reply refusal;
    struct query *query = NULL;

    c->read.resource = m->resource;
    c->read.label = m->label;
    c->read.max_age_ns = RULE_MAX_AGE_NS;
    if (list_objects(api, c, name, &refusal) == 0) {
        if (c->read.names.count == 0)
            refusal = no_objects(c);
        else
            query = want_query(api, c, m, &refusal);
    }
    if (query)
        return read_start(r, &query, 1, reply_read, c, custom_read_free);
    custom_read_free(c);
    return refusal;
}

/* ---- a configured metric ---- */

static const struct custom_feed *find_feed(const struct metrics_api *api, const struct asked *a)
{
    const struct feeds *f = api->feeds;

    for (size_t i = 0; i < f->custom_count; i++) {
        const struct custom_metric *m = f->customs[i].metric;
        bool is_there = !m->namespace || (a->namespace && strcmp(m->namespace, a->namespace) == 0);
        if (is_there && m->resource.namespaced == (a->namespace != NULL) &&
            strcmp(m->name, a->metric) == 0 && custom_metric_is_of(m, a->resource))
            return &f->customs[i];
    }
    return NULL;
}

/* Takes c. */
static struct http_reply serve_feed(const struct metrics_api *api, const struct http_request *r,
                                    struct custom_read *c, const char *name,
                                    const struct custom_feed *f)
{
    struct http_reply refusal;

    c->read.resource = &f->metric->resource;
    c->read.label = f->metric->object_label;
    c->read.namespace_label = f->metric->namespace_label;
    c->read.selector = c->series;
    c->read.max_age_ns = f->metric->max_age_ns;
    if (list_objects(api, c, name, &refusal) == 0) {
        if (c->read.names.count) {
            struct query *query = query_hold(f->query);
            return read_start(r, &query, 1, reply_read, c, custom_read_free);
        }
        refusal = no_objects(c);
    }
    custom_read_free(c);
    return refusal;
}

/* ---- not found ---- */

/* Somebody else may have it. */
static struct http_reply not_found(const struct metrics_api *api, const struct http_request *r,
                                   const struct asked *a)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};
    scoped(buf_done) struct buf message = {.max = 2 * MESSAGE_MAX_BYTES};
    struct forward *other = api->forwards[PASS_CUSTOM];

    if ((api->rules && rule_set_explain(api->rules, false, &why) < 0) ||
        buf_printf(&message, "there is no metric %.253s of %.253s%s%s", a->metric, a->resource,
                   why.len ? ", or it is not known yet: " : "", why.len ? why.data : "") < 0)
        return json_reply(500, NULL);
    if (other)
        return forward_ask(other, r, why.len ? buf_take(&message, NULL) : NULL);
    return status_reply(why.len ? 503 : 404, message.data);
}

static bool has_scope(const struct resource *resource, const struct asked *a)
{
    return resource->namespaced == (a->namespace != NULL);
}

/* The metric of a rule, with the list that holds it in c; NULL when there is none. */
static const struct object_metric *find_metric(const struct metrics_api *api, struct custom_read *c,
                                               const struct asked *a)
{
    c->list = api->rules ? rule_set_list(api->rules) : NULL;
    const struct resource *resource =
        c->list ? catalogue_find_path(c->list->catalogue, a->resource) : NULL;

    return resource && has_scope(resource, a) ? metric_list_object(c->list, a->metric, resource)
                                              : NULL;
}

static struct http_reply serve_read(struct metrics_api *api, const struct http_request *r,
                                    const struct asked *a)
{
    struct http_reply refusal;

    if (!read_is_possible(r, &refusal))
        return refusal;
    if (strcmp(a->version, "v1beta1") != 0 && strcmp(a->version, "v1beta2") != 0)
        return status_replyf(404, "nothing is served at %.500s", r->path);
    struct custom_read *c = make_read(r, a, &refusal);
    if (!c)
        return refusal;
    c->api = metrics_api_ref(api);
    const struct custom_feed *feed = find_feed(api, a);
    if (feed)
        return serve_feed(api, r, c, a->name, feed);
    const struct object_metric *m = find_metric(api, c, a);
    if (m)
        return serve_rule(api, r, c, a->name, m);
    custom_read_free(c);
    return not_found(api, r, a);
}

static struct http_reply serve_object(struct metrics_api_slot *slot, const struct http_request *r,
                                      const struct asked *a)
{
    struct metrics_api *api = metrics_api_take(slot);
    struct http_reply reply = serve_read(api, r, a);

    metrics_api_unref(api);
    return reply;
}

/* ---- routes ---- */

static struct http_reply serve_namespaced(void *app, const struct http_request *r)
{
    return serve_object(app, r,
                        &(struct asked){.version = r->params[0],
                                        .namespace = r->params[1],
                                        .resource = r->params[2],
                                        .name = r->params[3],
                                        .metric = r->params[4]});
}

static struct http_reply serve_namespace(void *app, const struct http_request *r)
{
    return serve_object(app, r,
                        &(struct asked){.version = r->params[0],
                                        .resource = "namespaces",
                                        .name = r->params[1],
                                        .metric = r->params[2]});
}

static struct http_reply serve_cluster_wide(void *app, const struct http_request *r)
{
    const struct asked a = {.version = r->params[0],
                            .resource = r->params[1],
                            .name = r->params[2],
                            .metric = r->params[3]};

    /* Kubernetes reads such a path as another one, and authorises that. */
    if (strcmp(a.resource, "namespaces") == 0)
        return status_replyf(404,
                             "nothing is served at %.500s (a namespace's own metrics are at "
                             "namespaces/NAME/metrics/METRIC)",
                             r->path);
    return serve_object(app, r, &a);
}

#define PREFIX "/apis/" CUSTOM_GROUP "/{version}"

const struct http_route custom_routes[] = {
    {"GET", PREFIX "/namespaces/{namespace}/metrics/{metric}", serve_namespace,
     "MetricValueList: a namespace's own metric. Version is v1beta1 or v1beta2."},
    {"GET", PREFIX "/namespaces/{namespace}/{resource}/{name}/{metric}", serve_namespaced,
     "MetricValueList of one object, or with the name * of all that ?labelSelector= selects. "
     "?metricLabelSelector= selects series. The resource is plural with its group, "
     "deployments.apps. 404 when there is none, 400 when a selector does not parse, 503 when a "
     "value is missing or too old."},
    {"GET", PREFIX "/{resource}/{name}/{metric}", serve_cluster_wide,
     "The same of an object without a namespace."},
};
const size_t custom_route_count = ARRAY_LEN(custom_routes);
