// SPDX-License-Identifier: MIT
/* value_store: texts under keys in Redis, through a pool of connections with a limit. Only there
 * with SWELL_REDIS.
 *
 * Every request has a deadline, which also counts the time in line. Any thread, once made. */
#ifndef WORKLOAD_VALUE_STORE_H
#define WORKLOAD_VALUE_STORE_H

#include "http/server.h"
#include "metrics/registry.h"

#include <stdint.h>

struct err;
struct value_store;

struct value_options {
    const char *write_url; /* redis://… */
    const char *read_url;  /* a replica; NULL: the same server */
    uint64_t deadline_ns, pool, queue;
};

#define VALUE_KEY_MAX 256 /* bytes */

/* Starts the pool; connections are opened when they are needed. -EINVAL with a sentence when a URL
 * is none. The options must outlive it. */
int value_store_new(struct value_store **ret, const struct value_options *options,
                    struct metrics *m, struct err *err);

/* Answer later: the value, 404 when there is none; "OK"; 503 with Retry-After when Redis is away or
 * the line is full, 504 when the deadline is over, 502 when Redis refuses. */
struct http_reply value_store_get(struct value_store *s, const struct http_request *r,
                                  const char *key);
struct http_reply value_store_set(struct value_store *s, const struct http_request *r,
                                  const char *key, const char *value, size_t len);

/* Who waits in line is told 503, now and later. */
void value_store_cancel(struct value_store *s);

void value_store_free(struct value_store *s); /* after the server has stopped */

#define VALUE_STORE_METRICS 3
extern const struct metric_desc *const value_store_metrics[VALUE_STORE_METRICS];

#endif
