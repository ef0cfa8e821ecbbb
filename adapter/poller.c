// SPDX-License-Identifier: MIT
#include "adapter/poller.h"

#include "adapter/selfmetrics.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "http/fetch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BACKOFF_STEPS_MAX 3 /* 2^3 = 8 intervals */
#define BACKOFF_MAX_NS (60 * NS_PER_S)
#define IDLE_NS (60 * NS_PER_S) /* a wait without an end, as there is nothing to wait for */

struct poll {
    struct poller *poller;
    struct feed *feed;
    struct poll_counters counters;
    int64_t request; /* 0: none under way */
    uint64_t due_ns;
    uint64_t started_ns, started_wall_ns;
};

struct poller {
    struct fetcher *fetcher; /* the thread's, but for fetcher_wake */
    struct poll *polls;
    size_t count;
    uint64_t random;
    pthread_t thread;
    atomic_bool stop;
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

/* Once when a row of failures begins and once when it ends, however long it lasts. */
static void log_change(const struct external_metric *m, const struct reading *before,
                       const struct reading *now)
{
    bool failed_before = before && before->failures;

    if (now->failures && !failed_before)
        log_warn("source fails", LOG_STR("metric", m->shown_as),
                 LOG_STR("source", m->source.shown_as), LOG_STR("cause", now->cause),
                 LOG_STR("keeping", now->has_value ? "the last value" : "nothing"));
    if (!now->failures && failed_before)
        log_info("source answers again", LOG_STR("metric", m->shown_as),
                 LOG_STR("source", m->source.shown_as),
                 LOG_INT("failures", (int64_t)before->failures));
}

/* Publishes the result of a poll. When there is no memory for it the old reading stays and its
 * growing age tells the truth. */
static void publish(struct poll *p, int result, int64_t value_milli, const struct err *why)
{
    struct reading *before = feed_newest(p->feed);
    const struct external_metric *m = p->feed->metric;
    unsigned failures = result == 0 ? 0 : before ? before->failures + 1 : 1;
    uint64_t now_ns = clock_mono_ns();

    p->due_ns = p->started_ns + poller_wait_ns(m->interval_ns, failures, next_random(p->poller));
    if (p->due_ns < now_ns)
        p->due_ns = now_ns;
    struct reading *now =
        result == 0 ? reading_new_value(value_milli, p->started_ns, p->started_wall_ns, p->due_ns)
                    : reading_new_failure(before, why->text, clock_wall_ns(), p->due_ns);
    metric_add(p->counters.of[poll_outcome(result)], 1);
    if (now) {
        log_change(m, before, now);
        feed_publish(p->feed, now);
    }
    reading_unref(before);
}

/* What http/fetch.h reports, in words that follow the source's name. */
static void explain_transport(const struct http_json *source, int result, const struct err *report,
                              struct err *ret)
{
    char timeout[CLOCK_TEXT_MAX];

    if (result == -ETIMEDOUT)
        (void)err_set(ret, result, "no whole answer within %s",
                      clock_duration(source->timeout_ns, timeout));
    else if (result == -ECONNREFUSED)
        (void)err_set(ret, result, "cannot be connected to");
    else if (result == -EHOSTUNREACH)
        (void)err_set(ret, result, "its name has no address");
    else
        *ret = *report;
}

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *err)
{
    struct poll *p = arg;
    const struct http_json *source = &p->feed->metric->source;
    struct err why = {0};
    int64_t value_milli = 0;

    p->request = 0;
    if (result == 0)
        result = http_json_value(source, status, body, &value_milli, &why);
    else
        explain_transport(source, result, err, &why);
    publish(p, result, value_milli, &why);
}

static void start(struct poll *p)
{
    const struct http_json *source = &p->feed->metric->source;
    const struct http_call call = {.url = source->url,
                                   .headers = {"Accept: application/json"},
                                   .timeout_ns = source->timeout_ns};

    p->started_ns = clock_mono_ns();
    p->started_wall_ns = clock_wall_ns();
    p->request = fetcher_start(p->poller->fetcher, &call, HTTP_JSON_BODY_MAX, on_answer, p);
    if (p->request < 0) {
        struct err why = {"no memory for the request"};
        p->request = 0;
        publish(p, -ENOMEM, 0, &why);
    }
}

/* Starts what is due and returns how long nothing else will be. */
static uint64_t start_due(struct poller *p)
{
    uint64_t now_ns = clock_mono_ns(), wait_ns = IDLE_NS;

    for (size_t i = 0; i < p->count; i++) {
        struct poll *poll = &p->polls[i];
        if (!poll->request && poll->due_ns <= now_ns)
            start(poll);
        if (!poll->request && poll->due_ns - now_ns < wait_ns)
            wait_ns = poll->due_ns - now_ns;
    }
    return wait_ns;
}

static void *run(void *arg)
{
    struct poller *p = arg;

    while (!atomic_load(&p->stop))
        fetcher_wait(p->fetcher, NULL, 0, start_due(p));
    return NULL;
}

static void poller_free(struct poller *p)
{
    fetcher_free(p->fetcher);
    free(p->polls);
    free(p);
}

static struct poller *poller_new(struct feeds *feeds, struct metrics *metrics)
{
    struct poller *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->random = clock_wall_ns() | 1;
    p->count = feeds->count;
    p->polls = calloc(feeds->count + 1, sizeof(*p->polls));
    p->fetcher = fetcher_new();
    if (!p->polls || !p->fetcher) {
        poller_free(p);
        return NULL;
    }
    for (size_t i = 0; i < p->count; i++)
        p->polls[i] = (struct poll){
            .poller = p,
            .feed = &feeds->items[i],
            .counters = selfmetrics_polls(metrics, feeds->items[i].metric),
        };
    return p;
}

int poller_start(struct poller **ret, struct feeds *feeds, struct metrics *metrics, struct err *err)
{
    struct poller *p = poller_new(feeds, metrics);

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    int r = pthread_create(&p->thread, NULL, run, p);
    if (r != 0) {
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
    poller_free(p);
}
