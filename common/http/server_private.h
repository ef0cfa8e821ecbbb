// SPDX-License-Identifier: MIT
/* server_private: what server.c, exchange.c, answer.c, pending.c and stream.c share. Only they know
 * libmicrohttpd.
 *
 *   server.c    the daemon's life: start, quiesce, stop
 *   exchange.c  what libmicrohttpd tells of one request, from its first line to the last byte
 *   answer.c    the reply that the routes give to a request
 *   pending.c   replies that come later
 *   stream.c    replies that have no end
 *   tls.c       certificates, ours and the client's */
#ifndef HTTP_SERVER_PRIVATE_H
#define HTTP_SERVER_PRIVATE_H

#include "base/buf.h"
#include "http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_server_config config;
    int fd; /* the daemon's listening socket; after http_server_quiesce something that never rings
             */
    uint16_t port;
    atomic_bool draining;
    struct connections *connections; /* NULL without cut_waiting */

    pthread_mutex_t lock;                /* guards what follows */
    pthread_cond_t changed;              /* exchanges became fewer */
    struct tls_certificate *certificate; /* of connections to come; NULL: plain HTTP */
    size_t exchange_count;               /* requests that arrived and are not done */
    struct http_exchange *first;         /* the same, as a list */
    bool streams_closed;                 /* the server stops: a new stream ends at once */
    bool abandoned;                      /* the time is up: nothing may be deferred any more */
};

struct http_socket {                     /* one connection, where the server wants to know of it */
    struct connection *place;            /* NULL without cut_waiting */
    struct tls_certificate *certificate; /* NULL: plain HTTP */
};

/* One request from its first line to the last byte of its answer. Belongs to the server's thread
 * that runs the connection, but for the list links. */
struct http_exchange {
    struct http_server *server;
    struct http_exchange *next, *previous; /* server->lock; so are pending and stream */
    struct MHD_Connection *connection;
    uint64_t started_ns;
    bool bad_uri, seen_headers, body_too_large, answered, too_late;
    struct buf body;
    const struct http_route *route;
    const char *method; /* a literal */
    char allow[64];     /* for a 405 */
    int status;
    struct http_pending *pending; /* set by http_defer */
    struct http_stream *stream;   /* a reference, once streaming */
    void *ticket;                 /* what http_pending_retry left */
};

#endif
