// SPDX-License-Identifier: MIT
#include "lab/api/api.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "kube/selector.h"
#include "kube/status.h"
#include "lab/api/discovery.h"
#include "lab/api/watch.h"
#include "lab/kinds.h"
#include "lab/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct api {
    struct store *store;
    struct watches *watches;
};

/* One request, taken apart. */
struct target {
    const struct kind *kind;
    const char *ns;   /* NULL: all namespaces */
    const char *name; /* NULL: the list */
};

struct api *api_new(struct store *store)
{
    struct api *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->store = store;
    a->watches = watches_new(store);
    if (a->watches)
        return a;
    free(a);
    return NULL;
}

void api_free(struct api *a)
{
    if (!a)
        return;
    watches_free(a->watches);
    free(a);
}

void api_close_watches(struct api *a)
{
    watches_close_all(a->watches);
}

static bool wants_watch(const struct http_request *r)
{
    const char *watch = http_query(r, "watch");

    return watch && strcmp(watch, "0") != 0 && strcmp(watch, "false") != 0;
}

static struct http_reply serve_watch(struct api *a, const struct target *t,
                                     const struct http_request *r, struct selector *selector)
{
    const char *version = http_query(r, "resourceVersion");
    struct http_stream *stream = NULL;
    uint64_t since = 0;

    if (version && *version && parse_u64(version, 0, UINT64_MAX, &since) < 0) {
        selector_free(selector);
        return status_replyf(400, "resourceVersion: '%s' is not a number", version);
    }
    int ret = watches_add(a->watches, t->kind->id, t->ns, t->name, selector, since, &stream);
    if (ret == -ERANGE)
        return status_reply(410, "too old resource version");
    if (ret == -EMFILE)
        return status_replyf(429, "there are %d watches already", WATCHES_MAX);
    if (ret < 0)
        return status_reply(500, "out of memory");
    return http_reply_stream(stream, "application/json");
}

static struct http_reply serve_list(struct api *a, const struct target *t,
                                    const struct http_request *r)
{
    const char *text = http_query(r, "labelSelector");
    struct selector *selector = NULL;
    struct err e = {0};

    if (selector_parse(text ? text : "", &selector, &e) < 0)
        return status_replyf(400, "labelSelector: %s", e.text);
    if (wants_watch(r))
        return serve_watch(a, t, r, selector); /* takes selector */
    json_t *list = store_list_object(a->store, t->kind->id, t->ns, selector);
    selector_free(selector);
    return json_reply(200, list);
}

static struct http_reply serve_target(struct api *a, const struct target *t,
                                      const struct http_request *r)
{
    if (!t->kind)
        return status_replyf(404, "the server could not find the requested resource");
    if (!t->name)
        return serve_list(a, t, r);

    json_t *object = store_get(a->store, t->kind->id, t->ns ? t->ns : "default", t->name);
    if (!object)
        return status_not_found(t->kind->group, t->kind->resource, t->name);
    return json_reply(200, object);
}

static struct http_reply serve_core_list(void *app, const struct http_request *r)
{
    return serve_target(app, &(struct target){kind_find_resource("", "v1", r->params[0])}, r);
}

static struct http_reply serve_core_namespaced(void *app, const struct http_request *r)
{
    return serve_target(
        app, &(struct target){kind_find_resource("", "v1", r->params[1]), r->params[0]}, r);
}

static struct http_reply serve_core_object(void *app, const struct http_request *r)
{
    return serve_target(
        app,
        &(struct target){kind_find_resource("", "v1", r->params[1]), r->params[0], r->params[2]},
        r);
}

static struct http_reply serve_list_or_cluster(void *app, const struct http_request *r)
{
    return serve_target(
        app, &(struct target){kind_find_resource(r->params[0], r->params[1], r->params[2])}, r);
}

static struct http_reply serve_cluster_object(void *app, const struct http_request *r)
{
    return serve_target(
        app,
        &(struct target){kind_find_resource(r->params[0], r->params[1], r->params[2]), NULL,
                         r->params[3]},
        r);
}

static struct http_reply serve_namespaced(void *app, const struct http_request *r)
{
    return serve_target(
        app,
        &(struct target){kind_find_resource(r->params[0], r->params[1], r->params[3]),
                         r->params[2]},
        r);
}

static struct http_reply serve_object(void *app, const struct http_request *r)
{
    return serve_target(
        app,
        &(struct target){kind_find_resource(r->params[0], r->params[1], r->params[3]), r->params[2],
                         r->params[4]},
        r);
}

static struct http_reply serve_core_versions(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return json_reply(200, discovery_core_versions());
}

static struct http_reply serve_groups(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return json_reply(200, discovery_groups());
}

static struct http_reply serve_core_resources(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return json_reply(200, discovery_resources("", "v1"));
}

static struct http_reply serve_resources(void *app, const struct http_request *r)
{
    json_t *list = discovery_resources(r->params[0], r->params[1]);

    (void)app;
    return list ? json_reply(200, list)
                : status_reply(404, "the server could not find the requested resource");
}

const struct http_route api_routes[] = {
    {"GET", "/api", serve_core_versions, "Discovery: the versions of the core group."},
    {"GET", "/api/v1", serve_core_resources, "Discovery: the resources of the core group."},
    {"GET", "/apis", serve_groups, "Discovery: the groups."},
    {"GET", "/apis/{group}/{version}", serve_resources, "Discovery: the resources of a group."},
    {"GET", "/api/v1/namespaces/{ns}/{resource}", serve_core_namespaced,
     "Lists or (?watch=true) watches objects of the core group in a namespace; labelSelector and "
     "resourceVersion as in Kubernetes."},
    {"GET", "/api/v1/namespaces/{ns}/{resource}/{name}", serve_core_object, "One object."},
    {"GET", "/api/v1/{resource}", serve_core_list, "The same for all namespaces."},
    {"GET", "/apis/{group}/{version}/namespaces/{ns}/{resource}", serve_namespaced,
     "Lists or watches objects in a namespace."},
    {"GET", "/apis/{group}/{version}/namespaces/{ns}/{resource}/{name}", serve_object,
     "One object."},
    {"GET", "/apis/{group}/{version}/{resource}", serve_list_or_cluster,
     "Lists or watches objects of all namespaces, or without one."},
    {"GET", "/apis/{group}/{version}/{resource}/{name}", serve_cluster_object,
     "One object without namespace."},
};
const size_t api_route_count = ARRAY_LEN(api_routes);
