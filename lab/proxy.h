// SPDX-License-Identifier: MIT
/* proxy: the lab's Services. Each listens on a stable address and spreads TCP connections over the
 * pods that are ready.
 *
 *   - Round robin per connection; a connection stays with its pod.
 *   - A pod that leaves the endpoints drains: its connections go on, it gets no new ones.
 *   - A pod that refuses (or, for 15 s, does not answer) is skipped and the next one tried; nothing
 *     was forwarded yet.
 *   - No endpoints, or none of them answers: the client is reset at once (kube-proxy: REJECT).
 *   - Half-close and reset are passed on, in both directions.
 *
 * One thread serves all services; every function may be called by any other thread. Pods see the
 * lab's address as their peer. Limits: PROXY_CONNECTIONS_MAX connections in all, fewer where
 * RLIMIT_NOFILE has no room for two descriptors each (a program raises it in main); what is beyond
 * is reset and counted. A connection holds no memory while the receiver keeps up, and at most
 * PROXY_BUFFER_SIZE per direction while it does not. SIGPIPE need not be ignored. */
#ifndef LAB_PROXY_H
#define LAB_PROXY_H

#include "lab/proxy_durations.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct proxies; /* the thread and everything it serves */
struct proxy;   /* one Service */

#define PROXY_CONNECTIONS_MAX 4096
#define PROXY_ENDPOINTS_MAX 1024 /* per service */
#define PROXY_BUFFER_SIZE (64 * 1024)

struct proxy_endpoint {
    char id[254];                   /* the pod's name */
    char address[INET6_ADDRSTRLEN]; /* numeric */
    uint16_t port;
};

struct proxy_stats {           /* numbers since the service was added */
    uint64_t accepted;         /* connections that a pod took */
    uint64_t active;           /* of those, open now */
    uint64_t connect_failures; /* pods that refused; the connection may still have found another */
    uint64_t no_endpoints;     /* resets: there was no endpoint */
    uint64_t all_failed;       /* resets: no endpoint answered */
    uint64_t over_limit;       /* resets: too many connections */
    uint64_t cut;              /* connections that ended by reset or error instead of close */
    uint64_t bytes_in, bytes_out; /* to pods, to clients */
    struct proxy_durations durations;
};

struct proxy_endpoint_stats {
    struct proxy_endpoint endpoint;
    bool draining;     /* no longer ready, still has connections */
    uint64_t accepted; /* as in proxy_stats, since the endpoint came */
    uint64_t active;
    uint64_t connect_failures;
};

/* Starts the thread. */
int proxies_new(struct proxies **ret, struct err *err);

/* Closes every connection and service and ends the thread; every struct proxy is gone with it.
 * NULL does nothing. */
void proxies_free(struct proxies *ps);

/* Listens (http/listen.h; port 0 picks one). Without endpoints yet: clients are reset. */
int proxies_add(struct proxies *ps, const char *name, const char *address, uint16_t port,
                struct proxy **ret, struct err *err);

uint16_t proxy_port(const struct proxy *p);
const char *proxy_name(const struct proxy *p); /* borrowed from p */

/* Stops listening and closes the service's connections; p is gone. NULL does nothing. */
void proxy_remove(struct proxy *p);

/* Replaces the endpoints, which are known by id, address and port: those that stay keep their
 * numbers, those that are missing drain. -EINVAL for an address that is not numeric, -E2BIG beyond
 * PROXY_ENDPOINTS_MAX; the endpoints are then as they were. */
int proxy_set_endpoints(struct proxy *p, const struct proxy_endpoint *endpoints, size_t n,
                        struct err *err);

void proxy_stats(struct proxy *p, struct proxy_stats *ret);

/* Writes up to max endpoints, draining ones last, and returns how many there are. */
size_t proxy_endpoint_stats(struct proxy *p, struct proxy_endpoint_stats *ret, size_t max);

#endif
