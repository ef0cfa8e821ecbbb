// SPDX-License-Identifier: MIT
#include "workload/delays.h"

#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct delayed {
    uint64_t due_ns; /* monotonic */
    struct http_pending *pending;
    struct http_reply reply;
};

struct delays {
    pthread_t thread;

    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t change; /* one more, or closing */
    bool closing;
    struct delayed waiting[DELAYS_MAX]; /* in no order */
    size_t count;
};

/* The number of the one that is due first; count when nobody waits. */
static size_t first_due(const struct delays *d) /* d->lock is held */
{
    size_t first = d->count;

    for (size_t i = 0; i < d->count; i++)
        if (first == d->count || d->waiting[i].due_ns < d->waiting[first].due_ns)
            first = i;
    return first;
}

static void wait_until(struct delays *d, uint64_t mono_ns) /* d->lock is held */
{
    struct timespec until = {.tv_sec = (time_t)(mono_ns / NS_PER_S),
                             .tv_nsec = (long)(mono_ns % NS_PER_S)};

    (void)pthread_cond_timedwait(&d->change, &d->lock, &until);
}

static void answer_number(struct delays *d, size_t i) /* d->lock is held, and let go meanwhile */
{
    struct delayed due = d->waiting[i];

    d->waiting[i] = d->waiting[--d->count];
    pthread_mutex_unlock(&d->lock);
    http_pending_reply(due.pending, due.reply);
    pthread_mutex_lock(&d->lock);
}

static void *delays_main(void *arg)
{
    struct delays *d = arg;

    pthread_mutex_lock(&d->lock);
    while (!d->closing || d->count) {
        size_t i = first_due(d);
        if (i == d->count)
            pthread_cond_wait(&d->change, &d->lock);
        else if (!d->closing && d->waiting[i].due_ns > clock_mono_ns())
            wait_until(d, d->waiting[i].due_ns);
        else
            answer_number(d, i);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void release(struct delays *d)
{
    pthread_cond_destroy(&d->change);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

int delays_new(struct delays **ret, struct err *err)
{
    struct delays *d = calloc(1, sizeof(*d));
    pthread_condattr_t attr;

    if (!d)
        return err_set(err, -ENOMEM, "out of memory");
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&d->change, &attr);
    pthread_condattr_destroy(&attr);
    int r = pthread_create(&d->thread, NULL, delays_main, d);
    if (r != 0) {
        release(d);
        return err_errno(err, r, "cannot start the thread of /delay");
    }
    *ret = d;
    return 0;
}

struct http_reply delays_add(struct delays *d, const struct http_request *r, uint64_t delay_ns,
                             struct http_reply reply)
{
    struct http_pending *pending = http_defer(r);
    bool added = false;

    if (!pending) {
        http_reply_done(&reply);
        return http_reply_text(500, "out of memory\n");
    }
    pthread_mutex_lock(&d->lock);
    if (d->count < DELAYS_MAX) {
        d->waiting[d->count++] = (struct delayed){clock_mono_ns() + delay_ns, pending, reply};
        pthread_cond_signal(&d->change);
        added = true;
    }
    pthread_mutex_unlock(&d->lock);
    if (!added) {
        http_reply_done(&reply);
        http_pending_reply(pending, http_reply_text(503, "too many answers are delayed\n"));
    }
    return http_reply_later();
}

void delays_free(struct delays *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->closing = true;
    pthread_cond_signal(&d->change);
    pthread_mutex_unlock(&d->lock);
    (void)pthread_join(d->thread, NULL);
    release(d);
}
