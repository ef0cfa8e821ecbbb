// SPDX-License-Identifier: MIT
#include "lab/services.h"

#include "base/err.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "kube/selector.h"
#include "lab/block.h"
#include "lab/env.h"
#include "lab/pods.h"
#include "lab/probe.h"
#include "lab/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNPRIVILEGED_OFFSET 8000

struct service {
    struct service *next;
    struct proxy *proxy;
    struct selector *selector; /* NULL: no selector, no endpoints */
    json_t *object;
    char address[BLOCK_ADDRESS_MAX];
};

struct services {
    struct env *env;
    struct service *first;
};

struct services *services_new(struct env *env)
{
    struct services *s = calloc(1, sizeof(*s));

    if (s)
        s->env = env;
    return s;
}

void services_free(struct services *s)
{
    if (!s)
        return;
    for (struct service *next, *v = s->first; v; v = next) {
        next = v->next;
        proxy_remove(v->proxy);
        selector_free(v->selector);
        json_decref(v->object);
        free(v);
    }
    free(s);
}

static const char *name_of(const struct service *v)
{
    return jpath_str(v->object, "metadata.name", "");
}

static const char *namespace_of(const struct service *v)
{
    return jpath_str(v->object, "metadata.namespace", "default");
}

static uint16_t declared_port(const struct service *v)
{
    return (uint16_t)jpath_int(v->object, "spec.ports[0].port", 80);
}

static int listen_at(struct services *s, struct service *v, struct err *err)
{
    uint16_t port = declared_port(v);
    int r = proxies_add(s->env->proxies, name_of(v), v->address, port, &v->proxy, err);

    if (r != -EACCES)
        return r;
    log_warn("this user may not listen on a port below 1024; using a higher one",
             LOG_STR("service", name_of(v)), LOG_INT("port", port),
             LOG_INT("instead", port + UNPRIVILEGED_OFFSET));
    port = (uint16_t)(port + UNPRIVILEGED_OFFSET);
    return proxies_add(s->env->proxies, name_of(v), v->address, port, &v->proxy, err);
}

/* What an API server fills in, and where the Service really listens. */
static void write_address(struct services *s, struct service *v)
{
    json_t *spec = json_object_get(v->object, "spec");
    json_t *metadata = json_object_get(v->object, "metadata");
    char port[8];

    (void)snprintf(port, sizeof(port), "%u", proxy_port(v->proxy));
    (void)json_object_set_new(spec, "clusterIP", json_string(v->address));
    if (!json_object_get(spec, "type"))
        (void)json_object_set_new(spec, "type", json_string("ClusterIP"));
    if (!json_object_get(metadata, "annotations"))
        (void)json_object_set_new(metadata, "annotations", json_object());
    (void)json_object_set_new(json_object_get(metadata, "annotations"), "swell.dev/port",
                              json_string(port));
    (void)store_put(s->env->store, KIND_SERVICE, v->object);
}

static int start_one(struct services *s, json_t *object, struct err *err) /* takes object */
{
    struct service *v = calloc(1, sizeof(*v));
    json_auto_t *labels =
        json_pack("{s:o?}", "matchLabels", json_deep_copy(jpath(object, "spec.selector")));

    if (!v)
        return err_set(err, -ENOMEM, "out of memory");
    v->object = object;
    v->next = s->first;
    s->first = v;
    int r = block_take_service(s->env->block, v->address, err);
    if (r == 0 && jpath(object, "spec.selector"))
        r = selector_from_json(labels, &v->selector, err);
    if (r == 0)
        r = listen_at(s, v, err);
    if (r < 0)
        return err_wrap(err, r, "Service %s", name_of(v));
    write_address(s, v);
    log_info("service", LOG_STR("service", name_of(v)), LOG_STR("address", v->address),
             LOG_INT("port", proxy_port(v->proxy)));
    return 0;
}

/* The names that cluster DNS has for a Service. The two ports are ":80" and ":8080", or both "". */
static void put_hosts_line(FILE *f, const struct service *v, const char *port, const char *real)
{
    const char *n = name_of(v), *ns = namespace_of(v);

    (void)fprintf(f, "%s%s %s%s %s.%s%s %s.%s.svc%s %s.%s.svc.cluster.local%s\n", v->address, real,
                  n, port, n, ns, port, n, ns, port, n, ns, port);
}

/* Where a Service listens on another port than declared, the line that says so comes first. */
static int write_hosts(const struct services *s, struct err *err)
{
    FILE *f = fopen(s->env->hosts_path, "we");
    char port[8], real[8];

    if (!f)
        return err_errno(err, errno, "cannot write '%s'", s->env->hosts_path);
    for (const struct service *v = s->first; v; v = v->next) {
        (void)snprintf(port, sizeof(port), ":%u", declared_port(v));
        (void)snprintf(real, sizeof(real), ":%u", proxy_port(v->proxy));
        if (strcmp(port, real) != 0)
            put_hosts_line(f, v, port, real);
        put_hosts_line(f, v, "", "");
    }
    return fclose(f) == 0 ? 0 : err_errno(err, errno, "cannot write '%s'", s->env->hosts_path);
}

int services_start(struct services *s, struct err *err)
{
    json_auto_t *objects = store_list(s->env->store, KIND_SERVICE, NULL, NULL);
    size_t i;
    json_t *object;
    int r = 0;

    json_array_foreach (objects, i, object)
        if (r == 0)
            r = start_one(s, json_incref(object), err);
    return r == 0 ? write_hosts(s, err) : r;
}

static unsigned target_port(const struct service *v, const json_t *pod)
{
    const json_t *target = jpath(v->object, "spec.ports[0].targetPort");

    return target ? probe_port(target, jpath(pod, "spec.containers[0]")) : declared_port(v);
}

static size_t ready_endpoints(const struct services *s, const struct service *v,
                              struct proxy_endpoint *endpoints, size_t max)
{
    json_auto_t *pods = store_list(s->env->store, KIND_POD, namespace_of(v), v->selector);
    size_t i, count = 0;
    const json_t *pod;

    json_array_foreach (pods, i, pod) {
        if (count == max || !pod_is_ready(pod) || pod_is_deleting(pod))
            continue;
        struct proxy_endpoint *e = &endpoints[count++];
        (void)snprintf(e->id, sizeof(e->id), "%s", jpath_str(pod, "metadata.name", ""));
        (void)snprintf(e->address, sizeof(e->address), "%s", jpath_str(pod, "status.podIP", ""));
        e->port = (uint16_t)target_port(v, pod);
    }
    return count;
}

void services_sync(struct services *s)
{
    struct proxy_endpoint *endpoints = calloc(PROXY_ENDPOINTS_MAX / 4, sizeof(*endpoints));
    struct err e = {0};

    for (struct service *v = s->first; v && endpoints; v = v->next) {
        if (!v->selector)
            continue;
        size_t count = ready_endpoints(s, v, endpoints, PROXY_ENDPOINTS_MAX / 4);
        if (proxy_set_endpoints(v->proxy, endpoints, count, &e) < 0)
            log_warn("endpoints not set", LOG_STR("service", name_of(v)), LOG_STR("why", e.text));
    }
    free(endpoints);
}

struct proxy *services_find(struct services *s, const char *ns, const char *name)
{
    for (struct service *v = s->first; v; v = v->next)
        if (strcmp(namespace_of(v), ns) == 0 && strcmp(name_of(v), name) == 0)
            return v->proxy;
    return NULL;
}

char *service_url(const struct env *env, const char *ns, const char *name,
                  char url[SERVICE_URL_MAX])
{
    json_auto_t *service = store_get(env->store, KIND_SERVICE, ns, name);
    const char *address = jpath_str(service, "spec.clusterIP", NULL);

    if (!address)
        return NULL;
    (void)snprintf(url, SERVICE_URL_MAX, "http://%s:%s", address,
                   jpath_str(service, "metadata.annotations[\"swell.dev/port\"]", "80"));
    return url;
}
