// SPDX-License-Identifier: MIT
#include "workload/job_request.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/burn.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define BATCH_SUFFIX_MAX 6 /* ".10000" */

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

static int read_put_id(const json_t *object, struct put_request *put, struct err *err)
{
    size_t longest = put->count > 1 ? JOBS_ID_MAX - BATCH_SUFFIX_MAX : JOBS_ID_MAX;
    int r = read_text(object, "id", put->id, longest + 1, err);

    if (r < 0)
        return r;
    if (!json_object_get(object, "id"))
        return make_id(put->id, err);
    if (!jobs_id_valid(put->id))
        return err_set(err, -EINVAL, "id takes letters, digits and . _ : -");
    return 0;
}

int put_request_read(const char *body, size_t len, struct put_request *ret, struct err *err)
{
    struct put_request put = {.cpu_ms = -1, .count = 1};
    json_auto_t *object = read_object(body, len, err);

    if (!object)
        return -EINVAL;
    int r = read_number(object, "cpu_ms", 0, BURN_CPU_MS_MAX, &put.cpu_ms, err);
    r = r < 0 ? r : read_count(object, "count", JOBS_COUNT_MAX, &put.count, err);
    r = r < 0 ? r : read_put_id(object, &put, err);
    if (r == 0 && put.cpu_ms < 0)
        r = err_set(err, -EINVAL, "cpu_ms is missing");
    if (r == 0)
        *ret = put;
    return r;
}

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

int ack_request_read(const char *body, size_t len, struct ack_request *ret, struct err *err)
{
    struct ack_request ack = {0};
    json_auto_t *object = read_object(body, len, err);

    if (!object)
        return -EINVAL;
    int r = read_text(object, "id", ack.id, sizeof(ack.id), err);
    r = r < 0 ? r : read_text(object, "lease", ack.lease, sizeof(ack.lease), err);
    if (r == 0 && (!ack.id[0] || !ack.lease[0]))
        r = err_set(err, -EINVAL, "id and lease must be given");
    if (r == 0)
        *ret = ack;
    return r;
}
