// SPDX-License-Identifier: MIT
#include "adapter/sources/kafka.h"

#include "adapter/sources/kafka_config.h"
#include "adapter/sources/kafka_lag.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

/* For rd_kafka_offsets_for_times, which takes Kafka's own special timestamps (ListOffsets request):
 * the end and the start of the log. */
#define AT_END (-1)
#define AT_START (-2)

struct memory {
    rd_kafka_t *client;
    char *password;                            /* with which it was made */
    rd_kafka_topic_partition_list_t *previous; /* committed at the last poll */
};

struct session {
    const struct source *source;
    const struct kafka_config *config;
    rd_kafka_t *client;
    uint64_t deadline_ns;
};

static void list_free(rd_kafka_topic_partition_list_t **list)
{
    if (*list)
        rd_kafka_topic_partition_list_destroy(*list);
}

static void memory_done(void *memory)
{
    struct memory *m = memory;

    list_free(&m->previous);
    if (m->client)
        rd_kafka_destroy(m->client);
    free(m->password);
    *m = (struct memory){0};
}

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "cannot be asked: out of memory");
}

static int explain(const struct session *x, rd_kafka_resp_err_t code, struct err *err)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return source_explain_transport(x->source, -ETIMEDOUT, NULL, err);
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        return source_explain_transport(x->source, -ECONNREFUSED, NULL, err);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        return err_set(err, -EBADMSG, "has no topic '%s'",
                       x->config->topic ? x->config->topic : "of the group");
    default:
        return err_set(err, -EBADMSG, "answers the error %s", rd_kafka_err2name(code));
    }
}

static int left_ms(const struct session *x)
{
    uint64_t now_ns = clock_mono_ns();

    return now_ns < x->deadline_ns ? (int)((x->deadline_ns - now_ns) / NS_PER_MS) + 1 : 1;
}

/* ---- the client ---- */

static bool same(const char *a, const char *b)
{
    return !a || !b ? a == b : strcmp(a, b) == 0;
}

/* A client with the password of now: another one when it was renewed. */
static int connect_to(const struct source *s, struct memory *m, struct err *err)
{
    const struct kafka_config *c = s->settings;
    char *password = NULL;
    int r = secret_is_set(&c->password) ? secret_get(&c->password, &password, err) : 0;

    if (r < 0)
        return r;
    if (m->client && same(m->password, password)) {
        free(password);
        return 0;
    }
    memory_done(m);
    m->password = password;
    return kafka_config_connect(c, password, &m->client, err);
}

/* ---- what is asked ---- */

/* All partitions of the topic that the configuration wants. */
static int list_partitions(const struct session *x, rd_kafka_topic_partition_list_t **ret,
                           struct err *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(x->client, x->config->topic, NULL);

    if (!topic)
        return no_memory(err);
    rd_kafka_resp_err_t code = rd_kafka_metadata(x->client, 0, topic, &metadata, left_ms(x));
    rd_kafka_topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return explain(x, code, err);
    const rd_kafka_metadata_topic_t *t = &metadata->topics[0];
    code = metadata->topic_cnt == 1 ? t->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    *ret = rd_kafka_topic_partition_list_new(16);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < t->partition_cnt; i++)
        if (kafka_config_wants(x->config, t->partitions[i].id))
            (void)rd_kafka_topic_partition_list_add(*ret, x->config->topic, t->partitions[i].id);
    rd_kafka_metadata_destroy(metadata);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return explain(x, code, err);
    return (*ret)->cnt
               ? 0
               : err_set(err, -EBADMSG, "has no such partition of topic '%s'", x->config->topic);
}

static int take_group_offsets(const struct session *x, rd_kafka_event_t *event,
                              rd_kafka_topic_partition_list_t **ret, struct err *err)
{
    const rd_kafka_ListConsumerGroupOffsets_result_t *result =
        rd_kafka_event_ListConsumerGroupOffsets_result(event);
    size_t count = 0;

    if (rd_kafka_event_error(event))
        return explain(x, rd_kafka_event_error(event), err);
    const rd_kafka_group_result_t **groups =
        rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count);
    if (count != 1)
        return err_set(err, -ENOMSG, "answers what is no list of offsets");
    if (rd_kafka_group_result_error(groups[0]))
        return explain(x, rd_kafka_error_code(rd_kafka_group_result_error(groups[0])), err);
    *ret = rd_kafka_topic_partition_list_copy(rd_kafka_group_result_partitions(groups[0]));
    return (*ret)->cnt
               ? 0
               : err_set(err, -EBADMSG, "has no committed offset of group '%s'", x->config->group);
}

/* The committed offsets of all topics of the group. */
static int list_group(const struct session *x, rd_kafka_topic_partition_list_t **ret,
                      struct err *err)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(x->client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_ListConsumerGroupOffsets_t *group =
        rd_kafka_ListConsumerGroupOffsets_new(x->config->group, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(x->client);

    (void)rd_kafka_AdminOptions_set_request_timeout(options, left_ms(x), NULL, 0);
    rd_kafka_ListConsumerGroupOffsets(x->client, &group, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, left_ms(x));
    int r = event ? take_group_offsets(x, event, ret, err)
                  : explain(x, RD_KAFKA_RESP_ERR__TIMED_OUT, err);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(group);
    rd_kafka_AdminOptions_destroy(options);
    return r;
}

static int ask_committed(const struct session *x, rd_kafka_topic_partition_list_t **ret,
                         struct err *err)
{
    if (!x->config->topic)
        return list_group(x, ret, err);
    int r = list_partitions(x, ret, err);
    if (r < 0)
        return r;
    rd_kafka_resp_err_t code = rd_kafka_committed(x->client, *ret, left_ms(x));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : explain(x, code, err);
}

/* The ends or starts of the same partitions, in one request to each broker. */
static int ask_offsets(const struct session *x, const rd_kafka_topic_partition_list_t *of,
                       int64_t where, rd_kafka_topic_partition_list_t **ret, struct err *err)
{
    *ret = rd_kafka_topic_partition_list_copy(of);
    for (int i = 0; i < (*ret)->cnt; i++)
        (*ret)->elems[i].offset = where;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(x->client, *ret, left_ms(x));
    for (int i = 0; i < (*ret)->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        code = (*ret)->elems[i].offset < 0 && (*ret)->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR
                   ? RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE
                   : (*ret)->elems[i].err;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : explain(x, code, err);
}

/* ---- the value ---- */

static int64_t offset_in(const rd_kafka_topic_partition_list_t *list,
                         const rd_kafka_topic_partition_t *like)
{
    const rd_kafka_topic_partition_t *found =
        list ? rd_kafka_topic_partition_list_find(list, like->topic, like->partition) : NULL;

    return found && found->offset >= 0 ? found->offset : KAFKA_NO_OFFSET;
}

static int compute(const struct session *x, const struct memory *m,
                   const rd_kafka_topic_partition_list_t *committed, int64_t *ret, struct err *err)
{
    scoped(list_free) rd_kafka_topic_partition_list_t *ends = NULL, *starts = NULL;
    int r = ask_offsets(x, committed, AT_END, &ends, err);

    if (r == 0 && x->config->rules.earliest)
        r = ask_offsets(x, committed, AT_START, &starts, err);
    if (r < 0)
        return r;
    scoped(free_at) struct kafka_partition *partitions =
        calloc((size_t)committed->cnt, sizeof(*partitions));
    if (!partitions)
        return no_memory(err);
    for (int i = 0; i < committed->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &committed->elems[i];
        partitions[i] = (struct kafka_partition){offset_in(committed, p), offset_in(m->previous, p),
                                                 offset_in(starts, p), offset_in(ends, p)};
    }
    *ret = kafka_lag(&x->config->rules, partitions, (size_t)committed->cnt);
    return 0;
}

static int ask(const struct source *s, struct source_poll *p, struct samples *ret, struct err *err)
{
    scoped(list_free) rd_kafka_topic_partition_list_t *committed = NULL;
    struct memory *m = p->memory;
    struct sample sample = {0};
    int64_t lag = 0;
    int r = connect_to(s, m, err);

    if (r < 0)
        return r;
    const struct session x = {s, s->settings, m->client, clock_mono_ns() + s->timeout_ns};
    r = ask_committed(&x, &committed, err);
    if (r == 0)
        r = compute(&x, m, committed, &lag, err);
    if (r < 0)
        return r;
    list_free(&m->previous);
    m->previous = committed;
    committed = NULL;
    sample_set_number(&sample, (double)lag);
    return samples_add(ret, &sample) == 0 ? 0 : no_memory(err);
}

const struct source_kind kafka_kind = {
    .name = "kafka",
    .read_config = kafka_config_read,
    .done = kafka_config_free,
    .ask = ask,
    .memory_size = sizeof(struct memory),
    .memory_done = memory_done,
    .help = kafka_config_help,
};
