// SPDX-License-Identifier: MIT
#include "adapter/poller.h"

#include "adapter/askers.h"
#include "adapter/query_private.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "http/fetch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_STEPS_MAX 3 /* 2^3 = 8 intervals */
#define BACKOFF_MAX_NS (60 * NS_PER_S)
#define IDLE_NS (60 * NS_PER_S) /* a wait without an end, as there is nothing to wait for */

struct lane { /* the requests to one server */
    struct lane *next;
    unsigned running;
    char server[];
};

struct poller {
    struct fetcher *fetcher; /* the thread's, but for fetcher_wake */
    struct queries *queries;
    struct metrics *metrics;
    struct query **polled; /* all that are taken */
    size_t count, room;
    size_t turn; /* with whom the next round begins, so that nobody waits for ever */
    struct lane *lanes;
    uint64_t random;
    pthread_t thread;
    atomic_bool stop;

    struct askers *askers;
    pthread_mutex_t lock;     /* guards answered */
    struct ask_job *answered; /* by the askers, to be taken by the thread */
};

struct ask_job {
    struct asker_job job;
    struct ask_job *next;
    struct query *query;
    int result;
    struct err why;
};

uint64_t poller_wait_ns(uint64_t interval_ns, unsigned failures, uint64_t random)
{
    unsigned steps = failures > BACKOFF_STEPS_MAX ? BACKOFF_STEPS_MAX + 1 : failures;
    uint64_t wait_ns = interval_ns << (steps ? steps - 1 : 0);

    if (wait_ns > BACKOFF_MAX_NS)
        wait_ns = BACKOFF_MAX_NS > interval_ns ? BACKOFF_MAX_NS : interval_ns;
    return wait_ns - random % (wait_ns / 10 + 1);
}

/* xorshift64: spreads polls, guards nothing. */
static uint64_t next_random(struct poller *p)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return p->random;
}

/* ---- the end of a poll ---- */

/* Once when a row of failures begins and once when it ends, however long it lasts. */
static void log_change(const struct query *query, const struct reading *before,
                       const struct reading *now)
{
    bool failed_before = before && before->failures;

    if (now->failures && !failed_before)
        log_warn("source fails", LOG_STR("source", query->source->shown_as),
                 LOG_STR("cause", now->cause),
                 LOG_STR("keeping", now->samples ? "the last value" : "nothing"));
    if (!now->failures && failed_before)
        log_info("source answers again", LOG_STR("source", query->source->shown_as),
                 LOG_INT("failures", (int64_t)before->failures));
}

/* Publishes the result of a poll: samples (borrowed), or why there are none. When there is no
 * memory for it the old reading stays and its growing age tells the truth. */
static void publish(struct query *query, int result, struct samples *samples, const struct err *why)
{
    const struct source_poll *poll = &query->poll;
    struct reading *before = query_newest(query);
    unsigned failures = result == 0 ? 0 : before ? before->failures + 1 : 1;
    uint64_t now_ns = clock_mono_ns();

    query->due_ns =
        poll->started_ns + poller_wait_ns(query->interval_ns, failures, next_random(query->poller));
    if (query->due_ns < now_ns)
        query->due_ns = now_ns;
    struct reading *now =
        result == 0 ? reading_new(samples, poll->started_ns, poll->started_wall_ns, query->due_ns)
                    : reading_new_failure(before, why->text, clock_wall_ns(), query->due_ns);
    poll_series_count(&query->series, result, now_ns - poll->started_ns);
    if (now) {
        log_change(query, before, now);
        query_publish(query, now);
    }
    reading_unref(before);
}

/* Nothing to publish: what was known before stays, and no reading stays none. */
static void publish_nothing(struct query *query)
{
    uint64_t now_ns = clock_mono_ns();

    query->due_ns = query->poll.started_ns + query->interval_ns;
    if (query->due_ns < now_ns)
        query->due_ns = now_ns;
    poll_series_count(&query->series, 0, now_ns - query->poll.started_ns);
}

/* The source is done: query->gathered is what it said if result is 0. */
static void end_poll(struct query *query, int result, struct err *why)
{
    struct samples *samples = NULL;

    if (result == 0)
        result = samples_combine(query->gathered, &query->combining, &samples, why);
    if (result == SOURCE_NOT_YET)
        publish_nothing(query);
    else
        publish(query, result, samples, why);
    samples_unref(samples);
    samples_unref(query->gathered);
    query->gathered = NULL;
}

/* ---- HTTP ---- */

static int send_request(struct query *query, struct err *why);

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *report)
{
    struct query *query = arg;
    const struct source *source = query->source;
    struct err why = {0};

    query->request = 0;
    query->lane->running--;
    if (result == 0)
        result =
            source->kind->read_answer(source, &query->poll, status, body, query->gathered, &why);
    else
        (void)source_explain_transport(source, result, report, &why);
    if (result == SOURCE_ASK_AGAIN) {
        query->poll.step++;
        result = send_request(query, &why);
        if (result == 0)
            return;
    }
    end_poll(query, result, &why);
}

static int send_request(struct query *query, struct err *why)
{
    const struct source_kind *kind = query->source->kind;
    scoped(source_request_done) struct source_request request = {0};

    if (query->poll.step >= SOURCE_REQUESTS_MAX)
        return err_set(why, -ENOMSG, "sends from one address to the next without an end");
    request.call.timeout_ns = query->source->timeout_ns;
    int r = kind->request(query->source, &query->poll, &request, why);
    if (r < 0)
        return r;
    query->request =
        fetcher_start(query->poller->fetcher, &request.call,
                      kind->body_max ? kind->body_max : SOURCE_BODY_MAX, on_answer, query);
    if (query->request > 0) {
        query->lane->running++;
        return 0;
    }
    r = (int)query->request;
    query->request = 0;
    return err_set(why, r, "cannot be asked: %s",
                   r == -EINVAL ? "its bearer token fits no header" : "out of memory");
}

/* ---- asking by waiting ---- */

static int call_ask(struct query *query, struct err *why)
{
    return query->source->kind->ask(query->source, &query->poll, query->gathered, why);
}

/* In a thread of the askers. */
static void run_ask(struct asker_job *job)
{
    struct ask_job *a = (struct ask_job *)job;
    struct poller *p = a->query->poller;

    a->result = call_ask(a->query, &a->why);
    pthread_mutex_lock(&p->lock);
    a->next = p->answered;
    p->answered = a;
    pthread_mutex_unlock(&p->lock);
    fetcher_wake(p->fetcher);
}

static int ask(struct query *query, struct err *why)
{
    if (query->source->kind->asks_at_once)
        return call_ask(query, why);

    struct ask_job *a = calloc(1, sizeof(*a));
    if (!a)
        return err_set(why, -ENOMEM, "cannot be asked: out of memory");
    a->job.run = run_ask;
    a->query = query;
    int r = askers_submit(query->poller->askers, &a->job);
    query->asking = r == 0;
    if (r == 0)
        return 0;
    free(a);
    return err_set(why, r, "cannot be asked: there is no thread for it");
}

static struct ask_job *take_answered(struct poller *p)
{
    pthread_mutex_lock(&p->lock);
    struct ask_job *first = p->answered;
    p->answered = NULL;
    pthread_mutex_unlock(&p->lock);
    return first;
}

static void end_asks(struct poller *p)
{
    struct ask_job *next;

    for (struct ask_job *a = take_answered(p); a; a = next) {
        next = a->next;
        a->query->asking = false;
        end_poll(a->query, a->result, &a->why);
        free(a);
    }
}

/* ---- the thread ---- */

static bool is_busy(const struct query *query)
{
    return query->request || query->asking;
}

static void start(struct query *query)
{
    struct err why = {0};
    int result;

    query->poll.step = 0;
    query->poll.started_ns = clock_mono_ns();
    query->poll.started_wall_ns = clock_wall_ns();
    query->gathered = samples_new();
    if (!query->gathered)
        result = err_set(&why, -ENOMEM, "cannot be asked: out of memory");
    else if (query->source->kind->ask)
        result = ask(query, &why);
    else
        result = send_request(query, &why);
    if (!is_busy(query))
        end_poll(query, result, &why);
}

/* The lane to the server that is named in shown_as: up to the path of an address. NULL when out of
 * memory. */
static struct lane *find_lane(struct poller *p, const char *shown_as)
{
    const char *scheme = strstr(shown_as, "://");
    size_t len =
        scheme ? (size_t)(scheme - shown_as) + 3 + strcspn(scheme + 3, "/") : strlen(shown_as);

    for (struct lane *l = p->lanes; l; l = l->next)
        if (strlen(l->server) == len && memcmp(l->server, shown_as, len) == 0)
            return l;
    struct lane *lane = calloc(1, sizeof(*lane) + len + 1);
    if (!lane)
        return NULL;
    memcpy(lane->server, shown_as, len);
    lane->next = p->lanes;
    p->lanes = lane;
    return lane;
}

static void take_new(struct poller *p)
{
    struct query *next;

    for (struct query *query = queries_take_new(p->queries); query; query = next) {
        next = query->next_new;
        if (p->count == p->room) {
            size_t room = p->room ? p->room * 2 : 16;
            struct query **more = reallocarray(p->polled, room, sizeof(struct query *));
            if (!more)
                continue; /* it stays waiting, which is the truth */
            p->polled = more;
            p->room = room;
        }
        query->poller = p;
        query->lane = find_lane(p, query->source->shown_as);
        if (!query->lane)
            continue;
        query->series = selfmetrics_poll_series(p->metrics, query->source->shown_as);
        p->polled[p->count++] = query;
    }
}

/* True when it is gone. */
static bool drop_if_unwanted(struct poller *p, size_t i, uint64_t now_ns)
{
    struct query *query = p->polled[i];

    if (query->asking || !queries_remove_unwanted(p->queries, query, now_ns))
        return false;
    if (query->request) {
        fetcher_cancel(p->fetcher, query->request);
        query->lane->running--;
    }
    p->polled[i] = p->polled[--p->count];
    query_free(query);
    return true;
}

static void drop_unwanted(struct poller *p)
{
    uint64_t now_ns = clock_mono_ns();

    for (size_t i = 0; i < p->count;)
        if (!drop_if_unwanted(p, i, now_ns))
            i++;
}

/* Lingering queries are looked at when they are due. */
static void drop_due(struct poller *p, uint64_t now_ns)
{
    for (size_t i = 0; i < p->count;)
        if (is_busy(p->polled[i]) || p->polled[i]->due_ns > now_ns ||
            !drop_if_unwanted(p, i, now_ns))
            i++;
}

/* Starts what is due and has room in its lane, and returns when the next one is due. What waits for
 * room is started when another request ends. */
static uint64_t start_due(struct poller *p, uint64_t now_ns)
{
    uint64_t next_ns = UINT64_MAX;
    size_t first = p->turn;

    for (size_t i = 0; i < p->count; i++) {
        size_t at = (first + i) % p->count;
        struct query *query = p->polled[at];
        if (!is_busy(query) && query->due_ns <= now_ns) {
            if (query->lane->running >= POLLER_REQUESTS_MAX) {
                p->turn = p->turn == first ? at : p->turn;
                continue;
            }
            start(query);
        }
        if (!is_busy(query) && query->due_ns < next_ns)
            next_ns = query->due_ns;
    }
    return next_ns;
}

static void *run(void *arg)
{
    struct poller *p = arg;

    while (!atomic_load(&p->stop)) {
        end_asks(p);
        take_new(p);
        if (queries_any_unwanted(p->queries))
            drop_unwanted(p);
        uint64_t now_ns = clock_mono_ns();
        drop_due(p, now_ns);
        uint64_t next_ns = start_due(p, now_ns);
        now_ns = clock_mono_ns();
        uint64_t over_ns = queries_end_waits(p->queries, now_ns);
        if (over_ns < next_ns)
            next_ns = over_ns;
        uint64_t wait_ns = next_ns > now_ns ? next_ns - now_ns : 0;
        fetcher_wait(p->fetcher, NULL, 0, wait_ns < IDLE_NS ? wait_ns : IDLE_NS);
    }
    return NULL;
}

static void wake(void *arg)
{
    const struct poller *p = arg;

    fetcher_wake(p->fetcher);
}

/* The askers first, as they use the rest. */
static void poller_free(struct poller *p)
{
    askers_free(p->askers);
    for (struct ask_job *a = p->answered, *next; a; a = next) {
        next = a->next;
        free(a);
    }
    for (struct lane *l = p->lanes, *next; l; l = next) {
        next = l->next;
        free(l);
    }
    fetcher_free(p->fetcher);
    pthread_mutex_destroy(&p->lock);
    free(p->polled);
    free(p);
}

static struct poller *poller_new(struct queries *queries, struct metrics *metrics)
{
    struct poller *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    p->queries = queries;
    p->metrics = metrics;
    p->random = clock_wall_ns() | 1;
    p->askers = askers_new();
    p->fetcher = p->askers ? fetcher_new() : NULL;
    if (p->fetcher)
        return p;
    askers_free(p->askers);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return NULL;
}

int poller_start(struct poller **ret, struct queries *queries, struct metrics *metrics,
                 struct err *err)
{
    struct poller *p = poller_new(queries, metrics);

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    queries_attach(queries, wake, p);
    int r = pthread_create(&p->thread, NULL, run, p);
    if (r != 0) {
        queries_attach(queries, NULL, NULL);
        poller_free(p);
        return err_errno(err, r, "cannot start the polling thread");
    }
    *ret = p;
    return 0;
}

void poller_stop(struct poller *p)
{
    if (!p)
        return;
    atomic_store(&p->stop, true);
    fetcher_wake(p->fetcher);
    (void)pthread_join(p->thread, NULL);
    queries_detach(p->queries);
    poller_free(p);
}
