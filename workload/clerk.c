// SPDX-License-Identifier: MIT
#include "workload/clerk.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/status.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The longest sleep: statistics stay fresh, a stepped clock is noticed. */
#define IDLE_NS NS_PER_S

struct errands { /* a list in order of arrival */
    struct errand *first, **end;
};

struct clerk {
    struct jobs *jobs; /* the thread's */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t change;
    struct errands arrived;
    bool closing, no_waiting;
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t stats_count;
};

static void append(struct errands *list, struct errand *e)
{
    e->next = NULL;
    if (!list->first)
        list->end = &list->first;
    *list->end = e;
    list->end = &e->next;
}

static struct errand *take_first(struct errands *list)
{
    struct errand *e = list->first;

    if (e)
        list->first = e->next;
    return e;
}

/* ---- one transaction ---- */

/* full: what filled the disk at the last try; puts are refused with it. NULL: none did. */
static int try_all(struct jobs *j, struct errands *open, const struct err *full, struct err *err)
{
    int r = jobs_begin(j, err);

    r = r < 0 ? r : jobs_expire(j, clock_wall_ns(), err);
    for (struct errand *e = open->first; e && r == 0; e = e->next) {
        if (full && e->kind == ERRAND_PUT)
            errand_refuse(e, -ENOSPC, full);
        else
            r = errand_do(e, j, err);
    }
    r = r < 0 ? r : jobs_commit(j, err);
    if (r == 0)
        return 0;
    jobs_rollback(j);
    for (struct errand *e = open->first; e; e = e->next)
        errand_undo(e);
    return r;
}

/* Nothing of the transaction stands, so nobody may be told otherwise. */
static void refuse_all(struct errands *open, int code, const struct err *err)
{
    log_error("the queue's file does not work", LOG_STR("error", err->text));
    for (struct errand *e = open->first; e; e = e->next)
        errand_refuse(e, code, err);
}

static void do_all(struct jobs *j, struct errands *open)
{
    struct err err = {0};
    int r = try_all(j, open, NULL, &err);

    if (r == -ENOSPC) {
        const struct err full = err;
        r = try_all(j, open, &full, &err);
    }
    if (r < 0)
        refuse_all(open, r, &err);
}

/* Sends the answers; who has none yet stays in the list. */
static void answer(struct errands *open)
{
    struct errands all = *open;
    struct errand *e;

    *open = (struct errands){0};
    while ((e = take_first(&all))) {
        if (e->answered)
            errand_answer(e);
        else
            append(open, e);
    }
}

/* ---- the thread ---- */

static int read_stats(struct clerk *c, struct err *err)
{
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = 0;
    int r = jobs_stats(c->jobs, clock_mono_ns(), stats, &count, err);

    if (r < 0)
        return r;
    pthread_mutex_lock(&c->lock);
    memcpy(c->stats, stats, count * sizeof(stats[0]));
    c->stats_count = count;
    pthread_mutex_unlock(&c->lock);
    return 0;
}

/* How long there is nothing to do unless something arrives. */
static uint64_t pause_ns(struct clerk *c, const struct errands *open)
{
    uint64_t due_ns = UINT64_MAX, pause = IDLE_NS;
    uint64_t wall_ns = clock_wall_ns(), mono_ns = clock_mono_ns();

    if (jobs_next_due(c->jobs, &due_ns, NULL) == 0 && due_ns < wall_ns + pause)
        pause = due_ns > wall_ns ? due_ns - wall_ns : 0;
    for (const struct errand *e = open->first; e; e = e->next) {
        uint64_t until_ns = e->unfinished ? 0 : e->wait_until_ns;
        if (until_ns < mono_ns + pause)
            pause = until_ns > mono_ns ? until_ns - mono_ns : 0;
    }
    return pause;
}

/* Waits for errands or for pause, and moves what arrived into open. False when all is done. */
static bool wait_and_take(struct clerk *c, struct errands *open, uint64_t pause)
{
    uint64_t until_ns = clock_mono_ns() + pause;
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};
    struct errand *e;
    int r = 0;

    pthread_mutex_lock(&c->lock);
    while (!c->arrived.first && !c->closing && !(c->no_waiting && open->first) && r == 0)
        r = pthread_cond_timedwait(&c->change, &c->lock, &until);
    while ((e = take_first(&c->arrived)))
        append(open, e);
    bool no_waiting = c->no_waiting, go_on = !c->closing || open->first;
    pthread_mutex_unlock(&c->lock);

    for (e = open->first; e && no_waiting; e = e->next)
        e->wait_until_ns = 0;
    return go_on;
}

static void *clerk_main(void *arg)
{
    struct clerk *c = arg;
    struct errands open = {0};

    while (wait_and_take(c, &open, pause_ns(c, &open))) {
        struct err err = {0};

        do_all(c->jobs, &open);
        /* First, so that who got an answer sees it in the figures. */
        if (read_stats(c, &err) < 0)
            log_error("keeping the last statistics", LOG_STR("error", err.text));
        answer(&open);
    }
    return NULL;
}

/* ---- any thread ---- */

struct http_reply clerk_do(struct clerk *c, const struct http_request *r, const char *queue,
                           struct errand errand)
{
    struct errand *e = malloc(sizeof(*e));

    if (!e) {
        if (errand.kind == ERRAND_PUT)
            put_request_done(&errand.put);
        return json_reply(500, NULL);
    }
    *e = errand;
    (void)snprintf(e->queue, sizeof(e->queue), "%s", queue);
    e->pending = http_defer(r);
    if (!e->pending) {
        errand_free(e);
        return json_reply(500, NULL);
    }
    pthread_mutex_lock(&c->lock);
    append(&c->arrived, e);
    pthread_cond_signal(&c->change);
    pthread_mutex_unlock(&c->lock);
    return http_reply_later();
}

size_t clerk_stats(struct clerk *c, struct job_stats *ret_stats)
{
    pthread_mutex_lock(&c->lock);
    size_t count = c->stats_count;
    memcpy(ret_stats, c->stats, count * sizeof(c->stats[0]));
    pthread_mutex_unlock(&c->lock);
    return count;
}

void clerk_stop_waiting(struct clerk *c)
{
    pthread_mutex_lock(&c->lock);
    c->no_waiting = true;
    pthread_cond_signal(&c->change);
    pthread_mutex_unlock(&c->lock);
}

static void release(struct clerk *c)
{
    jobs_close(c->jobs);
    pthread_cond_destroy(&c->change);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

int clerk_new(struct clerk **ret, struct jobs *jobs, struct err *err)
{
    struct clerk *c = calloc(1, sizeof(*c));
    pthread_condattr_t attr;

    if (!c) {
        jobs_close(jobs);
        return err_set(err, -ENOMEM, "out of memory");
    }
    c->jobs = jobs;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->change, &attr);
    pthread_condattr_destroy(&attr);

    int r = read_stats(c, err);
    if (r == 0) {
        r = -pthread_create(&c->thread, NULL, clerk_main, c);
        r = r < 0 ? err_errno(err, -r, "cannot start the queue's thread") : 0;
    }
    if (r < 0) {
        release(c);
        return r;
    }
    *ret = c;
    return 0;
}

void clerk_free(struct clerk *c)
{
    if (!c)
        return;

    pthread_mutex_lock(&c->lock);
    c->no_waiting = true;
    c->closing = true;
    pthread_cond_signal(&c->change);
    pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->thread, NULL);
    release(c);
}
