// SPDX-License-Identifier: MIT
/* pod_list: the pods that a source asks one by one, and where each of them listens.
 *
 * They are those behind a Service, as its EndpointSlices say, or those that a label selector
 * selects. Only pods that are ready count: what starts, ends or fails its readiness probe is none
 * that a value is missing of. Pure; any thread.
 *
 * Source: core/v1 Pod, discovery.k8s.io/v1 EndpointSlice. */
#ifndef ADAPTER_POD_LIST_H
#define ADAPTER_POD_LIST_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define POD_HOST_MAX 80 /* an IPv6 address in brackets, with a port */

struct pod {
    char *name;
    char *uid;               /* another one after it was replaced under the same name */
    char host[POD_HOST_MAX]; /* "10.0.0.7:8080"; "": it has no such port */
};

struct pod_list { /* {0} is empty; pod_list_done releases it */
    struct pod *items;
    size_t count;
};

struct pod_choice {
    const char *namespace;
    const char *service, *selector; /* one of them; the other is NULL */
    const char *port;               /* a name or a number; NULL: the only one that there is */
};

/* What is kept of an object until somebody asks: new; NULL when out of memory. */
json_t *pod_list_keep_pod(const json_t *pod);
json_t *pod_list_keep_slice(const json_t *endpoint_slice);

/* Appends the pods of what was kept. 0 or -ENOMEM. */
int pod_list_add(struct pod_list *l, const json_t *kept, const char *port);

/* Sorts by uid, and leaves one of those that are there twice (a pod with two addresses has two
 * slices). */
void pod_list_sort(struct pod_list *l);
void pod_list_done(struct pod_list *l);

struct pod_finder { /* {0}: there is no API server to ask */
    /* Appends the pods, sorted; waits up to deadline_ns when they were never asked for before. 0;
     * -EAGAIN with a sentence when they are not known; -ENOMEM. Any thread. */
    int (*find)(void *arg, const struct pod_choice *choice, uint64_t deadline_ns,
                struct pod_list *ret, struct err *err);
    void *arg;
};

#endif
