// SPDX-License-Identifier: MIT
#include "adapter/forward/forward_private.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_NS (60 * NS_PER_S)

/* ---- its list of metrics ---- */

static void end_list(struct forward *f, struct other_metrics *metrics, const struct err *why)
{
    uint64_t now_ns = clock_mono_ns();
    bool is_first_failure = !metrics && f->listing.failures == 0, is_new = false;

    pthread_mutex_lock(&f->lock);
    if (metrics)
        is_new = listing_take(&f->listing, metrics, now_ns);
    else
        listing_fail(&f->listing, now_ns);
    pthread_mutex_unlock(&f->lock);
    metric_add(f->counts.lists[metrics != NULL], 1);
    if (is_first_failure)
        log_warn("other adapter's list of metrics is not read",
                 LOG_STR("group", pass_group_names[f->group]), LOG_STR("other", forward_other(f)),
                 LOG_STR("cause", why->text),
                 LOG_STR("keeping", f->listing.metrics ? "the last one" : "none"));
    if (is_new) {
        log_info("other adapter's metrics", LOG_STR("group", pass_group_names[f->group]),
                 LOG_INT("listed", (int64_t)metrics->count),
                 LOG_INT("left_out", (int64_t)metrics->left_out));
        f->changed(f->changed_arg);
    }
}

static void on_list(void *arg, int result, int status, const struct buf *body,
                    const struct err *report)
{
    struct forward *f = arg;
    struct other_metrics *metrics = NULL;
    struct err why = {0};

    f->list_request = 0;
    if (result == 0)
        (void)other_metrics_read(f->group, status, body, &metrics, &why);
    else
        (void)source_explain_http(endpoint_timeout_ns(f->to.other), OTHER_METRICS_BODY_MAX, result,
                                  report, &why);
    end_list(f, metrics, &why);
}

static void ask_for_list(struct forward *f)
{
    scoped(source_request_done) struct source_request request = {0};
    struct err why = {0};
    int r = question_list_request(other_metrics_path(f->group), f->to.other, &request, &why);

    if (r == 0) {
        f->list_request =
            fetcher_start(f->fetcher, &request.call, OTHER_METRICS_BODY_MAX, on_list, f);
        if (f->list_request > 0)
            return;
        (void)err_set(&why, -EINVAL, "cannot be asked: its bearer token fits no header");
    }
    f->list_request = 0;
    end_list(f, NULL, &why);
}

/* Returns when there is something to do again. */
static uint64_t look_after_list(struct forward *f, uint64_t now_ns)
{
    pthread_mutex_lock(&f->lock);
    bool expired = listing_expire(&f->listing, now_ns);
    pthread_mutex_unlock(&f->lock);
    if (expired) {
        log_warn("other adapter's list of metrics is too old",
                 LOG_STR("group", pass_group_names[f->group]), LOG_STR("other", forward_other(f)));
        f->changed(f->changed_arg);
    }
    if (!f->list_request && f->listing.due_ns <= now_ns)
        ask_for_list(f);
    return f->list_request ? now_ns + IDLE_NS : listing_next_ns(&f->listing);
}

static void *run(void *arg)
{
    struct forward *f = arg;

    while (!atomic_load(&f->stop)) {
        forward_ask_waiting(f);
        uint64_t now_ns = clock_mono_ns(), next_ns = look_after_list(f, now_ns);
        uint64_t wait_ns = next_ns > now_ns ? next_ns - now_ns : 0;
        fetcher_wait(f->fetcher, NULL, 0, wait_ns < IDLE_NS ? wait_ns : IDLE_NS);
    }
    return NULL;
}

/* ---- life ---- */

static struct forward *make(const struct forward_config *config)
{
    struct forward *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->fetcher = fetcher_new();
    if (!f->fetcher) {
        free(f);
        return NULL;
    }
    atomic_init(&f->refs, 1);
    pthread_mutex_init(&f->lock, NULL);
    f->group = config->group;
    f->to = *config->to;
    f->to.other = endpoint_ref(f->to.other);
    f->changed = config->changed;
    f->changed_arg = config->arg;
    f->counts = counts_of(config->metrics, pass_group_names[f->group]);
    f->last = &f->first;
    f->listing.interval_ns = f->to.interval_ns;
    f->listing.max_age_ns = f->to.max_age_ns;
    return f;
}

int forward_start(struct forward **ret, const struct forward_config *config, struct err *err)
{
    struct forward *f = make(config);

    if (!f)
        return err_set(err, -ENOMEM, "out of memory");
    int r = pthread_create(&f->thread, NULL, run, f);
    if (r != 0) {
        forward_unref(f);
        return err_errno(err, r, "cannot start a thread");
    }
    f->has_thread = true;
    *ret = f;
    return 0;
}

struct forward *forward_ref(struct forward *f)
{
    (void)atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void forward_unref(struct forward *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    atomic_store(&f->stop, true);
    fetcher_wake(f->fetcher);
    if (f->has_thread)
        (void)pthread_join(f->thread, NULL);
    fetcher_free(f->fetcher);
    forward_answer_all(f->asked);
    forward_answer_all(f->first);
    listing_done(&f->listing);
    endpoint_unref(f->to.other);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

bool forward_is_to(const struct forward *f, const struct pass_through *to)
{
    return to->other && strcmp(endpoint_key(f->to.other), endpoint_key(to->other)) == 0 &&
           f->to.interval_ns == to->interval_ns && f->to.max_age_ns == to->max_age_ns;
}

/* ---- what others want to know ---- */

struct other_metrics *forward_others(struct forward *f)
{
    pthread_mutex_lock(&f->lock);
    struct other_metrics *metrics = other_metrics_ref(f->listing.metrics);
    pthread_mutex_unlock(&f->lock);
    return metrics;
}

void forward_note_conflicts(struct forward *f, const struct metric_conflicts *c)
{
    pthread_mutex_lock(&f->lock);
    bool is_new =
        c->count && (c->count != f->conflicts.count || strcmp(c->names, f->conflicts.names) != 0);
    f->conflicts = *c;
    pthread_mutex_unlock(&f->lock);
    if (is_new)
        log_warn("metrics that both adapters have", LOG_STR("group", pass_group_names[f->group]),
                 LOG_STR("other", forward_other(f)), LOG_INT("count", (int64_t)c->count),
                 LOG_STR("metrics", c->names), LOG_STR("serving", "ours"));
}

void forward_write_state(struct forward *f, struct metrics *m)
{
    pthread_mutex_lock(&f->lock);
    const struct listing *l = &f->listing;
    const struct forward_state state = {
        .failing = circuit_is_open(&f->circuit),
        .has_list = l->metrics != NULL,
        .list_age_ns = l->metrics ? clock_mono_ns() - l->read_ns : 0,
        .listed = l->metrics ? l->metrics->count : 0,
        .conflicts = f->conflicts.count,
    };
    pthread_mutex_unlock(&f->lock);
    counts_write_state(m, pass_group_names[f->group], &state);
}
