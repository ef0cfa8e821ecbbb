// SPDX-License-Identifier: MIT
#include "adapter/explain_forward.h"

#include "adapter/forward/question.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/quantity.h"

#include <errno.h>
#include <string.h>

#define PATH_MAX_BYTES (2 * KIB)
#define QUOTED_MAX 300 /* bytes of another's message */

static int put_path(const struct explain_metric *m, struct buf *path)
{
    if (!m->resource)
        return buf_printf(path, "/apis/external.metrics.k8s.io/v1beta1/namespaces/%s/%s",
                          m->namespace, m->metric);
    int r = buf_puts(path, "/apis/custom.metrics.k8s.io/v1beta2/");
    if (r == 0 && strcmp(m->resource, "namespaces") == 0)
        return buf_printf(path, "namespaces/%s/metrics/%s", m->object, m->metric);
    if (r == 0 && m->namespace)
        r = buf_printf(path, "namespaces/%s/", m->namespace);
    return r == 0 ? buf_printf(path, "%s/%s/%s", m->resource, m->object, m->metric) : r;
}

static int make_question(const struct explain_metric *m, struct question *ret, struct err *err)
{
    scoped(buf_done) struct buf path = {.max = PATH_MAX_BYTES};
    const struct http_pair selector = {m->resource ? "metricLabelSelector" : "labelSelector",
                                       m->selector};

    if (put_path(m, &path) < 0)
        return err_set(err, -EINVAL, "cannot be asked: the name is too long");
    const struct http_request r = {
        .method = "GET", .path = path.data, .query = &selector, .query_count = 1};
    int result = question_read(&r, ret, err);
    return result < 0 ? err_wrap(err, result, "is not asked") : 0;
}

/* ---- the answer ---- */

static int add_item(const json_t *item, struct samples *samples)
{
    const char *value = json_string_value(json_object_get(item, "value"));
    const char *when = json_string_value(json_object_get(item, "timestamp"));
    const char *object =
        json_string_value(json_object_get(json_object_get(item, "describedObject"), "name"));
    const struct label label = {"object", object};
    struct sample sample = {.labels = &label, .label_count = object != NULL};

    if (!value || quantity_parse(value, &sample.value_milli) < 0)
        sample.fault = "not a quantity";
    if (when)
        (void)clock_parse_rfc3339(when, &sample.measured_wall_ns);
    return samples_add(samples, &sample);
}

static int read_items(const struct buf *body, struct samples **ret, struct err *err)
{
    json_auto_t *doc = json_loadb(body->data, body->len, JSON_REJECT_DUPLICATES, NULL);
    struct samples *samples = samples_new();
    int r = samples && doc ? 0 : -ENOMEM;
    size_t i;
    json_t *item;

    json_array_foreach (json_object_get(doc, "items"), i, item)
        if (r == 0)
            r = add_item(item, samples);
    if (r == 0) {
        *ret = samples;
        return 0;
    }
    samples_unref(samples);
    return err_set(err, r, "cannot be asked: %s",
                   r == -E2BIG ? "too many values" : "out of memory");
}

static int refuse_status(int status, const struct buf *body, struct err *err)
{
    json_auto_t *doc = json_loadb(body->data, body->len, JSON_REJECT_DUPLICATES, NULL);
    const char *message = json_string_value(json_object_get(doc, "message"));

    return err_set(err, -EBADMSG, "answers %d: %.*s", status, QUOTED_MAX, message ? message : "");
}

static int read_answer(const struct question *q, int status, const struct buf *body,
                       struct samples **ret, struct err *err)
{
    switch (question_judge(q, status, body, err)) {
    case QUESTION_VALUES:
        return read_items(body, ret, err);
    case QUESTION_UNKNOWN:
    case QUESTION_STATUS:
        return refuse_status(status, body, err);
    case QUESTION_DENIED:
    case QUESTION_INVALID:
        break;
    }
    return -EBADMSG;
}

/* ---- asking ---- */

static void show_query(const char *url, explain_query_fn *on_query, void *arg)
{
    char line[PATH_MAX_BYTES];

    (void)snprintf(line, sizeof(line), "GET %s", strchrnul(url + strlen("https://"), '/'));
    on_query(arg, line);
}

static int ask(struct http_client *http, const struct endpoint *other, const struct question *q,
               explain_query_fn *on_query, void *arg, struct buf *body, int *ret_status,
               struct err *err)
{
    scoped(source_request_done) struct source_request request = {0};
    struct err report = {0};
    int r = question_request(q, other, &request, err);

    if (r < 0)
        return r;
    show_query(request.call.url, on_query, arg);
    r = http_client_call(http, &request.call, body, ret_status, &report);
    return r < 0 ? source_explain_http(request.call.timeout_ns, body->max, r, &report, err) : 0;
}

int explain_forward(struct http_client *http, const struct pass_through *to,
                    const struct explain_metric *m, explain_query_fn *on_query,
                    explain_answer_fn *on_answer, void *arg, struct samples **ret, struct err *err)
{
    scoped(question_done) struct question q = {0};
    scoped(buf_done) struct buf body = {.max = QUESTION_ANSWER_MAX};
    int status = 0;
    int r = make_question(m, &q, err);

    if (r == 0)
        r = ask(http, to->other, &q, on_query, arg, &body, &status, err);
    if (r < 0)
        return r;
    on_answer(arg, status, &body);
    return read_answer(&q, status, &body, ret, err);
}
