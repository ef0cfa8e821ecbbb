// SPDX-License-Identifier: MIT
#include "base/reload.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/scoped.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PERIOD_NS NS_PER_S

struct reload {
    char *path;
    reload_apply_fn *apply;
    void *arg;
    size_t max_bytes;
    uint64_t seen;   /* fingerprint of the newest content, good or bad */
    bool unreadable; /* at the newest try */
    pthread_t thread;

    pthread_mutex_t lock; /* guards stopping */
    pthread_cond_t change;
    bool stopping;
};

/* The content itself would lie in memory for good. */
static uint64_t fingerprint(const struct buf *content)
{
    return hash_text(HASH_START + content->len, content->data ? content->data : "");
}

/* Applies the content when it is new: then *ret_new. */
static int read_and_apply(struct reload *r, bool *ret_new, struct err *err)
{
    scoped(buf_done) struct buf now = {.max = r->max_bytes};
    int result = buf_read_file(&now, r->path, err);
    uint64_t seen = fingerprint(&now);

    r->unreadable = result < 0;
    *ret_new = result == 0 && seen != r->seen;
    if (!*ret_new)
        return result;
    r->seen = seen;
    return r->apply(r->arg, now.data ? now.data : "", now.len, err);
}

static void look(struct reload *r)
{
    struct err err = {0};
    bool was_unreadable = r->unreadable, is_new;
    int result = read_and_apply(r, &is_new, &err);

    if (result == 0 && !is_new)
        return;
    if (result == 0)
        log_info("settings changed", LOG_STR("file", r->path));
    else if (!r->unreadable || !was_unreadable)
        log_warn("new settings refused, keeping the last ones", LOG_STR("error", err.text));
}

/* True when it is time to look, false when it is time to end. */
static bool wait_a_period(struct reload *r)
{
    uint64_t until_ns = clock_mono_ns() + PERIOD_NS;
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};
    int result = 0;

    pthread_mutex_lock(&r->lock);
    while (!r->stopping && result == 0)
        result = pthread_cond_timedwait(&r->change, &r->lock, &until);
    bool stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return !stopping;
}

static void *reload_main(void *arg)
{
    struct reload *r = arg;

    while (wait_a_period(r))
        look(r);
    return NULL;
}

static struct reload *make(const char *path, size_t max_bytes)
{
    struct reload *r = calloc(1, sizeof(*r));
    pthread_condattr_t attr;

    if (!r)
        return NULL;
    r->path = strdup(path);
    r->max_bytes = max_bytes;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->change, &attr);
    pthread_condattr_destroy(&attr);
    return r;
}

static void release(struct reload *r)
{
    pthread_cond_destroy(&r->change);
    pthread_mutex_destroy(&r->lock);
    free(r->path);
    free(r);
}

static int start(struct reload *r, struct err *err)
{
    bool is_new;
    int result = r->path ? read_and_apply(r, &is_new, err) : err_set(err, -ENOMEM, "out of memory");

    if (result < 0)
        return result;
    result = pthread_create(&r->thread, NULL, reload_main, r);
    return result == 0 ? 0 : err_errno(err, result, "cannot start the thread of --config");
}

int reload_new(struct reload **ret, const char *path, size_t max_bytes, reload_apply_fn *apply,
               void *arg, struct err *err)
{
    struct reload *r = make(path, max_bytes);

    if (!r)
        return err_set(err, -ENOMEM, "out of memory");
    r->apply = apply;
    r->arg = arg;
    int result = start(r, err);
    if (result < 0) {
        release(r);
        return result;
    }
    *ret = r;
    return 0;
}

void reload_free(struct reload *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->change);
    pthread_mutex_unlock(&r->lock);
    (void)pthread_join(r->thread, NULL);
    release(r);
}
