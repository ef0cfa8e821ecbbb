// SPDX-License-Identifier: MIT
#include "workload/consumer.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_MAX_S (INT64_C(100) * 365 * 24 * 3600)

static struct http_reply unknown_function(const struct http_request *r, bool says_path)
{
    if (says_path)
        return consumer_refuse(404, "unknown function: %s", r->path);
    return consumer_refuse(404, "unknown function");
}

struct http_reply consumer_serve(const struct consumer_function *functions, size_t count, void *app,
                                 const struct http_request *r, bool unknown_says_path)
{
    scoped(form_done) struct form form = {0};
    const struct consumer_call call = {r, &form};
    struct err err = {0};

    if (strcmp(r->method, "POST") != 0)
        return consumer_refuse(400, "Bad request. Not a POST request");
    if (form_is_one(r) && form_parse(r->body, r->body_len, &form, &err) < 0)
        return consumer_refuse(400, "%s", err.text);
    for (size_t i = 0; i < count; i++)
        if (strcmp(functions[i].path, r->path) == 0)
            return functions[i].serve(app, &call);
    return unknown_function(r, unknown_says_path);
}

const char *consumer_param(const struct consumer_call *call, const char *name)
{
    const char *value = http_query(call->request, name);

    for (size_t i = call->form->count; i > 0; i--)
        if (strcmp(call->form->fields[i - 1].name, name) == 0)
            value = call->form->fields[i - 1].value;
    return value && *value ? value : NULL;
}

struct http_reply consumer_refuse(int status, const char *format, ...)
{
    scoped(free_at) char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        text = NULL;

    struct http_reply reply = http_reply_printf(status, "%s\n", text ? text : "out of memory");
    reply.headers[0] = (struct http_pair){"X-Content-Type-Options", "nosniff"};
    return reply;
}

struct http_reply consumer_not_given(void)
{
    return consumer_refuse(400, "not given function argument");
}

struct http_reply consumer_incorrect(void)
{
    return consumer_refuse(400, "incorrect function argument");
}

bool consumer_ints(const struct consumer_call *call, struct consumer_int *ints, size_t count,
                   struct http_reply *ret_refusal)
{
    for (size_t i = 0; i < count; i++) {
        if (!consumer_param(call, ints[i].name)) {
            *ret_refusal = consumer_not_given();
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = consumer_param(call, ints[i].name);
        if (parse_i64(text, INT64_MIN, INT64_MAX, &ints[i].value) < 0) {
            *ret_refusal = consumer_incorrect();
            return false;
        }
    }
    return true;
}

uint64_t consumer_duration_ns(int64_t duration_s)
{
    if (duration_s <= 0)
        return 0;
    return (uint64_t)(duration_s < DURATION_MAX_S ? duration_s : DURATION_MAX_S) * NS_PER_S;
}
