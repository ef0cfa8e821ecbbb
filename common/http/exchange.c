// SPDX-License-Identifier: MIT
#include "http/exchange.h"

#include "base/clock.h"
#include "base/scoped.h"
#include "http/answer.h"
#include "http/connections.h"
#include "http/pending.h"
#include "http/stream.h"
#include "http/tls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void socket_free(struct http_server *s, struct http_socket *socket)
{
    if (!socket)
        return;
    if (socket->place)
        connections_leave(s->connections, socket->place);
    tls_certificate_unref(socket->certificate);
    free(socket);
}

/* NULL when it cannot stay. */
static struct http_socket *socket_new(struct http_server *s, struct MHD_Connection *connection,
                                      int fd)
{
    struct http_socket *socket = calloc(1, sizeof(*socket));

    if (!socket)
        return NULL;
    if (s->connections) {
        socket->place = connections_enter(s->connections, fd);
        if (!socket->place) {
            free(socket);
            return NULL;
        }
    }
    pthread_mutex_lock(&s->lock);
    if (s->certificate)
        socket->certificate = tls_certificate_ref(s->certificate);
    pthread_mutex_unlock(&s->lock);
    if (socket->certificate)
        tls_begin(socket->certificate, connection, s->config.ask_client_certificate);
    return socket;
}

void exchange_on_connection(void *arg, struct MHD_Connection *connection, void **slot,
                            enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = arg;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        socket_free(s, *slot);
        return;
    }
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *slot = socket_new(s, connection, fd);
    if (!*slot)
        (void)shutdown(fd, SHUT_RDWR);
}

static void note(struct http_server *s, struct MHD_Connection *connection,
                 void (*change)(struct connections *, struct connection *))
{
    if (!s->connections)
        return;
    const struct http_socket *socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (socket)
        change(s->connections, socket->place);
}

static struct MHD_Response *make_response(struct http_exchange *x, struct http_reply *reply)
{
    if (reply->kind == HTTP_REPLY_STREAM) {
        stream_attach(x, reply->stream);
        reply->stream = NULL;
        return stream_response(x->stream);
    }
    enum MHD_ResponseMemoryMode mode =
        reply->body_is_ours ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->body_len, (void *)(uintptr_t)reply->body, mode);
    if (response)
        reply->body_is_ours = false;
    return response;
}

static void add_headers(struct MHD_Response *response, const struct http_pair *pairs, size_t max)
{
    for (size_t i = 0; i < max && pairs[i].name && *pairs[i].name; i++)
        (void)MHD_add_response_header(response, pairs[i].name, pairs[i].value);
}

/* Takes reply. */
static enum MHD_Result queue_reply(struct http_exchange *x, struct http_reply reply)
{
    struct http_server *s = x->server;
    struct MHD_Response *response = make_response(x, &reply);
    enum MHD_Result result = MHD_NO;

    if (response) {
        note(s, x->connection, connections_busy);
        if (reply.content_type)
            (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                          reply.content_type);
        add_headers(response, s->config.headers, ARRAY_LEN(s->config.headers));
        add_headers(response, reply.headers, HTTP_REPLY_HEADERS_MAX);
        if (atomic_load(&s->draining))
            (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        x->status = reply.status;
        x->answered = true;
        result = MHD_queue_response(x->connection, (unsigned)reply.status, response);
        MHD_destroy_response(response);
    }
    http_reply_done(&reply);
    return result;
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
    note(x->server, x->connection, connections_busy);
    struct http_reply reply = answer(x, method, path);
    if (reply.kind == HTTP_REPLY_LATER && x->pending)
        return x->too_late ? MHD_NO : MHD_YES;
    if (reply.kind == HTTP_REPLY_LATER)
        reply = answer_error(x->server, 500, "out of memory");
    return queue_reply(x, reply);
}

static void forget_pending(struct http_exchange *x)
{
    struct http_pending *pending = x->pending;

    pthread_mutex_lock(&x->server->lock);
    x->pending = NULL;
    pthread_mutex_unlock(&x->server->lock);
    pending_unref(pending);
}

static enum MHD_Result resume_pending(struct http_exchange *x, const char *method, const char *path)
{
    struct http_reply reply;

    if (pending_take_ticket(x->pending, &x->ticket)) {
        forget_pending(x);
        return serve(x, method, path);
    }
    return pending_take_reply(x->pending, &reply) ? queue_reply(x, reply) : MHD_NO;
}

enum MHD_Result exchange_on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **slot)
{
    struct http_exchange *x = *slot;

    (void)arg;
    (void)version;
    if (!x)
        return MHD_NO;
    x->connection = connection;
    if (!x->seen_headers) {
        x->seen_headers = true;
        x->method = known_method(method);
        x->body_too_large = announces_too_much(x);
        if (x->body_too_large)
            return queue_reply(x, answer(x, method, path));
        return MHD_YES;
    }
    if (*upload_size) {
        x->body_too_large |= buf_append(&x->body, upload, *upload_size) < 0;
        *upload_size = 0;
        return MHD_YES;
    }
    return x->pending ? resume_pending(x, method, path) : serve(x, method, path);
}

void *exchange_on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct http_server *s = arg;
    struct http_exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    note(s, connection, connections_wait);
    x->server = s;
    x->started_ns = clock_mono_ns();
    x->body.max = s->config.max_body_bytes;
    x->bad_uri = !uri || strstr(uri, "%00");

    pthread_mutex_lock(&s->lock);
    x->next = s->first;
    if (x->next)
        x->next->previous = x;
    s->first = x;
    s->exchange_count++;
    pthread_mutex_unlock(&s->lock);
    if (s->config.on_start)
        s->config.on_start(s->config.on_arg);
    return x;
}

static void report_done(const struct http_exchange *x)
{
    const struct http_server_config *c = &x->server->config;

    if (!c->on_done)
        return;
    c->on_done(c->on_arg, &(struct http_done){
                              .method = x->method ? x->method : "",
                              .route = x->route ? x->route->path : "",
                              .status = x->answered ? x->status : 0,
                              .duration_ns = clock_mono_ns() - x->started_ns,
                          });
}

static void unlink_exchange(struct http_server *s, struct http_exchange *x)
{
    pthread_mutex_lock(&s->lock);
    if (x->next)
        x->next->previous = x->previous;
    if (x->previous)
        x->previous->next = x->next;
    else
        s->first = x->next;
    s->exchange_count--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* First out of sight of abandon_pending and close_streams, then away. This waits for an app's
 * thread that is just resuming the connection, and must: once the exchange is unlinked, the server,
 * its daemons and the connection may be gone. */
static void let_go(struct http_exchange *x)
{
    pthread_mutex_lock(&x->server->lock);
    struct http_stream *stream = x->stream;
    struct http_pending *pending = x->pending;
    x->stream = NULL;
    x->pending = NULL;
    pthread_mutex_unlock(&x->server->lock);

    if (stream)
        stream_detach(stream);
    if (pending)
        pending_unref(pending);
}

void exchange_on_completed(void *arg, struct MHD_Connection *connection, void **slot,
                           enum MHD_RequestTerminationCode how)
{
    struct http_exchange *x = *slot;

    (void)how;
    *slot = NULL;
    if (!x)
        return;

    note(arg, connection, connections_wait);
    report_done(x);
    let_go(x);
    unlink_exchange(arg, x);
    buf_done(&x->body);
    free(x->ticket);
    free(x);
}
