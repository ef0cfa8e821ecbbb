// SPDX-License-Identifier: MIT
/* query: a source that is polled for as long as somebody wants it, and its newest reading.
 *
 * Who wants the same (the same source's key, interval and combining) gets the same query, so that a
 * thousand HPAs on a hundred metrics make a hundred requests per interval. Whoever wants one holds
 * it and releases it. After the last release it is polled for linger_ns more: queries that are made
 * by reads live on between two reads. A new configuration wants its queries before the old one is
 * released, so that what did not change keeps its values; and a query that differs in its interval
 * only begins with the other one's newest reading.
 *
 * Any thread. Values come from memory, nothing here waits. */
#ifndef ADAPTER_QUERY_H
#define ADAPTER_QUERY_H

#include "adapter/reading.h"
#include "adapter/source.h"

struct queries;
struct query;

#define QUERIES_MAX 10000
#define QUERY_INTERVAL_MIN_NS UINT64_C(100000000)

/* How kinds of sources that find pods do it, from the next query on; {0} at first. */
void queries_set_pods(struct queries *q, struct pod_finder pods);

struct query_spec {
    struct source *source; /* borrowed; the query takes a reference of its own */
    uint64_t interval_ns;
    struct combining combining;
    uint64_t linger_ns;
};

struct queries *queries_new(void);    /* NULL when out of memory */
void queries_free(struct queries *q); /* after poller_stop and after the last query_release */

/* A reference to the one query of that kind, made if there is none. NULL when out of memory or
 * beyond QUERIES_MAX. */
struct query *queries_want(struct queries *q, const struct query_spec *spec);
struct query *query_hold(struct query *query); /* one more reference */
void query_release(struct query *query);       /* NULL does nothing */

const struct source *query_source(const struct query *query);
uint64_t query_interval_ns(const struct query *query);
size_t queries_count(struct queries *q);

/* A reference (reading_unref it), or NULL before the first poll ended. */
struct reading *query_newest(struct query *query);

/* Calls back exactly once: when there is a reading of any state, at the latest at deadline_ns
 * (CLOCK_MONOTONIC, within about 10 ms), or when the polling ends. At once, in the calling thread,
 * when there is a reading already; else in the poller's thread, where fn must not wait. The query
 * must be held until then, and may be released in fn. -ENOMEM (then fn is not called), or 0. */
typedef void query_ready_fn(void *arg);
int query_when_ready(struct query *query, query_ready_fn *fn, void *arg, uint64_t deadline_ns);

#endif
