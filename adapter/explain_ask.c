// SPDX-License-Identifier: MIT
#include "adapter/explain.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define RATE_WAIT_MS 1000 /* between the two polls of a counter */

struct asking {
    struct http_client *http;
    const struct source *source;
    struct source_poll poll;
    explain_answer_fn *on_answer;
    void *arg;
    struct samples *samples;
    struct err *err;
};

/* One request and its answer. SOURCE_ASK_AGAIN, 0 or an error. */
static int ask_once(struct asking *a)
{
    const struct source_kind *kind = a->source->kind;
    scoped(source_request_done) struct source_request request = {0};
    scoped(buf_done) struct buf body = {.max = kind->body_max ? kind->body_max : SOURCE_BODY_MAX};
    struct err report = {0};
    int status = 0;

    request.call.timeout_ns = a->source->timeout_ns;
    int r = kind->request(a->source, &a->poll, &request, a->err);
    if (r < 0)
        return r;
    r = http_client_call(a->http, &request.call, &body, &status, &report);
    if (r < 0)
        return source_explain_transport(a->source, r, &report, a->err);
    if (a->on_answer)
        a->on_answer(a->arg, status, &body);
    return kind->read_answer(a->source, &a->poll, status, &body, a->samples, a->err);
}

/* One poll. */
static int ask_all(struct asking *a)
{
    int r = SOURCE_ASK_AGAIN;

    a->poll.started_ns = clock_mono_ns();
    a->poll.started_wall_ns = clock_wall_ns();
    if (a->source->kind->ask)
        return a->source->kind->ask(a->source, &a->poll, a->samples, a->err);
    for (a->poll.step = 0; r == SOURCE_ASK_AGAIN && a->poll.step < SOURCE_REQUESTS_MAX;
         a->poll.step++)
        r = ask_once(a);
    return r == SOURCE_ASK_AGAIN
               ? err_set(a->err, -ENOMSG, "sends from one address to the next without an end")
               : r;
}

/* A rate needs two polls. */
static int ask_twice_if_needed(struct asking *a)
{
    int r = ask_all(a);

    if (r != SOURCE_NOT_YET)
        return r;
    (void)poll(NULL, 0, RATE_WAIT_MS);
    r = ask_all(a);
    return r == SOURCE_NOT_YET ? err_set(a->err, -ENOMSG, "has no value after two polls") : r;
}

int explain_ask(struct http_client *http, const struct source *source, explain_answer_fn *on_answer,
                void *arg, struct samples **ret, struct err *err)
{
    const struct source_kind *kind = source->kind;
    struct asking a = {.http = http,
                       .source = source,
                       .poll.memory = kind->memory_size ? calloc(1, kind->memory_size) : NULL,
                       .on_answer = on_answer,
                       .arg = arg,
                       .samples = samples_new(),
                       .err = err};
    int r = -ENOMEM;

    if (a.samples && (a.poll.memory || !kind->memory_size))
        r = ask_twice_if_needed(&a);
    else
        (void)err_set(err, r, "cannot be asked: out of memory");
    if (kind->memory_done && a.poll.memory)
        kind->memory_done(a.poll.memory);
    free(a.poll.memory);
    if (r == 0)
        *ret = a.samples;
    else
        samples_unref(a.samples);
    return r;
}
