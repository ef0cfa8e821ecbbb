// SPDX-License-Identifier: MIT
#include "kube/status.h"

#include "base/scoped.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char content_type[] = "application/json";

static const char *reason_of(int code)
{
    static const struct {
        int code;
        const char *reason;
    } reasons[] = {
        {400, "BadRequest"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "NotFound"},
        {405, "MethodNotAllowed"},
        {406, "NotAcceptable"},
        {409, "Conflict"},
        {410, "Expired"},
        {413, "RequestEntityTooLarge"},
        {415, "UnsupportedMediaType"},
        {422, "Invalid"},
        {429, "TooManyRequests"},
        {500, "InternalError"},
        {503, "ServiceUnavailable"},
        {504, "Timeout"},
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].code == code)
            return reasons[i].reason;
    return code >= 500 ? "InternalError" : "BadRequest";
}

/* Messages quote what clients sent and may be cut inside a character; JSON takes only UTF-8. */
static json_t *text_value(const char *text)
{
    json_t *value = json_string(text);
    scoped(free_at) char *ascii = value ? NULL : strdup(text);

    if (value || !ascii)
        return value;

    for (char *c = ascii; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return json_string(ascii);
}

json_t *status_new(int code, const char *message)
{
    return json_pack("{s:s, s:s, s:{}, s:s, s:o, s:s, s:i}", "kind", "Status", "apiVersion", "v1",
                     "metadata", "status", "Failure", "message", text_value(message), "reason",
                     reason_of(code), "code", code);
}

struct http_reply json_reply(int code, json_t *body)
{
    static const char no_memory[] =
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
        "\"message\":\"out of memory\",\"reason\":\"InternalError\",\"code\":500}";
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    json_decref(body);
    if (!text)
        return http_reply_static(500, content_type, no_memory, sizeof(no_memory) - 1);
    return http_reply_take(code, content_type, text, strlen(text));
}

struct http_reply status_reply(int code, const char *message)
{
    return json_reply(code, status_new(code, message));
}

struct http_reply status_replyf(int code, const char *format, ...)
{
    scoped(free_at) char *message = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&message, format, args);
    va_end(args);
    if (len < 0) {
        message = NULL;
        return json_reply(500, NULL);
    }
    return status_reply(code, message);
}

struct http_reply status_not_found(const char *group, const char *resource, const char *name)
{
    scoped(free_at) char *message = NULL;
    json_auto_t *status = NULL;

    if (asprintf(&message, "%s%s%s \"%s\" not found", resource, *group ? "." : "", group, name) <
        0) {
        message = NULL;
        return json_reply(500, NULL);
    }

    status = status_new(404, message);
    json_t *details = json_pack("{s:o, s:o*, s:o}", "name", text_value(name), "group",
                                *group ? text_value(group) : NULL, "kind", text_value(resource));
    if (json_object_set_new(status, "details", details) < 0)
        return json_reply(500, NULL);
    return json_reply(404, json_incref(status));
}
