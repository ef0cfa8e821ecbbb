// SPDX-License-Identifier: MIT
#include "lab/replay/fetch.h"

#include "base/scoped.h"
#include "http/urltext.h"
#include "kube/jpath.h"
#include "lab/observe.h"
#include "lab/replay/items.h"
#include "lab/replay/mapping.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CUSTOM "custom.metrics.k8s.io"
#define EXTERNAL "external.metrics.k8s.io"

void fetched_done(struct fetched *f)
{
    usage_done(&f->usage);
    free(f->samples);
    free(f->values);
    *f = (struct fetched){0};
}

struct asking { /* for one metric */
    struct client *client;
    struct discovered *discovered;
    const struct hpa_spec *spec;
    const struct hpa_metric *metric;
    const char *selector;
};

static struct texts *texts_of(const struct asking *q)
{
    return &q->client->decoder.texts;
}

/* --- Keys --- */

static int begin_key(const struct asking *q, const char *group, const char *version)
{
    return client_begin_key(q->client, "", group, version, q->spec->namespace);
}

/* The client writes resources in lower case, but not the escapes in them. */
static int add_lower(const struct asking *q, const char *text)
{
    scoped(free_at) char *lower = strdup(text);

    if (!lower)
        return -ENOMEM;
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return client_add_segment(q->client, lower);
}

/* --- Resource, ContainerResource --- */

static int read_usage(const struct asking *q, const json_t *items, struct fetched *ret)
{
    ret->answer.item_count = json_array_size(items);
    ret->samples = calloc(ret->answer.item_count + 1, sizeof(*ret->samples));
    if (!ret->samples)
        return -ENOMEM;
    ret->answer.samples = ret->samples;
    ret->answer.sample_count = observe_usage(items, q->metric, ret->samples);
    return 0;
}

/* In the usual form, or else in any. */
static int read_pod_metrics(const struct asking *q, struct answer *a, struct fetched *ret)
{
    if (a->good && usage_read(a->body, q->metric, &ret->usage)) {
        ret->answer = (struct hpa_answer){.item_count = ret->usage.items,
                                          .samples = ret->usage.samples,
                                          .sample_count = ret->usage.count};
        return 0;
    }
    const struct decoded d =
        decode_expected(&q->client->decoder, a, "metrics.k8s.io/v1beta1", "PodMetricsList");
    const json_t *items = json_object_get(d.object, "items");
    ret->answer.error = d.error ? d.error : items_fault(texts_of(q), ITEMS_POD_METRICS, items);
    return ret->answer.error ? 0 : read_usage(q, items, ret);
}

static int fetch_resource(const struct asking *q, struct fetched *ret)
{
    struct buf *key = &q->client->key;
    int r = begin_key(q, "metrics.k8s.io", "v1beta1");

    if (r == 0)
        r = client_add_segment(q->client, "pods");
    if (r == 0)
        r = urltext_query(key, "labelSelector", q->selector);
    if (r < 0)
        return -ENOMEM;

    const struct reply reply =
        client_send(q->client, &(struct request){key->data, "pods.metrics.k8s.io", NULL});
    ret->answer.error = reply.error;
    return reply.error ? 0 : read_pod_metrics(q, reply.answer, ret);
}

/* --- External --- */

static int read_values(const json_t *items, struct fetched *ret)
{
    ret->answer.item_count = json_array_size(items);
    ret->values = calloc(ret->answer.item_count + 1, sizeof(*ret->values));
    if (!ret->values)
        return -ENOMEM;
    (void)observe_values(items, ret->values, NULL); /* all were found good */
    ret->answer.values = ret->values;
    return 0;
}

static int fetch_external(const struct asking *q, struct fetched *ret)
{
    struct buf *key = &q->client->key;
    int r = begin_key(q, EXTERNAL, "v1beta1");

    if (r == 0)
        r = add_lower(q, q->metric->name);
    if (r == 0)
        r = urltext_query(key, "labelSelector", q->metric->selector);
    if (r < 0)
        return -ENOMEM;

    struct decoded d = {.error = client_refuse(q->client, "resource", q->metric->name)};
    if (!d.error) {
        const char *resource = texts_format(texts_of(q), "%s.%s", q->metric->name, EXTERNAL);
        const struct reply reply =
            client_send(q->client, &(struct request){key->data, resource, NULL});
        d.error = reply.error;
        if (!d.error)
            d = decode_unchecked(&q->client->decoder, reply.answer);
    }
    const json_t *items = json_object_get(d.object, "items");
    ret->answer.error = d.error ? d.error : items_fault(texts_of(q), ITEMS_EXTERNAL, items);
    return ret->answer.error ? 0 : read_values(items, ret);
}

/* --- Which version of custom metrics --- */

/* Those that the client can convert, its internal form included. */
static const char *known_version(const char *group_version)
{
    static const char *const versions[] = {"v1beta2", "v1beta1", "__internal"};
    const size_t prefix = strlen(CUSTOM "/");

    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (strncmp(group_version, CUSTOM "/", prefix) == 0 &&
            strcmp(group_version + prefix, versions[i]) == 0)
            return versions[i];
    return NULL;
}

static const char *choose_version(const json_t *group)
{
    const char *version = known_version(jpath_str(group, "preferredVersion.groupVersion", ""));
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(group, "versions"), i, row)
        if (!version)
            version = known_version(jpath_str(row, "groupVersion", ""));
    return version;
}

static const char *find_version(const struct asking *q, const json_t *list)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(list, "groups"), i, row)
        if (strcmp(jpath_str(row, "name", ""), CUSTOM) == 0) {
            q->discovered->version = choose_version(row);
            return q->discovered->version ? NULL : "no known available metric versions found";
        }
    return "no custom metrics API (" CUSTOM ") registered";
}

/* Asks once a step, and again after a failure. Returns what went wrong. */
static const char *discover(const struct asking *q)
{
    const struct request request = {.key = "/apis"};

    if (q->discovered->version)
        return NULL;
    if (!book_look(q->client->book, request.key)) {
        q->discovered->version = "v1beta2";
        return NULL;
    }
    const struct reply reply = client_send(q->client, &request);
    if (reply.error)
        return reply.error;
    const struct decoded d = decode_plain(&q->client->decoder, reply.answer, "v1.APIGroupList");
    return d.error ? d.error : find_version(q, d.object);
}

/* --- Pods, Object --- */

struct target { /* of a request for custom metrics, in the order of the path */
    const char *resource, *name, *metric; /* metric NULL: the name is it */
    const char *pod_selector;
};

static const char *refuse_target(const struct asking *q, const struct target *t)
{
    const char *error = client_refuse(q->client, "resource", t->resource);

    if (!error)
        error = *t->name ? client_refuse(q->client, "resource name", t->name)
                         : "resource name may not be empty";
    if (!error && t->metric)
        error = client_refuse(q->client, "subresource", t->metric);
    return error;
}

static int custom_key(const struct asking *q, const struct target *t)
{
    struct buf *key = &q->client->key;
    int r = begin_key(q, CUSTOM, q->discovered->version);

    if (r == 0)
        r = add_lower(q, t->resource);
    if (r == 0)
        r = client_add_segment(q->client, t->name);
    if (r == 0 && t->metric)
        r = client_add_segment(q->client, t->metric);
    if (r == 0)
        r = urltext_query(key, "labelSelector", t->pod_selector);
    return r < 0 ? r : urltext_query(key, "metricLabelSelector", q->metric->selector);
}

static const struct decode_kind custom_kinds[] = {
    {CUSTOM "/v1beta2", "MetricValueList"},
    {CUSTOM "/v1beta1", "MetricValueList"},
    {CUSTOM "/v1beta2", "MetricValue"},
    {CUSTOM "/v1beta1", "MetricValue"},
    {0},
};

static struct decoded decode_custom(const struct asking *q, struct answer *a)
{
    struct decoded d = decode_known(&q->client->decoder, a, custom_kinds);
    const char *version = strcmp(d.kind ? d.kind : "", "MetricValue") == 0 ? "v1beta2" : "v1";

    if (!d.error && strcmp(d.kind, "MetricValueList") != 0)
        d.error =
            texts_format(texts_of(q),
                         "the custom metrics API server didn't return MetricValueList, the type is "
                         "*%s.%s",
                         version, d.kind);
    return d;
}

/* The items; NULL with the error set. */
static const json_t *send_custom(const struct asking *q, const struct target *t,
                                 struct fetched *ret)
{
    struct decoded d = {.error = refuse_target(q, t)};

    if (!d.error && custom_key(q, t) < 0)
        d.error = "out of memory";
    if (!d.error) {
        const struct request request = {
            q->client->key.data, texts_format(texts_of(q), "%s.%s", t->resource, CUSTOM), t->name};
        const struct reply reply = client_send(q->client, &request);
        d.error = reply.error;
        if (!d.error)
            d = decode_custom(q, reply.answer);
    }
    const json_t *items = json_object_get(d.object, "items");
    ret->answer.error = d.error ? d.error : items_fault(texts_of(q), ITEMS_CUSTOM, items);
    return ret->answer.error ? NULL : items;
}

static int fetch_pods(const struct asking *q, struct fetched *ret)
{
    const struct target t = {"pods", "*", q->metric->name, q->selector};

    ret->answer.error = discover(q);
    const json_t *items = ret->answer.error ? NULL : send_custom(q, &t, ret);
    ret->answer.item_count = json_array_size(items);
    ret->samples = calloc(ret->answer.item_count + 1, sizeof(*ret->samples));
    if (!ret->samples)
        return -ENOMEM;
    ret->answer.samples = ret->samples;
    ret->answer.sample_count = observe_pod_values(items, ret->samples);
    return 0;
}

/* The resource of the described kind: "services", "deployments.apps". */
static const char *map_described(const struct asking *q, const char *group,
                                 const char **ret_resource)
{
    const char *kind = q->metric->object.kind;
    const struct mapping *m = mapping_find(group, kind);

    if (m) {
        *ret_resource =
            *group ? texts_format(texts_of(q), "%s.%s", m->resource, group) : m->resource;
        return NULL;
    }
    return texts_format(
        texts_of(q),
        "unable to map kind %s%s%s to resource: no matches for kind \"%s\" in group "
        "\"%s\"",
        kind, *group ? "." : "", group, kind, group);
}

static const char *describe(const struct asking *q, struct target *ret)
{
    const struct hpa_object *o = &q->metric->object;
    size_t len;
    const char *group = "";

    if (mapping_group(o->api_version, &len))
        group = texts_format(texts_of(q), "%.*s", (int)len, o->api_version);
    if (!*group && strcmp(o->kind, "Namespace") == 0) {
        *ret = (struct target){.resource = "metrics", .name = q->metric->name, .pod_selector = ""};
        return NULL;
    }
    *ret = (struct target){.name = o->name, .metric = q->metric->name, .pod_selector = ""};
    return map_described(q, group, &ret->resource);
}

static int fetch_object(const struct asking *q, struct fetched *ret)
{
    struct target t;
    const json_t *items = NULL;

    ret->answer.error = discover(q);
    if (!ret->answer.error)
        ret->answer.error = describe(q, &t);
    if (!ret->answer.error)
        items = send_custom(q, &t, ret);
    if (!ret->answer.error && json_array_size(items) != 1)
        ret->answer.error = texts_format(texts_of(q),
                                         "the custom metrics API server returned %zu results when "
                                         "we asked for exactly one",
                                         json_array_size(items));
    return ret->answer.error ? 0 : read_values(items, ret);
}

int fetch_metric(struct client *c, struct discovered *discovered, const struct hpa_spec *spec,
                 size_t i, const char *selector, struct fetched *ret)
{
    const struct asking q = {c, discovered, spec, &spec->metrics[i], selector};

    if (q.metric->refused)
        return 0;
    switch (q.metric->source) {
    case HPA_RESOURCE:
    case HPA_CONTAINER_RESOURCE:
        return fetch_resource(&q, ret);
    case HPA_PODS:
        return fetch_pods(&q, ret);
    case HPA_OBJECT:
        return fetch_object(&q, ret);
    case HPA_EXTERNAL:
        return fetch_external(&q, ret);
    case HPA_UNKNOWN_SOURCE:
        break;
    }
    return 0;
}
