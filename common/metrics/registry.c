// SPDX-License-Identifier: MIT
#include "metrics/registry_private.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct metrics *metrics_new(void)
{
    struct metrics *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->collect_lock, NULL);
    m->last = &m->first;
    return m;
}

static struct exemplars *exemplars_new(size_t buckets)
{
    struct exemplars *e = calloc(1, sizeof(*e) + buckets * sizeof(e->newest[0]));

    if (e)
        pthread_mutex_init(&e->lock, NULL);
    return e;
}

static void exemplars_free(struct exemplars *e)
{
    if (e)
        pthread_mutex_destroy(&e->lock);
    free(e);
}

static void series_free(struct metric *s)
{
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
        free(s->labels[i]);
    free(s->buckets);
    exemplars_free(s->exemplars);
    free(s);
}

static size_t free_all_series(struct metric_family *f)
{
    size_t count = 0;

    for (struct metric *next, *s = f->first; s; s = next, count++) {
        next = s->next;
        series_free(s);
    }
    f->first = NULL;
    f->last = &f->first;
    return count;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (struct metric_family *next, *f = m->first; f; f = next) {
        next = f->next;
        (void)free_all_series(f);
        free(f);
    }
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->collect_lock);
    free(m);
}

static struct metric_family *find_family(struct metrics *m, const struct metric_desc *d)
{
    for (struct metric_family *f = m->first; f; f = f->next)
        if (f->desc == d)
            return f;
    return NULL;
}

static struct metric_family *find_or_add_family(struct metrics *m, const struct metric_desc *d)
{
    struct metric_family *f = find_family(m, d);

    if (f)
        return f;
    f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->desc = d;
    f->last = &f->first;
    *m->last = f;
    m->last = &f->next;
    return f;
}

static bool has_labels(const struct metric *s, const char *const *values)
{
    for (size_t i = 0; s->desc->labels[i]; i++)
        if (strcmp(s->labels[i], values[i]) != 0)
            return false;
    return true;
}

static struct metric *series_new(const struct metric_desc *d, const char *const *values)
{
    struct metric *s = calloc(1, sizeof(*s));
    bool complete = s != NULL;

    if (!s)
        return NULL;
    s->desc = d;
    for (size_t i = 0; d->labels[i]; i++) {
        s->labels[i] = strdup(values[i]);
        complete = complete && s->labels[i];
    }
    if (d->type == METRIC_HISTOGRAM) {
        s->buckets = calloc(d->bucket_count + 1, sizeof(*s->buckets));
        complete = complete && s->buckets;
    }
    if (d->exemplars) {
        s->exemplars = exemplars_new(d->bucket_count + 1);
        complete = complete && s->exemplars;
    }
    if (complete)
        return s;
    series_free(s);
    return NULL;
}

static struct metric *find_or_add_series(struct metrics *m, struct metric_family *f,
                                         const char *const *values)
{
    struct metric *s = f->first;

    while (s && !has_labels(s, values))
        s = s->next;
    if (s || m->series_count == METRICS_SERIES_MAX)
        return s;

    s = series_new(f->desc, values);
    if (!s)
        return NULL;
    *f->last = s;
    f->last = &s->next;
    m->series_count++;
    return s;
}

struct metric *metrics_find(struct metrics *m, const struct metric_desc *d,
                            const char *const *label_values)
{
    pthread_mutex_lock(&m->lock);
    struct metric_family *f = find_or_add_family(m, d);
    struct metric *s = f ? find_or_add_series(m, f, label_values) : NULL;
    pthread_mutex_unlock(&m->lock);
    return s;
}

void metrics_clear(struct metrics *m, const struct metric_desc *d)
{
    pthread_mutex_lock(&m->lock);
    struct metric_family *f = find_family(m, d);
    if (f)
        m->series_count -= free_all_series(f);
    pthread_mutex_unlock(&m->lock);
}

/* C11 has no atomic addition of doubles. */
static void add_to(_Atomic double *total, double by)
{
    double seen = atomic_load_explicit(total, memory_order_relaxed);

    while (!atomic_compare_exchange_weak_explicit(total, &seen, seen + by, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void metric_add(struct metric *s, double by)
{
    if (s)
        add_to(&s->value, by);
}

void metric_set(struct metric *s, double to)
{
    if (s)
        atomic_store_explicit(&s->value, to, memory_order_relaxed);
}

double metric_value(const struct metric *s)
{
    return s ? atomic_load_explicit(&s->value, memory_order_relaxed) : 0;
}

static size_t bucket_of(const struct metric_desc *d, double value)
{
    size_t i = 0;

    while (i < d->bucket_count && !(value <= d->buckets[i]))
        i++;
    return i;
}

void metric_observe(struct metric *s, double value)
{
    if (!s)
        return;
    atomic_fetch_add_explicit(&s->buckets[bucket_of(s->desc, value)], 1, memory_order_relaxed);
    add_to(&s->value, value);
}

void metric_observe_traced(struct metric *s, double value, const char *trace_id)
{
    metric_observe(s, value);
    if (!s || !s->exemplars)
        return;

    struct exemplar new = {.value = value, .wall_ns = clock_wall_ns()};
    (void)snprintf(new.trace_id, sizeof(new.trace_id), "%s", trace_id);
    pthread_mutex_lock(&s->exemplars->lock);
    s->exemplars->newest[bucket_of(s->desc, value)] = new;
    pthread_mutex_unlock(&s->exemplars->lock);
}

void metrics_on_collect(struct metrics *m, void (*fn)(void *arg), void *arg)
{
    if (m->collector_count == METRICS_COLLECTORS_MAX)
        abort(); /* our own mistake, and one that shows at the first start */
    m->collectors[m->collector_count++] = (struct metrics_collector){fn, arg};
}

void metrics_help(const struct metric_desc *const *descs, size_t count, FILE *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    for (size_t i = 0; i < count; i++) {
        const struct metric_desc *d = descs[i];
        (void)fprintf(out, "  %s", d->name);
        for (size_t k = 0; d->labels[k]; k++)
            (void)fprintf(out, "%s%s%s", k ? "," : "{", d->labels[k], d->labels[k + 1] ? "" : "}");
        (void)fprintf(out, " (%s)\n        %s\n", types[d->type], d->help);
    }
}
