// SPDX-License-Identifier: MIT
#include "adapter/sources/prometheus.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "kube/jpath.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (16 * MIB)
#define LABELS_MAX 128 /* of one series */

struct prometheus {
    struct endpoint *endpoint;
    char *query;
};

static void done(void *settings)
{
    struct prometheus *p = settings;

    if (!p)
        return;
    endpoint_unref(p->endpoint);
    free(p->query);
    free(p);
}

/* The query is no secret, and whole in the key: users of an API that writes queries for them must
 * not be able to find two with the same key. */
static int describe(const struct prometheus *p, char **ret_shown_as, char **ret_key)
{
    if (asprintf(ret_shown_as, "Prometheus at %s", endpoint_shown_as(p->endpoint)) < 0)
        *ret_shown_as = NULL;
    if (asprintf(ret_key, "prometheus %s %s", endpoint_key(p->endpoint), p->query) < 0)
        *ret_key = NULL;
    return *ret_shown_as && *ret_key ? 0 : -ENOMEM;
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {
        ENDPOINT_MEMBERS, ENDPOINT_METHOD, {"query", true}, {0}};
    struct prometheus *p = ret->settings = calloc(1, sizeof(*p));
    const char *query = NULL;

    if (!p)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, path, &p->endpoint);
    if (r == 0)
        r = strict_text(s, mapping, path, "query", PROMETHEUS_QUERY_MAX, &query);
    if (r < 0)
        return r;
    p->query = strdup(query);
    ret->timeout_ns = endpoint_timeout_ns(p->endpoint);
    if (!p->query || describe(p, &ret->shown_as, &ret->key) < 0)
        return err_set(s->err, -ENOMEM, "out of memory");
    return 0;
}

struct source *prometheus_source_new(struct endpoint *e, const char *query)
{
    struct prometheus *p = calloc(1, sizeof(*p));
    scoped(free_at) char *shown_as = NULL, *key = NULL;

    if (!p)
        return NULL;
    p->endpoint = endpoint_ref(e);
    p->query = strdup(query);
    if (p->query && describe(p, &shown_as, &key) == 0)
        return source_new(&prometheus_kind, p, shown_as, key, endpoint_timeout_ns(e));
    done(p);
    return NULL;
}

static int request(const struct source *s, struct source_poll *poll, struct source_request *ret,
                   struct err *err)
{
    const struct prometheus *p = s->settings;
    const struct label query = {"query", p->query};

    (void)poll;
    ret->call.headers[0] = "Accept: application/json";
    return endpoint_request(p->endpoint, "/api/v1/query", &query, 1, ret, err);
}

/* ---- the answer ---- */

/* Prometheus' words for what went wrong are a short list; its sentences repeat the query. */
static int read_failure(int status, const json_t *doc, struct err *err)
{
    static const char *const types[] = {"bad_data", "canceled",         "execution",
                                        "internal", "not_found",        "unavailable",
                                        "timeout",  "too_many_requests"};
    const char *type = jpath_str(doc, "errorType", "");

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i], type) == 0)
            return err_set(err, -EBADMSG, "answers %d (%s)", status, type);
    return err_set(err, -EBADMSG, "answers %d", status);
}

static int not_understood(struct err *err)
{
    return err_set(err, -ENOMSG, "answers what is no result of an instant query");
}

/* "1.5", "NaN", "+Inf", "-Inf": as Go writes a float. */
static int read_number(const char *text, struct sample *sample)
{
    double number;

    if (strcmp(text, "NaN") == 0)
        number = NAN;
    else if (strcmp(text, "+Inf") == 0 || strcmp(text, "-Inf") == 0)
        number = INFINITY;
    else if (parse_double(text, -DBL_MAX, DBL_MAX, &number) < 0)
        return -EINVAL;
    sample_set_number(sample, number);
    return 0;
}

/* [1763721727.5, "12"]: when and what. */
static int read_point(const json_t *point, struct sample *sample)
{
    const json_t *at = json_array_get(point, 0);
    const char *text = json_string_value(json_array_get(point, 1));
    double at_s = json_number_value(at);

    if (json_array_size(point) != 2 || !text || !json_is_number(at) || at_s < 0 || at_s > 9e9)
        return -EINVAL;
    sample->measured_wall_ns = (uint64_t)(at_s * 1000) * NS_PER_MS;
    return read_number(text, sample);
}

static int add_sample(struct samples *ret, const struct sample *sample, struct err *err)
{
    int r = samples_add(ret, sample);

    if (r == -E2BIG)
        return err_set(err, r, "answers with more than %d series", SAMPLES_MAX);
    return r == 0 ? 0 : err_set(err, r, "cannot be read: out of memory");
}

static int read_element(const json_t *element, struct samples *ret, struct err *err)
{
    json_t *metric = json_object_get(element, "metric"), *value;
    struct label labels[LABELS_MAX];
    struct sample sample = {.labels = labels};
    const char *name;

    if (json_object_get(element, "histogram"))
        return err_set(err, -ENOMSG, "answers with a native histogram, which is not one number");
    json_object_foreach (metric, name, value) {
        if (!json_is_string(value) || sample.label_count == LABELS_MAX)
            return not_understood(err);
        labels[sample.label_count++] = (struct label){name, json_string_value(value)};
    }
    if (!metric || read_point(json_object_get(element, "value"), &sample) < 0)
        return not_understood(err);
    return add_sample(ret, &sample, err);
}

static int read_vector(const json_t *result, struct samples *ret, struct err *err)
{
    int r = 0;

    if (!json_is_array(result))
        return not_understood(err);
    for (size_t i = 0; i < json_array_size(result) && r == 0; i++)
        r = read_element(json_array_get(result, i), ret, err);
    return r;
}

static int read_result(const json_t *doc, struct samples *ret, struct err *err)
{
    const char *type = jpath_str(doc, "data.resultType", "");
    const json_t *result = jpath(doc, "data.result");
    struct sample sample = {0};

    if (strcmp(type, "vector") == 0)
        return read_vector(result, ret, err);
    if (strcmp(type, "matrix") == 0)
        return err_set(err, -ENOMSG, "answers with a range: the query must select one moment");
    if (strcmp(type, "scalar") != 0 || read_point(result, &sample) < 0)
        return not_understood(err);
    return add_sample(ret, &sample, err);
}

static int read_answer(const struct source *s, struct source_poll *poll, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    json_auto_t *doc = NULL;

    (void)s;
    (void)poll;
    int r = endpoint_read_json(body, &doc, err);
    if (status < 200 || status > 299)
        return read_failure(status, doc, err);
    if (r < 0)
        return r;
    if (strcmp(jpath_str(doc, "status", ""), "success") != 0)
        return read_failure(status, doc, err);
    return read_result(doc, ret, err);
}

static void help(FILE *out)
{
    (void)fputs("      prometheus:             an instant query; every series is a value\n"
                "        url: http://prometheus:9090\n"
                "        query: sum(queue_depth{queue=\"jobs\"})\n"
                "        method: POST          GET without it; for queries that are long\n",
                out);
}

const struct source_kind prometheus_kind = {
    .name = "prometheus",
    .read_config = read_config,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .body_max = BODY_MAX,
    .help = help,
};
