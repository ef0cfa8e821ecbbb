// SPDX-License-Identifier: MIT
#include "lab/loop.h"

#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LONGEST_WAIT_NS NS_PER_S

struct watch {
    int fd; /* -1: removed while events were being handed out; freed after that */
    void (*fn)(void *arg);
    void *arg;
    struct watch *next;
};

struct loop {
    struct fetcher *fetcher;
    int epoll_fd;
    struct watch *watches;
    struct loop_timer *timers; /* unsorted: there are few */
    atomic_bool stopped;
};

int loop_new(struct loop **ret, struct err *err)
{
    struct loop *l = calloc(1, sizeof(*l));

    if (!l)
        return err_set(err, -ENOMEM, "out of memory");
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->fetcher = fetcher_new();
    if (l->epoll_fd < 0 || !l->fetcher) {
        loop_free(l);
        return err_set(err, -EMFILE, "cannot make an event loop (too many open files?)");
    }
    *ret = l;
    return 0;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    fetcher_free(l->fetcher);
    if (l->epoll_fd >= 0)
        (void)close(l->epoll_fd);
    for (struct watch *next, *w = l->watches; w; w = next) {
        next = w->next;
        free(w);
    }
    free(l);
}

struct fetcher *loop_fetcher(struct loop *l)
{
    return l->fetcher;
}

int loop_watch(struct loop *l, int fd, void (*fn)(void *arg), void *arg)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        free(w);
        return -errno;
    }
    *w = (struct watch){fd, fn, arg, l->watches};
    l->watches = w;
    return 0;
}

void loop_unwatch(struct loop *l, int fd)
{
    for (struct watch *w = l->watches; w; w = w->next) {
        if (w->fd == fd) {
            (void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
            w->fd = -1;
            return;
        }
    }
}

static void free_removed_watches(struct loop *l)
{
    struct watch **at = &l->watches;

    while (*at) {
        struct watch *w = *at;
        if (w->fd >= 0) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free(w);
    }
}

void loop_timer_off(struct loop *l, struct loop_timer *t)
{
    struct loop_timer **at = &l->timers;

    if (!t->on)
        return;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    t->on = false;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t at_ns, void (*fn)(void *arg),
                    void *arg)
{
    loop_timer_off(l, t);
    *t = (struct loop_timer){.at_ns = at_ns, .fn = fn, .arg = arg, .on = true, .next = l->timers};
    l->timers = t;
}

static struct loop_timer *earliest_timer(const struct loop *l)
{
    struct loop_timer *first = l->timers;

    for (struct loop_timer *t = l->timers; t; t = t->next)
        if (t->at_ns < first->at_ns)
            first = t;
    return first;
}

/* Only timers that were due at the start of the round, so that one that sets itself again for now
 * cannot keep descriptors waiting. */
static void fire_timers(struct loop *l)
{
    uint64_t now_ns = clock_mono_ns();
    struct loop_timer *t;

    while ((t = earliest_timer(l)) && t->at_ns <= now_ns) {
        loop_timer_off(l, t);
        t->fn(t->arg);
    }
}

static void hand_out_events(struct loop *l)
{
    struct epoll_event events[64];
    int n = epoll_wait(l->epoll_fd, events, 64, 0);

    for (int i = 0; i < n; i++) {
        const struct watch *w = events[i].data.ptr;
        if (w->fd >= 0)
            w->fn(w->arg);
    }
    free_removed_watches(l);
}

static uint64_t time_to_wait(const struct loop *l, uint64_t until_ns)
{
    const struct loop_timer *t = earliest_timer(l);
    uint64_t now_ns = clock_mono_ns();
    uint64_t at_ns = until_ns;

    if (t && t->at_ns < at_ns)
        at_ns = t->at_ns;
    if (at_ns <= now_ns)
        return 0;
    return at_ns - now_ns < LONGEST_WAIT_NS ? at_ns - now_ns : LONGEST_WAIT_NS;
}

void loop_once(struct loop *l, uint64_t until_ns)
{
    struct pollfd fd = {.fd = l->epoll_fd, .events = POLLIN};

    fetcher_wait(l->fetcher, &fd, 1, time_to_wait(l, until_ns));
    if (fd.revents)
        hand_out_events(l);
    fire_timers(l);
}

void loop_run(struct loop *l)
{
    while (!atomic_load(&l->stopped))
        loop_once(l, UINT64_MAX);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stopped, true);
    fetcher_wake(l->fetcher);
}
