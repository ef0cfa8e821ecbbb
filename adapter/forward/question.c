// SPDX-License-Identifier: MIT
#include "adapter/forward/question.h"

#include "adapter/auth/attributes.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/urltext.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define VIA "swell-adapter"
#define PATH_MAX_BYTES (16 * KIB)
#define QUOTED_MAX 300 /* bytes of another's message */

bool question_is_passed_on(const struct http_request *r)
{
    const char *via = http_header(r, "Via");

    return via && strstr(via, VIA);
}

/* ---- what may be asked ---- */

/* libcurl and Go's servers resolve these. */
static bool has_dots(const char *path)
{
    for (const char *segment = path; segment; segment = strchr(segment, '/')) {
        segment += *segment == '/';
        size_t len = strcspn(segment, "/");
        if ((len == 1 && segment[0] == '.') || (len == 2 && memcmp(segment, "..", 2) == 0))
            return true;
    }
    return false;
}

/* The words in front of a resource that make a path another one (requestinfo.go): we were asked for
 * less than the other adapter would read. */
static bool is_special(const struct attributes *what)
{
    static const char *const words[] = {"watch", "proxy", "namespaces"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(what->resource, words[i]) == 0)
            return true;
    return false;
}

static int check(const struct http_request *r, const struct attributes *what, struct err *err)
{
    if (question_is_passed_on(r))
        return err_set(err, -EINVAL, "it was passed on once already");
    if (!what->is_resource || is_special(what) || has_dots(r->path))
        return err_set(err, -EINVAL, "its path has another meaning in Kubernetes");
    return 0;
}

static int keep_path(const char *path, struct question *q)
{
    scoped(buf_done) struct buf url = {.max = PATH_MAX_BYTES};
    size_t len = strlen(path);
    scoped(free_at) char *plain = strndup(path, len && path[len - 1] == '/' ? len - 1 : len);

    if (!plain || urltext_path(&url, plain) < 0)
        return -ENOMEM;
    q->path = buf_take(&url, NULL);
    q->metric = strdup(strrchr(plain, '/') + 1);
    return q->path && q->metric ? 0 : -ENOMEM;
}

static char *copy_parameter(const struct http_request *r, const char *name)
{
    const char *value = http_query(r, name);

    return strdup(value ? value : "");
}

int question_read(const struct http_request *r, struct question *ret, struct err *err)
{
    struct attributes what;
    struct question q = {0};

    attributes_of(r, &what);
    int result = check(r, &what, err);
    if (result < 0)
        return result;
    q.kind =
        strncmp(what.group, "external", 8) == 0 ? "ExternalMetricValueList" : "MetricValueList";
    q.label_selector = copy_parameter(r, "labelSelector");
    q.metric_label_selector = copy_parameter(r, "metricLabelSelector");
    if (asprintf(&q.group_version, "%s/%s", what.group, what.version) < 0)
        q.group_version = NULL;
    if (keep_path(r->path, &q) < 0 || !q.label_selector || !q.metric_label_selector ||
        !q.group_version) {
        question_done(&q);
        return err_set(err, -ENOMEM, "out of memory");
    }
    *ret = q;
    return 0;
}

void question_done(struct question *q)
{
    free(q->path);
    free(q->metric);
    free(q->group_version);
    free(q->label_selector);
    free(q->metric_label_selector);
    *q = (struct question){0};
}

/* ---- asking ---- */

static int request(const char *path, const struct label *parameters, size_t count,
                   const struct endpoint *other, struct source_request *ret, struct err *err)
{
    ret->call.headers[0] = "Accept: application/json";
    ret->call.headers[1] = "Via: 1.1 " VIA;
    ret->call.timeout_ns = endpoint_timeout_ns(other);
    return endpoint_request(other, path, parameters, count, ret, err);
}

int question_request(const struct question *q, const struct endpoint *other,
                     struct source_request *ret, struct err *err)
{
    const struct label parameters[] = {{"labelSelector", q->label_selector},
                                       {"metricLabelSelector", q->metric_label_selector}};

    return request(q->path, parameters, ARRAY_LEN(parameters), other, ret, err);
}

int question_list_request(const char *path, const struct endpoint *other,
                          struct source_request *ret, struct err *err)
{
    return request(path, NULL, 0, other, ret, err);
}

/* ---- answers ---- */

static bool is_text(const json_t *doc, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(doc, name));

    return value && strcmp(value, text) == 0;
}

/* Go writes a list of nothing as null. */
static bool is_list_of_objects(const json_t *items)
{
    size_t i;
    json_t *item;

    if (!items || json_is_null(items))
        return true;
    json_array_foreach (items, i, item)
        if (!json_is_object(item))
            return false;
    return json_is_array(items);
}

static enum question_answer judge_values(const struct question *q, const json_t *doc,
                                         struct err *why)
{
    if (is_text(doc, "kind", q->kind) && is_text(doc, "apiVersion", q->group_version) &&
        is_list_of_objects(json_object_get(doc, "items")))
        return QUESTION_VALUES;
    (void)err_set(why, -ENOMSG, "answers what is no %s of %s", q->kind, q->group_version);
    return QUESTION_INVALID;
}

static enum question_answer judge_error(int status, const json_t *doc, struct err *why)
{
    const char *message = json_string_value(json_object_get(doc, "message"));

    if (!is_text(doc, "kind", "Status") || !message ||
        json_integer_value(json_object_get(doc, "code")) != status) {
        (void)err_set(why, -EBADMSG, "answers %d", status);
        return QUESTION_INVALID;
    }
    if (status != 401 && status != 403)
        return status == 404 ? QUESTION_UNKNOWN : QUESTION_STATUS;
    (void)err_set(why, -EACCES, "answers %d: %.*s", status, QUOTED_MAX, message);
    return QUESTION_DENIED;
}

enum question_answer question_judge(const struct question *q, int status, const struct buf *body,
                                    struct err *why)
{
    json_auto_t *doc = NULL;

    if (status >= 400) {
        doc = json_loadb(body->data ? body->data : "", body->len, JSON_REJECT_DUPLICATES, NULL);
        return judge_error(status, doc, why);
    }
    if (status != 200) {
        (void)err_set(why, -EBADMSG, "answers %d", status);
        return QUESTION_INVALID;
    }
    return endpoint_read_json(body, &doc, why) == 0 ? judge_values(q, doc, why) : QUESTION_INVALID;
}
