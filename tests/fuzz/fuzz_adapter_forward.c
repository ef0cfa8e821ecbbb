// SPDX-License-Identifier: MIT
/* What another adapter answers. The first byte says whether it is a list of metrics or values, and
 * of which group; two more are the status; the rest is the body. */
#include "adapter/api/discovery.h"
#include "adapter/forward/other_metrics.h"
#include "adapter/forward/question.h"
#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct resource pods = {"", "v1", "pods", "pod", "Pod", true};

/* Our own documents are made with it, and stay documents. */
static void list_beside_ours(enum pass_group group, const struct other_metrics *others)
{
    static const char *const ours[] = {"lag"};
    static const struct discovery_object_metric objects[] = {{"rps", &pods}};
    struct discovery_input input = {ours, 1, objects, 1, false, {NULL}};
    struct metric_conflicts conflicts[PASS_GROUPS];
    struct discovery *d = discovery_new();

    input.others[group] = others;
    if (!d || discovery_set(d, &input, conflicts) < 0)
        abort();
    if (conflicts[group].count > others->count)
        abort();
    discovery_free(d);
}

static void read_list(enum pass_group group, int status, const struct buf *body)
{
    struct other_metrics *others = NULL;
    struct err err = {0};
    int r = other_metrics_read(group, status, body, &others, &err);

    if ((r == 0) != (others != NULL) || (r < 0 && !*err.text))
        abort();
    if (r < 0)
        return;
    if (others->count > OTHER_METRICS_MAX || !other_metrics_equal(others, others))
        abort();
    list_beside_ours(group, others);
    other_metrics_unref(others);
}

/* What is passed on is JSON, and a refusal has a reason. */
static void judge(enum pass_group group, int status, const struct buf *body)
{
    static const char *const paths[] = {
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/a/lag",
        "/apis/custom.metrics.k8s.io/v1beta2/namespaces/a/pods/*/rps"};
    struct question q = {0};
    struct err why = {0};

    if (question_read(&(struct http_request){.method = "GET", .path = paths[group]}, &q, NULL) < 0)
        abort();
    enum question_answer answer = question_judge(&q, status, body, &why);
    bool passed_on = answer <= QUESTION_STATUS;
    json_auto_t *doc =
        passed_on ? json_loadb(body->data, body->len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (passed_on ? !doc || *why.text : !*why.text)
        abort();
    if ((answer == QUESTION_VALUES) != (passed_on && status == 200))
        abort();
    question_done(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf body = {.max = OTHER_METRICS_BODY_MAX};

    if (size < 3)
        return 0;
    enum pass_group group = data[0] & 1 ? PASS_CUSTOM : PASS_EXTERNAL;
    int status = 100 + (data[1] * 256 + data[2]) % 500;
    if (buf_append(&body, data + 3, size - 3) == 0)
        (data[0] & 2 ? judge : read_list)(group, status, &body);
    buf_done(&body);
    return 0;
}
