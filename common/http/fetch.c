// SPDX-License-Identifier: MIT
#include "http/fetch.h"

#include "base/clock.h"
#include "base/err.h"
#include "http/easy.h"
#include "http/hosts.h"

#include <errno.h>
#include <stdlib.h>

struct transfer {
    struct easy easy;
    struct buf body;
    int64_t id;
    fetch_done_fn *done;
    void *arg;
    CURLcode code; /* once in fetcher.ended */
    struct transfer *next;
};

struct fetcher {
    CURLM *multi;
    struct curl_slist *hosts;
    struct transfer *running, *ended; /* ended: to be called back */
    struct curl_waitfd *extra;        /* what the caller waits for, in libcurl's form */
    size_t extra_size;
    int64_t last_id;
};

struct fetcher *fetcher_new(void)
{
    struct fetcher *f = calloc(1, sizeof(*f));

    if (f)
        f->multi = curl_multi_init();
    if (!f || !f->multi) {
        free(f);
        return NULL;
    }
    f->hosts = hosts_new();
    return f;
}

static void transfer_free(struct transfer *t)
{
    if (t->easy.curl)
        curl_easy_cleanup(t->easy.curl);
    curl_slist_free_all(t->easy.headers);
    buf_done(&t->body);
    free(t);
}

static int transfer_new(struct transfer **ret, const struct http_call *call,
                        struct curl_slist *hosts, size_t max_body_bytes)
{
    struct transfer *t = calloc(1, sizeof(*t));
    int r = -ENOMEM;

    if (!t)
        return r;
    t->body.max = max_body_bytes;
    t->easy.curl = curl_easy_init();
    if (t->easy.curl)
        r = easy_prepare(&t->easy, call, hosts, &t->body);
    if (r < 0) {
        transfer_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

int64_t fetcher_stream(struct fetcher *f, const struct http_call *call, size_t max_body_bytes,
                       fetch_data_fn *on_data, fetch_done_fn *done, void *arg)
{
    struct transfer *t = NULL;
    int r = transfer_new(&t, call, f->hosts, max_body_bytes);

    if (r < 0)
        return r;
    t->id = ++f->last_id;
    t->done = done;
    t->arg = arg;
    t->easy.on_data = on_data;
    t->easy.on_data_arg = arg;
    curl_easy_setopt(t->easy.curl, CURLOPT_PRIVATE, t);
    if (curl_multi_add_handle(f->multi, t->easy.curl) != CURLM_OK) {
        transfer_free(t);
        return -ENOMEM;
    }
    t->next = f->running;
    f->running = t;
    return t->id;
}

int64_t fetcher_start(struct fetcher *f, const struct http_call *call, size_t max_body_bytes,
                      fetch_done_fn *done, void *arg)
{
    return fetcher_stream(f, call, max_body_bytes, NULL, done, arg);
}

static struct transfer **find(struct transfer **at, int64_t id)
{
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

/* Takes the transfer out of its list and its handle out of libcurl's. */
static struct transfer *unlink_transfer(struct fetcher *f, struct transfer **at)
{
    struct transfer *t = *at;

    *at = t->next;
    t->next = NULL;
    curl_multi_remove_handle(f->multi, t->easy.curl);
    return t;
}

void fetcher_cancel(struct fetcher *f, int64_t id)
{
    struct transfer **at = find(&f->running, id);

    if (!*at)
        at = find(&f->ended, id);
    if (*at)
        transfer_free(unlink_transfer(f, at));
}

void fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    while (f->running)
        transfer_free(unlink_transfer(f, &f->running));
    while (f->ended)
        transfer_free(unlink_transfer(f, &f->ended));
    curl_multi_cleanup(f->multi);
    curl_slist_free_all(f->hosts);
    free(f->extra);
    free(f);
}

/* Lets libcurl work and moves what ended, in that order, to f->ended. */
static void advance(struct fetcher *f)
{
    struct transfer **last = &f->ended;
    CURLMsg *message;
    int left;

    (void)curl_multi_perform(f->multi, &left);
    while (*last)
        last = &(*last)->next;
    while ((message = curl_multi_info_read(f->multi, &left))) {
        struct transfer *t = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        t->code = message->data.result;
        *last = unlink_transfer(f, find(&f->running, t->id));
        last = &t->next;
    }
}

/* A callback may cancel others that ended, and start new ones. */
static void call_back(struct fetcher *f)
{
    while (f->ended) {
        struct transfer *t = unlink_transfer(f, &f->ended);
        struct err err = {0};
        int status = 0;
        int r = easy_result(&t->easy, t->code, &status, &err);

        t->done(t->arg, r, status, &t->body, &err);
        transfer_free(t);
    }
}

static int make_extra(struct fetcher *f, const struct pollfd *fds, size_t count)
{
    if (count > f->extra_size) {
        struct curl_waitfd *more = reallocarray(f->extra, count, sizeof(*more));
        if (!more)
            return -ENOMEM;
        f->extra = more;
        f->extra_size = count;
    }
    for (size_t i = 0; i < count; i++)
        f->extra[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};
    return 0;
}

static int whole_ms(uint64_t ns)
{
    uint64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);

    return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

/* libcurl does not report a pipe whose writer is gone (POLLHUP alone), so this asks once more. */
static void fill_revents(struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fds[i].events = POLLIN;
        fds[i].revents = 0;
    }
    (void)poll(fds, count, 0);
    for (size_t i = 0; i < count; i++)
        fds[i].revents = fds[i].revents ? POLLIN : 0;
}

void fetcher_wait(struct fetcher *f, struct pollfd *fds, size_t count, uint64_t timeout_ns)
{
    int timeout_ms = whole_ms(timeout_ns);

    advance(f);
    if (f->ended) /* a bad URL, for example, ends without any event to wait for */
        timeout_ms = 0;
    if (make_extra(f, fds, count) == 0)
        (void)curl_multi_poll(f->multi, f->extra, (unsigned)count, timeout_ms, NULL);
    advance(f);
    fill_revents(fds, count);
    call_back(f);
}

void fetcher_wake(struct fetcher *f)
{
    (void)curl_multi_wakeup(f->multi);
}
