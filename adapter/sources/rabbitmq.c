// SPDX-License-Identifier: MIT
#include "adapter/sources/rabbitmq.h"

#include "adapter/sources/endpoint.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/urltext.h"
#include "kube/jpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (8 * MIB)
#define NAME_MAX_BYTES 255
#define PATH_MAX_BYTES (4 * KIB)
#define PAGE_SIZE "500" /* the most that RabbitMQ gives at a time */

enum mode {
    MODE_QUEUE_LENGTH,
    MODE_MESSAGE_RATE,
    MODE_DELIVER_GET_RATE,
    MODE_PUBLISHED_TO_DELIVERED_RATIO,
    MODE_EXPECTED_QUEUE_CONSUMPTION_TIME,
};
static const char *const mode_names[] = {"QueueLength",
                                         "MessageRate",
                                         "DeliverGetRate",
                                         "PublishedToDeliveredRatio",
                                         "ExpectedQueueConsumptionTime",
                                         NULL};

struct rabbitmq {
    struct endpoint *endpoint;
    char *queue; /* its name, or an expression for many */
    char *path;  /* below the endpoint, encoded */
    bool many;
    enum mode mode;
    bool exclude_unacknowledged;
    bool has_activation;
    int64_t activation_milli;
};

static void done(void *settings)
{
    struct rabbitmq *q = settings;

    if (!q)
        return;
    endpoint_unref(q->endpoint);
    free(q->queue);
    free(q->path);
    free(q);
}

/* ---- configuration ---- */

static int keep_path(struct rabbitmq *q, const char *vhost)
{
    struct buf path = {.max = PATH_MAX_BYTES};
    int r = buf_puts(&path, "/api/queues/");

    if (r == 0)
        r = urltext_segment(&path, vhost);
    if (r == 0 && !q->many)
        r = buf_puts(&path, "/");
    if (r == 0 && !q->many)
        r = urltext_segment(&path, q->queue);
    q->path = r == 0 ? buf_take(&path, NULL) : NULL;
    buf_done(&path);
    return q->path ? 0 : -ENOMEM;
}

static int read_queue(const struct strict *s, const json_t *mapping, const char *path,
                      struct rabbitmq *q)
{
    const char *queue = NULL, *expression = NULL, *vhost = "/";
    int r = strict_text(s, mapping, path, "queue", NAME_MAX_BYTES, &queue);

    if (r == 0)
        r = strict_text(s, mapping, path, "queueRegex", NAME_MAX_BYTES, &expression);
    if (r == 0)
        r = strict_text(s, mapping, path, "vhost", NAME_MAX_BYTES, &vhost);
    if (r < 0)
        return r;
    if (!queue == !expression)
        return strict_refuse(s, path, "%s takes either queue or queueRegex", path);
    q->many = expression;
    q->queue = strdup(q->many ? expression : queue);
    return q->queue && keep_path(q, vhost) == 0 ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int read_mode(const struct strict *s, const json_t *mapping, const char *path,
                     struct rabbitmq *q)
{
    int mode = MODE_QUEUE_LENGTH;
    int r = strict_choice(s, mapping, path, "mode", mode_names, &mode);

    q->mode = (enum mode)mode;
    if (r == 0)
        r = strict_bool(s, mapping, path, "excludeUnacknowledged", &q->exclude_unacknowledged);
    if (r < 0)
        return r;
    q->has_activation = json_object_get(mapping, "activationValue");
    return strict_quantity(s, mapping, path, "activationValue", 0, INT64_MAX, &q->activation_milli);
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {ENDPOINT_MEMBERS,
                                                   {"vhost", false},
                                                   {"queue", false},
                                                   {"queueRegex", false},
                                                   {"mode", false},
                                                   {"excludeUnacknowledged", false},
                                                   {"activationValue", false},
                                                   {0}};
    struct rabbitmq *q = ret->settings = calloc(1, sizeof(*q));

    if (!q)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, path, &q->endpoint);
    if (r == 0)
        r = read_queue(s, mapping, path, q);
    if (r == 0)
        r = read_mode(s, mapping, path, q);
    if (r < 0)
        return r;
    ret->timeout_ns = endpoint_timeout_ns(q->endpoint);
    if (asprintf(&ret->shown_as, "RabbitMQ at %s", endpoint_host(q->endpoint)) < 0)
        ret->shown_as = NULL;
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int request(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err)
{
    const struct rabbitmq *q = s->settings;
    const struct label list[] = {
        {"page", "1"}, {"page_size", PAGE_SIZE}, {"use_regex", "true"}, {"name", q->queue}};

    (void)p;
    ret->call.headers[0] = "Accept: application/json";
    return endpoint_request(q->endpoint, q->path, list, q->many ? ARRAY_LEN(list) : 0, ret, err);
}

/* ---- the answer ---- */

struct figures { /* of one queue */
    double messages, published_per_s, delivered_per_s;
};

static int divide(const struct rabbitmq *q, double dividend, double divisor, struct sample *sample,
                  struct err *err)
{
    if (divisor > 0) {
        sample_set_number(sample, dividend / divisor > 0 ? dividend / divisor : 0);
        return 0;
    }
    sample->value_milli = q->activation_milli;
    return q->has_activation
               ? 0
               : err_set(err, -ENOMSG,
                         "has work for queue '%s' and delivers none of it, so there is no %s",
                         q->queue, mode_names[q->mode]);
}

static int evaluate(const struct rabbitmq *q, const struct figures *f, struct sample *sample,
                    struct err *err)
{
    switch (q->mode) {
    case MODE_QUEUE_LENGTH:
        sample_set_number(sample, f->messages);
        return 0;
    case MODE_MESSAGE_RATE:
        sample_set_number(sample, f->published_per_s);
        return 0;
    case MODE_DELIVER_GET_RATE:
        sample_set_number(sample, f->delivered_per_s);
        return 0;
    case MODE_PUBLISHED_TO_DELIVERED_RATIO:
        if (f->published_per_s <= 0)
            return 0;
        return divide(q, f->published_per_s, f->delivered_per_s, sample, err);
    case MODE_EXPECTED_QUEUE_CONSUMPTION_TIME:
        if (f->messages <= 0)
            return 0;
        return divide(q, f->published_per_s - f->delivered_per_s + f->messages, f->delivered_per_s,
                      sample, err);
    }
    return 0;
}

/* RabbitMQ leaves message_stats out until there was a message. */
static int read_queue_object(const struct rabbitmq *q, const json_t *queue, struct samples *ret,
                             struct err *err)
{
    const char *field = q->exclude_unacknowledged ? "messages_ready" : "messages";
    const json_t *messages = json_object_get(queue, field);
    const struct figures figures = {
        .messages = json_number_value(messages),
        .published_per_s = jpath_double(queue, "message_stats.publish_details.rate", 0),
        .delivered_per_s = jpath_double(queue, "message_stats.deliver_get_details.rate", 0)};
    const struct label name = {"queue", jpath_str(queue, "name", "")};
    struct sample sample = {.labels = &name, .label_count = 1};

    if (!json_is_number(messages))
        return err_set(err, -ENOMSG, "has no figure '%s' for queue '%s' yet", field, q->queue);
    int r = evaluate(q, &figures, &sample, err);
    if (r < 0)
        return r;
    return samples_add(ret, &sample) == 0 ? 0
                                          : err_set(err, -ENOMEM, "cannot be read: out of memory");
}

static int read_list(const struct rabbitmq *q, const json_t *doc, struct samples *ret,
                     struct err *err)
{
    const json_t *items = json_object_get(doc, "items");
    int r = 0;

    if (!json_is_array(items))
        return err_set(err, -ENOMSG, "answers what is no list of queues");
    if (jpath_double(doc, "page_count", 1) > 1)
        return err_set(err, -ENOMSG, "has more than " PAGE_SIZE " queues that match '%s'",
                       q->queue);
    for (size_t i = 0; i < json_array_size(items) && r == 0; i++)
        r = read_queue_object(q, json_array_get(items, i), ret, err);
    return r;
}

static int read_answer(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    const struct rabbitmq *q = s->settings;
    json_auto_t *doc = NULL;

    (void)p;
    if (status == 404)
        return err_set(err, -EBADMSG, "answers 404: it has no queue '%s' in that vhost", q->queue);
    int r = endpoint_read_answer(status, body, &doc, err);
    if (r < 0)
        return r;
    return q->many ? read_list(q, doc, ret, err) : read_queue_object(q, doc, ret, err);
}

static void help(FILE *out)
{
    (void)fputs(
        "      rabbitmq:               a queue, by the management API\n"
        "        url: http://rabbit:15672\n"
        "        vhost: /              default /\n"
        "        queue: orders         or queueRegex: every queue that matches is a value\n"
        "        mode: QueueLength     MessageRate, DeliverGetRate, PublishedToDeliveredRatio,\n"
        "                              ExpectedQueueConsumptionTime; default QueueLength\n"
        "        excludeUnacknowledged: false\n"
        "        activationValue: 1    the value of the last two modes when there is work and\n"
        "                              nothing is delivered; absent: an error\n",
        out);
}

const struct source_kind rabbitmq_kind = {
    .name = "rabbitmq",
    .read_config = read_config,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .body_max = BODY_MAX,
    .help = help,
};
