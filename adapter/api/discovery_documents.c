// SPDX-License-Identifier: MIT
#include "adapter/api/discovery_documents.h"

#include "adapter/api/discovery_others.h"
#include "base/hash.h"
#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 800

struct counted_documents {
    struct documents documents;
    atomic_uint refs;
};

struct group {
    const char *name;
    const char *versions[2]; /* the preferred one first; NULL: only one */
    const char *kind;        /* of what a metric answers with */
    const char *placeholder; /* listed when there is nothing */
    enum document_id document, version_documents[2];
};

static const struct group external_group = {
    EXTERNAL_GROUP,    {"v1beta1"},       "ExternalMetricValueList",
    "externalmetrics", DOCUMENT_EXTERNAL, {DOCUMENT_EXTERNAL_V1BETA1}};
static const struct group custom_group = {
    CUSTOM_GROUP,    {"v1beta2", "v1beta1"}, "MetricValueList",
    "custommetrics", DOCUMENT_CUSTOM,        {DOCUMENT_CUSTOM_V1BETA2, DOCUMENT_CUSTOM_V1BETA1}};
static const struct group resource_group = {
    RESOURCE_GROUP, {"v1beta1"}, NULL, NULL, DOCUMENT_RESOURCE, {DOCUMENT_RESOURCE_V1BETA1}};

static size_t version_count(const struct group *g)
{
    return g->versions[1] ? 2 : 1;
}

/* Takes doc, which may be NULL. */
static int put(struct documents *d, enum document_id id, json_t *doc)
{
    struct document *to = &d->of[id];

    to->text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    if (!to->text)
        return -1;
    to->len = strlen(to->text);
    (void)snprintf(to->etag, sizeof(to->etag), "\"%016" PRIx64 "\"",
                   hash_text(HASH_START, to->text));
    return 0;
}

/* ---- plain: which groups, which versions, which resources ---- */

static json_t *version_new(const struct group *g, size_t i)
{
    return json_pack("{s:s++, s:s}", "groupVersion", g->name, "/", g->versions[i], "version",
                     g->versions[i]);
}

/* An APIGroup without kind and apiVersion, as it stands in a list. */
static json_t *group_new(const struct group *g)
{
    json_t *versions = json_array();
    int r = versions ? 0 : -1;

    for (size_t i = 0; r == 0 && i < version_count(g); i++)
        r = json_array_append_new(versions, version_new(g, i));
    if (r < 0) {
        json_decref(versions);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o}", "name", g->name, "versions", versions, "preferredVersion",
                     version_new(g, 0));
}

static json_t *whole_group_new(const struct group *g)
{
    json_t *whole = json_pack("{s:s, s:s}", "kind", "APIGroup", "apiVersion", "v1");
    json_auto_t *members = group_new(g);

    if (whole && members && json_object_update(whole, members) == 0)
        return whole;
    json_decref(whole);
    return NULL;
}

json_t *discovery_entry_new(const char *name, bool namespaced, const char *kind)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:[s]}", "name", name, "singularName", "", "namespaced",
                     namespaced, "kind", kind, "verbs", "get");
}

static json_t *object_entry_new(const struct discovery_object_metric *m, const char *kind)
{
    const struct resource *r = m->resource;
    char name[NAME_MAX_BYTES];

    (void)snprintf(name, sizeof(name), "%s%s%s/%s", r->plural, *r->group ? "." : "", r->group,
                   m->name);
    return discovery_entry_new(name, r->namespaced, kind);
}

/* Ours, up to the limit. */
static int add_ours(json_t *entries, const struct group *g, const struct discovery_input *in)
{
    bool is_external = g == &external_group;
    size_t count = is_external ? in->external_count : in->object_count;
    int r = 0;

    for (size_t i = 0; r == 0 && i < count && i < DISCOVERY_LISTED_MAX; i++)
        r = json_array_append_new(entries,
                                  is_external ? discovery_entry_new(in->externals[i], true, g->kind)
                                              : object_entry_new(&in->objects[i], g->kind));
    return r;
}

static json_t *entries_new(const struct group *g, const struct discovery_input *in,
                           struct metric_conflicts ret_conflicts[PASS_GROUPS])
{
    enum pass_group group = g == &external_group ? PASS_EXTERNAL : PASS_CUSTOM;
    json_t *entries = json_array();
    int r = entries ? add_ours(entries, g, in) : -1;

    if (r == 0)
        r = discovery_add_others(entries, in->others[group], g->kind, &ret_conflicts[group]);
    if (r == 0 && json_array_size(entries) == 0)
        r = json_array_append_new(entries, discovery_entry_new(g->placeholder, true, g->kind));
    if (r == 0)
        return entries;
    json_decref(entries);
    return NULL;
}

static json_t *resource_entries_new(void)
{
    return json_pack("[{s:s, s:s, s:b, s:s, s:[s,s]}, {s:s, s:s, s:b, s:s, s:[s,s]}]", "name",
                     "nodes", "singularName", "", "namespaced", 0, "kind", "NodeMetrics", "verbs",
                     "get", "list", "name", "pods", "singularName", "", "namespaced", 1, "kind",
                     "PodMetrics", "verbs", "get", "list");
}

static json_t *resource_list_new(const struct group *g, size_t version, json_t *entries)
{
    return json_pack("{s:s, s:s, s:s++, s:O}", "kind", "APIResourceList", "apiVersion", "v1",
                     "groupVersion", g->name, "/", g->versions[version], "resources", entries);
}

static int put_group(struct documents *d, const struct group *g, json_t *entries)
{
    int r = entries ? put(d, g->document, whole_group_new(g)) : -1;

    for (size_t i = 0; r == 0 && i < version_count(g); i++)
        r = put(d, g->version_documents[i], resource_list_new(g, i, entries));
    return r;
}

/* ---- aggregated: all of it in one ---- */

static json_t *response_kind(const struct group *g, size_t version, const char *kind)
{
    return json_pack("{s:s, s:s, s:s}", "group", g->name, "version", g->versions[version], "kind",
                     kind);
}

static json_t *aggregated_entry(const char *key, const char *name, bool namespaced, json_t *kind,
                                json_t *verbs)
{
    json_t *entry = json_pack("{s:s, s:o, s:o}", key, name, "responseKind", kind, "verbs", verbs);

    if (entry && strcmp(key, "resource") == 0 &&
        (json_object_set_new(entry, "scope", json_string(namespaced ? "Namespaced" : "Cluster")) <
             0 ||
         json_object_set_new(entry, "singularResource", json_string("")) < 0)) {
        json_decref(entry);
        return NULL;
    }
    return entry;
}

/* A metric stands below the resource that it is about: pods/http_requests. */
static int add_below_parent(json_t *resources, json_t *parents, const struct group *g,
                            size_t version, const char *parent, const char *metric, bool namespaced)
{
    json_t *of = json_object_get(parents, parent); /* subresources of the parent */
    json_t *kind = response_kind(g, version, g->kind);

    if (!of) {
        json_t *entry = aggregated_entry("resource", parent, namespaced,
                                         response_kind(g, version, g->kind), json_array());
        of = json_array();
        if (json_object_set_new(entry, "subresources", of) < 0 ||
            json_object_set(parents, parent, of) < 0 || json_array_append_new(resources, entry) < 0)
            return -1;
    }
    return json_array_append_new(
        of, aggregated_entry("subresource", metric, namespaced, kind, json_pack("[s]", "get")));
}

/* One plain entry in the aggregated form. */
static int add_aggregated(json_t *resources, json_t *parents, const struct group *g, size_t version,
                          const json_t *plain)
{
    const char *name = json_string_value(json_object_get(plain, "name"));
    const char *slash = strchr(name, '/');
    bool namespaced = json_is_true(json_object_get(plain, "namespaced"));
    const char *kind = json_string_value(json_object_get(plain, "kind"));
    char parent[NAME_MAX_BYTES];

    if (!slash)
        return json_array_append_new(
            resources,
            aggregated_entry("resource", name, namespaced, response_kind(g, version, kind),
                             json_deep_copy(json_object_get(plain, "verbs"))));
    (void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
    return add_below_parent(resources, parents, g, version, parent, slash + 1, namespaced);
}

static json_t *aggregated_version_new(const struct group *g, size_t version, const json_t *entries)
{
    json_t *resources = json_array();
    json_auto_t *parents = json_object();
    int r = resources && parents ? 0 : -1;

    for (size_t i = 0; r == 0 && i < json_array_size(entries); i++)
        r = add_aggregated(resources, parents, g, version, json_array_get(entries, i));
    if (r < 0) {
        json_decref(resources);
        return NULL;
    }
    return json_pack("{s:s, s:s, s:o}", "version", g->versions[version], "freshness", "Current",
                     "resources", resources);
}

static int add_aggregated_group(json_t *items, const struct group *g, const json_t *entries)
{
    json_t *versions = json_array();
    int r = versions ? 0 : -1;

    for (size_t i = 0; r == 0 && i < version_count(g); i++)
        r = json_array_append_new(versions, aggregated_version_new(g, i, entries));
    if (r < 0) {
        json_decref(versions);
        return r;
    }
    return json_array_append_new(items,
                                 json_pack("{s:{s:s, s:n}, s:o}", "metadata", "name", g->name,
                                           "creationTimestamp", "versions", versions));
}

#define AGGREGATED_VERSION "apidiscovery.k8s.io/v2"

static json_t *aggregated_new(json_t *items)
{
    return json_pack("{s:s, s:s, s:{}, s:O}", "kind", "APIGroupDiscoveryList", "apiVersion",
                     AGGREGATED_VERSION, "metadata", "items", items);
}

int documents_aggregated_beta(const struct documents *d, struct document *ret)
{
    const struct document *v2 = &d->of[DOCUMENT_AGGREGATED];
    const char *rest = strstr(v2->text, AGGREGATED_VERSION) + strlen(AGGREGATED_VERSION);
    int len = asprintf(&ret->text, "%.*sbeta1%s", (int)(rest - v2->text), v2->text, rest);

    if (len < 0)
        return -ENOMEM;
    ret->len = (size_t)len;
    (void)snprintf(ret->etag, sizeof(ret->etag), "%.*s-b\"", (int)strlen(v2->etag) - 1, v2->etag);
    return 0;
}

/* ---- all of them ---- */

static int put_all(struct documents *d, const struct discovery_input *in,
                   struct metric_conflicts ret_conflicts[PASS_GROUPS])
{
    const struct group *groups[] = {&external_group, &custom_group, &resource_group};
    size_t count = in->has_resource_metrics ? 3 : 2;
    json_auto_t *list = json_array(), *items = json_array();
    int r = list && items ? 0 : -1;

    for (size_t i = 0; r == 0 && i < count; i++) {
        json_auto_t *entries = groups[i] == &resource_group
                                   ? resource_entries_new()
                                   : entries_new(groups[i], in, ret_conflicts);
        r = put_group(d, groups[i], entries);
        if (r == 0)
            r = json_array_append_new(list, group_new(groups[i]));
        if (r == 0)
            r = add_aggregated_group(items, groups[i], entries);
    }
    if (r == 0)
        r = put(d, DOCUMENT_GROUPS,
                json_pack("{s:s, s:s, s:O}", "kind", "APIGroupList", "apiVersion", "v1", "groups",
                          list));
    return r == 0 ? put(d, DOCUMENT_AGGREGATED, aggregated_new(items)) : r;
}

struct documents *documents_new(const struct discovery_input *input,
                                struct metric_conflicts ret_conflicts[PASS_GROUPS])
{
    struct counted_documents *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    atomic_init(&c->refs, 1);
    if (put_all(&c->documents, input, ret_conflicts) == 0)
        return &c->documents;
    documents_unref(&c->documents);
    return NULL;
}

struct documents *documents_ref(struct documents *d)
{
    struct counted_documents *c = (struct counted_documents *)d;

    if (c)
        (void)atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return d;
}

void documents_unref(struct documents *d)
{
    struct counted_documents *c = (struct counted_documents *)d;

    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < DOCUMENTS; i++)
        free(d->of[i].text);
    free(c);
}
