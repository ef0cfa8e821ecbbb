// SPDX-License-Identifier: MIT
#include "adapter/usage_feed.h"

#include "adapter/config_fields.h"
#include "adapter/sources/endpoint.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "kube/quantity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "usage"
#define BODY_MAX (16 * MIB)

struct usage_list { /* the settings of a source */
    struct endpoint *endpoint;
    bool of_nodes;
};

static void done(void *settings)
{
    struct usage_list *l = settings;

    endpoint_unref(l->endpoint);
    free(l);
}

static int request(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err)
{
    const struct usage_list *l = s->settings;

    (void)p;
    ret->call.headers[0] = "Accept: application/json";
    return endpoint_request(l->endpoint, NULL, NULL, 0, ret, err);
}

/* ---- the answer ---- */

/* cpu and memory: as they were written, if they are quantities. NULL if not. */
static json_t *usage_new(const json_t *usage)
{
    const json_t *cpu = json_object_get(usage, "cpu"), *memory = json_object_get(usage, "memory");
    int64_t cpu_milli, memory_milli;

    if (quantity_from_json(cpu, &cpu_milli) < 0 || quantity_from_json(memory, &memory_milli) < 0 ||
        cpu_milli < 0 || memory_milli < 0)
        return NULL;
    return json_pack("{s:O, s:O}", "cpu", cpu, "memory", memory);
}

/* Takes usage. */
static json_t *container_new(const char *name, json_t *usage)
{
    json_t *container =
        *name && usage ? json_pack("{s:s, s:O}", "name", name, "usage", usage) : NULL;

    json_decref(usage);
    return container;
}

static json_t *containers_new(const json_t *from)
{
    const json_t *container;
    json_t *list = json_array();
    size_t i;

    json_array_foreach (from, i, container) {
        json_t *usage = usage_new(json_object_get(container, "usage"));
        if (json_array_append_new(list, container_new(jpath_str(container, "name", ""), usage)) < 0)
            break;
    }
    if (json_array_size(list) && json_array_size(list) == json_array_size(from))
        return list;
    json_decref(list);
    return NULL;
}

struct item { /* borrowed from an item of the list */
    const char *namespace, *name, *timestamp, *window;
    const json_t *labels;
    uint64_t measured_wall_ns;
};

static bool read_item(const struct usage_list *l, const json_t *from, struct item *ret)
{
    uint64_t window_ns;

    *ret = (struct item){.namespace = jpath_str(from, "metadata.namespace", ""),
                         .name = jpath_str(from, "metadata.name", ""),
                         .timestamp = jpath_str(from, "timestamp", ""),
                         .window = jpath_str(from, "window", ""),
                         .labels = jpath(from, "metadata.labels")};
    return *ret->name && !*ret->namespace == l->of_nodes &&
           (!ret->labels || json_is_object(ret->labels)) &&
           clock_parse_rfc3339(ret->timestamp, &ret->measured_wall_ns) == 0 &&
           clock_parse_duration(ret->window, &window_ns) == 0 && window_ns > 0;
}

/* The item as it is served, or NULL when it is none. */
static char *item_text(const struct usage_list *l, const json_t *from, const struct item *item)
{
    json_t *measured = l->of_nodes ? usage_new(json_object_get(from, "usage"))
                                   : containers_new(json_object_get(from, "containers"));
    json_auto_t *served =
        measured
            ? json_pack("{s:{s:s, s:s*, s:s, s:O*}, s:s, s:s, s:o}", "metadata", "name", item->name,
                        "namespace", l->of_nodes ? NULL : item->namespace, "creationTimestamp",
                        item->timestamp, "labels", item->labels, "timestamp", item->timestamp,
                        "window", item->window, l->of_nodes ? "usage" : "containers", measured)
            : NULL;

    return served ? json_dumps(served, JSON_COMPACT) : NULL;
}

static int add_item(const struct usage_list *l, const json_t *from, struct samples *ret)
{
    struct item item;
    int r = -ENOMSG;

    if (!read_item(l, from, &item))
        return r;
    scoped(free_at) char *text = item_text(l, from, &item);
    scoped(free_at) char *labels = item.labels ? json_dumps(item.labels, JSON_COMPACT) : NULL;
    if (!text)
        return r;
    const struct label parts[] = {{USAGE_NAMESPACE, item.namespace},
                                  {USAGE_NAME, item.name},
                                  {USAGE_LABELS, labels ? labels : "{}"},
                                  {USAGE_ITEM, text}};
    const struct sample sample = {.labels = parts,
                                  .label_count = ARRAY_LEN(parts),
                                  .measured_wall_ns = item.measured_wall_ns};
    return samples_add(ret, &sample);
}

static int read_answer(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    const struct usage_list *l = s->settings;
    json_auto_t *doc = NULL;
    const json_t *from;
    size_t i;

    (void)p;
    int r = endpoint_read_answer(status, body, &doc, err);
    if (r < 0)
        return r;
    const json_t *items = json_object_get(doc, "items");
    if (!json_is_array(items))
        return err_set(err, -ENOMSG, "answers what is no list of usages");
    json_array_foreach (items, i, from) {
        r = r == 0 ? add_item(l, from, ret) : r;
        if (r == -ENOMSG)
            return err_set(err, r, "answers a list whose item %zu is no usage of a %s", i,
                           l->of_nodes ? "node" : "pod");
    }
    if (r == -E2BIG)
        return err_set(err, r, "answers with more than %d objects", SAMPLES_MAX);
    return r < 0 ? err_set(err, r, "cannot be read: out of memory") : 0;
}

static const struct source_kind usage_list_kind = {
    .name = SECTION,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .body_max = BODY_MAX,
};

/* ---- configuration ---- */

static int no_memory(const struct strict *s)
{
    return err_set(s->err, -ENOMEM, "out of memory");
}

/* Takes endpoint. */
static struct source *source_of(struct endpoint *endpoint, bool of_nodes)
{
    struct usage_list *l = malloc(sizeof(*l));
    scoped(free_at) char *shown_as = NULL, *key = NULL;

    if (!l || asprintf(&shown_as, "usage feed at %s", endpoint_host(endpoint)) < 0 ||
        asprintf(&key, "usage of %s %s", of_nodes ? "nodes" : "pods", endpoint_key(endpoint)) < 0) {
        free(l);
        endpoint_unref(endpoint);
        return NULL;
    }
    *l = (struct usage_list){endpoint, of_nodes};
    return source_new(&usage_list_kind, l, shown_as, key, endpoint_timeout_ns(endpoint));
}

static int read_list(const struct strict *s, const json_t *section, const char *member,
                     struct query_spec *ret)
{
    static const struct strict_member members[] = {ENDPOINT_MEMBERS, {0}};
    const json_t *mapping = json_object_get(section, member);
    struct endpoint *endpoint = NULL;
    char at[STRICT_PATH_MAX];

    if (!mapping)
        return 0;
    int r = strict_mapping(s, mapping, strict_path(at, SECTION, member), members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, at, &endpoint);
    if (r < 0)
        return r;
    ret->combining.how = COMBINE_ALL;
    ret->source = source_of(endpoint, strcmp(member, "nodes") == 0);
    return ret->source ? 0 : no_memory(s);
}

int usage_feed_read_config(const struct strict *s, const json_t *document, struct usage_feed *ret)
{
    static const struct strict_member members[] = {
        {"pods", true}, {"nodes", false}, {"interval", false}, {"maxAge", false}, {0}};
    const json_t *section = json_object_get(document, SECTION);

    if (!section)
        return 0;
    if (json_object_get(document, "resourceRules"))
        return strict_refuse(s, SECTION, SECTION " and resourceRules exclude each other");
    int r = strict_mapping(s, section, SECTION, members);
    if (r == 0)
        r = read_list(s, section, "pods", &ret->pods);
    if (r == 0)
        r = read_list(s, section, "nodes", &ret->nodes);
    if (r == 0)
        r = config_read_times(s, section, SECTION, &ret->pods, &ret->max_age_ns);
    if (r == 0 && ret->nodes.source)
        r = config_read_times(s, section, SECTION, &ret->nodes, &ret->max_age_ns);
    return r;
}

void usage_feed_done(struct usage_feed *f)
{
    source_unref(f->pods.source);
    source_unref(f->nodes.source);
    *f = (struct usage_feed){0};
}

static void print_list(const char *what, const struct query_spec *list, uint64_t max_age_ns,
                       FILE *out)
{
    char interval[CLOCK_TEXT_MAX], age[CLOCK_TEXT_MAX];

    if (list->source)
        (void)fprintf(out, "usage of %s: %s every %s, at most %s old\n", what,
                      list->source->shown_as, clock_duration(list->interval_ns, interval),
                      clock_duration(max_age_ns, age));
}

void usage_feed_print(const struct usage_feed *f, FILE *out)
{
    print_list("pods", &f->pods, f->max_age_ns, out);
    print_list("nodes", &f->nodes, f->max_age_ns, out);
}

void usage_feed_help(FILE *out)
{
    (void)fputs("  usage:                      what pods and nodes use, for metrics.k8s.io; not\n"
                "                              beside resourceRules\n"
                "    pods: {url: http://lab:8080/apis/metrics.k8s.io/v1beta1/pods}\n"
                "                              who answers with a PodMetricsList, with the other\n"
                "                              fields of sources over HTTP\n"
                "    nodes: {url: http://lab:8080/apis/metrics.k8s.io/v1beta1/nodes}\n"
                "                              a NodeMetricsList; absent: none of nodes\n"
                "    interval: 5s\n"
                "    maxAge: 60s               an object whose timestamp is older is left out\n",
                out);
}
