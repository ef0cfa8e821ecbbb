// SPDX-License-Identifier: MIT
#include "workload/clerk.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/status.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDLE_NS                                                                                    \
    NS_PER_S /* the longest sleep: statistics stay fresh, a stepped clock is noticed               \
              */

enum kind { PUT, LEASE, ACK };

/* One request. Made by a route, then the clerk's. */
struct errand {
    struct errand *next;
    struct http_pending *pending;
    enum kind kind;
    char queue[JOBS_QUEUE_NAME_MAX + 1];
    union {
        struct put_request put;
        struct lease_request lease;
        struct ack_request ack;
    };
    uint64_t wait_until_ns; /* monotonic: a lease with nothing to give stays until then */
    bool answered;          /* reply is what to say once the commit stands */
    struct http_reply reply;
};

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

/* ---- doing errands: the clerk's thread, inside a transaction ---- */

static struct http_reply error_reply(int code, const struct err *err)
{
    static const struct {
        int code, status;
    } table[] = {{-ENOENT, 404}, {-ESTALE, 409}, {-EDQUOT, 429}, {-ENOSPC, 507}};
    int status = 500;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            status = table[i].status;
    struct http_reply reply = status_reply(status, err->text);
    if (status == 429 || status == 507)
        reply.headers[0] = (struct http_pair){"Retry-After", "1"};
    return reply;
}

/* These are answers about one request; anything else means that the file does not work. */
static bool is_answer(int code)
{
    return code == -ENOENT || code == -ESTALE || code == -EDQUOT;
}

static int do_put(struct jobs *j, struct errand *e, struct err *err)
{
    struct job_put put = {e->queue, e->put.id, e->put.cpu_ms, e->put.count};
    uint64_t new_count = 0;
    int r = jobs_put(j, &put, clock_wall_ns(), &new_count, err);

    if (r == 0)
        e->reply =
            json_reply(new_count ? 201 : 200,
                       json_pack("{s:s, s:s, s:I, s:I}", "queue", e->queue, "id", put.id, "count",
                                 (json_int_t)put.count, "new", (json_int_t)new_count));
    return r;
}

static json_t *jobs_to_json(const struct job *jobs, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, json_pack("{s:s, s:f, s:s, s:I}", "id", jobs[i].id,
                                                  "cpu_ms", jobs[i].cpu_ms, "lease", jobs[i].lease,
                                                  "attempt", (json_int_t)jobs[i].attempt)) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* -EAGAIN when there is nothing yet and the client goes on waiting. A job is not given to a client
 * who went away: its lease would only run out. */
static int do_lease(struct jobs *j, struct errand *e, struct err *err)
{
    struct job jobs[JOBS_LEASES_MAX];
    size_t count = 0;
    int r = 0;

    if (!http_pending_client_gone(e->pending))
        r = jobs_lease(j, e->queue, e->lease.worker, clock_wall_ns() + e->lease.lease_ns,
                       e->lease.max, jobs, &count, err);
    else
        e->wait_until_ns = 0;
    if (r < 0)
        return r;
    if (count == 0 && clock_mono_ns() < e->wait_until_ns)
        return -EAGAIN;
    e->reply = json_reply(200, json_pack("{s:o}", "jobs", jobs_to_json(jobs, count)));
    return 0;
}

static int do_ack(struct jobs *j, struct errand *e, struct err *err)
{
    int r = jobs_ack(j, e->queue, e->ack.id, e->ack.lease, clock_wall_ns(), err);

    if (r == 0)
        e->reply = json_reply(200, json_pack("{s:s, s:s}", "id", e->ack.id, "outcome", "done"));
    return r;
}

/* 0 when the errand is answered or waits on; an error when the transaction is lost. */
static int do_errand(struct jobs *j, struct errand *e, struct err *err)
{
    static int (*const how[])(struct jobs *, struct errand *,
                              struct err *) = {[PUT] = do_put, [LEASE] = do_lease, [ACK] = do_ack};
    int r = how[e->kind](j, e, err);

    if (is_answer(r))
        e->reply = error_reply(r, err);
    e->answered = r != -EAGAIN;
    return r == -EAGAIN || is_answer(r) ? 0 : r;
}

static int do_all(struct jobs *j, struct errands *open, struct err *err)
{
    bool changed = false;
    int r = jobs_begin(j, err);

    r = r < 0 ? r : jobs_expire(j, clock_wall_ns(), &changed, err);
    for (struct errand *e = open->first; e && r == 0; e = e->next)
        r = do_errand(j, e, err);
    r = r < 0 ? r : jobs_commit(j, err);
    if (r < 0)
        jobs_rollback(j);
    return r;
}

/* Nothing of the transaction stands, so nobody may be told otherwise. */
static void refuse_all(struct errands *open, int code, const struct err *err)
{
    log_error("the queue's file does not work", LOG_STR("error", err->text));
    for (struct errand *e = open->first; e; e = e->next) {
        http_reply_done(&e->reply);
        e->reply = error_reply(code, err);
        e->answered = true;
    }
}

/* Sends the answers; who has none yet stays in the list. */
static void answer(struct errands *open)
{
    struct errands all = *open;
    struct errand *e;

    *open = (struct errands){0};
    while ((e = take_first(&all))) {
        if (!e->answered) {
            append(open, e);
            continue;
        }
        http_pending_reply(e->pending, e->reply);
        free(e);
    }
}

/* ---- the thread ---- */

static int read_stats(struct clerk *c, struct err *err)
{
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = 0;
    int r = jobs_stats(c->jobs, stats, &count, err);

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
    for (const struct errand *e = open->first; e; e = e->next)
        if (e->wait_until_ns < mono_ns + pause)
            pause = e->wait_until_ns > mono_ns ? e->wait_until_ns - mono_ns : 0;
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
        int r = do_all(c->jobs, &open, &err);

        if (r < 0)
            refuse_all(&open, r, &err);
        r = read_stats(c, &err); /* first, so that who got an answer sees it in the figures */
        if (r < 0)
            log_error("keeping the last statistics", LOG_STR("error", err.text));
        answer(&open);
    }
    return NULL;
}

/* ---- any thread ---- */

static struct http_reply hand_over(struct clerk *c, const struct http_request *r, const char *queue,
                                   struct errand errand)
{
    struct errand *e = malloc(sizeof(*e));

    if (e) {
        *e = errand;
        (void)snprintf(e->queue, sizeof(e->queue), "%s", queue);
        e->pending = http_defer(r);
    }
    if (!e || !e->pending) {
        free(e);
        return json_reply(500, NULL);
    }
    pthread_mutex_lock(&c->lock);
    append(&c->arrived, e);
    pthread_cond_signal(&c->change);
    pthread_mutex_unlock(&c->lock);
    return http_reply_later();
}

struct http_reply clerk_put(struct clerk *c, const struct http_request *r, const char *queue,
                            const struct put_request *put)
{
    return hand_over(c, r, queue, (struct errand){.kind = PUT, .put = *put});
}

struct http_reply clerk_lease(struct clerk *c, const struct http_request *r, const char *queue,
                              const struct lease_request *lease)
{
    return hand_over(c, r, queue,
                     (struct errand){.kind = LEASE,
                                     .lease = *lease,
                                     .wait_until_ns = clock_mono_ns() + lease->wait_ns});
}

struct http_reply clerk_ack(struct clerk *c, const struct http_request *r, const char *queue,
                            const struct ack_request *ack)
{
    return hand_over(c, r, queue, (struct errand){.kind = ACK, .ack = *ack});
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
