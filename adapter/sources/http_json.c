// SPDX-License-Identifier: MIT
#include "adapter/sources/http_json.h"

#include "adapter/sources/endpoint.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "kube/jpath_step.h"
#include "kube/quantity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_PATH_MAX_BYTES 200

struct http_json {
    struct endpoint *endpoint;
    char *value_path;
};

static void done(void *settings)
{
    struct http_json *h = settings;

    if (!h)
        return;
    endpoint_unref(h->endpoint);
    free(h->value_path);
    free(h);
}

static int keep_value_path(struct http_json *h, const struct strict *s, const char *path,
                           const char *value_path)
{
    const char *rest = value_path;
    struct jpath_step step;
    char at[STRICT_PATH_MAX];

    while (*rest)
        if (!jpath_step_take(&rest, &step))
            return strict_refuse(s, strict_path(at, path, "valuePath"),
                                 "%s takes a path such as queues[0].depth, not '%s'", at,
                                 value_path);
    h->value_path = strdup(value_path);
    return h->value_path ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int read_config(const struct strict *s, const json_t *mapping, const char *path,
                       struct source *ret)
{
    static const struct strict_member members[] = {ENDPOINT_MEMBERS, {"valuePath", true}, {0}};
    struct http_json *h = ret->settings = calloc(1, sizeof(*h));
    const char *value_path = NULL;

    if (!h)
        return err_set(s->err, -ENOMEM, "out of memory");
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = endpoint_read_config(s, mapping, path, &h->endpoint);
    if (r == 0)
        r = strict_text(s, mapping, path, "valuePath", VALUE_PATH_MAX_BYTES, &value_path);
    if (r == 0)
        r = keep_value_path(h, s, path, value_path);
    if (r < 0)
        return r;
    ret->timeout_ns = endpoint_timeout_ns(h->endpoint);
    ret->shown_as = strdup(endpoint_shown_as(h->endpoint));
    return ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

static int request(const struct source *s, struct source_poll *p, struct source_request *ret,
                   struct err *err)
{
    const struct http_json *h = s->settings;

    (void)p;
    ret->call.headers[0] = "Accept: application/json";
    return endpoint_request(h->endpoint, NULL, NULL, 0, ret, err);
}

static int number_to_milli(const json_t *value, const char *path, int64_t *ret_milli,
                           struct err *err)
{
    int r = quantity_from_json(value, ret_milli);

    if (r == -ERANGE)
        return err_set(err, -ENOMSG, "has a number at '%s' that is too large", path);
    if (r < 0)
        return err_set(err, -ENOMSG, "has no number at '%s'", path);
    if (*ret_milli < 0)
        return err_set(err, -ENOMSG, "has a number at '%s' that is negative", path);
    return 0;
}

static int read_answer(const struct source *s, struct source_poll *p, int status,
                       const struct buf *body, struct samples *ret, struct err *err)
{
    const struct http_json *h = s->settings;
    json_auto_t *doc = NULL;
    int64_t milli;

    (void)p;
    int r = endpoint_read_answer(status, body, &doc, err);
    if (r < 0)
        return r;

    const json_t *value = jpath(doc, h->value_path);
    if (!value)
        return err_set(err, -ENOMSG, "has nothing at '%s' in its answer", h->value_path);
    r = number_to_milli(value, h->value_path, &milli, err);
    return r == 0 ? samples_add_value(ret, milli) : r;
}

static void help(FILE *out)
{
    (void)fputs("      http:                   a number in a JSON answer\n"
                "        url: http://queue/queues/jobs\n"
                "        valuePath: depth      member names and [index], joined by dots\n",
                out);
}

const struct source_kind http_json_kind = {
    .name = "http",
    .read_config = read_config,
    .done = done,
    .request = request,
    .read_answer = read_answer,
    .help = help,
};
