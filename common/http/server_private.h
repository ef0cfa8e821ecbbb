// SPDX-License-Identifier: MIT
/* server_private: what the server's sources share. Only they know libmicrohttpd.
 *
 *   server.c    the daemon's life: start, quiesce, stop
 *   exchange.c  what libmicrohttpd tells of one request, from its first line to the last byte
 *   answer.c    the reply that the routes give to a request
 *   response.c  sends it
 *   pending.c   replies that come later
 *   stream.c    replies that have no end
 *   tls.c       certificates, ours and the client's */
#ifndef HTTP_SERVER_PRIVATE_H
#define HTTP_SERVER_PRIVATE_H

#include "base/buf.h"
#include "base/uuid.h"
#include "http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define HTTP_KEPT_MAX 16

struct kept_response { /* of response.c; response is NULL in a free place */
    const char *body, *content_type;
    size_t body_len;
    time_t second; /* its Date */
    struct MHD_Response *response;
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_server_config config;
    int fd; /* the daemon's listening socket; after http_server_quiesce something that never rings
             */
    uint16_t port;
    atomic_bool draining;
    struct connections *connections; /* NULL without cut_waiting */
    atomic_size_t exchange_count;    /* requests that arrived and are not done */

    pthread_mutex_t lock;                /* guards what follows */
    pthread_cond_t all_done;             /* while draining: exchange_count is 0 */
    struct tls_certificate *certificate; /* of connections to come; NULL: plain HTTP */
    struct http_exchange *first;         /* those with a pending reply or a stream */
    bool streams_closed;                 /* the server stops: a new stream ends at once */
    bool abandoned;                      /* the time is up: nothing may be deferred any more */

    pthread_mutex_t kept_lock; /* guards kept */
    struct kept_response kept[HTTP_KEPT_MAX];
};

/* One request from its first line to the last byte of its answer. There is one for each connection,
 * which its requests use in turn, and it belongs to the server's thread that runs the connection.
 * What server->lock guards, that thread may read without. */
struct http_exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct connection *seat;               /* in server->connections; NULL without those */
    struct tls_certificate *certificate;   /* the connection's; NULL: plain HTTP */
    struct http_exchange *next, *previous; /* in the server's list; guarded by server->lock */
    uint64_t started_ns;
    bool bad_uri, seen_headers, seen_body, body_too_large, answered, too_late;
    struct buf body;
    const struct http_route *route;
    const char *method; /* a literal */
    char allow[64];     /* for a 405 */
    const char *id;     /* NULL without config.id_header */
    char made_id[UUID_TEXT_MAX];
    int status;
    struct http_pending *pending; /* set by http_defer; guarded by server->lock */
    struct http_stream *stream;   /* a reference, once streaming; guarded by server->lock */
    void *ticket;                 /* what http_pending_retry left */
};

#endif
