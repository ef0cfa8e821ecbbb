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

struct waiting { /* a request for the readings of some queries */
    struct http_pending *pending;
    read_reply_fn *reply;
    void *context;
    void (*free_context)(void *context);
    uint64_t until_ns;
    size_t asked; /* results below it have been waited for */
    size_t count;
    struct read_result results[]; /* whose readings are filled in at the end */
};

/* Makes the reply and frees w. */
static struct http_reply finish(struct waiting *w)
{
    for (size_t i = 0; i < w->count; i++)
        w->results[i].reading = query_newest(w->results[i].query);
    struct http_reply reply = w->reply(w->context, w->results, w->count);

    for (size_t i = 0; i < w->count; i++) {
        reading_unref(w->results[i].reading);
        query_release(w->results[i].query);
    }
    w->free_context(w->context);
    free(w);
    return reply;
}

/* Waits for one query after the other, which are all polled meanwhile. */
static void wait_for_next(void *arg)
{
    struct waiting *w = arg;

    if (w->asked < w->count) {
        struct query *next = w->results[w->asked++].query;
        if (query_when_ready(next, wait_for_next, w, w->until_ns) == 0)
            return;
    }
    struct http_pending *pending = w->pending;
    http_pending_reply(pending, finish(w));
}

static bool all_read(const struct waiting *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct reading *reading = query_newest(w->results[i].query);
        reading_unref(reading);
        if (!reading)
            return false;
    }
    return true;
}

static struct waiting *make(struct query *const *queries, size_t count)
{
    struct waiting *w = calloc(1, sizeof(*w) + count * sizeof(w->results[0]));
    bool complete = w;

    for (size_t i = 0; i < count; i++)
        complete = complete && queries[i];
    for (size_t i = 0; i < count && !complete; i++)
        query_release(queries[i]);
    if (!complete) {
        free(w);
        return NULL;
    }
    w->count = count;
    for (size_t i = 0; i < count; i++)
        w->results[i].query = queries[i];
    return w;
}

struct http_reply read_start(const struct http_request *r, struct query *const *queries,
                             size_t count, read_reply_fn *reply, void *context,
                             void (*free_context)(void *context))
{
    struct waiting *w = make(queries, count);

    if (!w) {
        free_context(context);
        return status_reply(500, "out of memory, or too many queries");
    }
    w->reply = reply;
    w->context = context;
    w->free_context = free_context;
    w->until_ns = clock_mono_ns() + WAIT_MAX_NS;
    if (all_read(w))
        return finish(w);
    w->pending = http_defer(r);
    if (!w->pending) /* a test without a socket, or no memory */
        return finish(w);
    wait_for_next(w);
    return http_reply_later();
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
