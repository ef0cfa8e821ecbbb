// SPDX-License-Identifier: MIT
/* source_kafka: jobs in a Kafka topic, read by a consumer group.
 *
 * Each source is a member of the group, so a topic needs as many partitions as there are workers in
 * all. An offset is committed after the work and never before: what a member held when it ended is
 * read again by who gets its partitions. A member that has not polled for longer than the lease
 * (max.poll.interval.ms, at least 6 s) has left the group, and its commit is refused. So the lease
 * is extended by a poll, with all partitions paused while a job is in hand. */
#include "base/clock.h"
#include "base/err.h"
#include "workload/job_text.h"
#include "workload/source.h"

#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT_MS 3000
#define SESSION_MIN_MS 6000 /* what brokers allow by default: 6 s to 30 min */
#define SESSION_MAX_MS 45000

struct source {
    struct source_config config;
    rd_kafka_t *client;
    bool unreachable;            /* no broker answered lately */
    bool paused;                 /* the partitions, since the lease was extended */
    rd_kafka_message_t *message; /* in hand; NULL: none */
    char why[256];               /* the newest error of the client */
};

static uint64_t clamp(uint64_t value, uint64_t min, uint64_t max)
{
    return value < min ? min : value > max ? max : value;
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, char *why, size_t size)
{
    return rd_kafka_conf_set(conf, name, value, why, size) == RD_KAFKA_CONF_OK;
}

static bool set_ms(rd_kafka_conf_t *conf, const char *name, uint64_t ms, char *why, size_t size)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRIu64, ms);
    return set(conf, name, text, why, size);
}

/* New, or NULL with a reason. */
static rd_kafka_conf_t *make_conf(const struct source_config *c, char *why, size_t size)
{
    uint64_t lease_ms = c->lease_ns / NS_PER_MS;
    uint64_t session_ms = clamp(lease_ms, SESSION_MIN_MS, SESSION_MAX_MS);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    if (set(conf, "bootstrap.servers", c->url, why, size) &&
        set(conf, "group.id", c->group, why, size) &&
        (!c->worker || set(conf, "client.id", c->worker, why, size)) &&
        set(conf, "enable.auto.commit", "false", why, size) &&
        set(conf, "enable.auto.offset.store", "false", why, size) &&
        set(conf, "auto.offset.reset", "earliest", why, size) &&
        /* Who joins or leaves takes only what must move: a job in hand mostly stays where it is. */
        set(conf, "partition.assignment.strategy", "cooperative-sticky", why, size) &&
        set(conf, "log_level", "0", why, size) && /* errors come to us as events */
        set_ms(conf, "session.timeout.ms", session_ms, why, size) &&
        set_ms(conf, "max.poll.interval.ms", lease_ms > session_ms ? lease_ms : session_ms, why,
               size))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

/* host:port, several with commas; a scheme is another kind of queue's address. */
static int check(const struct source_config *config, struct err *err)
{
    char why[256] = "";

    if (!config->url[0] || strstr(config->url, "://"))
        return err_set(err, -EINVAL,
                       "Kafka's brokers are such as kafka-0:9092,kafka-1:9092, not '%.200s'",
                       config->url);
    if (!config->queue[0] || strlen(config->queue) > 249 || !config->group[0])
        return err_set(err, -EINVAL, "a Kafka topic and its consumer group need names");
    rd_kafka_conf_t *conf = make_conf(config, why, sizeof(why));
    if (!conf)
        return err_set(err, -EINVAL, "Kafka: %s", why);
    rd_kafka_conf_destroy(conf);
    return 0;
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *arg)
{
    struct source *s = arg;

    (void)client;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        s->unreachable = true;
    (void)snprintf(s->why, sizeof(s->why), "%s", reason);
}

static void drop_message(struct source *s)
{
    if (s->message)
        rd_kafka_message_destroy(s->message);
    s->message = NULL;
}

/* Leaves the group, so that others get the partitions at once. */
static void close_source(void *arg)
{
    struct source *s = arg;

    if (!s)
        return;
    drop_message(s);
    if (s->client) {
        (void)rd_kafka_consumer_close(s->client);
        rd_kafka_destroy(s->client);
    }
    free(s);
}

static bool subscribe(struct source *s)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);

    (void)rd_kafka_topic_partition_list_add(topics, s->config.queue, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(s->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void *open_source(const struct source_config *config)
{
    struct source *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->config = *config;
    rd_kafka_conf_t *conf = make_conf(config, s->why, sizeof(s->why));
    if (conf) {
        rd_kafka_conf_set_opaque(conf, s);
        rd_kafka_conf_set_error_cb(conf, on_error);
        s->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, s->why, sizeof(s->why)); /* takes conf */
        if (!s->client)
            rd_kafka_conf_destroy(conf);
    }
    if (s->client)
        (void)rd_kafka_poll_set_consumer(s->client);
    if (!s->client || !subscribe(s)) {
        close_source(s);
        return NULL;
    }
    return s;
}

/* 0 when a broker answers. No message may also mean that nobody is there. */
static int check_brokers(struct source *s, struct err *err)
{
    const struct rd_kafka_metadata *metadata = NULL;

    if (!s->unreachable)
        return 0;
    if (rd_kafka_metadata(s->client, 0, NULL, &metadata, CALL_TIMEOUT_MS) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return err_set(err, -EHOSTUNREACH, "Kafka: %s", s->why);
    rd_kafka_metadata_destroy(metadata);
    s->unreachable = false;
    return 0;
}

static void read_message(struct source *s, const rd_kafka_message_t *m, struct source_job *ret)
{
    uint64_t now_ms = clock_wall_ns() / NS_PER_MS;
    int64_t put_ms = rd_kafka_message_timestamp(m, NULL);

    job_text_read(m->payload ? m->payload : "", m->len, s->config.cpu_ms, ret);
    ret->age_ns = put_ms > 0 && (uint64_t)put_ms <= now_ms ? (now_ms - (uint64_t)put_ms) * NS_PER_MS
                                                           : SOURCE_AGE_UNKNOWN;
    if (!ret->id[0])
        (void)snprintf(ret->id, sizeof(ret->id), "%" PRId32 "-%" PRId64, m->partition, m->offset);
}

/* ---- while a job is in hand ---- */

typedef rd_kafka_resp_err_t for_partitions(rd_kafka_t *, rd_kafka_topic_partition_list_t *);

/* Pauses or resumes all partitions that are ours now, and says whether that of the job in hand is
 * one of them. */
static bool each_partition(struct source *s, for_partitions *pause_or_resume)
{
    rd_kafka_topic_partition_list_t *ours = NULL;

    if (rd_kafka_assignment(s->client, &ours) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    (void)pause_or_resume(s->client, ours);
    bool is_ours =
        s->message && rd_kafka_topic_partition_list_find(ours, rd_kafka_topic_name(s->message->rkt),
                                                         s->message->partition);
    rd_kafka_topic_partition_list_destroy(ours);
    return is_ours;
}

static void resume(struct source *s)
{
    if (s->paused)
        (void)each_partition(s, rd_kafka_resume_partitions);
    s->paused = false;
}

/* A partition that has just become ours is not paused yet, so that the poll may give a message of
 * it: read on before that one later. The message in hand may come again, and is in hand. */
static void put_back(struct source *s, const rd_kafka_message_t *m)
{
    bool is_in_hand = m->partition == s->message->partition && m->offset == s->message->offset;

    if (!m->err && !is_in_hand)
        (void)rd_kafka_seek(m->rkt, m->partition, m->offset, CALL_TIMEOUT_MS);
}

static int extend(void *arg, struct err *err)
{
    struct source *s = arg;

    s->paused = true;
    (void)each_partition(s, rd_kafka_pause_partitions);
    rd_kafka_message_t *m = rd_kafka_consumer_poll(s->client, 0); /* also changes what is ours */
    if (m) {
        put_back(s, m);
        rd_kafka_message_destroy(m);
    }
    if (each_partition(s, rd_kafka_pause_partitions))
        return 0;
    return err_set(err, -ESTALE, "Kafka: partition %" PRId32 " was given to somebody else",
                   s->message->partition);
}

/* ---- take and end ---- */

static int take(void *arg, struct source_job *ret, struct err *err)
{
    struct source *s = arg;

    drop_message(s);
    resume(s);
    rd_kafka_message_t *m = rd_kafka_consumer_poll(s->client, (int)(s->config.wait_ns / NS_PER_MS));
    if (!m)
        return check_brokers(s, err);
    if (m->err) {
        (void)err_set(err, -EIO, "Kafka: %s", rd_kafka_message_errstr(m));
        rd_kafka_message_destroy(m);
        return -EIO;
    }
    s->message = m;
    read_message(s, m, ret);
    return 1;
}

/* Somebody else has the partition, or will have it. */
static bool is_not_ours(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
           code == RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST ||
           code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED;
}

static int done(void *arg, struct err *err)
{
    struct source *s = arg;
    rd_kafka_resp_err_t code = rd_kafka_commit_message(s->client, s->message, false);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    return err_set(err, is_not_ours(code) ? -ESTALE : -EIO, "Kafka: %s", rd_kafka_err2str(code));
}

/* Reads on from the message in hand. A topic has an order, so a job that fails is tried again
 * before those behind it. (rd_kafka_seek_partitions, which is newer, runs into its timeout here.)
 */
static int give_back(void *arg, struct err *err)
{
    struct source *s = arg;
    rd_kafka_resp_err_t code =
        rd_kafka_seek(s->message->rkt, s->message->partition, s->message->offset, CALL_TIMEOUT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    /* It is not committed, so that whoever has the partition now reads it. */
    return err_set(err, -ESTALE, "Kafka: %s", rd_kafka_err2str(code));
}

static int fail(void *arg, const char *reason, struct err *err)
{
    (void)reason;
    return give_back(arg, err);
}

const struct source_kind source_kafka = {"kafka", check, open_source, close_source, take,
                                         extend,  done,  fail,        give_back};
