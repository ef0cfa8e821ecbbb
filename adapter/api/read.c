// SPDX-License-Identifier: MIT
#include "adapter/api/read.h"

#include "adapter/api/accept.h"
#include "base/clock.h"
#include "base/scoped.h"
#include "kube/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_NS (10 * NS_PER_S) /* an HPA waits as long as it must, and its worker with it */

struct waiting { /* a request whose query is read for the first time */
    struct http_pending *pending;
    struct query *query;
    read_reply_fn *reply;
    void *context;
    void (*free_context)(void *context);
};

static struct http_reply finish(const struct waiting *w, struct reading *reading)
{
    struct http_reply reply = w->reply(w->context, w->query, reading);

    reading_unref(reading);
    query_release(w->query);
    w->free_context(w->context);
    return reply;
}

static void on_ready(void *arg)
{
    struct waiting *w = arg;

    http_pending_reply(w->pending, finish(w, query_newest(w->query)));
    free(w);
}

static struct http_reply answer_later(const struct http_request *r, const struct waiting *now)
{
    struct waiting *w = malloc(sizeof(*w));

    if (!w)
        return finish(now, NULL);
    *w = *now;
    w->pending = http_defer(r);
    if (!w->pending) { /* a test without a socket, or no memory */
        struct http_reply reply = finish(w, NULL);
        free(w);
        return reply;
    }
    if (query_when_ready(w->query, on_ready, w, clock_mono_ns() + WAIT_MAX_NS) < 0)
        on_ready(w);
    return http_reply_later();
}

struct http_reply read_start(const struct http_request *r, struct query *query,
                             read_reply_fn *reply, void *context,
                             void (*free_context)(void *context))
{
    struct waiting w = {NULL, query, reply, context, free_context};

    if (!query) {
        free_context(context);
        return status_reply(500, "out of memory, or too many queries");
    }
    struct reading *reading = query_newest(query);
    return reading ? finish(&w, reading) : answer_later(r, &w);
}

static bool is_watch(const struct http_request *r)
{
    const char *watch = http_query(r, "watch");

    return watch && strcmp(watch, "false") != 0 && strcmp(watch, "0") != 0;
}

bool read_is_possible(const struct http_request *r, struct http_reply *ret)
{
    if (!accept_json(r)) {
        *ret = accept_refusal();
        return false;
    }
    if (is_watch(r)) {
        *ret = status_reply(405, "watch is not supported on metrics");
        return false;
    }
    return true;
}

bool read_is_pretty(const struct http_request *r)
{
    static const char *const people[] = {"curl", "Wget", "Mozilla/5.0"};
    const char *pretty = http_query(r, "pretty"), *agent = http_header(r, "User-Agent");

    if (pretty)
        return strcmp(pretty, "false") != 0 && strcmp(pretty, "0") != 0;
    for (size_t i = 0; agent && i < ARRAY_LEN(people); i++)
        if (strncmp(agent, people[i], strlen(people[i])) == 0)
            return true;
    return false;
}

struct http_reply read_reply_json(bool pretty, json_t *body)
{
    if (!pretty || !body)
        return json_reply(200, body);
    char *text = json_dumps(body, JSON_INDENT(2));
    json_decref(body);
    if (!text)
        return json_reply(500, NULL);
    return http_reply_take(200, "application/json", text, strlen(text));
}
