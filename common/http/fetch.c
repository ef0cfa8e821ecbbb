// SPDX-License-Identifier: MIT
#include "http/fetch.h"

#include "base/clock.h"
#include "base/err.h"
#include "http/easy.h"

#include <errno.h>
#include <stdlib.h>

#define EXTRA_FDS_MAX 64

struct transfer {
    struct easy easy;
    struct buf body;
    int64_t id;
    fetch_done_fn *done;
    void *arg;
    struct transfer *next;
};

struct fetcher {
    CURLM *multi;
    struct transfer *running;
    int64_t last_id;
};

struct fetcher *fetcher_new(void)
{
    struct fetcher *f = calloc(1, sizeof(*f));

    if (f)
        f->multi = curl_multi_init();
    if (f && f->multi)
        return f;
    free(f);
    return NULL;
}

static void transfer_free(struct transfer *t)
{
    if (t->easy.curl)
        curl_easy_cleanup(t->easy.curl);
    curl_slist_free_all(t->easy.headers);
    curl_slist_free_all(t->easy.connect_to);
    buf_done(&t->body);
    free(t);
}

void fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    while (f->running)
        fetcher_cancel(f, f->running->id);
    curl_multi_cleanup(f->multi);
    free(f);
}

static struct transfer *transfer_new(const struct http_call *call, size_t max_body_bytes)
{
    struct transfer *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->body.max = max_body_bytes;
    t->easy.curl = curl_easy_init();
    if (t->easy.curl && easy_prepare(&t->easy, call, &t->body) == 0)
        return t;
    transfer_free(t);
    return NULL;
}

int64_t fetcher_start(struct fetcher *f, const struct http_call *call, size_t max_body_bytes,
                      fetch_done_fn *done, void *arg)
{
    struct transfer *t = transfer_new(call, max_body_bytes);

    if (!t)
        return -ENOMEM;
    t->id = ++f->last_id;
    t->done = done;
    t->arg = arg;
    curl_easy_setopt(t->easy.curl, CURLOPT_PRIVATE, t);
    if (curl_multi_add_handle(f->multi, t->easy.curl) != CURLM_OK) {
        transfer_free(t);
        return -ENOMEM;
    }
    t->next = f->running;
    f->running = t;
    return t->id;
}

static void unlink_transfer(struct fetcher *f, struct transfer *t)
{
    struct transfer **at = &f->running;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    curl_multi_remove_handle(f->multi, t->easy.curl);
}

void fetcher_cancel(struct fetcher *f, int64_t id)
{
    for (struct transfer *t = f->running; t; t = t->next) {
        if (t->id == id) {
            unlink_transfer(f, t);
            transfer_free(t);
            return;
        }
    }
}

static void finish(struct fetcher *f, struct transfer *t, CURLcode code)
{
    struct err err = {0};
    int status = 0;
    int r = easy_result(&t->easy, code, &status, &err);

    unlink_transfer(f, t);
    t->done(t->arg, r, status, &t->body, &err);
    transfer_free(t);
}

static void finish_all(struct fetcher *f)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(f->multi, &left))) {
        struct transfer *t = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        finish(f, t, message->data.result);
    }
}

void fetcher_wait(struct fetcher *f, struct pollfd *fds, size_t count, uint64_t timeout_ns)
{
    struct curl_waitfd extra[EXTRA_FDS_MAX];
    int running;

    if (count > EXTRA_FDS_MAX)
        count = EXTRA_FDS_MAX;
    for (size_t i = 0; i < count; i++)
        extra[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};

    (void)curl_multi_perform(f->multi, &running);
    (void)curl_multi_poll(f->multi, extra, (unsigned)count,
                          (int)((timeout_ns + NS_PER_MS - 1) / NS_PER_MS), NULL);
    (void)curl_multi_perform(f->multi, &running);

    for (size_t i = 0; i < count; i++)
        fds[i].revents = extra[i].revents ? POLLIN : 0;
    finish_all(f);
}

void fetcher_wake(struct fetcher *f)
{
    (void)curl_multi_wakeup(f->multi);
}
