// SPDX-License-Identifier: MIT
#include "adapter/rules/rule_set.h"

#include "adapter/rules/series.h"
#include "adapter/sources/prometheus.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* How often readings are looked at: first answers are wanted at once, others come by the minute. */
#define LOOK_FIRST_NS (20 * NS_PER_MS)
#define LOOK_NS (500 * NS_PER_MS)

struct listing { /* of one rule */
    const struct rule *rule;
    struct query *query;
    struct samples *samples; /* what the list was made of; NULL: nothing yet */
    bool was_read;           /* with whatever result */
};

struct rule_set {
    struct rule_set_config config;
    struct listing *listings; /* of the custom rules, then of the external ones */
    size_t count;
    uint64_t resources_generation; /* that the list was made with */

    pthread_mutex_t lock; /* guards list (the pointer) and stop */
    pthread_cond_t stopped;
    struct metric_list *list;
    bool stop;
    pthread_t thread;
    bool has_thread;
};

/* ---- making the list ---- */

/* Looks whether a rule's query brought other series. */
static bool take_reading(struct listing *l)
{
    struct reading *r = query_newest(l->query);
    bool is_new = r && r->samples && r->samples != l->samples;

    l->was_read |= r != NULL;
    if (is_new) {
        samples_unref(l->samples);
        l->samples = samples_ref(r->samples);
    }
    reading_unref(r);
    return is_new;
}

/* Looks whether the cluster has other resources. */
static bool take_resources(struct rule_set *s)
{
    const struct object_lister *l = &s->config.lister;
    uint64_t generation = l->resources_generation ? l->resources_generation(l->arg) : 0;
    bool is_new = generation != s->resources_generation;

    s->resources_generation = generation;
    return is_new;
}

static struct metric_list *make_list(const struct rule_set *s)
{
    const struct object_lister *l = &s->config.lister;
    struct samples **series = calloc(s->count + 1, sizeof(*series));
    struct metric_list *list = NULL;

    for (size_t i = 0; series && i < s->count; i++)
        series[i] = s->listings[i].samples;
    if (series)
        list = series_to_metrics(s->config.rules, series,
                                 l->resources ? l->resources(l->arg) : catalogue_new());
    free(series);
    return list;
}

static void publish(struct rule_set *s, struct metric_list *list)
{
    pthread_mutex_lock(&s->lock);
    struct metric_list *old = s->list;
    s->list = list;
    pthread_mutex_unlock(&s->lock);
    metric_list_unref(old);
    if (s->config.changed)
        s->config.changed(s->config.changed_arg, list);
}

static void look(struct rule_set *s)
{
    bool changed = take_resources(s);

    for (size_t i = 0; i < s->count; i++)
        changed |= take_reading(&s->listings[i]);
    if (!changed)
        return;
    struct metric_list *list = make_list(s);
    if (!list) {
        log_error("no memory for the list of metrics", LOG_STR("keeping", "the last one"));
        return;
    }
    log_debug("metrics of rules listed", LOG_INT("objects", (int64_t)list->object_count),
              LOG_INT("external", (int64_t)list->external_count),
              LOG_INT("left_out", (int64_t)list->left_out));
    publish(s, list);
}

/* ---- the thread ---- */

static bool waits_for_first(const struct rule_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!s->listings[i].was_read)
            return true;
    return false;
}

/* The lock is held. */
static void wait_for_look(struct rule_set *s)
{
    uint64_t until_ns = clock_mono_ns() + (waits_for_first(s) ? LOOK_FIRST_NS : LOOK_NS);
    const struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                                   .tv_nsec = (long)(until_ns % NS_PER_S)};

    while (!s->stop && pthread_cond_timedwait(&s->stopped, &s->lock, &until) != ETIMEDOUT)
        continue;
}

static void *run(void *arg)
{
    struct rule_set *s = arg;

    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        pthread_mutex_unlock(&s->lock);
        look(s);
        pthread_mutex_lock(&s->lock);
        wait_for_look(s);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- life ---- */

static int want_series(struct rule_set *s, struct listing *l)
{
    struct source *source =
        series_source_new(s->config.prometheus, l->rule->series_query, s->config.series_max_age_ns);

    if (!source)
        return -ENOMEM;
    l->query =
        queries_want(s->config.queries, &(struct query_spec){.source = source,
                                                             .interval_ns = s->config.relist_ns,
                                                             .combining.how = COMBINE_ALL});
    source_unref(source);
    return l->query ? 0 : -ENOMEM;
}

static int want_all(struct rule_set *s)
{
    const struct rules *rules = s->config.rules;
    int r = 0;

    s->listings = calloc(rules->custom_count + rules->external_count + 1, sizeof(*s->listings));
    if (!s->listings)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < rules->custom_count + rules->external_count; i++) {
        struct listing *l = &s->listings[s->count++];
        l->rule =
            i < rules->custom_count ? &rules->custom[i] : &rules->external[i - rules->custom_count];
        r = want_series(s, l);
    }
    return r;
}

static struct rule_set *make(const struct rule_set_config *config)
{
    struct rule_set *s = calloc(1, sizeof(*s));
    pthread_condattr_t monotonic;

    if (!s)
        return NULL;
    s->config = *config;
    endpoint_ref(config->prometheus);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return s;
}

int rule_set_start(struct rule_set **ret, const struct rule_set_config *config, struct err *err)
{
    struct rule_set *s = make(config);

    if (!s || want_all(s) < 0)
        goto no_memory;
    struct metric_list *empty = make_list(s);
    if (!empty)
        goto no_memory;
    publish(s, empty);
    int r = pthread_create(&s->thread, NULL, run, s);
    if (r != 0) {
        rule_set_free(s);
        return err_errno(err, r, "cannot start a thread");
    }
    s->has_thread = true;
    *ret = s;
    return 0;

no_memory:
    rule_set_free(s);
    return err_set(err, -ENOMEM, "out of memory");
}

static void stop_thread(struct rule_set *s)
{
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->stopped);
    pthread_mutex_unlock(&s->lock);
    if (s->has_thread)
        pthread_join(s->thread, NULL);
}

void rule_set_free(struct rule_set *s)
{
    if (!s)
        return;
    stop_thread(s);
    for (size_t i = 0; i < s->count; i++) {
        query_release(s->listings[i].query);
        samples_unref(s->listings[i].samples);
    }
    metric_list_unref(s->list);
    endpoint_unref(s->config.prometheus);
    pthread_cond_destroy(&s->stopped);
    pthread_mutex_destroy(&s->lock);
    free(s->listings);
    free(s);
}

/* ---- for reads ---- */

struct metric_list *rule_set_list(struct rule_set *s)
{
    pthread_mutex_lock(&s->lock);
    struct metric_list *list = metric_list_ref(s->list);
    pthread_mutex_unlock(&s->lock);
    return list;
}

struct query *rule_set_want(struct rule_set *s, const char *text)
{
    struct source *source = prometheus_source_new(s->config.prometheus, text);

    if (!source)
        return NULL;
    struct query *query =
        queries_want(s->config.queries, &(struct query_spec){.source = source,
                                                             .interval_ns = RULE_INTERVAL_NS,
                                                             .combining.how = COMBINE_ALL,
                                                             .linger_ns = RULE_LINGER_NS});
    source_unref(source);
    return query;
}

static int explain_listing(const struct listing *l, struct buf *text)
{
    struct reading *r = query_newest(l->query);
    int result = 0;

    if (!r || r->failures) {
        result = text->len ? buf_puts(text, "; ") : 0;
        if (result == 0)
            result = reading_explain(r, l->rule->shown_as, query_source(l->query), UINT64_MAX,
                                     clock_mono_ns(), text);
    }
    reading_unref(r);
    return result;
}

int rule_set_explain(struct rule_set *s, bool external, struct buf *ret_text)
{
    size_t customs = s->config.rules->custom_count;
    size_t first = external ? customs : 0, end = external ? s->count : customs;
    int r = 0;

    for (size_t i = first; r == 0 && i < end; i++)
        r = explain_listing(&s->listings[i], ret_text);
    return r;
}
