// SPDX-License-Identifier: MIT
#include "metrics/answers.h"

#include "base/clock.h"
#include "metrics/traceparent.h"

#include <stdatomic.h>
#include <stdlib.h>

struct answer_series { /* immutable once it is in a list */
    struct answer_series *next;
    const char *method, *route;
    int status;
    struct metric *total, *duration; /* live as long as the registry */
};

static bool is_of(const struct answer_series *s, const struct http_done *done)
{
    return s->route == done->route && s->status == done->status && s->method == done->method;
}

static size_t list_of(const struct http_done *done)
{
    uintptr_t mixed = (uintptr_t)done->route / 4 + (uintptr_t)done->method + (unsigned)done->status;

    return mixed % ANSWERS_LISTS;
}

static struct answer_series from_registry(const struct answers *a, const struct http_done *done)
{
    char code[12];

    (void)snprintf(code, sizeof(code), "%d", done->status);
    return (struct answer_series){
        .method = done->method,
        .route = done->route,
        .status = done->status,
        .total = metrics_series(a->metrics, a->total, done->method, done->route, code),
        .duration = metrics_series(a->metrics, a->duration, done->method, done->route)};
}

/* Two threads may add the same; the second is never found and does no harm. What the registry has
 * no room for is not remembered either. */
static void remember(struct answers *a, const struct http_done *done, const struct answer_series *s)
{
    _Atomic(struct answer_series *) *first = &a->table[list_of(done)];
    struct answer_series *copy = s->total && s->duration ? malloc(sizeof(*copy)) : NULL;

    if (!copy)
        return;
    *copy = *s;
    copy->next = atomic_load(first);
    while (!atomic_compare_exchange_weak(first, &copy->next, copy))
        ;
}

static void observe_duration(struct metric *duration, const struct http_done *done)
{
    double seconds = (double)done->duration_ns / (double)NS_PER_S;
    char trace_id[TRACE_ID_SIZE];

    if (done->noted && traceparent_read(done->noted, trace_id) == 0)
        metric_observe_traced(duration, seconds, trace_id);
    else
        metric_observe(duration, seconds);
}

void answers_count(struct answers *a, const struct http_done *done)
{
    const struct answer_series *s = atomic_load(&a->table[list_of(done)]);
    struct answer_series new;

    while (s && !is_of(s, done))
        s = s->next;
    if (!s) {
        new = from_registry(a, done);
        remember(a, done, &new);
        s = &new;
    }
    metric_add(s->total, 1);
    observe_duration(s->duration, done);
}

void answers_done(struct answers *a)
{
    for (size_t i = 0; i < ANSWERS_LISTS; i++) {
        for (struct answer_series *next, *s = atomic_load(&a->table[i]); s; s = next) {
            next = s->next;
            free(s);
        }
        atomic_store(&a->table[i], NULL);
    }
}
