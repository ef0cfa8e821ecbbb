// SPDX-License-Identifier: MIT
/* source_redis_list: jobs in a Redis list, taken reliably (Redis' documentation of LMOVE, "Pattern:
 * Reliable queue").
 *
 * Producers LPUSH; a take moves the oldest entry into a list of this source's own, so that it is
 * never only in our memory. {jobs}:processing:NAME holds it, {jobs}:workers names all who have such
 * a list, and {jobs}:alive:NAME lives as long as the lease. Whoever asks for jobs looks now and
 * then for lists whose owner is not alive and moves their entries back. The braces keep all keys in
 * one slot of a cluster. */
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
#include <sys/random.h>

#define KEY_MAX 512
#define NAME_MAX_BYTES 200 /* of a list, and of a worker */
#define CALL_TIMEOUT_NS (3 * NS_PER_S)
#define RESCUE_MAX 100 /* entries that one look moves back */

/* Takes ARGV[1] out of the list of jobs in hand, KEYS[1], and unless ARGV[2] is "" puts it into
 * KEYS[2] with that command. 0 when it was not in hand any more. */
static const char end_script[] =
    "if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end "
    "if ARGV[2] ~= '' then redis.call(ARGV[2], KEYS[2], ARGV[1]) end return 1";

/* Sets our sign of life, KEYS[2], for ARGV[2] milliseconds. 0 when ARGV[1] is not in the list of
 * jobs in hand, KEYS[1], any more. */
static const char extend_script[] = "redis.call('SET', KEYS[2], '1', 'PX', ARGV[2]) "
                                    "return redis.call('LPOS', KEYS[1], ARGV[1]) and 1 or 0";

struct source {
    struct source_config config;
    struct redis *redis;
    char name[NAME_MAX_BYTES + 32]; /* of this source: no other has or will have it */
    char processing[KEY_MAX], alive[KEY_MAX], workers[KEY_MAX];
    char alive_ms[24];  /* as long as a take may wait and the job in hand is then ours */
    uint64_t rescue_ns; /* when to look for lists of the dead */
    char *job;          /* the entry in hand; NULL: none */
    size_t job_len;
};

static int check(const struct source_config *config, struct err *err)
{
    if (!config->queue[0] || strlen(config->queue) > NAME_MAX_BYTES)
        return err_set(err, -EINVAL, "the name of a Redis list here has 1 to %d bytes",
                       NAME_MAX_BYTES);
    return redis_check(config->url, err);
}

static void close_source(void *arg)
{
    struct source *s = arg;

    if (!s)
        return;
    redis_free(s->redis);
    free(s->job);
    free(s);
}

static void *open_source(const struct source_config *config)
{
    struct source *s = calloc(1, sizeof(*s));
    uint64_t random = 0;

    if (!s)
        return NULL;
    s->config = *config;
    s->redis = redis_new(config->url, CALL_TIMEOUT_NS);
    if (!s->redis || getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        close_source(s);
        return NULL;
    }
    (void)snprintf(s->name, sizeof(s->name), "%.*s:%016" PRIx64, NAME_MAX_BYTES, config->worker,
                   random);
    (void)snprintf(s->processing, KEY_MAX, "{%s}:processing:%s", config->queue, s->name);
    (void)snprintf(s->alive, KEY_MAX, "{%s}:alive:%s", config->queue, s->name);
    (void)snprintf(s->workers, KEY_MAX, "{%s}:workers", config->queue);
    (void)snprintf(s->alive_ms, sizeof(s->alive_ms), "%" PRIu64,
                   (config->wait_ns + config->lease_ns) / NS_PER_MS);
    return s;
}

/* For a command whose reply is of no interest. */
static int tell(struct source *s, const struct redis_text *command, struct err *err)
{
    redisReply *reply = NULL;
    int r = redis_call(s->redis, command, 0, &reply, err);

    if (r == 0)
        freeReplyObject(reply);
    return r;
}

static int stay_alive(struct source *s, struct err *err)
{
    return tell(s,
                REDIS_COMMAND(REDIS_TEXT("SET"), REDIS_TEXT(s->alive), REDIS_TEXT("1"),
                              REDIS_TEXT("PX"), REDIS_TEXT(s->alive_ms)),
                err);
}

/* ---- jobs of the dead ---- */

static int is_alive(struct source *s, const char *worker, bool *ret, struct err *err)
{
    char alive[KEY_MAX];
    redisReply *reply = NULL;

    (void)snprintf(alive, sizeof(alive), "{%s}:alive:%s", s->config.queue, worker);
    int r = redis_call(s->redis, REDIS_COMMAND(REDIS_TEXT("EXISTS"), REDIS_TEXT(alive)), 0, &reply,
                       err);
    if (r < 0)
        return r;
    *ret = reply->integer == 1;
    freeReplyObject(reply);
    return 0;
}

/* 1 when an entry went back to the head of the list, 0 when there is none. */
static int move_back_one(struct source *s, const char *processing, struct err *err)
{
    redisReply *reply = NULL;
    int r = redis_call(s->redis,
                       REDIS_COMMAND(REDIS_TEXT("LMOVE"), REDIS_TEXT(processing),
                                     REDIS_TEXT(s->config.queue), REDIS_TEXT("LEFT"),
                                     REDIS_TEXT("RIGHT")),
                       0, &reply, err);

    if (r < 0)
        return r;
    r = reply->type == REDIS_REPLY_STRING;
    freeReplyObject(reply);
    return r;
}

static int rescue_from(struct source *s, const char *worker, struct err *err)
{
    char processing[KEY_MAX];
    bool alive = true;
    int r = is_alive(s, worker, &alive, err);

    if (r < 0 || alive)
        return r;
    (void)snprintf(processing, sizeof(processing), "{%s}:processing:%s", s->config.queue, worker);
    r = 1;
    for (int i = 0; i < RESCUE_MAX && r == 1; i++)
        r = move_back_one(s, processing, err);
    if (r != 0)
        return r < 0 ? r : 0;
    return tell(s, REDIS_COMMAND(REDIS_TEXT("SREM"), REDIS_TEXT(s->workers), REDIS_TEXT(worker)),
                err);
}

/* Makes ourselves known and looks for the dead, when it is time to. */
static int rescue(struct source *s, struct err *err)
{
    redisReply *reply = NULL;

    if (clock_mono_ns() < s->rescue_ns)
        return 0;
    int r = tell(s, REDIS_COMMAND(REDIS_TEXT("SADD"), REDIS_TEXT(s->workers), REDIS_TEXT(s->name)),
                 err);
    r = r < 0 ? r
              : redis_call(s->redis, REDIS_COMMAND(REDIS_TEXT("SMEMBERS"), REDIS_TEXT(s->workers)),
                           0, &reply, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < reply->elements && r == 0; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            r = rescue_from(s, reply->element[i]->str, err);
    freeReplyObject(reply);
    if (r == 0)
        s->rescue_ns = clock_mono_ns() + s->config.lease_ns / 2;
    return r;
}

/* ---- take and end ---- */

static int keep_job(struct source *s, const redisReply *reply, struct source_job *ret)
{
    free(s->job);
    s->job = malloc(reply->len + 1);
    if (!s->job)
        return -ENOMEM;
    memcpy(s->job, reply->str, reply->len);
    s->job[reply->len] = '\0';
    s->job_len = reply->len;
    job_text_read(s->job, s->job_len, s->config.cpu_ms, ret);
    ret->age_ns = SOURCE_AGE_UNKNOWN;
    return 1;
}

static int take(void *arg, struct source_job *ret, struct err *err)
{
    struct source *s = arg;
    redisReply *reply = NULL;
    char seconds[24];
    /* 0 would wait for ever. */
    uint64_t wait_ns = s->config.wait_ns > NS_PER_MS ? s->config.wait_ns : NS_PER_MS;
    int r = stay_alive(s, err);

    r = r < 0 ? r : rescue(s, err);
    (void)snprintf(seconds, sizeof(seconds), "%.3f", (double)wait_ns / (double)NS_PER_S);
    r = r < 0 ? r
              : redis_call(s->redis,
                           REDIS_COMMAND(REDIS_TEXT("BLMOVE"), REDIS_TEXT(s->config.queue),
                                         REDIS_TEXT(s->processing), REDIS_TEXT("RIGHT"),
                                         REDIS_TEXT("LEFT"), REDIS_TEXT(seconds)),
                           wait_ns, &reply, err);
    if (r < 0)
        return r;
    r = reply->type == REDIS_REPLY_STRING ? keep_job(s, reply, ret) : 0;
    freeReplyObject(reply);
    return r < 0 ? err_set(err, r, "out of memory") : r;
}

/* Runs a script that answers 0 when the job is not ours any more. */
static int run(struct source *s, const struct redis_text *command, struct err *err)
{
    redisReply *reply = NULL;
    int r = redis_call(s->redis, command, 0, &reply, err);

    if (r < 0)
        return r;
    bool held = reply->integer == 1;
    freeReplyObject(reply);
    return held ? 0 : err_set(err, -ESTALE, "the job was given to somebody else");
}

static int extend(void *arg, struct err *err)
{
    struct source *s = arg;

    return run(s,
               REDIS_COMMAND(REDIS_TEXT("EVAL"), REDIS_TEXT(extend_script), REDIS_TEXT("2"),
                             REDIS_TEXT(s->processing), REDIS_TEXT(s->alive), {s->job, s->job_len},
                             REDIS_TEXT(s->alive_ms)),
               err);
}

static int end(struct source *s, const char *put_command, struct err *err)
{
    return run(s,
               REDIS_COMMAND(REDIS_TEXT("EVAL"), REDIS_TEXT(end_script), REDIS_TEXT("2"),
                             REDIS_TEXT(s->processing), REDIS_TEXT(s->config.queue),
                             {s->job, s->job_len}, REDIS_TEXT(put_command)),
               err);
}

static int done(void *arg, struct err *err)
{
    return end(arg, "", err);
}

/* Behind all others. */
static int fail(void *arg, const char *reason, struct err *err)
{
    (void)reason;
    return end(arg, "LPUSH", err);
}

/* In front of all others. */
static int give_back(void *arg, struct err *err)
{
    return end(arg, "RPUSH", err);
}

const struct source_kind source_redis_list = {"redis-list", check, open_source, close_source, take,
                                              extend,       done,  fail,        give_back};
