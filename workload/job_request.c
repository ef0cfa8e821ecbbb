// SPDX-License-Identifier: MIT
#include "workload/job_request.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/burn.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BATCH_SUFFIX_MAX 6    /* ".10000" */
#define DELAY_MAX_S 2592000.0 /* 30 days */

/* New reference, or NULL with a sentence. */
static json_t *read_object(const char *body, size_t len, struct err *err)
{
    json_error_t why;

    if (len == 0)
        return json_object();
    json_t *object = json_loadb(body, len, JSON_REJECT_DUPLICATES, &why);
    if (!object) {
        (void)err_set(err, -EINVAL, "the body is not JSON: line %d: %s", why.line, why.text);
        return NULL;
    }
    if (json_is_object(object))
        return object;
    json_decref(object);
    (void)err_set(err, -EINVAL, "the body is not a JSON object");
    return NULL;
}

/* *ret keeps its value, the default, when the member is missing. */
static int read_number(const json_t *object, const char *name, double min, double max, double *ret,
                       struct err *err)
{
    const json_t *value = json_object_get(object, name);
    double number = json_number_value(value);

    if (!value)
        return 0;
    if (!json_is_number(value) || !(number >= min && number <= max))
        return err_set(err, -EINVAL, "%s takes a number from %g to %g", name, min, max);
    *ret = number;
    return 0;
}

static int read_count(const json_t *object, const char *name, uint64_t max, uint64_t *ret,
                      struct err *err)
{
    const json_t *value = json_object_get(object, name);
    json_int_t number = json_integer_value(value);

    if (!value)
        return 0;
    if (!json_is_integer(value) || number < 1 || (uint64_t)number > max)
        return err_set(err, -EINVAL, "%s takes a whole number from 1 to %lu", name,
                       (unsigned long)max);
    *ret = (uint64_t)number;
    return 0;
}

static int read_seconds(const json_t *object, const char *name, double min, double max,
                        uint64_t *ret_ns, struct err *err)
{
    double seconds = (double)*ret_ns / (double)NS_PER_S;
    int r = read_number(object, name, min, max, &seconds, err);

    if (r == 0)
        *ret_ns = (uint64_t)(seconds * (double)NS_PER_S);
    return r;
}

/* Copies a text member of at most size - 1 bytes; "" when it is missing. A text with a NUL inside
 * is too long for its first part, so it is refused. */
static int read_text(const json_t *object, const char *name, char *ret, size_t size,
                     struct err *err)
{
    const json_t *value = json_object_get(object, name);
    size_t len = json_string_length(value);

    ret[0] = '\0';
    if (!value)
        return 0;
    if (!json_is_string(value) || len >= size || strlen(json_string_value(value)) != len)
        return err_set(err, -EINVAL, "%s takes a text of at most %zu bytes", name, size - 1);
    memcpy(ret, json_string_value(value), len + 1);
    return 0;
}

static int make_id(char id[JOBS_ID_MAX + 1], struct err *err)
{
    uint64_t random[2];

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return err_set(err, -EIO, "no random numbers");
    (void)snprintf(id, JOBS_ID_MAX + 1, "%016lx%016lx", (unsigned long)random[0],
                   (unsigned long)random[1]);
    return 0;
}

/* ---- put ---- */

static int read_put_id(const json_t *object, uint64_t count, char id[JOBS_ID_MAX + 1],
                       struct err *err)
{
    size_t longest = count > 1 ? JOBS_ID_MAX - BATCH_SUFFIX_MAX : JOBS_ID_MAX;
    int r = read_text(object, "id", id, longest + 1, err);

    if (r < 0)
        return r;
    if (!json_object_get(object, "id"))
        return make_id(id, err);
    if (!jobs_id_valid(id))
        return err_set(err, -EINVAL, "id takes letters, digits and . _ : -");
    return 0;
}

/* Borrowed from object. */
static int read_data(const json_t *object, const char **ret, size_t *ret_len, struct err *err)
{
    const json_t *value = json_object_get(object, "data");

    if (!value)
        return 0;
    if (!json_is_string(value) || json_string_length(value) > JOBS_DATA_MAX)
        return err_set(err, -EINVAL, "data takes a text of at most %d bytes", JOBS_DATA_MAX);
    *ret = json_string_value(value);
    *ret_len = json_string_length(value);
    return 0;
}

/* Copies a text with a NUL behind it to where *end points, and moves *end. */
static const char *keep_text(char **end, const char *text, size_t len)
{
    char *copy = *end;

    memcpy(copy, text, len);
    copy[len] = '\0';
    *end += len + 1;
    return copy;
}

/* What keep_text will need at most for this job. */
static size_t texts_bytes(const json_t *object)
{
    return JOBS_ID_MAX + 1 + json_string_length(json_object_get(object, "data")) + 1;
}

static int read_put(const json_t *object, struct job_put *ret, char **texts_end, struct err *err)
{
    struct job_put put = {.cpu_ms = -1, .count = 1};
    char id[JOBS_ID_MAX + 1];

    if (!json_is_object(object))
        return err_set(err, -EINVAL, "jobs takes a list of objects");
    int r = read_number(object, "cpu_ms", 0, BURN_CPU_MS_MAX, &put.cpu_ms, err);
    r = r < 0 ? r : read_count(object, "count", JOBS_COUNT_MAX, &put.count, err);
    r = r < 0 ? r : read_seconds(object, "delay_seconds", 0, DELAY_MAX_S, &put.delay_ns, err);
    r = r < 0 ? r : read_data(object, &put.data, &put.data_len, err);
    r = r < 0 ? r : read_put_id(object, put.count, id, err);
    if (r == 0 && put.cpu_ms < 0)
        r = err_set(err, -EINVAL, "cpu_ms is missing");
    if (r < 0)
        return r;
    put.id = keep_text(texts_end, id, strlen(id));
    if (put.data)
        put.data = keep_text(texts_end, put.data, put.data_len);
    *ret = put;
    return 0;
}

/* The jobs of a request: its list, or itself. */
static const json_t *put_at(const json_t *object, const json_t *list, size_t i)
{
    return list ? json_array_get(list, i) : object;
}

static int read_puts(const json_t *object, struct put_request *put, struct err *err)
{
    const json_t *list = json_object_get(object, "jobs");
    size_t count = list ? json_array_size(list) : 1, bytes = 0;
    uint64_t jobs = 0;
    int r = 0;

    if (count == 0 || count > JOBS_COUNT_MAX)
        return err_set(err, -EINVAL, "jobs takes a list of 1 to %d objects", JOBS_COUNT_MAX);
    for (size_t i = 0; i < count; i++)
        bytes += texts_bytes(put_at(object, list, i));
    put->is_list = list != NULL;
    put->puts = calloc(count, sizeof(*put->puts));
    put->texts = malloc(bytes);
    if (!put->puts || !put->texts)
        return err_set(err, -ENOMEM, "out of memory");

    char *end = put->texts;
    for (; put->count < count && r == 0; put->count++) {
        r = read_put(put_at(object, list, put->count), &put->puts[put->count], &end, err);
        if (r < 0 && list)
            return err_wrap(err, r, "job %zu of the list", put->count + 1);
        jobs += put->puts[put->count].count;
    }
    if (r == 0 && jobs > JOBS_COUNT_MAX)
        return err_set(err, -EINVAL, "one put takes up to %d jobs, all counts together",
                       JOBS_COUNT_MAX);
    return r;
}

int put_request_read(const char *body, size_t len, struct put_request *ret, struct err *err)
{
    struct put_request put = {0};
    json_auto_t *object = read_object(body, len, err);

    if (!object)
        return -EINVAL;
    int r = read_puts(object, &put, err);
    if (r < 0)
        put_request_done(&put);
    else
        *ret = put;
    return r;
}

void put_request_done(struct put_request *put)
{
    free(put->puts);
    free(put->texts);
    *put = (struct put_request){0};
}

/* ---- the others ---- */

int lease_request_read(const char *body, size_t len, struct lease_request *ret, struct err *err)
{
    struct lease_request lease = {.lease_ns = 30 * NS_PER_S, .max = 1};
    json_auto_t *object = read_object(body, len, err);

    if (!object)
        return -EINVAL;
    int r = read_text(object, "worker", lease.worker, sizeof(lease.worker), err);
    r = r < 0 ? r : read_seconds(object, "lease_seconds", 0.1, 3600, &lease.lease_ns, err);
    r = r < 0 ? r : read_count(object, "max", JOBS_LEASES_MAX, &lease.max, err);
    r = r < 0 ? r : read_seconds(object, "wait_seconds", 0, 20, &lease.wait_ns, err);
    if (r == 0)
        *ret = lease;
    return r;
}

int held_request_read(const char *body, size_t len, struct held_request *ret, struct err *err)
{
    struct held_request held = {.lease_ns = 30 * NS_PER_S};
    json_auto_t *object = read_object(body, len, err);

    if (!object)
        return -EINVAL;
    int r = read_text(object, "id", held.id, sizeof(held.id), err);
    r = r < 0 ? r : read_text(object, "lease", held.lease, sizeof(held.lease), err);
    r = r < 0 ? r : read_seconds(object, "lease_seconds", 0.1, 3600, &held.lease_ns, err);
    r = r < 0 ? r : read_text(object, "reason", held.reason, sizeof(held.reason), err);
    r = r < 0 ? r : read_seconds(object, "delay_seconds", 0, DELAY_MAX_S, &held.delay_ns, err);
    if (r == 0 && (!held.id[0] || !held.lease[0]))
        r = err_set(err, -EINVAL, "id and lease must be given");
    if (r < 0)
        return r;
    if (!json_object_get(object, "delay_seconds"))
        held.delay_ns = UINT64_MAX;
    *ret = held;
    return 0;
}

int requeue_request_read(const char *body, size_t len, struct requeue_request *ret, struct err *err)
{
    struct requeue_request requeue = {0};
    json_auto_t *object = read_object(body, len, err);

    if (!object)
        return -EINVAL;
    int r = read_text(object, "id", requeue.id, sizeof(requeue.id), err);
    if (r == 0)
        *ret = requeue;
    return r;
}
