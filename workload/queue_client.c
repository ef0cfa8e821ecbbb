// SPDX-License-Identifier: MIT
#include "workload/queue_client.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/client.h"
#include "workload/burn.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX_BYTES 1024
#define ANSWER_MAX_BYTES (512 * KIB) /* a job with data, each byte escaped */
#define AGE_MAX_S 1e9 /* what fits 64 bits of nanoseconds; above it the answer is nonsense */
#define CALL_TIMEOUT_NS (3 * NS_PER_S) /* besides the wait that was asked for */

struct queue_client {
    struct queue_client_config config;
    struct http_client *http;
};

int queue_client_check(const struct queue_client_config *config, struct err *err)
{
    const char *url = config->url;

    if (!jobs_queue_name_valid(config->queue))
        return err_set(err, -EINVAL, "'%s' is no name of a queue: 1 to %d of a-z, 0-9 and -",
                       config->queue, JOBS_QUEUE_NAME_MAX);
    if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) ||
        strlen(url) > URL_MAX_BYTES - JOBS_QUEUE_NAME_MAX - 32 || strpbrk(url, " ?#"))
        return err_set(err, -EINVAL, "the queue's address is such as http://queue/, not '%.200s'",
                       url);
    return 0;
}

struct queue_client *queue_client_new(const struct queue_client_config *config)
{
    struct queue_client *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->config = *config;
    c->http = http_client_new();
    if (!c->http) {
        free(c);
        return NULL;
    }
    return c;
}

void queue_client_free(struct queue_client *c)
{
    if (!c)
        return;
    http_client_free(c->http);
    free(c);
}

/* Posts body (taken) and reads the answer into *ret, a new reference; NULL when it is not JSON. */
static int post(struct queue_client *c, const char *what, json_t *body, uint64_t wait_ns,
                int *ret_status, json_t **ret, struct err *err)
{
    scoped(free_at) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    scoped(buf_done) struct buf answer = {.max = ANSWER_MAX_BYTES};
    size_t len = strlen(c->config.url);
    char url[URL_MAX_BYTES];

    json_decref(body);
    if (!text)
        return err_set(err, -ENOMEM, "out of memory");
    while (len && c->config.url[len - 1] == '/')
        len--;
    (void)snprintf(url, sizeof(url), "%.*s/queues/%s/%s", (int)len, c->config.url, c->config.queue,
                   what);

    struct http_call call = {.method = "POST",
                             .url = url,
                             .headers = {"Content-Type: application/json"},
                             .body = text,
                             .body_len = strlen(text),
                             .timeout_ns = CALL_TIMEOUT_NS + wait_ns};
    int r = http_client_call(c->http, &call, &answer, ret_status, err);
    if (r < 0)
        return err_wrap(err, r, "%s", url);
    *ret = answer.len ? json_loadb(answer.data, answer.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return 0;
}

/* "http://queue: answers 503: …" */
static int bad_answer(const struct queue_client *c, int status, const json_t *body, struct err *err)
{
    const char *message = json_string_value(json_object_get(body, "message"));

    return err_set(err, -EBADMSG, "%s answers %d%s%.200s", c->config.url, status,
                   message ? ": " : "", message ? message : "");
}

/* True when value is a text that fits, and copied. */
static bool copy_member(const json_t *object, const char *name, char *to, size_t size)
{
    const json_t *value = json_object_get(object, name);
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len == 0 || len >= size)
        return false;
    memcpy(to, json_string_value(value), len + 1);
    return true;
}

/* 1, 0 when the list is empty, or -EBADMSG. */
static int read_job(const json_t *answer, struct queue_client_job *ret)
{
    const json_t *list = json_object_get(answer, "jobs");
    const json_t *first = json_array_get(list, 0);
    const json_t *cpu_ms = json_object_get(first, "cpu_ms");
    double age_s = json_number_value(json_object_get(first, "age_seconds"));
    struct queue_client_job job = {.cpu_ms = json_number_value(cpu_ms)};

    if (!json_is_array(list) || json_array_size(list) > 1)
        return -EBADMSG;
    if (!first)
        return 0;
    if (!copy_member(first, "id", job.id, sizeof(job.id)) ||
        !copy_member(first, "lease", job.lease, sizeof(job.lease)) || !json_is_number(cpu_ms) ||
        !(job.cpu_ms >= 0 && job.cpu_ms <= BURN_CPU_MS_MAX))
        return -EBADMSG;
    if (age_s > 0 && age_s < AGE_MAX_S)
        job.age_ns = (uint64_t)(age_s * (double)NS_PER_S);
    *ret = job;
    return 1;
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

int queue_client_lease(struct queue_client *c, struct queue_client_job *ret, struct err *err)
{
    const struct queue_client_config *o = &c->config;
    json_auto_t *answer = NULL;
    int status = 0;
    json_t *body = json_pack("{s:s, s:f, s:f, s:i}", "worker", o->worker, "lease_seconds",
                             seconds(o->lease_ns), "wait_seconds", seconds(o->wait_ns), "max", 1);
    int r = post(c, "lease", body, o->wait_ns, &status, &answer, err);

    if (r < 0)
        return r;
    if (status != 200)
        return bad_answer(c, status, answer, err);
    r = read_job(answer, ret);
    return r < 0 ? err_set(err, r, "%s answers something else than a lease", o->url) : r;
}

/* Says something about a lease. Takes body, to which it adds which one. */
static int tell(struct queue_client *c, const char *what, const struct queue_client_job *job,
                json_t *body, struct err *err)
{
    json_auto_t *answer = NULL;
    int status = 0;

    if (json_object_set_new(body, "id", json_string(job->id)) < 0 ||
        json_object_set_new(body, "lease", json_string(job->lease)) < 0) {
        json_decref(body);
        body = NULL;
    }
    int r = post(c, what, body, 0, &status, &answer, err);
    if (r < 0 || status == 200)
        return r;
    r = bad_answer(c, status, answer, err);
    return status == 409 ? -ESTALE : status == 404 ? -ENOENT : r;
}

int queue_client_extend(struct queue_client *c, const struct queue_client_job *job, struct err *err)
{
    json_t *body = json_pack("{s:f}", "lease_seconds", seconds(c->config.lease_ns));

    return tell(c, "extend", job, body, err);
}

int queue_client_ack(struct queue_client *c, const struct queue_client_job *job, struct err *err)
{
    return tell(c, "ack", job, json_object(), err);
}

int queue_client_fail(struct queue_client *c, const struct queue_client_job *job,
                      const char *reason, struct err *err)
{
    return tell(c, "fail", job, json_pack("{s:s}", "reason", reason), err);
}

int queue_client_release(struct queue_client *c, const struct queue_client_job *job,
                         struct err *err)
{
    return tell(c, "release", job, json_object(), err);
}
