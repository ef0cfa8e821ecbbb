// SPDX-License-Identifier: MIT
#include "adapter/sources/endpoint.h"

#include "base/err.h"
#include "base/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int endpoint_read_config(const struct strict *s, const json_t *mapping, const char *path,
                         struct endpoint *ret)
{
    const char *url = NULL;
    char at[STRICT_PATH_MAX];
    struct url_parts p;

    int r = strict_text(s, mapping, path, "url", ENDPOINT_URL_MAX, &url);
    if (r < 0)
        return r;
    strict_path(at, path, "url");
    if (!split_url(url, &p)) /* does not repeat the text: it may hold a password */
        return strict_refuse(s, at, "%s takes an address such as http://queue:8080/depth", at);

    ret->url = strdup(url);
    if (asprintf(&ret->shown_as, "%.*s%.*s%.*s", (int)p.scheme_len, url, (int)p.host_len, p.host,
                 (int)p.path_len, p.path) < 0)
        ret->shown_as = NULL;
    return ret->url && ret->shown_as ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

void endpoint_done(struct endpoint *e)
{
    free(e->url);
    free(e->shown_as);
    *e = (struct endpoint){0};
}
