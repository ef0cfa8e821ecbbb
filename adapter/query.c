// SPDX-License-Identifier: MIT
#include "adapter/query.h"

#include "adapter/query_private.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct queries *queries_new(void)
{
    struct queries *q = calloc(1, sizeof(*q));

    if (q)
        pthread_mutex_init(&q->lock, NULL);
    return q;
}

void query_free(struct query *query)
{
    const struct source_kind *kind = query->source->kind;

    if (kind->memory_done && query->poll.memory)
        kind->memory_done(query->poll.memory);
    free(query->poll.memory);
    samples_unref(query->gathered);
    reading_unref(query->newest);
    source_unref(query->source);
    pthread_mutex_destroy(&query->lock);
    free(query->identity);
    free(query);
}

void queries_free(struct queries *q)
{
    if (!q)
        return;
    queries_detach(q);
    for (size_t i = 0; i < QUERY_BUCKETS; i++)
        while (q->buckets[i]) {
            struct query *query = q->buckets[i];
            q->buckets[i] = query->next_in_bucket;
            query_free(query);
        }
    pthread_mutex_destroy(&q->lock);
    free(q);
}

void queries_set_pods(struct queries *q, struct pod_finder pods)
{
    pthread_mutex_lock(&q->lock);
    q->pods = pods;
    pthread_mutex_unlock(&q->lock);
}

/* ---- wanting ---- */

static struct query *make(struct queries *q, const struct query_spec *spec, const char *identity)
{
    struct query *query = calloc(1, sizeof(*query));

    if (!query)
        return NULL;
    pthread_mutex_init(&query->lock, NULL);
    query->owner = q;
    query->source = source_ref(spec->source);
    query->interval_ns = spec->interval_ns;
    query->combining = spec->combining;
    query->poll.pods = q->pods;
    query->identity = strdup(identity);
    if (spec->source->kind->memory_size)
        query->poll.memory = calloc(1, spec->source->kind->memory_size);
    if (query->identity && (query->poll.memory || !spec->source->kind->memory_size))
        return query;
    query_free(query);
    return NULL;
}

static struct query **bucket(struct queries *q, const char *identity)
{
    return &q->buckets[hash_text(HASH_START, identity) % QUERY_BUCKETS];
}

static struct query *find_or_make(struct queries *q, const struct query_spec *spec,
                                  const char *identity)
{
    struct query **first = bucket(q, identity), *query = *first;

    struct query *sibling = NULL; /* the same at another interval */

    for (; query; query = query->next_in_bucket) {
        if (strcmp(query->identity, identity) != 0)
            continue;
        if (query->interval_ns == spec->interval_ns)
            return query;
        sibling = query;
    }
    query = q->count < QUERIES_MAX ? make(q, spec, identity) : NULL;
    if (!query)
        return NULL;
    if (sibling)
        query->newest = query_newest(sibling);
    query->next_in_bucket = *first;
    *first = query;
    query->next_new = q->first_new;
    q->first_new = query;
    q->count++;
    if (q->wake)
        q->wake(q->wake_arg);
    return query;
}

struct query *queries_want(struct queries *q, const struct query_spec *spec)
{
    const struct combining *c = &spec->combining;
    scoped(free_at) char *identity = NULL;

    if (asprintf(&identity, "%d %d %" PRId64 " %s", (int)c->how, c->empty_is_value,
                 c->on_empty_milli, spec->source->key) < 0) {
        identity = NULL;
        return NULL;
    }
    pthread_mutex_lock(&q->lock);
    struct query *query = find_or_make(q, spec, identity);
    if (query) {
        query->refs++;
        if (query->linger_ns < spec->linger_ns)
            query->linger_ns = spec->linger_ns;
    }
    pthread_mutex_unlock(&q->lock);
    return query;
}

struct query *query_hold(struct query *query)
{
    pthread_mutex_lock(&query->owner->lock);
    query->refs++;
    pthread_mutex_unlock(&query->owner->lock);
    return query;
}

void query_release(struct query *query)
{
    if (!query)
        return;
    struct queries *q = query->owner;

    pthread_mutex_lock(&q->lock);
    if (--query->refs == 0) {
        query->wanted_until_ns = clock_mono_ns() + query->linger_ns;
        q->any_unwanted |= query->linger_ns == 0;
        if (q->wake && query->linger_ns == 0)
            q->wake(q->wake_arg);
    }
    pthread_mutex_unlock(&q->lock);
}

const struct source *query_source(const struct query *query)
{
    return query->source;
}

uint64_t query_interval_ns(const struct query *query)
{
    return query->interval_ns;
}

size_t queries_count(struct queries *q)
{
    pthread_mutex_lock(&q->lock);
    size_t count = q->count;
    pthread_mutex_unlock(&q->lock);
    return count;
}

/* ---- readings ---- */

void query_publish(struct query *query, struct reading *r)
{
    pthread_mutex_lock(&query->lock);
    struct reading *old = query->newest;
    query->newest = r;
    pthread_mutex_unlock(&query->lock);
    reading_unref(old);
}

struct reading *query_newest(struct query *query)
{
    pthread_mutex_lock(&query->lock);
    struct reading *r = reading_ref(query->newest);
    pthread_mutex_unlock(&query->lock);
    return r;
}

static bool has_reading(struct query *query)
{
    pthread_mutex_lock(&query->lock);
    bool has = query->newest;
    pthread_mutex_unlock(&query->lock);
    return has;
}

/* ---- waiting ---- */

int query_when_ready(struct query *query, query_ready_fn *fn, void *arg, uint64_t deadline_ns)
{
    struct queries *q = query->owner;
    struct query_waiter *w = NULL;
    bool now = has_reading(query);

    if (!now) {
        w = malloc(sizeof(*w));
        if (!w)
            return -ENOMEM;
        pthread_mutex_lock(&q->lock);
        now = q->stopped;
        if (!now) {
            *w = (struct query_waiter){q->waiters, query, fn, arg, deadline_ns};
            q->waiters = w;
            w = NULL;
            if (q->wake)
                q->wake(q->wake_arg);
        }
        pthread_mutex_unlock(&q->lock);
        free(w);
    }
    if (now)
        fn(arg);
    return 0;
}

/* Moves those whose wait is over out of the list. */
static struct query_waiter *take_over(struct queries *q, uint64_t now_ns, uint64_t *ret_next_ns)
{
    struct query_waiter *over = NULL, **at;

    pthread_mutex_lock(&q->lock);
    for (at = &q->waiters; *at;) {
        struct query_waiter *w = *at;
        if (q->stopped || w->deadline_ns <= now_ns || has_reading(w->query)) {
            *at = w->next;
            w->next = over;
            over = w;
            continue;
        }
        if (w->deadline_ns < *ret_next_ns)
            *ret_next_ns = w->deadline_ns;
        at = &w->next;
    }
    pthread_mutex_unlock(&q->lock);
    return over;
}

uint64_t queries_end_waits(struct queries *q, uint64_t now_ns)
{
    uint64_t next_ns = UINT64_MAX;
    struct query_waiter *over = take_over(q, now_ns, &next_ns);

    while (over) {
        struct query_waiter *w = over;
        over = w->next;
        w->fn(w->arg);
        free(w);
    }
    return next_ns;
}

/* ---- for the poller ---- */

void queries_attach(struct queries *q, void (*wake)(void *arg), void *arg)
{
    pthread_mutex_lock(&q->lock);
    q->wake = wake;
    q->wake_arg = arg;
    pthread_mutex_unlock(&q->lock);
}

void queries_detach(struct queries *q)
{
    pthread_mutex_lock(&q->lock);
    q->wake = NULL;
    q->stopped = true;
    pthread_mutex_unlock(&q->lock);
    (void)queries_end_waits(q, 0);
}

struct query *queries_take_new(struct queries *q)
{
    pthread_mutex_lock(&q->lock);
    struct query *first = q->first_new;
    q->first_new = NULL;
    pthread_mutex_unlock(&q->lock);
    return first;
}

bool queries_any_unwanted(struct queries *q)
{
    pthread_mutex_lock(&q->lock);
    bool any = q->any_unwanted;
    q->any_unwanted = false;
    pthread_mutex_unlock(&q->lock);
    return any;
}

bool queries_remove_unwanted(struct queries *q, struct query *query, uint64_t now_ns)
{
    pthread_mutex_lock(&q->lock);
    bool unwanted = query->refs == 0 && query->wanted_until_ns <= now_ns;
    if (unwanted) {
        struct query **at = bucket(q, query->identity);
        while (*at != query)
            at = &(*at)->next_in_bucket;
        *at = query->next_in_bucket;
        q->count--;
    }
    pthread_mutex_unlock(&q->lock);
    return unwanted;
}
