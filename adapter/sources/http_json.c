// SPDX-License-Identifier: MIT
#include "adapter/sources/http_json.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "kube/jpath_step.h"
#include "kube/quantity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX_BYTES 1024
#define VALUE_PATH_MAX_BYTES 200
#define TIMEOUT_DEFAULT_NS (2 * NS_PER_S)
#define TIMEOUT_MIN_NS (10 * NS_PER_MS)
#define TIMEOUT_MAX_NS (60 * NS_PER_S)

#define HOST_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"

/* The parts of scheme://user:password@host:port/path?query#fragment that people may see. */
struct url_parts {
    size_t scheme_len; /* with "://" */
    const char *host;  /* with the port */
    size_t host_len;
    const char *path;
    size_t path_len;
};

static bool is_port(const char *text, size_t len)
{
    char digits[8] = "";
    uint64_t port;

    if (len == 0 || len >= sizeof(digits))
        return false;
    memcpy(digits, text, len);
    return parse_u64(digits, 1, 65535, &port) == 0;
}

static bool is_host(const char *host, size_t len)
{
    const char *end = host + len;
    const char *stop = host + strspn(host, HOST_ALPHABET);

    if (*host == '[') {
        stop = host + 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        if (stop >= end || *stop++ != ']')
            return false;
    }
    if (stop == host || stop > end)
        return false;
    return stop == end || (*stop == ':' && is_port(stop + 1, (size_t)(end - stop - 1)));
}

static bool split_url(const char *url, struct url_parts *ret)
{
    struct url_parts p = {.scheme_len = strncmp(url, "https://", 8) == 0  ? 8
                                        : strncmp(url, "http://", 7) == 0 ? 7
                                                                          : 0};
    const char *authority = url + p.scheme_len;
    const char *end = authority + strcspn(authority, "/?#");

    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return false;

    const char *at = memrchr(authority, '@', (size_t)(end - authority));
    p.host = at ? at + 1 : authority;
    p.host_len = (size_t)(end - p.host);
    p.path = end;
    p.path_len = strcspn(end, "?#");
    *ret = p;
    return p.scheme_len && is_host(p.host, p.host_len);
}

static int keep_url(struct http_json *h, const struct strict *s, const char *path, const char *url)
{
    char at[STRICT_PATH_MAX];
    struct url_parts p;

    strict_path(at, path, "url");
    if (!split_url(url, &p)) /* does not repeat the text: it may hold a password */
        return strict_refuse(s, at, "%s takes an address such as http://queue:8080/depth", at);

    h->url = strdup(url);
    if (asprintf(&h->shown_as, "%.*s%.*s%.*s", (int)p.scheme_len, url, (int)p.host_len, p.host,
                 (int)p.path_len, p.path) < 0)
        h->shown_as = NULL;
    return h->url && h->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
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

int http_json_read_config(const struct strict *s, const json_t *mapping, const char *path,
                          struct http_json *ret)
{
    static const struct strict_member members[] = {
        {"url", true}, {"valuePath", true}, {"timeout", false}, {0}};
    const char *url = NULL, *value_path = NULL;

    ret->timeout_ns = TIMEOUT_DEFAULT_NS;
    int r = strict_mapping(s, mapping, path, members);
    if (r == 0)
        r = strict_text(s, mapping, path, "url", URL_MAX_BYTES, &url);
    if (r == 0)
        r = keep_url(ret, s, path, url);
    if (r == 0)
        r = strict_text(s, mapping, path, "valuePath", VALUE_PATH_MAX_BYTES, &value_path);
    if (r == 0)
        r = keep_value_path(ret, s, path, value_path);
    if (r == 0)
        r = strict_duration(s, mapping, path, "timeout", TIMEOUT_MIN_NS, TIMEOUT_MAX_NS,
                            &ret->timeout_ns);
    return r;
}

void http_json_done(struct http_json *h)
{
    free(h->url);
    free(h->shown_as);
    free(h->value_path);
    *h = (struct http_json){0};
}

static int number_to_milli(const json_t *value, const char *path, int64_t *ret_milli,
                           struct err *err)
{
    int64_t milli;
    int r = quantity_from_json(value, &milli);

    if (r == -ERANGE)
        return err_set(err, -ENOMSG, "the number at '%s' is too large", path);
    if (r < 0)
        return err_set(err, -ENOMSG, "what is at '%s' is not a number", path);
    if (milli < 0)
        return err_set(err, -ENOMSG, "the number at '%s' is negative", path);
    *ret_milli = milli;
    return 0;
}

int http_json_value(const struct http_json *h, int status, const struct buf *body,
                    int64_t *ret_milli, struct err *err)
{
    json_error_t where;

    if (status < 200 || status > 299)
        return err_set(err, -EBADMSG, "answers %d", status);

    json_auto_t *doc =
        json_loadb(body->data ? body->data : "", body->len, JSON_REJECT_DUPLICATES, &where);
    if (!doc)
        return err_set(err, -ENOMSG, "the answer is not JSON (line %d, column %d)", where.line,
                       where.column);

    const json_t *value = jpath(doc, h->value_path);
    if (!value)
        return err_set(err, -ENOMSG, "there is nothing at '%s' in the answer", h->value_path);
    return number_to_milli(value, h->value_path, ret_milli, err);
}
