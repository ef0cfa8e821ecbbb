// SPDX-License-Identifier: MIT
#include "workload/upstream.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/client.h"
#include "workload/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX_BYTES MIB

struct upstream {
    const struct upstream_options *options;
    struct pool *pool;
    struct metric *ok, *failed, *timeout, *full, *gone, *seconds, *waiting;
};

struct visit { /* one request from its arrival here to its answer */
    struct http_pending *pending;
    struct http_reply answer;
    uint64_t deadline_ns; /* monotonic; 0: none */
};

struct line { /* a thread's own */
    struct upstream *upstream;
    struct http_client *client;
};

static const double seconds_buckets[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
static const struct metric_desc calls_total = {
    "swell_upstream_calls_total",
    METRIC_COUNTER,
    "Requests that wanted the upstream: ok; failed, also with another status than 2xx; timeout; "
    "full, when too many waited for a connection; gone, when the client did not wait.",
    {"outcome"}};
static const struct metric_desc call_seconds = {"swell_upstream_call_duration_seconds",
                                                METRIC_HISTOGRAM,
                                                "Time that the upstream took.",
                                                {0},
                                                seconds_buckets,
                                                ARRAY_LEN(seconds_buckets)};
static const struct metric_desc calls_waiting = {
    "swell_upstream_waiting", METRIC_GAUGE, "Requests in line for a connection.", {0}};
static const struct metric_desc *const descs[] = {&calls_total, &call_seconds, &calls_waiting};

static const struct opt rows[] = {
    {"upstream", OPT_STRING, offsetof(struct upstream_options, url), NULL,
     "URL of another service that is called for each request after its burn"},
    {"pool", OPT_U64, offsetof(struct upstream_options, pool), "10",
     "connections to the upstream; they stay open", .min = 1, .max = 1000},
    {"upstream-timeout", OPT_DURATION, offsetof(struct upstream_options, timeout_ns), "2s",
     "how long the upstream may take; then the answer is 504", .min = 0.001, .max = 3600},
};

const struct role_part upstream_part = {
    .opts = {rows, ARRAY_LEN(rows)}, .metrics = descs, .metric_count = ARRAY_LEN(descs)};

/* Takes v. */
static void finish(struct visit *v, struct http_reply reply)
{
    http_pending_reply(v->pending, reply);
    http_reply_done(&v->answer);
    free(v);
}

static struct http_reply busy(const char *why)
{
    struct http_reply reply = http_reply_text(503, why);

    reply.headers[0] = (struct http_pair){"Retry-After", "1"};
    return reply;
}

static int call(const struct line *l, uint64_t deadline_ns, struct err *err)
{
    scoped(buf_done) struct buf body = {.max = BODY_MAX_BYTES};
    const struct upstream_options *o = l->upstream->options;
    uint64_t start_ns = clock_mono_ns(), timeout_ns = o->timeout_ns;

    if (deadline_ns && deadline_ns <= start_ns)
        return err_set(err, -ETIMEDOUT, "no connection was free before the deadline");
    if (deadline_ns && deadline_ns - start_ns < timeout_ns)
        timeout_ns = deadline_ns - start_ns;
    int r = http_client_get(l->client, o->url, timeout_ns, &body, err);
    metric_observe(l->upstream->seconds, (double)(clock_mono_ns() - start_ns) / (double)NS_PER_S);
    return r;
}

static void run(void *own, void *task)
{
    const struct line *l = own;
    struct upstream *u = l->upstream;
    struct visit *v = task;
    struct err err = {0};

    if (http_pending_client_gone(v->pending)) {
        metric_add(u->gone, 1);
        finish(v, busy("stopping\n"));
        return;
    }
    int r = call(l, v->deadline_ns, &err);
    metric_add(r == 0 ? u->ok : r == -ETIMEDOUT ? u->timeout : u->failed, 1);
    if (r < 0) {
        finish(v, http_reply_printf(r == -ETIMEDOUT ? 504 : 502, "upstream: %s\n", err.text));
        return;
    }
    struct http_reply answer = v->answer;
    v->answer = (struct http_reply){0};
    finish(v, answer);
}

static void cancel(void *app, void *task)
{
    (void)app;
    finish(task, busy("stopping\n"));
}

static void *own(void *app)
{
    struct line *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    *l = (struct line){app, http_client_new()};
    if (l->client)
        return l;
    free(l);
    return NULL;
}

static void disown(void *arg)
{
    struct line *l = arg;

    http_client_free(l->client);
    free(l);
}

static int check_url(const char *url, struct err *err)
{
    if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
        return 0;
    return err_set(err, -EINVAL, "--upstream takes a URL such as http://backend/, not '%.200s'",
                   url);
}

static void collect(void *arg)
{
    struct upstream *u = arg;

    metric_set(u->waiting, (double)pool_waiting(u->pool));
}

static void add_metrics(struct upstream *u, struct metrics *m)
{
    u->ok = metrics_series(m, &calls_total, "ok");
    u->failed = metrics_series(m, &calls_total, "failed");
    u->timeout = metrics_series(m, &calls_total, "timeout");
    u->full = metrics_series(m, &calls_total, "full");
    u->gone = metrics_series(m, &calls_total, "gone");
    u->seconds = metrics_series(m, &call_seconds);
    u->waiting = metrics_series(m, &calls_waiting);
    metrics_on_collect(m, collect, u);
}

int upstream_new(struct upstream **ret, const struct upstream_options *options, struct metrics *m,
                 struct err *err)
{
    int r = options->url ? check_url(options->url, err) : 0;

    *ret = NULL;
    if (r < 0 || !options->url)
        return r;
    struct upstream *u = calloc(1, sizeof(*u));
    if (!u)
        return err_set(err, -ENOMEM, "out of memory");
    if (http_client_setup() < 0) {
        free(u);
        return err_set(err, -ENOSYS, "cannot set up libcurl");
    }

    const struct pool_config config = {.threads = (unsigned)options->pool,
                                       .waiting_max = UPSTREAM_WAITING_MAX,
                                       .app = u,
                                       .own = own,
                                       .disown = disown,
                                       .run = run,
                                       .cancel = cancel};
    u->options = options;
    r = pool_new(&u->pool, &config, err);
    if (r < 0) {
        upstream_free(u);
        return r;
    }
    add_metrics(u, m);
    *ret = u;
    return 0;
}

void upstream_call(struct upstream *u, struct http_pending *pending, struct http_reply answer,
                   uint64_t deadline_ns)
{
    struct visit *v = calloc(1, sizeof(*v));

    if (!v) {
        http_reply_done(&answer);
        http_pending_reply(pending, busy("out of memory\n"));
        return;
    }
    *v = (struct visit){pending, answer, deadline_ns};
    if (pool_add(u->pool, v) == 0)
        return;
    metric_add(u->full, 1);
    finish(v, busy("too many requests are waiting for the upstream\n"));
}

void upstream_cancel(struct upstream *u)
{
    if (u)
        pool_cancel(u->pool);
}

void upstream_free(struct upstream *u)
{
    if (!u)
        return;
    pool_free(u->pool);
    free(u);
    http_client_teardown();
}
