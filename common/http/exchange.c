// SPDX-License-Identifier: MIT
#include "http/exchange.h"

#include "base/clock.h"
#include "base/scoped.h"
#include "http/answer.h"
#include "http/connections.h"
#include "http/pending.h"
#include "http/response.h"
#include "http/stream.h"
#include "http/tls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct tls_certificate *current_certificate(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    struct tls_certificate *c = s->certificate ? tls_certificate_ref(s->certificate) : NULL;
    pthread_mutex_unlock(&s->lock);
    return c;
}

static void exchange_free(struct http_exchange *x)
{
    if (!x)
        return;
    if (x->seat)
        connections_leave(x->server->connections, x->seat);
    tls_certificate_unref(x->certificate);
    free(x);
}

/* NULL when the connection cannot stay. */
static struct http_exchange *exchange_new(struct http_server *s, struct MHD_Connection *connection,
                                          int fd)
{
    struct http_exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->server = s;
    x->connection = connection;
    x->seat = s->connections ? connections_enter(s->connections, fd) : NULL;
    if (s->connections && !x->seat) {
        exchange_free(x);
        return NULL;
    }
    x->certificate = current_certificate(s);
    if (x->certificate)
        tls_begin(x->certificate, connection, s->config.ask_client_certificate);
    return x;
}

void exchange_on_connection(void *arg, struct MHD_Connection *connection, void **slot,
                            enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        exchange_free(*slot);
        return;
    }
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *slot = exchange_new(arg, connection, fd);
    if (!*slot)
        (void)shutdown(fd, SHUT_RDWR);
}

static void wait_for_client(struct http_exchange *x, uint64_t now_ns)
{
    if (x->seat)
        connections_wait(x->server->connections, x->seat, now_ns);
}

static void stop_waiting(struct http_exchange *x)
{
    if (x->seat)
        connections_busy(x->server->connections, x->seat);
}

void exchange_list(struct http_exchange *x)
{
    struct http_server *s = x->server;

    if (x->pending || x->stream) /* a reply that was owed turns out to be a stream */
        return;
    x->next = s->first;
    if (x->next)
        x->next->previous = x;
    s->first = x;
}

/* Methods become labels of metrics, so a client must not be able to invent them. */
static const char *known_method(const char *method)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(known[i], method) == 0)
            return known[i];
    return "other";
}

static bool announces_too_much(const struct http_exchange *x)
{
    const char *text =
        MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text && strtoull(text, NULL, 10) > x->body.max;
}

static enum MHD_Result serve(struct http_exchange *x, const char *method, const char *path)
{
    stop_waiting(x);
    struct http_reply reply = answer(x, method, path);
    if (reply.kind == HTTP_REPLY_LATER && x->pending)
        return x->too_late ? MHD_NO : MHD_YES;
    if (reply.kind == HTTP_REPLY_LATER)
        reply = answer_error(x->server, 500, "out of memory");
    return response_queue(x, reply);
}

static void exchange_unlist(struct http_exchange *x)
{
    struct http_server *s = x->server;

    pthread_mutex_lock(&s->lock);
    if (x->next)
        x->next->previous = x->previous;
    *(x->previous ? &x->previous->next : &s->first) = x->next;
    x->next = x->previous = NULL;
    x->stream = NULL;
    x->pending = NULL;
    pthread_mutex_unlock(&s->lock);
}

/* First out of sight of abandon_pending and close_streams, then away. This waits for an app's
 * thread that is just resuming the connection, and must: once the exchange is counted as done, the
 * server, its daemons and the connection may be gone. */
static void let_go(struct http_exchange *x)
{
    struct http_stream *stream = x->stream;
    struct http_pending *pending = x->pending;

    if (!stream && !pending)
        return;
    exchange_unlist(x);
    if (stream)
        stream_detach(stream);
    if (pending)
        pending_unref(pending);
}

static enum MHD_Result resume_pending(struct http_exchange *x, const char *method, const char *path)
{
    struct http_reply reply;

    if (pending_take_ticket(x->pending, &x->ticket)) {
        let_go(x);
        return serve(x, method, path);
    }
    return pending_take_reply(x->pending, &reply) ? response_queue(x, reply) : MHD_NO;
}

static const char *find_id(struct http_exchange *x)
{
    const char *header = x->server->config.id_header;

    if (!header)
        return NULL;
    const char *its = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, header);
    return its && *its ? its : uuid_make(x->made_id);
}

static enum MHD_Result on_headers(struct http_exchange *x, const char *path, const char *method)
{
    x->seen_headers = true;
    x->method = known_method(method);
    x->id = find_id(x);
    x->body_too_large = announces_too_much(x);
    return x->body_too_large ? serve(x, method, path) : MHD_YES;
}

/* How long the connection was idle before the request is not the body's fault. */
static void on_body(struct http_exchange *x, const char *piece, size_t len)
{
    if (!x->seen_body)
        wait_for_client(x, clock_mono_ns());
    x->seen_body = true;
    x->body_too_large |= buf_append(&x->body, piece, len) < 0;
}

enum MHD_Result exchange_on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **slot)
{
    struct http_exchange *x = *slot;

    (void)arg;
    (void)connection;
    (void)version;
    if (!x)
        return MHD_NO;
    if (!x->seen_headers)
        return on_headers(x, path, method);
    if (*upload_size) {
        on_body(x, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    return x->pending ? resume_pending(x, method, path) : serve(x, method, path);
}

void *exchange_on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct http_server *s = arg;
    struct http_exchange *x =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

    if (!x)
        return NULL;
    *x = (struct http_exchange){
        .server = s,
        .connection = connection,
        .seat = x->seat,
        .certificate = x->certificate,
        .started_ns = clock_mono_ns(),
        .body = {.max = s->config.max_body_bytes},
        .bad_uri = !uri || strstr(uri, "%00"),
    };
    atomic_fetch_add(&s->exchange_count, 1);
    if (s->config.on_start)
        s->config.on_start(s->config.on_arg);
    return x;
}

static void report_done(const struct http_exchange *x, uint64_t now_ns)
{
    const struct http_server_config *c = &x->server->config;

    if (!c->on_done)
        return;
    c->on_done(c->on_arg,
               &(struct http_done){
                   .method = x->method ? x->method : "",
                   .route = x->route ? x->route->path : "",
                   .status = x->answered ? x->status : 0,
                   .duration_ns = now_ns - x->started_ns,
                   .noted = c->note_header ? MHD_lookup_connection_value(
                                                 x->connection, MHD_HEADER_KIND, c->note_header)
                                           : NULL,
                   .id = x->id,
               });
}

static void count_done(struct http_server *s)
{
    if (atomic_fetch_sub(&s->exchange_count, 1) != 1 || !atomic_load(&s->draining))
        return;
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->all_done);
    pthread_mutex_unlock(&s->lock);
}

void exchange_on_completed(void *arg, struct MHD_Connection *connection, void **slot,
                           enum MHD_RequestTerminationCode how)
{
    struct http_exchange *x = *slot;
    uint64_t now_ns = clock_mono_ns();

    (void)connection;
    (void)how;
    *slot = NULL;
    if (!x)
        return;

    wait_for_client(x, now_ns);
    report_done(x, now_ns);
    let_go(x);
    buf_done(&x->body);
    free(x->ticket);
    count_done(arg);
}
