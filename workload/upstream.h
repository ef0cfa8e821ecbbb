// SPDX-License-Identifier: MIT
/* upstream: another service that is called for each request, through a pool of connections that
 * stay open (--upstream, --pool).
 *
 * This is what shows that connections which stay open pin to the pods that were there when they
 * were opened: more pods behind the upstream's Service get no requests. Any thread, once made. */
#ifndef WORKLOAD_UPSTREAM_H
#define WORKLOAD_UPSTREAM_H

#include "http/server.h"
#include "metrics/registry.h"
#include "workload/role.h"

#include <stdint.h>

struct err;
struct upstream;

#define UPSTREAM_WAITING_MAX 1000 /* requests in line for a connection */

struct upstream_options {
    const char *url; /* NULL: none */
    uint64_t pool;   /* connections, each with a thread */
    uint64_t timeout_ns;
};

extern const struct role_part upstream_part; /* its flags fill a struct upstream_options */

/* Starts the pool. *ret is NULL when there is no url. -EINVAL with a sentence when url is none.
 * Sets up libcurl: before threads. The options must outlive it. */
int upstream_new(struct upstream **ret, const struct upstream_options *options, struct metrics *m,
                 struct err *err);

/* Calls the upstream and then answers: with answer (taken) when it says 2xx, else with 502, 503
 * (too many wait) or 504 and a sentence; by deadline_ns (monotonic) unless that is 0. */
void upstream_call(struct upstream *u, struct http_pending *pending, struct http_reply answer,
                   uint64_t deadline_ns);

/* Who waits for a connection is told 503, now and later. */
void upstream_cancel(struct upstream *u);

void upstream_free(struct upstream *u); /* after the server has stopped */

#endif
