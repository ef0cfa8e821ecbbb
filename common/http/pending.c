// SPDX-License-Identifier: MIT
#include "http/pending.h"

#include "http/exchange.h"

#include <poll.h>
#include <stdlib.h>

/* Held by the exchange and by the app that owes the reply; freed by the last of the two. */
struct http_pending {
    pthread_mutex_t lock;              /* guards all */
    struct MHD_Connection *connection; /* suspended; NULL once resumed for the last time */
    int socket;
    int refs;
    bool ready; /* the reply is there */
    bool retry; /* instead of it the ticket */
    struct http_reply reply;
    void *ticket;
};

void pending_unref(struct http_pending *p)
{
    pthread_mutex_lock(&p->lock);
    bool last = --p->refs == 0;
    pthread_mutex_unlock(&p->lock);
    if (!last)
        return;

    http_reply_done(&p->reply);
    free(p->ticket);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

struct http_pending *http_defer(const struct http_request *r)
{
    struct http_exchange *x = r->exchange;
    struct http_pending *p = x ? calloc(1, sizeof(*p)) : NULL;

    if (!p)
        return NULL;

    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    pthread_mutex_init(&p->lock, NULL);
    p->socket = info ? info->connect_fd : -1;
    p->refs = 2;

    /* Under the lock, so that abandon_pending either sees a suspended connection or prevents it. */
    pthread_mutex_lock(&x->server->lock);
    exchange_list(x);
    x->pending = p;
    x->too_late = x->server->abandoned;
    if (!x->too_late) {
        p->connection = x->connection;
        MHD_suspend_connection(x->connection);
    }
    pthread_mutex_unlock(&x->server->lock);
    return p;
}

static void wake(struct http_pending *p) /* p->lock is held */
{
    if (p->connection)
        MHD_resume_connection(p->connection);
    p->connection = NULL;
}

void http_pending_reply(struct http_pending *p, struct http_reply reply)
{
    pthread_mutex_lock(&p->lock);
    p->reply = reply;
    p->ready = true;
    wake(p);
    pthread_mutex_unlock(&p->lock);
    pending_unref(p);
}

void http_pending_retry(struct http_pending *p, void *ticket)
{
    pthread_mutex_lock(&p->lock);
    p->ticket = ticket;
    p->retry = true;
    wake(p);
    pthread_mutex_unlock(&p->lock);
    pending_unref(p);
}

bool http_pending_client_gone(const struct http_pending *p)
{
    struct http_pending *shared = (struct http_pending *)(uintptr_t)p;
    bool gone = true;

    /* Not recv with MSG_PEEK: the end may stand behind unread bytes, such as TLS's close_notify. */
    pthread_mutex_lock(&shared->lock);
    if (p->connection && p->socket >= 0) {
        struct pollfd socket = {.fd = p->socket, .events = POLLRDHUP};
        gone = poll(&socket, 1, 0) > 0;
    }
    pthread_mutex_unlock(&shared->lock);
    return gone;
}

bool pending_take_reply(struct http_pending *p, struct http_reply *ret)
{
    pthread_mutex_lock(&p->lock);
    bool ready = p->ready;
    *ret = p->reply;
    if (ready)
        p->reply = (struct http_reply){0};
    pthread_mutex_unlock(&p->lock);
    return ready;
}

bool pending_take_ticket(struct http_pending *p, void **ret)
{
    pthread_mutex_lock(&p->lock);
    bool retry = p->retry;
    if (retry) {
        *ret = p->ticket;
        p->ticket = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    return retry;
}

void pending_abandon(struct http_pending *p)
{
    pthread_mutex_lock(&p->lock);
    wake(p);
    pthread_mutex_unlock(&p->lock);
}
