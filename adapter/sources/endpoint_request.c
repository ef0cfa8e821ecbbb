// SPDX-License-Identifier: MIT
#include "adapter/sources/endpoint_private.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/urltext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_URL_MAX (64 * KIB)
#define REQUEST_FORM_MAX MIB

/* ---- requests ---- */

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "cannot be asked: out of memory");
}

static int keep_secret(const struct secret *secret, struct source_request *request,
                       const char **ret, struct err *err)
{
    char *text = NULL;

    if (!secret_is_set(secret))
        return 0;
    int r = secret_get(secret, &text, err);
    if (r < 0)
        return r;
    *ret = source_request_keep(request, text);
    return *ret ? 0 : no_memory(err);
}

static int put_parameters(struct buf *text, const struct label *parameters, size_t count)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = urltext_query(text, parameters[i].name, parameters[i].value);
    return r;
}

static int put_url(struct buf *url, const struct endpoint *e, const char *host, const char *path)
{
    size_t len = strlen(e->path);

    if (path && len && e->path[len - 1] == '/')
        len--;
    return buf_printf(url, "%s%s%s%.*s%s%s", e->scheme, e->userinfo, host, (int)len, e->path,
                      path ? path : "", e->query);
}

static int too_long(size_t max, struct err *err)
{
    return err_set(err, -EINVAL, "cannot be asked: the request is longer than %zu bytes", max);
}

static int set_url(const struct endpoint *e, const char *host, const char *path,
                   const struct label *parameters, size_t count, struct source_request *ret,
                   struct err *err)
{
    struct buf url = {.max = REQUEST_URL_MAX};
    const char *api_key = NULL;
    int r = e->api_key_query ? keep_secret(&e->api_key, ret, &api_key, err) : 0;

    if (r < 0)
        return r;
    r = put_url(&url, e, host, path);
    if (r == 0)
        r = put_parameters(&url, parameters, count);
    if (r == 0 && api_key)
        r = urltext_query(&url, e->api_key_query, api_key);
    ret->call.url = r == 0 ? source_request_keep(ret, buf_take(&url, NULL)) : NULL;
    buf_done(&url);
    if (r == -E2BIG)
        return too_long(REQUEST_URL_MAX, err);
    return ret->call.url ? 0 : no_memory(err);
}

/* A form is a query without its question mark. */
static int set_form(const struct label *parameters, size_t count, struct source_request *ret,
                    struct err *err)
{
    struct buf form = {.max = REQUEST_FORM_MAX};
    int r = put_parameters(&form, parameters, count);
    size_t len = form.len;
    const char *text = r == 0 && len ? source_request_keep(ret, buf_take(&form, NULL)) : NULL;

    buf_done(&form);
    if (r == -E2BIG)
        return too_long(REQUEST_FORM_MAX, err);
    if (!text)
        return no_memory(err);
    ret->call.method = "POST";
    ret->call.body = text + 1;
    ret->call.body_len = len - 1;
    return 0;
}

static int set_headers(const struct endpoint *e, struct source_request *ret, struct err *err)
{
    const char **next = ret->call.headers;
    const char *api_key = NULL;
    char *line = NULL;

    while (*next)
        next++;
    if (ret->call.body)
        *next++ = "Content-Type: application/x-www-form-urlencoded";
    for (size_t i = 0; i < e->header_count; i++)
        *next++ = e->headers[i];
    if (!e->api_key_header)
        return 0;
    int r = keep_secret(&e->api_key, ret, &api_key, err);
    if (r < 0)
        return r;
    if (!endpoint_is_header_value(api_key))
        return err_set(err, -EINVAL, "cannot be asked: its API key fits no header");
    if (asprintf(&line, "%s: %s", e->api_key_header, api_key) < 0)
        line = NULL;
    *next = source_request_keep(ret, line);
    return *next ? 0 : no_memory(err);
}

static int set_credentials(const struct endpoint *e, struct source_request *ret, struct err *err)
{
    struct http_call *call = &ret->call;
    int r = keep_secret(&e->password, ret, &call->password, err);

    if (r == 0)
        r = keep_secret(&e->bearer, ret, &call->bearer, err);
    call->username = e->username;
    call->ca_file = e->tls.ca;
    call->cert_file = e->tls.cert;
    call->key_file = e->tls.key;
    call->insecure_skip_verify = e->tls.insecure_skip_verify;
    return r;
}

int endpoint_request_at(const struct endpoint *e, const char *host, const char *path,
                        const struct label *parameters, size_t count, struct source_request *ret,
                        struct err *err)
{
    bool posts = e->posts && count;
    int r = set_url(e, host, path, parameters, posts ? 0 : count, ret, err);

    if (r == 0 && posts)
        r = set_form(parameters, count, ret, err);
    if (r == 0)
        r = set_headers(e, ret, err);
    return r == 0 ? set_credentials(e, ret, err) : r;
}

int endpoint_request(const struct endpoint *e, const char *path, const struct label *parameters,
                     size_t count, struct source_request *ret, struct err *err)
{
    return endpoint_request_at(e, e->host, path, parameters, count, ret, err);
}

/* ---- answers ---- */

int endpoint_check_status(int status, struct err *err)
{
    return status >= 200 && status <= 299 ? 0 : err_set(err, -EBADMSG, "answers %d", status);
}

/* Servers written in Go have integers up to 2^64 - 1 ("no limit"), jansson up to 2^63 - 1: should
 * one be larger, all numbers are read as reals. */
int endpoint_read_json(const struct buf *body, json_t **ret, struct err *err)
{
    const char *text = body->data ? body->data : "";
    json_error_t where;
    json_t *doc = json_loadb(text, body->len, JSON_REJECT_DUPLICATES, &where);

    if (!doc && json_error_code(&where) == json_error_numeric_overflow)
        doc = json_loadb(text, body->len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &where);
    if (!doc)
        return err_set(err, -ENOMSG, "answers what is not JSON (line %d, column %d)", where.line,
                       where.column);
    *ret = doc;
    return 0;
}

int endpoint_read_answer(int status, const struct buf *body, json_t **ret, struct err *err)
{
    int r = endpoint_check_status(status, err);

    return r == 0 ? endpoint_read_json(body, ret, err) : r;
}
