// SPDX-License-Identifier: MIT
#include "workload/value_store.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "redis/redis.h"
#include "workload/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum operation { GET, SET, OPERATIONS };
static const char *const operation_names[OPERATIONS] = {"get", "set"};

enum outcome { OK, MISSING, REFUSED, TIMEOUT, AWAY, FULL, GONE, OUTCOMES };
static const char *const outcome_names[OUTCOMES] = {"ok",   "missing", "refused", "timeout",
                                                    "away", "full",    "gone"};

struct value_store {
    const struct value_options *options;
    struct pool *pool;
    struct metric *requests[OPERATIONS][OUTCOMES], *seconds[OPERATIONS], *waiting;
};

struct visit { /* one request from its route to its answer */
    struct http_pending *pending;
    enum operation operation;
    uint64_t until_ns;
    struct buf key, value;
};

struct connection { /* a thread's own */
    struct value_store *store;
    struct redis *write, *read; /* the same when there is no replica */
};

static const double seconds_buckets[] = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1};
static const struct metric_desc requests_total = {
    "swell_value_requests_total",
    METRIC_COUNTER,
    "Values asked for and set: ok; missing; refused by Redis; timeout; away, when Redis was not "
    "reached; full, when too many waited for a connection; gone, when the client did not wait.",
    {"operation", "outcome"}};
static const struct metric_desc redis_seconds = {"swell_value_redis_duration_seconds",
                                                 METRIC_HISTOGRAM,
                                                 "Time that Redis took.",
                                                 {"operation"},
                                                 seconds_buckets,
                                                 ARRAY_LEN(seconds_buckets)};
static const struct metric_desc requests_waiting = {
    "swell_value_waiting", METRIC_GAUGE, "Requests in line for a connection.", {0}};
const struct metric_desc *const value_store_metrics[VALUE_STORE_METRICS] = {
    &requests_total, &redis_seconds, &requests_waiting};

/* ---- one request ---- */

static void visit_free(struct visit *v)
{
    buf_done(&v->key);
    buf_done(&v->value);
    free(v);
}

static struct http_reply unavailable(const char *why)
{
    struct http_reply reply = http_reply_printf(503, "%s\n", why);

    reply.headers[0] = (struct http_pair){"Retry-After", "1"};
    return reply;
}

/* Takes v. */
static void finish(struct value_store *s, struct visit *v, enum outcome outcome,
                   struct http_reply reply)
{
    metric_add(s->requests[v->operation][outcome], 1);
    http_pending_reply(v->pending, reply);
    visit_free(v);
}

/* A connection that was idle may have been closed by a Redis that was restarted since: once more,
 * then, on a new one. Both commands may be done twice. */
static int call_redis(struct redis *redis, const struct visit *v, redisReply **ret, struct err *err)
{
    const struct redis_text key = {v->key.data, v->key.len};
    const struct redis_text value = {v->value.data ? v->value.data : "", v->value.len};
    int r = -EIO;

    for (int tries = 0; tries < 2 && r < 0 && r != -ETIMEDOUT && r != -EREMOTEIO; tries++) {
        uint64_t now_ns = clock_mono_ns();
        if (now_ns >= v->until_ns)
            return err_set(err, -ETIMEDOUT, "%s: no answer in time", redis_shown_as(redis));
        redis_set_timeout(redis, v->until_ns - now_ns);
        if (v->operation == GET)
            r = redis_call(redis, REDIS_COMMAND(REDIS_TEXT("GET"), key), 0, ret, err);
        else
            r = redis_call(redis, REDIS_COMMAND(REDIS_TEXT("SET"), key, value), 0, ret, err);
    }
    return r;
}

static struct http_reply value_of(const redisReply *reply, enum outcome *ret_outcome)
{
    *ret_outcome = OK;
    if (reply->type == REDIS_REPLY_STATUS)
        return http_reply_text(200, "OK\n");
    if (reply->type == REDIS_REPLY_STRING) {
        char *copy = malloc(reply->len + 1);
        if (copy)
            memcpy(copy, reply->str, reply->len);
        return http_reply_take(200, "text/plain; charset=utf-8", copy, reply->len);
    }
    *ret_outcome = MISSING;
    return http_reply_text(404, "there is no value under this key\n");
}

static struct http_reply failure(int code, const char *why, enum outcome *ret_outcome)
{
    if (code == -ETIMEDOUT) {
        *ret_outcome = TIMEOUT;
        return http_reply_printf(504, "Redis at %s\n", why);
    }
    if (code == -EREMOTEIO) {
        *ret_outcome = REFUSED;
        return http_reply_printf(502, "Redis at %s\n", why);
    }
    char text[600];
    (void)snprintf(text, sizeof(text), "Redis at %s", why);
    *ret_outcome = AWAY;
    return unavailable(text);
}

static void run(void *own, void *task)
{
    const struct connection *c = own;
    struct value_store *s = c->store;
    struct visit *v = task;
    uint64_t start_ns = clock_mono_ns();
    redisReply *reply = NULL;
    enum outcome outcome;
    struct err err = {0};

    if (http_pending_client_gone(v->pending)) {
        finish(s, v, GONE, unavailable("stopping"));
        return;
    }
    if (start_ns >= v->until_ns) {
        finish(s, v, TIMEOUT, http_reply_text(504, "no connection to Redis was free in time\n"));
        return;
    }
    int r = call_redis(v->operation == GET ? c->read : c->write, v, &reply, &err);
    metric_observe(s->seconds[v->operation],
                   (double)(clock_mono_ns() - start_ns) / (double)NS_PER_S);
    struct http_reply answer = r < 0 ? failure(r, err.text, &outcome) : value_of(reply, &outcome);
    freeReplyObject(reply);
    finish(s, v, outcome, answer);
}

static void cancel(void *app, void *task)
{
    finish(app, task, FULL, unavailable("stopping"));
}

/* ---- the pool ---- */

static void disown(void *own)
{
    struct connection *c = own;

    if (c->read != c->write)
        redis_free(c->read);
    redis_free(c->write);
    free(c);
}

static void *own(void *app)
{
    struct value_store *s = app;
    const struct value_options *o = s->options;
    struct connection *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->store = s;
    c->write = redis_new(o->write_url, o->deadline_ns);
    c->read = o->read_url ? redis_new(o->read_url, o->deadline_ns) : c->write;
    if (c->write && c->read)
        return c;
    disown(c);
    return NULL;
}

static void collect(void *arg)
{
    struct value_store *s = arg;

    metric_set(s->waiting, (double)pool_waiting(s->pool));
}

static void add_metrics(struct value_store *s, struct metrics *m)
{
    for (int i = 0; i < OPERATIONS; i++) {
        for (int k = 0; k < OUTCOMES; k++)
            s->requests[i][k] =
                metrics_series(m, &requests_total, operation_names[i], outcome_names[k]);
        s->seconds[i] = metrics_series(m, &redis_seconds, operation_names[i]);
    }
    s->waiting = metrics_series(m, &requests_waiting);
    metrics_on_collect(m, collect, s);
}

static int check_urls(const struct value_options *o, struct err *err)
{
    int r = redis_check(o->write_url, err);

    if (r < 0)
        return err_wrap(err, r, "--redis-write");
    r = o->read_url ? redis_check(o->read_url, err) : 0;
    return r < 0 ? err_wrap(err, r, "--redis-read") : 0;
}

int value_store_new(struct value_store **ret, const struct value_options *options,
                    struct metrics *m, struct err *err)
{
    int r = check_urls(options, err);

    if (r < 0)
        return r;
    struct value_store *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(err, -ENOMEM, "out of memory");

    const struct pool_config config = {.threads = (unsigned)options->pool,
                                       .waiting_max = options->queue,
                                       .app = s,
                                       .own = own,
                                       .disown = disown,
                                       .run = run,
                                       .cancel = cancel};
    s->options = options;
    r = pool_new(&s->pool, &config, err);
    if (r < 0) {
        value_store_free(s);
        return r;
    }
    add_metrics(s, m);
    *ret = s;
    return 0;
}

void value_store_cancel(struct value_store *s)
{
    pool_cancel(s->pool);
}

void value_store_free(struct value_store *s)
{
    if (!s)
        return;
    pool_free(s->pool);
    free(s);
}

static struct http_reply call_later(struct value_store *s, const struct http_request *r,
                                    enum operation operation, const char *key, const char *value,
                                    size_t len)
{
    struct visit *v = calloc(1, sizeof(*v));

    if (!v)
        return http_reply_text(500, "out of memory\n");
    *v = (struct visit){.operation = operation,
                        .until_ns = clock_mono_ns() + s->options->deadline_ns,
                        .key.max = VALUE_KEY_MAX,
                        .value.max = len};
    if (buf_puts(&v->key, key) < 0 || buf_append(&v->value, value, len) < 0 ||
        !(v->pending = http_defer(r))) {
        visit_free(v);
        return http_reply_text(500, "out of memory\n");
    }
    if (pool_add(s->pool, v) < 0)
        finish(s, v, FULL, unavailable("too many requests are waiting for Redis"));
    return http_reply_later();
}

struct http_reply value_store_get(struct value_store *s, const struct http_request *r,
                                  const char *key)
{
    return call_later(s, r, GET, key, "", 0);
}

struct http_reply value_store_set(struct value_store *s, const struct http_request *r,
                                  const char *key, const char *value, size_t len)
{
    return call_later(s, r, SET, key, value, len);
}
