// SPDX-License-Identifier: MIT
#include "adapter/api/usage.h"

#include "adapter/api/read.h"
#include "adapter/api/usage_fed.h"
#include "adapter/rules/query_text.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/quantity.h"
#include "kube/status.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_VERSION RESOURCE_GROUP "/v1beta1"
#define MESSAGE_MAX_BYTES (32 * KIB)
#define PARTS_MAX 2000 /* namespaces in one answer */

static const struct resource pods = {"", "v1", "pods", "pod", "Pod", true};
static const struct resource nodes = {"", "v1", "nodes", "node", "Node", false};
static const struct resource namespaces = {"", "v1", "namespaces", "namespace", "Namespace", false};

enum { CPU, MEMORY };
static const char *const resource_names[] = {"cpu", "memory"};

struct part {        /* what one pair of queries asks for */
    char *namespace; /* NULL: nodes */
    struct names names;
};

struct usage_read {          /* a request while its values are found */
    struct metrics_api *api; /* a reference, for what is borrowed */
    const struct rules *rules;
    bool of_nodes, one, pretty;
    struct selector *selector;
    struct part *parts;
    size_t part_count;
};

static void usage_read_free(void *arg)
{
    struct usage_read *u = arg;

    for (size_t i = 0; i < u->part_count; i++) {
        free(u->parts[i].namespace);
        names_done(&u->parts[i].names);
    }
    free(u->parts);
    selector_free(u->selector);
    metrics_api_unref(u->api);
    free(u);
}

static const struct resource_rule *rule_of(const struct usage_read *u, size_t resource)
{
    return resource == CPU ? &u->rules->cpu : &u->rules->memory;
}

static const struct template *query_of(const struct usage_read *u, size_t resource)
{
    const struct resource_rule *rule = rule_of(u, resource);

    return u->of_nodes ? rule->node_query : rule->container_query;
}

/* ---- the answer ---- */

/* In found: object -> container ("" of a node) -> cpu, memory; and when they were measured. */
static int add_sample(const struct usage_read *u, size_t resource, const struct sample *s,
                      uint64_t measured_ns, json_t *found)
{
    const struct resource_rule *rule = rule_of(u, resource);
    const char *object = sample_label(s, u->of_nodes ? rule->node_label : rule->pod_label);
    const char *container =
        u->of_nodes || !rule->container_label ? "" : sample_label(s, rule->container_label);
    char text[QUANTITY_TEXT_MAX];

    if (s->fault || !object || !container)
        return 0;
    json_t *containers = json_object_get(found, object);
    if (!containers && json_object_set_new(found, object, containers = json_object()) < 0)
        return -ENOMEM;
    json_t *usage = json_object_get(containers, container);
    if (!usage && json_object_set_new(containers, container, usage = json_object()) < 0)
        return -ENOMEM;
    if (resource == CPU)
        quantity_format(s->value_milli, text);
    else
        quantity_format_binary(s->value_milli, text);
    return json_object_set_new(usage, resource_names[resource], json_string(text)) |
           json_object_set_new(usage, "measured", json_integer((json_int_t)measured_ns));
}

static json_t *find_samples(const struct usage_read *u, const struct read_result *results)
{
    json_t *found = json_object();
    int r = found ? 0 : -ENOMEM;

    for (size_t resource = CPU; resource <= MEMORY; resource++) {
        const struct reading *reading = results[resource].reading;
        for (size_t i = 0; r == 0 && i < samples_count(reading->samples); i++) {
            const struct sample *s = samples_at(reading->samples, i);
            r = add_sample(u, resource, s, reading_measured_wall_ns(reading, s), found);
        }
    }
    if (r == 0)
        return found;
    json_decref(found);
    return NULL;
}

static json_t *usage_new(const json_t *values)
{
    return json_pack("{s:O*, s:O*}", "cpu", json_object_get(values, "cpu"), "memory",
                     json_object_get(values, "memory"));
}

/* The containers of a pod, or the usage of a node; NULL when a resource has no value at all. */
static json_t *measured_new(const struct usage_read *u, const json_t *containers,
                            uint64_t *ret_measured_ns)
{
    json_t *list = json_array(), *values;
    const char *name;
    bool has[2] = {false};

    json_object_foreach ((json_t *)(uintptr_t)containers, name, values) {
        has[CPU] |= json_object_get(values, "cpu") != NULL;
        has[MEMORY] |= json_object_get(values, "memory") != NULL;
        *ret_measured_ns = (uint64_t)json_integer_value(json_object_get(values, "measured"));
        (void)json_array_append_new(
            list, u->of_nodes ? usage_new(values)
                              : json_pack("{s:s, s:o}", "name", name, "usage", usage_new(values)));
    }
    if (has[CPU] && has[MEMORY]) {
        json_t *first = u->of_nodes ? json_incref(json_array_get(list, 0)) : json_incref(list);
        json_decref(list);
        return first;
    }
    json_decref(list);
    return NULL;
}

/* NULL when there is no value for it. */
static json_t *item_new(const struct usage_read *u, const struct part *part, const char *name,
                        const json_t *found)
{
    char time[CLOCK_TEXT_MAX], window[CLOCK_TEXT_MAX];
    uint64_t measured_ns = 0;
    const json_t *containers = json_object_get(found, name);
    json_t *measured = containers ? measured_new(u, containers, &measured_ns) : NULL;

    if (!measured)
        return NULL;
    clock_rfc3339(measured_ns, time);
    return json_pack("{s:{s:s, s:s*, s:s}, s:s, s:s, s:o}", "metadata", "name", name, "namespace",
                     part->namespace, "creationTimestamp", time, "timestamp", time, "window",
                     clock_duration(u->rules->window_ns, window),
                     u->of_nodes ? "usage" : "containers", measured);
}

static struct http_reply too_old(const struct usage_read *u, const struct read_result *result,
                                 uint64_t now_ns)
{
    scoped(buf_done) struct buf why = {.max = MESSAGE_MAX_BYTES};

    if (reading_explain(result->reading, u->of_nodes ? "usage of nodes" : "usage of pods",
                        query_source(result->query), RULE_MAX_AGE_NS, now_ns, &why) < 0)
        return json_reply(500, NULL);
    return status_reply(503, why.data);
}

static struct http_reply reply_one(const struct usage_read *u, json_t *items)
{
    json_t *item = json_incref(json_array_get(items, 0));
    const char *name = u->parts[0].names.items[0];

    json_decref(items);
    if (!item)
        return status_not_found(RESOURCE_GROUP, u->of_nodes ? "nodes" : "pods", name);
    if (json_object_set_new(item, "kind", json_string(u->of_nodes ? "NodeMetrics" : "PodMetrics")) <
            0 ||
        json_object_set_new(item, "apiVersion", json_string(GROUP_VERSION)) < 0) {
        json_decref(item);
        return json_reply(500, NULL);
    }
    return read_reply_json(u->pretty, item);
}

static int add_items(const struct usage_read *u, const struct part *part,
                     const struct read_result *results, json_t *items)
{
    json_auto_t *found = find_samples(u, results);

    for (size_t i = 0; found && i < part->names.count; i++) {
        json_t *item = item_new(u, part, part->names.items[i], found);
        if (item && json_array_append_new(items, item) < 0)
            return -ENOMEM;
    }
    return found ? 0 : -ENOMEM;
}

static struct http_reply reply_usage(const void *context, const struct read_result *results,
                                     size_t count)
{
    const struct usage_read *u = context;
    uint64_t now_ns = clock_mono_ns();
    json_t *items;

    for (size_t i = 0; i < count; i++) {
        enum reading_state state = reading_state(results[i].reading, RULE_MAX_AGE_NS, now_ns);
        if (state != READING_FRESH && state != READING_HELD)
            return too_old(u, &results[i], now_ns);
    }
    items = json_array();
    for (size_t i = 0; i < u->part_count; i++) {
        if (add_items(u, &u->parts[i], &results[2 * i], items) < 0) {
            json_decref(items);
            return json_reply(500, NULL);
        }
    }
    if (u->one)
        return reply_one(u, items);
    return read_reply_json(u->pretty,
                           json_pack("{s:s, s:s, s:{}, s:o}", "kind",
                                     u->of_nodes ? "NodeMetricsList" : "PodMetricsList",
                                     "apiVersion", GROUP_VERSION, "metadata", "items", items));
}

/* ---- asking ---- */

static struct query *want(const struct metrics_api *api, const struct usage_read *u,
                          const struct part *part, size_t resource, struct err *err)
{
    const struct resource_rule *rule = rule_of(u, resource);
    const struct query_input in = {.series = "",
                                   .namespace_label = rule->namespace_label,
                                   .namespace = part->namespace,
                                   .object_label = u->of_nodes ? rule->node_label : rule->pod_label,
                                   .names = (const char *const *)part->names.items,
                                   .name_count = part->names.count,
                                   .also_by = u->of_nodes ? NULL : rule->container_label};
    scoped(buf_done) struct buf text = {.max = QUERY_TEXT_MAX_BYTES};

    return query_text(query_of(u, resource), &in, &text, err) == 0
               ? rule_set_want(api->rules, text.data)
               : NULL;
}

/* Takes u. */
static struct http_reply ask(const struct metrics_api *api, const struct http_request *r,
                             struct usage_read *u)
{
    size_t count = 2 * u->part_count;
    scoped(free_at) struct query **queries = calloc(count + 1, sizeof(struct query *));
    struct err err = {0};

    for (size_t i = 0; queries && i < count; i++)
        queries[i] = want(api, u, &u->parts[i / 2], i % 2, &err);
    if (queries)
        return read_start(r, queries, count, reply_usage, u, usage_read_free);
    usage_read_free(u);
    return json_reply(500, NULL);
}

/* ---- what is asked for ---- */

/* NULL with *refusal set. */
static struct usage_read *make_read(struct metrics_api *api, const struct http_request *r,
                                    bool of_nodes, struct http_reply *refusal)
{
    const char *selector = http_query(r, "labelSelector");
    struct usage_read *u;
    struct err err = {0};

    if (!read_is_possible(r, refusal))
        return NULL;
    *refusal = json_reply(500, NULL);
    u = calloc(1, sizeof(*u));
    if (!u)
        return NULL;
    *u = (struct usage_read){.api = metrics_api_ref(api),
                             .rules = api->usage_rules,
                             .of_nodes = of_nodes,
                             .pretty = read_is_pretty(r)};
    if (!u->rules || !query_of(u, CPU) || !query_of(u, MEMORY))
        *refusal = status_reply(404, "there are no resourceRules for cpu and memory of these");
    else if (selector_parse(selector ? selector : "", &u->selector, &err) < 0)
        *refusal = status_replyf(400, "labelSelector: %s", err.text);
    else
        return u;
    usage_read_free(u);
    return NULL;
}

static struct part *add_part(struct usage_read *u, const char *namespace)
{
    struct part *grown = reallocarray(u->parts, u->part_count + 1, sizeof(*grown));

    if (!grown)
        return NULL;
    u->parts = grown;
    struct part *part = &grown[u->part_count];
    *part = (struct part){.namespace = namespace ? strdup(namespace) : NULL};
    if (namespace && !part->namespace)
        return NULL;
    u->part_count++;
    return part;
}

static int list(const struct metrics_api *api, const struct resource *resource,
                const char *namespace, const struct selector *selector, struct names *ret,
                struct http_reply *refusal)
{
    struct err err = {
        "there is no API server to ask which objects there are (--lister-kubeconfig)"};
    int r = api->lister.list ? api->lister.list(api->lister.arg, resource, namespace, selector,
                                                resource == &pods, ret, &err)
                             : -EAGAIN;

    if (r < 0)
        *refusal = r == -ENOMEM ? json_reply(500, NULL) : status_reply(503, err.text);
    names_sort(ret);
    return r;
}

/* The objects of a part; a part without any goes again, as nothing is asked for it. */
static int list_part(const struct metrics_api *api, struct usage_read *u, const char *namespace,
                     struct http_reply *refusal)
{
    struct part *part = add_part(u, namespace);

    if (!part)
        return -ENOMEM;
    int r = list(api, u->of_nodes ? &nodes : &pods, namespace, u->selector, &part->names, refusal);
    if (r == 0 && part->names.count == 0) {
        free(part->namespace);
        u->part_count--;
    }
    return r;
}

static int list_all_namespaces(const struct metrics_api *api, struct usage_read *u,
                               struct http_reply *refusal)
{
    scoped(names_done) struct names all = {0};
    struct selector *every = NULL;
    int r = selector_parse("", &every, NULL);

    if (r == 0)
        r = list(api, &namespaces, NULL, every, &all, refusal);
    for (size_t i = 0; r == 0 && i < all.count && i < PARTS_MAX; i++)
        r = list_part(api, u, all.items[i], refusal);
    selector_free(every);
    return r;
}

static struct http_reply read_list(struct metrics_api *api, const struct http_request *r,
                                   bool of_nodes, const char *namespace)
{
    struct http_reply refusal;
    struct usage_read *u = make_read(api, r, of_nodes, &refusal);

    if (!u)
        return refusal;
    int result = of_nodes || namespace ? list_part(api, u, namespace, &refusal)
                                       : list_all_namespaces(api, u, &refusal);
    if (result == 0)
        return ask(api, r, u);
    usage_read_free(u);
    return refusal;
}

static struct http_reply read_one(struct metrics_api *api, const struct http_request *r,
                                  bool of_nodes, const char *namespace, const char *name)
{
    struct http_reply refusal;
    struct usage_read *u = make_read(api, r, of_nodes, &refusal);
    struct part *part = u ? add_part(u, namespace) : NULL;

    if (!u)
        return refusal;
    u->one = true;
    if (part && names_add(&part->names, name) == 0)
        return ask(api, r, u);
    usage_read_free(u);
    return json_reply(500, NULL);
}

/* name NULL: all. */
static struct http_reply serve(void *slot, const struct http_request *r, bool of_nodes,
                               const char *namespace, const char *name)
{
    struct metrics_api *api = metrics_api_take(slot);
    struct http_reply reply = api->feeds->pods_usage
                                  ? usage_fed_serve(api, r, of_nodes, namespace, name)
                              : name ? read_one(api, r, of_nodes, namespace, name)
                                     : read_list(api, r, of_nodes, namespace);

    metrics_api_unref(api);
    return reply;
}

/* ---- routes ---- */

static struct http_reply serve_nodes(void *app, const struct http_request *r)
{
    return serve(app, r, true, NULL, NULL);
}

static struct http_reply serve_node(void *app, const struct http_request *r)
{
    return serve(app, r, true, NULL, r->params[0]);
}

static struct http_reply serve_all_pods(void *app, const struct http_request *r)
{
    return serve(app, r, false, NULL, NULL);
}

static struct http_reply serve_pods(void *app, const struct http_request *r)
{
    return serve(app, r, false, r->params[0], NULL);
}

static struct http_reply serve_pod(void *app, const struct http_request *r)
{
    return serve(app, r, false, r->params[0], r->params[1]);
}

#define PREFIX "/apis/" GROUP_VERSION

const struct http_route usage_routes[] = {
    {"GET", PREFIX "/nodes", serve_nodes,
     "NodeMetricsList: what nodes use, with resourceRules or usage. ?labelSelector= selects "
     "nodes."},
    {"GET", PREFIX "/nodes/{name}", serve_node, "NodeMetrics of one node."},
    {"GET", PREFIX "/pods", serve_all_pods, "PodMetricsList of all namespaces."},
    {"GET", PREFIX "/namespaces/{namespace}/pods", serve_pods,
     "PodMetricsList: what the containers of running pods use. ?labelSelector= selects pods."},
    {"GET", PREFIX "/namespaces/{namespace}/pods/{name}", serve_pod, "PodMetrics of one pod."},
};
const size_t usage_route_count = ARRAY_LEN(usage_routes);
