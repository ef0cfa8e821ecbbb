// SPDX-License-Identifier: MIT
/* source_redis_stream: jobs in a Redis stream, read by a consumer group.
 *
 * An entry is pending from its delivery until XACK. One that is pending for longer than the lease
 * is claimed by whoever asks next (XAUTOCLAIM, Redis 6.2). A job's cost is the entry's field
 * cpu_ms, or what its field job or data says as job_text.h reads it. */
#include "base/clock.h"
#include "base/err.h"
#include "redis/redis.h"
#include "workload/job_text.h"
#include "workload/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CALL_TIMEOUT_NS (3 * NS_PER_S)

struct source {
    struct source_config config;
    struct redis *redis;
    bool has_group;
    char lease_ms[24], wait_ms[24];
    char id[SOURCE_ID_MAX + 1]; /* of the entry in hand: "1700000000000-0" */
    uint64_t heard_ns;          /* monotonic: when it became ours, or was extended, at the latest */
};

static int check(const struct source_config *config, struct err *err)
{
    if (!config->queue[0] || !config->group[0])
        return err_set(err, -EINVAL, "a Redis stream and its consumer group need names");
    return redis_check(config->url, err);
}

static void close_source(void *arg)
{
    struct source *s = arg;

    if (!s)
        return;
    redis_free(s->redis);
    free(s);
}

static void *open_source(const struct source_config *config)
{
    struct source *s = calloc(1, sizeof(*s));
    /* BLOCK 0 would wait for ever. */
    uint64_t wait_ns = config->wait_ns > NS_PER_MS ? config->wait_ns : NS_PER_MS;

    if (!s)
        return NULL;
    s->config = *config;
    (void)snprintf(s->lease_ms, sizeof(s->lease_ms), "%" PRIu64, config->lease_ns / NS_PER_MS);
    (void)snprintf(s->wait_ms, sizeof(s->wait_ms), "%" PRIu64, wait_ns / NS_PER_MS);
    s->redis = redis_new(config->url, CALL_TIMEOUT_NS);
    if (!s->redis) {
        close_source(s);
        return NULL;
    }
    return s;
}

/* Makes stream and group when they are not there; the group begins with the oldest entry. */
static int need_group(struct source *s, struct err *err)
{
    const struct source_config *c = &s->config;
    redisReply *reply = NULL;
    struct err why = {0};

    if (s->has_group)
        return 0;
    int r =
        redis_call(s->redis,
                   REDIS_COMMAND(REDIS_TEXT("XGROUP"), REDIS_TEXT("CREATE"), REDIS_TEXT(c->queue),
                                 REDIS_TEXT(c->group), REDIS_TEXT("0"), REDIS_TEXT("MKSTREAM")),
                   0, &reply, &why);
    if (r == 0)
        freeReplyObject(reply);
    else if (r != -EREMOTEIO || !strstr(why.text, "BUSYGROUP"))
        return err_set(err, r, "%s", why.text);
    s->has_group = true;
    return 0;
}

/* ---- entries ---- */

static void read_fields(const redisReply *fields, double default_cpu_ms, struct source_job *ret)
{
    ret->cpu_ms = default_cpu_ms;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *name = fields->element[i], *value = fields->element[i + 1];
        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
            continue;
        if (strcmp(name->str, "cpu_ms") == 0 || strcmp(name->str, "job") == 0 ||
            strcmp(name->str, "data") == 0) {
            job_text_read(value->str, value->len, default_cpu_ms, ret);
            return;
        }
    }
}

/* An entry's id begins with the milliseconds since 1970 at which it was added. */
static uint64_t age_ns(const char *id)
{
    uint64_t added_ms = strtoull(id, NULL, 10), now_ms = clock_wall_ns() / NS_PER_MS;

    return added_ms && added_ms <= now_ms ? (now_ms - added_ms) * NS_PER_MS : SOURCE_AGE_UNKNOWN;
}

/* entries is [[id, [name, value, ...]], ...] with at most one entry that is not nil. */
static int read_entries(struct source *s, const redisReply *entries, struct source_job *ret)
{
    if (entries->type != REDIS_REPLY_ARRAY || entries->elements == 0)
        return 0;
    const redisReply *entry = entries->element[0];
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING || entry->element[0]->len > SOURCE_ID_MAX)
        return 0;
    *ret = (struct source_job){.cpu_ms = s->config.cpu_ms};
    if (entry->element[1]->type == REDIS_REPLY_ARRAY)
        read_fields(entry->element[1], s->config.cpu_ms, ret);
    (void)strcpy(s->id, entry->element[0]->str);
    if (!ret->id[0])
        (void)strcpy(ret->id, s->id);
    ret->age_ns = age_ns(s->id);
    return 1;
}

/* An entry whose holder took longer than the lease. */
static int take_abandoned(struct source *s, struct source_job *ret, struct err *err)
{
    const struct source_config *c = &s->config;
    redisReply *reply = NULL;
    int r = redis_call(s->redis,
                       REDIS_COMMAND(REDIS_TEXT("XAUTOCLAIM"), REDIS_TEXT(c->queue),
                                     REDIS_TEXT(c->group), REDIS_TEXT(c->worker),
                                     REDIS_TEXT(s->lease_ms), REDIS_TEXT("0"), REDIS_TEXT("COUNT"),
                                     REDIS_TEXT("1")),
                       0, &reply, err);

    if (r < 0)
        return r;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2) /* next id, entries, deleted */
        r = read_entries(s, reply->element[1], ret);
    freeReplyObject(reply);
    return r;
}

static int take_new(struct source *s, struct source_job *ret, struct err *err)
{
    const struct source_config *c = &s->config;
    redisReply *reply = NULL;
    int r =
        redis_call(s->redis,
                   REDIS_COMMAND(REDIS_TEXT("XREADGROUP"), REDIS_TEXT("GROUP"),
                                 REDIS_TEXT(c->group), REDIS_TEXT(c->worker), REDIS_TEXT("COUNT"),
                                 REDIS_TEXT("1"), REDIS_TEXT("BLOCK"), REDIS_TEXT(s->wait_ms),
                                 REDIS_TEXT("STREAMS"), REDIS_TEXT(c->queue), REDIS_TEXT(">")),
                   c->wait_ns, &reply, err);

    if (r < 0)
        return r;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements == 2)
        r = read_entries(s, reply->element[0]->element[1], ret); /* [[stream, entries]] */
    freeReplyObject(reply);
    return r;
}

static int take(void *arg, struct source_job *ret, struct err *err)
{
    struct source *s = arg;
    int r = need_group(s, err);

    r = r < 0 ? r : take_abandoned(s, ret, err);
    r = r != 0 ? r : take_new(s, ret, err);
    s->heard_ns = clock_mono_ns();
    if (r == -EREMOTEIO)
        s->has_group = false; /* somebody may have deleted the stream */
    return r;
}

/* ---- what happens to it ---- */

static int done(void *arg, struct err *err)
{
    struct source *s = arg;
    redisReply *reply = NULL;
    int r = redis_call(s->redis,
                       REDIS_COMMAND(REDIS_TEXT("XACK"), REDIS_TEXT(s->config.queue),
                                     REDIS_TEXT(s->config.group), REDIS_TEXT(s->id)),
                       0, &reply, err);

    if (r < 0)
        return r;
    bool was_pending = reply->integer == 1;
    freeReplyObject(reply);
    return was_pending ? 0 : err_set(err, -ESTALE, "entry %s was done by somebody else", s->id);
}

/* Milliseconds for which nobody has touched the entry in hand, if it is still ours: whoever claims
 * it does so a lease after we were heard. Half a lease is left for the way to the server. */
static uint64_t idle_if_ours_ms(const struct source *s)
{
    uint64_t silent_ns = clock_mono_ns() - s->heard_ns, half_ns = s->config.lease_ns / 2;

    return silent_ns > half_ns ? (silent_ns - half_ns) / NS_PER_MS : 0;
}

/* Redis has no way to undo a delivery; an entry that has been idle for as long as the lease is
 * claimed by whoever asks next. */
static int set_idle(struct source *s, const char *idle_ms, struct err *err)
{
    redisReply *reply = NULL;
    char min_idle_ms[24];

    (void)snprintf(min_idle_ms, sizeof(min_idle_ms), "%" PRIu64, idle_if_ours_ms(s));
    int r = redis_call(s->redis,
                       REDIS_COMMAND(REDIS_TEXT("XCLAIM"), REDIS_TEXT(s->config.queue),
                                     REDIS_TEXT(s->config.group), REDIS_TEXT(s->config.worker),
                                     REDIS_TEXT(min_idle_ms), REDIS_TEXT(s->id), REDIS_TEXT("IDLE"),
                                     REDIS_TEXT(idle_ms), REDIS_TEXT("JUSTID")),
                       0, &reply, err);

    if (r < 0)
        return r;
    bool was_ours = reply->type == REDIS_REPLY_ARRAY && reply->elements == 1;
    freeReplyObject(reply);
    return was_ours ? 0 : err_set(err, -ESTALE, "entry %s was given to somebody else", s->id);
}

static int extend(void *arg, struct err *err)
{
    struct source *s = arg;
    int r = set_idle(s, "0", err);

    if (r == 0)
        s->heard_ns = clock_mono_ns();
    return r;
}

/* Tried again when the lease is over. */
static int fail(void *arg, const char *reason, struct err *err)
{
    (void)reason;
    return set_idle(arg, "0", err);
}

static int give_back(void *arg, struct err *err)
{
    struct source *s = arg;

    return set_idle(s, s->lease_ms, err);
}

const struct source_kind source_redis_stream = {
    "redis-stream", check, open_source, close_source, take, extend, done, fail, give_back};
