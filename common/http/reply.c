// SPDX-License-Identifier: MIT
#include "http/server.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char plain_text[] = "text/plain; charset=utf-8";

static const char *find(const struct http_pair *pairs, size_t count, const char *name,
                        int (*compare)(const char *, const char *))
{
    for (size_t i = 0; i < count; i++)
        if (compare(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

const char *http_query(const struct http_request *r, const char *name)
{
    return find(r->query, r->query_count, name, strcmp);
}

const char *http_header(const struct http_request *r, const char *name)
{
    return find(r->headers, r->header_count, name, strcasecmp);
}

struct http_reply http_reply_static(int status, const char *content_type, const void *body,
                                    size_t len)
{
    return (struct http_reply){
        .status = status, .content_type = content_type, .body = body, .body_len = len};
}

struct http_reply http_reply_take(int status, const char *content_type, char *body, size_t len)
{
    if (!body)
        return http_reply_static(500, plain_text, "out of memory\n", 14);
    return (struct http_reply){.status = status,
                               .content_type = content_type,
                               .body = body,
                               .body_len = len,
                               .body_is_ours = true};
}

struct http_reply http_reply_text(int status, const char *text)
{
    return http_reply_take(status, plain_text, strdup(text), strlen(text));
}

struct http_reply http_reply_printf(int status, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    return http_reply_take(status, plain_text, len < 0 ? NULL : text, len < 0 ? 0 : (size_t)len);
}

struct http_reply http_reply_later(void)
{
    return (struct http_reply){.kind = HTTP_REPLY_LATER};
}

struct http_reply http_reply_stream(struct http_stream *s, const char *content_type)
{
    if (!s)
        return http_reply_take(500, plain_text, NULL, 0);
    return (struct http_reply){
        .kind = HTTP_REPLY_STREAM, .status = 200, .content_type = content_type, .stream = s};
}

void http_reply_done(struct http_reply *r)
{
    if (r->body_is_ours)
        free((char *)(uintptr_t)r->body);
    if (r->stream) {
        http_stream_close(r->stream); /* nobody will read it: its writers must learn that */
        http_stream_unref(r->stream);
    }
    *r = (struct http_reply){0};
}
