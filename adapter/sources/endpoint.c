// SPDX-License-Identifier: MIT
#include "adapter/sources/endpoint.h"

#include "adapter/sources/endpoint_private.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/parse.h"
#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX_BYTES 1024
#define NAME_MAX_BYTES 256
#define BAD_URL "takes an address such as http://queue:8080/depth"

/* ---- the address ---- */

#define HOST_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"

/* The parts of scheme://user:password@host:port/path?query#fragment. */
struct url_parts {
    size_t scheme_len; /* with "://" */
    const char *userinfo;
    size_t userinfo_len; /* with "@" */
    const char *host;    /* with the port */
    size_t host_len;
    const char *path;
    size_t path_len;
    size_t query_len; /* behind the path, with "?" */
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
    p.userinfo = authority;
    p.host = at ? at + 1 : authority;
    p.userinfo_len = (size_t)(p.host - authority);
    p.host_len = (size_t)(end - p.host);
    p.path = end;
    p.path_len = strcspn(end, "?#");
    p.query_len = strcspn(end + p.path_len, "#");
    *ret = p;
    return p.scheme_len && is_host(p.host, p.host_len);
}

static int keep_url(struct endpoint *e, const char *url)
{
    struct url_parts p;

    if (!split_url(url, &p))
        return -EINVAL;
    e->scheme = strndup(url, p.scheme_len);
    e->userinfo = strndup(p.userinfo, p.userinfo_len);
    e->host = strndup(p.host, p.host_len);
    e->path = strndup(p.path, p.path_len);
    e->query = strndup(p.path + p.path_len, p.query_len);
    if (!e->scheme || !e->userinfo || !e->host || !e->path || !e->query ||
        asprintf(&e->shown_as, "%s%s%s", e->scheme, e->host, e->path) < 0) {
        e->shown_as = NULL;
        return -ENOMEM;
    }
    return 0;
}

/* ---- life ---- */

static struct endpoint *make(void)
{
    struct endpoint *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    atomic_init(&e->refs, 1);
    e->timeout_ns = SOURCE_TIMEOUT_DEFAULT_NS;
    return e;
}

struct endpoint *endpoint_ref(struct endpoint *e)
{
    (void)atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    return e;
}

void endpoint_unref(struct endpoint *e)
{
    if (!e || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
        return;
    char *const texts[] = {e->scheme,         e->userinfo,     e->host, e->path,
                           e->query,          e->shown_as,     e->key,  e->username,
                           e->api_key_header, e->api_key_query};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    for (size_t i = 0; i < e->header_count; i++)
        free(e->headers[i]);
    secret_done(&e->password);
    secret_done(&e->bearer);
    secret_done(&e->api_key);
    tls_files_done(&e->tls);
    free(e);
}

/* The settings may hold secrets, so that the key has a hash of them. */
static int make_key(struct endpoint *e, const char *settings)
{
    if (asprintf(&e->key, "%s %016" PRIx64, e->shown_as, hash_text(HASH_START, settings)) >= 0)
        return 0;
    e->key = NULL;
    return -ENOMEM;
}

int endpoint_new(const char *url, struct endpoint **ret, struct err *err)
{
    struct endpoint *e = make();
    int r = e ? keep_url(e, url) : -ENOMEM;

    if (r == 0)
        r = make_key(e, url);
    if (r == 0) {
        *ret = e;
        return 0;
    }
    endpoint_unref(e);
    return r == -EINVAL ? err_set(err, r, BAD_URL) : err_set(err, r, "out of memory");
}

const char *endpoint_shown_as(const struct endpoint *e)
{
    return e->shown_as;
}

const char *endpoint_host(const struct endpoint *e)
{
    return e->host;
}

const char *endpoint_path(const struct endpoint *e)
{
    return e->path;
}

const char *endpoint_key(const struct endpoint *e)
{
    return e->key;
}

uint64_t endpoint_timeout_ns(const struct endpoint *e)
{
    return e->timeout_ns;
}

/* ---- configuration ---- */

static int out_of_memory(const struct strict *s)
{
    return err_set(s->err, -ENOMEM, "out of memory");
}

static int read_url(const struct strict *s, const json_t *mapping, const char *path,
                    struct endpoint *e)
{
    const char *url = NULL;
    char at[STRICT_PATH_MAX];
    int r = strict_text(s, mapping, path, "url", URL_MAX_BYTES, &url);

    if (r == 0)
        r = keep_url(e, url);
    if (r == -EINVAL && url) /* does not repeat the text: it may hold a password */
        return strict_refuse(s, strict_path(at, path, "url"), "%s " BAD_URL, at);
    return r == -ENOMEM ? out_of_memory(s) : r;
}

static int read_basic(const struct strict *s, const json_t *mapping, const char *path,
                      struct endpoint *e)
{
    static const struct strict_member members[] = {{"username", true}, {"password", true}, {0}};
    const json_t *basic = json_object_get(mapping, "basic");
    char at[STRICT_PATH_MAX], password[STRICT_PATH_MAX];

    if (!basic)
        return 0;
    int r = strict_mapping(s, basic, strict_path(at, path, "basic"), members);
    if (r == 0)
        r = strict_copy(s, basic, at, "username", NAME_MAX_BYTES, &e->username);
    if (r == 0 && strchr(e->username, ':')) /* RFC 7617, section 2 */
        return strict_refuse(s, at, "%s.username cannot have a colon", at);
    return r == 0 ? secret_read_config(s, json_object_get(basic, "password"),
                                       strict_path(password, at, "password"), &e->password)
                  : r;
}

static int read_bearer(const struct strict *s, const json_t *mapping, const char *path,
                       struct endpoint *e)
{
    const json_t *token = json_object_get(mapping, "bearerToken");
    char at[STRICT_PATH_MAX];

    strict_path(at, path, "bearerToken");
    if (token && e->username)
        return strict_refuse(s, at, "%s and basic exclude each other", at);
    return token ? secret_read_config(s, token, at, &e->bearer) : 0;
}

/* A field name of RFC 9110, section 5.1. */
static bool is_header_name(const char *name)
{
    return *name && !name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

bool endpoint_is_header_value(const char *value)
{
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if ((*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    return true;
}

static int read_api_key(const struct strict *s, const json_t *mapping, const char *path,
                        struct endpoint *e)
{
    static const struct strict_member members[] = {
        {"header", false}, {"query", false}, {"value", true}, {0}};
    const json_t *key = json_object_get(mapping, "apiKey");
    char at[STRICT_PATH_MAX], value[STRICT_PATH_MAX];

    if (!key)
        return 0;
    int r = strict_mapping(s, key, strict_path(at, path, "apiKey"), members);
    if (r == 0)
        r = strict_copy(s, key, at, "header", NAME_MAX_BYTES, &e->api_key_header);
    if (r == 0)
        r = strict_copy(s, key, at, "query", NAME_MAX_BYTES, &e->api_key_query);
    if (r < 0)
        return r;
    if (!e->api_key_header == !e->api_key_query)
        return strict_refuse(s, at, "%s takes either header or query", at);
    if (e->api_key_header && !is_header_name(e->api_key_header))
        return strict_refuse(s, at, "%s.header takes the name of a header", at);
    return secret_read_config(s, json_object_get(key, "value"), strict_path(value, at, "value"),
                              &e->api_key);
}

static int read_headers(const struct strict *s, const json_t *mapping, const char *path,
                        struct endpoint *e)
{
    json_t *headers = json_object_get(mapping, "headers"), *value;
    char at[STRICT_PATH_MAX];
    const char *name;

    strict_path(at, path, "headers");
    if (headers && (!json_is_object(headers) || json_object_size(headers) > EXTRA_HEADERS_MAX))
        return strict_refuse(s, at, "%s takes a mapping of at most %d headers", at,
                             EXTRA_HEADERS_MAX);
    json_object_foreach (headers, name, value) {
        if (!is_header_name(name) || !json_is_string(value) ||
            !endpoint_is_header_value(json_string_value(value)))
            return strict_refuse(s, at, "%s takes names and texts of headers", at);
        if (asprintf(&e->headers[e->header_count], "%s: %s", name, json_string_value(value)) < 0)
            return out_of_memory(s);
        e->header_count++;
    }
    return 0;
}

static int read_tls(const struct strict *s, const json_t *mapping, const char *path,
                    struct endpoint *e)
{
    return tls_files_read_config(s, mapping, path, &e->tls);
}

static int read_timeout(const struct strict *s, const json_t *mapping, const char *path,
                        struct endpoint *e)
{
    return strict_duration(s, mapping, path, "timeout", SOURCE_TIMEOUT_MIN_NS,
                           SOURCE_TIMEOUT_MAX_NS, &e->timeout_ns);
}

static int read_method(const struct strict *s, const json_t *mapping, const char *path,
                       struct endpoint *e)
{
    static const char *const methods[] = {"GET", "POST", NULL};
    int method = 0;
    int r = strict_choice(s, mapping, path, "method", methods, &method);

    e->posts = method == 1;
    return r;
}

static int keep_key(const struct strict *s, const json_t *mapping, struct endpoint *e)
{
    static const char *const ours[] = {"url",     "basic", "bearerToken", "apiKey",
                                       "headers", "tls",   "timeout",     "method"};
    json_auto_t *settings = json_object();

    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        json_t *value = json_object_get(mapping, ours[i]);
        if (value && json_object_set(settings, ours[i], value) < 0)
            return out_of_memory(s);
    }
    scoped(free_at) char *text = json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS);
    return text && make_key(e, text) == 0 ? 0 : out_of_memory(s);
}

/* url NULL: it is a member. */
static int read_all(const struct strict *s, const json_t *mapping, const char *path,
                    const char *url, struct endpoint **ret)
{
    static int (*const steps[])(const struct strict *s, const json_t *mapping, const char *path,
                                struct endpoint *e) = {
        read_basic, read_bearer, read_api_key, read_headers, read_tls, read_timeout, read_method};
    struct endpoint *e = make();
    int r = e ? 0 : out_of_memory(s);

    if (r == 0)
        r = url ? keep_url(e, url) : read_url(s, mapping, path, e);
    for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
        r = steps[i](s, mapping, path, e);
    if (r == 0)
        r = keep_key(s, mapping, e);
    if (r == 0)
        *ret = e;
    else
        endpoint_unref(e);
    return r;
}

int endpoint_read_config(const struct strict *s, const json_t *mapping, const char *path,
                         struct endpoint **ret)
{
    return read_all(s, mapping, path, NULL, ret);
}

int endpoint_read_options(const struct strict *s, const json_t *mapping, const char *path,
                          const char *url, struct endpoint **ret)
{
    return read_all(s, mapping, path, url, ret);
}

int endpoint_read_slow_config(const struct strict *s, const json_t *mapping, const char *path,
                              const char *timeout, struct endpoint **ret)
{
    json_auto_t *whole = json_deep_copy(mapping);

    if (!whole || (!json_object_get(whole, "timeout") &&
                   json_object_set_new(whole, "timeout", json_string(timeout)) < 0))
        return out_of_memory(s);
    return endpoint_read_config(s, whole, path, ret);
}

void endpoint_help(FILE *out)
{
    (void)fputs("      Fields of every source that speaks HTTP, beside its url:\n"
                "        basic: {username: reader, password: {file: /etc/queue/password}}\n"
                "        bearerToken: {env: QUEUE_TOKEN}     a file or an environment variable\n"
                "        apiKey: {header: X-API-KEY, value: {file: /etc/queue/key}}\n"
                "                              or query: NAME instead of header\n"
                "        headers: {X-Scope-OrgID: team}      at most 4\n"
                "        tls: {caFile: ca.pem, certFile: tls.crt, keyFile: tls.key,\n"
                "              insecureSkipVerify: true}     all optional\n"
                "        timeout: 2s           10ms to 1m; default 2s\n",
                out);
}
