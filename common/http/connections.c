// SPDX-License-Identifier: MIT
#include "http/connections.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

struct connection {
    int fd;
    bool waits; /* is in the list below */
    bool cut;   /* shut down, will leave by itself */
    uint64_t since_ns;
    struct connection *next, *previous;
};

struct connections {
    size_t max;
    uint64_t wait_max_ns;

    pthread_mutex_t lock;            /* guards what follows, and all connections */
    size_t count;                    /* without those that were cut */
    struct connection *first, *last; /* that wait, the longest one first */
};

struct connections *connections_new(size_t max, uint64_t wait_max_ns)
{
    struct connections *all = calloc(1, sizeof(*all));

    if (!all)
        return NULL;
    pthread_mutex_init(&all->lock, NULL);
    all->max = max;
    all->wait_max_ns = wait_max_ns;
    return all;
}

void connections_free(struct connections *all)
{
    if (!all)
        return;
    pthread_mutex_destroy(&all->lock);
    free(all);
}

/* ---- with the lock held ---- */

static void take_out(struct connections *all, struct connection *c)
{
    if (!c->waits)
        return;
    *(c->previous ? &c->previous->next : &all->first) = c->next;
    *(c->next ? &c->next->previous : &all->last) = c->previous;
    c->next = c->previous = NULL;
    c->waits = false;
}

static void put_last(struct connections *all, struct connection *c, uint64_t now_ns)
{
    take_out(all, c);
    c->waits = true;
    c->since_ns = now_ns;
    c->previous = all->last;
    *(all->last ? &all->last->next : &all->first) = c;
    all->last = c;
}

static void cut(struct connections *all, struct connection *c)
{
    take_out(all, c);
    c->cut = true;
    all->count--;
    (void)shutdown(c->fd, SHUT_RDWR);
}

/* A thread that was held up brings a time that others have passed. */
static void cut_who_waits_too_long(struct connections *all, uint64_t now_ns)
{
    while (all->first && now_ns > all->first->since_ns + all->wait_max_ns)
        cut(all, all->first);
}

static bool make_room(struct connections *all, uint64_t now_ns)
{
    cut_who_waits_too_long(all, now_ns);
    if (all->count == all->max && all->first)
        cut(all, all->first);
    return all->count < all->max;
}

/* ---- any thread ---- */

struct connection *connections_enter(struct connections *all, int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    uint64_t now_ns = clock_mono_ns();

    if (!c)
        return NULL;
    c->fd = fd;
    pthread_mutex_lock(&all->lock);
    bool room = make_room(all, now_ns);
    if (room) {
        all->count++;
        put_last(all, c, now_ns);
    }
    pthread_mutex_unlock(&all->lock);
    if (room)
        return c;
    free(c);
    return NULL;
}

void connections_wait(struct connections *all, struct connection *c, uint64_t now_ns)
{
    pthread_mutex_lock(&all->lock);
    if (!c->cut)
        put_last(all, c, now_ns);
    cut_who_waits_too_long(all, now_ns);
    pthread_mutex_unlock(&all->lock);
}

void connections_busy(struct connections *all, struct connection *c)
{
    pthread_mutex_lock(&all->lock);
    take_out(all, c);
    pthread_mutex_unlock(&all->lock);
}

void connections_leave(struct connections *all, struct connection *c)
{
    pthread_mutex_lock(&all->lock);
    take_out(all, c);
    all->count -= !c->cut;
    pthread_mutex_unlock(&all->lock);
    free(c);
}
