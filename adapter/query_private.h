// SPDX-License-Identifier: MIT
/* query_private: the memory of queries, shared by query.c and poller.c (and by tests, which publish
 * readings of their own). */
#ifndef ADAPTER_QUERY_PRIVATE_H
#define ADAPTER_QUERY_PRIVATE_H

#include "adapter/query.h"
#include "adapter/selfmetrics.h"

#include <pthread.h>

#define QUERY_BUCKETS 1024

struct query {
    struct queries *owner;
    struct source *source;
    uint64_t interval_ns;
    struct combining combining;
    char *identity; /* but for the interval */

    /* Guarded by owner->lock. */
    unsigned refs;
    uint64_t linger_ns, wanted_until_ns; /* the second counts while refs is 0 */
    struct query *next_in_bucket, *next_new;

    pthread_mutex_t lock;   /* guards newest, the pointer */
    struct reading *newest; /* NULL before the first poll ended */

    /* The poller's, but for what source.h lets a kind's ask use. */
    struct poller *poller;
    struct lane *lane; /* to its server */
    struct source_poll poll;
    struct samples *gathered; /* by the poll that is under way */
    int64_t request;          /* 0: none under way */
    bool asking;              /* on a thread of its own */
    uint64_t due_ns;
    struct poll_series series;
};

struct query_waiter {
    struct query_waiter *next;
    struct query *query;
    query_ready_fn *fn;
    void *arg;
    uint64_t deadline_ns;
};

struct queries {
    pthread_mutex_t lock; /* guards all below */
    struct query *buckets[QUERY_BUCKETS];
    size_t count;
    struct pod_finder pods;
    struct query *first_new; /* not yet taken by the poller */
    bool any_unwanted;       /* since the poller looked last */
    struct query_waiter *waiters;
    bool stopped; /* nobody polls any more */
    void (*wake)(void *arg);
    void *wake_arg;
};

void query_publish(struct query *query, struct reading *r); /* takes r */

/* For the poller. wake is called, from any thread and under the lock, when there is something to
 * take or drop; it must not wait. */
void queries_attach(struct queries *q, void (*wake)(void *arg), void *arg);

/* Nobody polls any more: ends the waits, and later ones end at once. */
void queries_detach(struct queries *q);

struct query *queries_take_new(struct queries *q); /* a list by next_new */

/* True once after a query was released for good. */
bool queries_any_unwanted(struct queries *q);

/* Takes the query out if nobody wants it at now_ns any more; the caller then frees it. */
bool queries_remove_unwanted(struct queries *q, struct query *query, uint64_t now_ns);
void query_free(struct query *query);

/* Calls back those whose wait is over. Returns when the next one will be by its deadline. */
uint64_t queries_end_waits(struct queries *q, uint64_t now_ns);

#endif
