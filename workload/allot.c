// SPDX-License-Identifier: MIT
#include "workload/allot.h"

#include "base/scoped.h"
#include "http/resolve.h"
#include "workload/fanout.h"
#include "workload/form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PODS_MAX 500
#define URL_MAX_BYTES 256
#define FORM_MAX_BYTES (4 * KIB)

const struct allot_resource allot_cpu = {.path = "/ConsumeCPU",
                                         .amount = "millicores",
                                         .size = "requestSizeMillicores",
                                         .verb = "consume",
                                         .rest_verb = "consume",
                                         .unit = " millicores",
                                         .per_pod = true};
const struct allot_resource allot_memory = {.path = "/ConsumeMem",
                                            .amount = "megabytes",
                                            .size = "requestSizeMegabytes",
                                            .verb = "consume",
                                            .rest_verb = "consume",
                                            .unit = " MB"};
const struct allot_resource allot_gauge = {.path = "/BumpMetric",
                                           .amount = "delta",
                                           .size = "requestSizeMetrics",
                                           .verb = "bump custom metric by",
                                           .rest_verb = "bump by",
                                           .unit = "",
                                           .named = true};

struct part { /* one of the posts that an amount is split into */
    char url[URL_MAX_BYTES];
    struct buf form, success;
    int64_t amount;
    size_t times;
};

static void parts_done(struct part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_done(&parts[i].form);
        buf_done(&parts[i].success);
    }
    free(parts);
}

static int write_form(const struct allot *a, int64_t amount, struct buf *out)
{
    int r = buf_printf(out, "%s=%" PRId64 "&durationSec=%" PRId64, a->resource->amount, amount,
                       a->duration_s);

    if (r == 0 && a->resource->named)
        r = buf_puts(out, "&metric=");
    return r == 0 && a->resource->named ? form_encode(out, a->metric) : r;
}

static int write_success(const struct allot *a, int64_t amount, struct buf *out)
{
    if (a->resource->named)
        return buf_printf(out, "Bumped metric %s by %" PRId64, a->metric, amount);
    return buf_printf(out, "Consumed %" PRId64 " %s", amount, a->resource->amount);
}

static int send_parts(const struct allot *a, struct part *parts, size_t count, struct buf *answer)
{
    struct fanout_post *posts = calloc(count, sizeof(*posts));
    int r = posts ? 0 : -ENOMEM;

    for (size_t i = 0; i < count && r == 0; i++) {
        struct part *p = &parts[i];
        p->form.max = p->success.max = FORM_MAX_BYTES;
        r = write_form(a, p->amount, &p->form);
        if (r == 0)
            r = write_success(a, p->amount, &p->success);
        posts[i] = (struct fanout_post){p->url, p->form.data, p->success.data, p->times};
    }
    if (r == 0)
        r = fanout_run(posts, count, answer);
    free(posts);
    return r;
}

static void service_url(const struct allot *a, char url[URL_MAX_BYTES])
{
    const struct allot_consumers *c = a->consumers;

    (void)snprintf(url, URL_MAX_BYTES, "http://%s.%s.svc:%u%s", c->service, c->namespace, c->port,
                   a->resource->path);
}

/* The Service's load balancer decides who gets which. */
static int send_to_service(const struct allot *a, struct buf *answer)
{
    const struct allot_resource *what = a->resource;
    int64_t count = a->amount / a->size, rest = a->amount - count * a->size;
    struct part *parts = calloc(2, sizeof(*parts));

    if (!parts)
        return -ENOMEM;
    parts[0].amount = a->size;
    parts[0].times = count > 0 ? (size_t)count : 0;
    parts[1].amount = rest;
    parts[1].times = rest > 0;
    service_url(a, parts[0].url);
    service_url(a, parts[1].url);

    int r = buf_printf(answer,
                       "RC manager: sending %" PRId64 " requests to %s %" PRId64
                       "%s each and 1 request to %s %" PRId64 "%s\n",
                       count, what->verb, a->size, what->unit, what->rest_verb, rest, what->unit);
    if (r == 0)
        r = send_parts(a, parts, 2, answer);
    parts_done(parts, 2);
    return r;
}

/* Equal parts, so that no pod gets more by chance (kubernetes/kubernetes#139714). */
static int send_to_pods(const struct allot *a, const struct resolved *pods, size_t count,
                        struct buf *answer)
{
    struct part *parts = calloc(count, sizeof(*parts));
    int64_t amount = a->amount / (int64_t)count;

    if (!parts)
        return -ENOMEM;
    if (amount == 0)
        amount = 1;
    for (size_t i = 0; i < count; i++) {
        bool v6 = strchr(pods[i].address, ':');
        parts[i].amount = amount;
        parts[i].times = 1;
        (void)snprintf(parts[i].url, URL_MAX_BYTES, "http://%s%s%s:%u%s", v6 ? "[" : "",
                       pods[i].address, v6 ? "]" : "", pods[i].port, a->resource->path);
    }

    int r = buf_printf(answer,
                       "RC manager (per-pod): sending %" PRId64 " %s to each of %zu pods via "
                       "headless DNS\n",
                       amount, a->resource->amount, count);
    if (r == 0)
        r = send_parts(a, parts, count, answer);
    parts_done(parts, count);
    return r;
}

static int find_pods(const struct allot *a, struct resolved pods[PODS_MAX])
{
    const struct allot_consumers *c = a->consumers;
    char name[URL_MAX_BYTES];

    (void)snprintf(name, sizeof(name), "%s-headless.%s.svc", c->service, c->namespace);
    return resolve(name, c->target_port, pods, PODS_MAX, NULL);
}

int allot_run(const struct allot *a, struct buf *answer)
{
    scoped(free_at) struct resolved *pods = calloc(PODS_MAX, sizeof(*pods));

    if (!pods)
        return -ENOMEM;
    int count = a->resource->per_pod ? find_pods(a, pods) : 0;
    if (count > 0)
        return send_to_pods(a, pods, (size_t)count, answer);
    return send_to_service(a, answer);
}
