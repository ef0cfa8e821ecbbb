// SPDX-License-Identifier: MIT
#include "adapter/pod_list.h"

#include "base/parse.h"
#include "kube/jpath.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is kept: {"ports": [{name, port}], "pods": [{name, uid, address}]} ---- */

static int append_port(json_t *ports, const json_t *from, const char *number_member)
{
    return json_array_append_new(ports,
                                 json_pack("{s:s, s:I}", "name", jpath_str(from, "name", ""),
                                           "port", (json_int_t)jpath_int(from, number_member, 0)));
}

static int append_pod(json_t *pods, const char *name, const char *uid, const char *address)
{
    return json_array_append_new(
        pods, json_pack("{s:s, s:s, s:s}", "name", name, "uid", uid, "address", address));
}

/* Takes both. */
static json_t *pack(json_t *ports, json_t *pods, int r)
{
    json_t *kept = json_pack("{s:o, s:o}", "ports", ports, "pods", pods);

    if (r == 0)
        return kept;
    json_decref(kept);
    return NULL;
}

static bool is_ready(const json_t *pod)
{
    const json_t *condition;
    size_t i;

    if (jpath(pod, "metadata.deletionTimestamp") || !jpath_str(pod, "status.podIP", "")[0])
        return false;
    json_array_foreach (jpath(pod, "status.conditions"), i, condition) {
        if (strcmp(jpath_str(condition, "type", ""), "Ready") == 0)
            return strcmp(jpath_str(condition, "status", ""), "True") == 0;
    }
    return false;
}

json_t *pod_list_keep_pod(const json_t *pod)
{
    json_t *ports = json_array(), *pods = json_array();
    const json_t *container, *port;
    size_t i, k;
    int r = 0;

    if (!is_ready(pod))
        return pack(ports, pods, 0);
    json_array_foreach (jpath(pod, "spec.containers"), i, container) {
        json_array_foreach (json_object_get(container, "ports"), k, port) {
            r |= append_port(ports, port, "containerPort");
        }
    }
    r |= append_pod(pods, jpath_str(pod, "metadata.name", ""), jpath_str(pod, "metadata.uid", ""),
                    jpath_str(pod, "status.podIP", ""));
    return pack(ports, pods, r);
}

/* Absent means ready, says the API. */
static bool is_ready_pod(const json_t *endpoint)
{
    return strcmp(jpath_str(endpoint, "targetRef.kind", ""), "Pod") == 0 &&
           jpath_bool(endpoint, "conditions.ready", true);
}

json_t *pod_list_keep_slice(const json_t *slice)
{
    json_t *ports = json_array(), *pods = json_array();
    const json_t *endpoint, *port;
    size_t i;
    int r = 0;

    json_array_foreach (json_object_get(slice, "ports"), i, port) {
        r |= append_port(ports, port, "port");
    }
    json_array_foreach (json_object_get(slice, "endpoints"), i, endpoint) {
        if (is_ready_pod(endpoint))
            r |= append_pod(pods, jpath_str(endpoint, "targetRef.name", ""),
                            jpath_str(endpoint, "targetRef.uid", ""),
                            jpath_str(endpoint, "addresses[0]", ""));
    }
    return pack(ports, pods, r);
}

/* ---- the list ---- */

/* 0: there is none, or it is not said which of several. */
static uint64_t choose_port(const json_t *ports, const char *wanted)
{
    const json_t *port;
    uint64_t number = 0;
    size_t i;

    if (wanted && parse_u64(wanted, 1, 65535, &number) == 0)
        return number;
    json_array_foreach (ports, i, port) {
        bool fits =
            wanted ? strcmp(jpath_str(port, "name", ""), wanted) == 0 : json_array_size(ports) == 1;
        int64_t found = jpath_int(port, "port", 0);
        if (fits && found > 0 && found <= 65535)
            return (uint64_t)found;
    }
    return 0;
}

static bool is_address(const char *text)
{
    return *text && !text[strspn(text, "0123456789abcdefABCDEF.:")];
}

static void set_host(struct pod *pod, const char *address, uint64_t port)
{
    bool v6 = strchr(address, ':');
    int size = snprintf(pod->host, sizeof(pod->host), "%s%s%s:%u", v6 ? "[" : "", address,
                        v6 ? "]" : "", (unsigned)port);

    if (port == 0 || size >= (int)sizeof(pod->host))
        pod->host[0] = '\0';
}

static int append(struct pod_list *l, const json_t *kept, uint64_t port)
{
    const char *name = jpath_str(kept, "name", ""), *uid = jpath_str(kept, "uid", "");
    const char *address = jpath_str(kept, "address", "");

    if (!*name || !is_address(address))
        return 0;
    if ((l->count & (l->count - 1)) == 0) { /* sizes are powers of two, so none is stored */
        struct pod *grown = reallocarray(l->items, l->count ? 2 * l->count : 1, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        l->items = grown;
    }
    struct pod *pod = &l->items[l->count];
    *pod = (struct pod){.name = strdup(name), .uid = strdup(*uid ? uid : name)};
    set_host(pod, address, port);
    l->count++;
    return pod->name && pod->uid ? 0 : -ENOMEM;
}

int pod_list_add(struct pod_list *l, const json_t *kept, const char *port)
{
    uint64_t number = choose_port(json_object_get(kept, "ports"), port);
    const json_t *pod;
    size_t i;
    int r = 0;

    json_array_foreach (json_object_get(kept, "pods"), i, pod) {
        if (r == 0)
            r = append(l, pod, number);
    }
    return r;
}

static int by_uid(const void *a, const void *b)
{
    const struct pod *x = a, *y = b;
    int order = strcmp(x->uid, y->uid);

    return order ? order : strcmp(x->host, y->host);
}

static void pod_done(struct pod *pod)
{
    free(pod->name);
    free(pod->uid);
}

void pod_list_sort(struct pod_list *l)
{
    size_t kept = 0;

    if (l->count)
        qsort(l->items, l->count, sizeof(*l->items), by_uid);
    for (size_t i = 0; i < l->count; i++) {
        struct pod *last = kept ? &l->items[kept - 1] : NULL;
        if (!last || strcmp(last->uid, l->items[i].uid) != 0) {
            l->items[kept++] = l->items[i];
            continue;
        }
        if (!last->host[0])
            memcpy(last->host, l->items[i].host, sizeof(last->host));
        pod_done(&l->items[i]);
    }
    l->count = kept;
}

void pod_list_done(struct pod_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        pod_done(&l->items[i]);
    free(l->items);
    *l = (struct pod_list){0};
}
