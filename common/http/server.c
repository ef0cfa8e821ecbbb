// SPDX-License-Identifier: MIT
#include "http/server.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/connections.h"
#include "http/listen.h"
#include "http/route.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_server_config config;
    int fd; /* the daemon's listening socket; after http_server_quiesce something that never rings
             */
    uint16_t port;
    atomic_bool draining;
    struct connections *connections; /* NULL without cut_waiting */

    pthread_mutex_t lock;        /* guards what follows */
    pthread_cond_t changed;      /* exchanges became fewer */
    size_t exchange_count;       /* requests that arrived and are not done */
    struct http_exchange *first; /* the same, as a list */
    bool streams_closed;         /* the server stops: a new stream ends at once */
    bool abandoned;              /* the time is up: nothing may be deferred any more */
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
};

/* Held by the exchange and by the app that owes the reply; freed by the last of the two. */
struct http_pending {
    pthread_mutex_t lock;              /* guards all */
    struct MHD_Connection *connection; /* suspended; NULL once resumed for the last time */
    int socket;
    int refs;
    bool ready;
    struct http_reply reply;
};

/* Bytes from writers to one client. Held by the exchange and by the app. */
struct http_stream {
    pthread_mutex_t lock; /* guards all */
    int refs;
    struct buf unsent;
    struct MHD_Connection *connection; /* set while the answer is running */
    bool suspended, closed;
};

/* ---- deferred replies ---- */

static void pending_unref(struct http_pending *p)
{
    pthread_mutex_lock(&p->lock);
    bool last = --p->refs == 0;
    pthread_mutex_unlock(&p->lock);
    if (!last)
        return;

    http_reply_done(&p->reply);
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
    x->pending = p;
    x->too_late = x->server->abandoned;
    if (!x->too_late) {
        p->connection = x->connection;
        MHD_suspend_connection(x->connection);
    }
    pthread_mutex_unlock(&x->server->lock);
    return p;
}

void http_pending_reply(struct http_pending *p, struct http_reply reply)
{
    pthread_mutex_lock(&p->lock);
    p->reply = reply;
    p->ready = true;
    if (p->connection)
        MHD_resume_connection(p->connection);
    p->connection = NULL;
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

/* Wakes the connection without a reply, so that the server can stop. */
static void pending_abandon(struct http_pending *p)
{
    pthread_mutex_lock(&p->lock);
    if (p->connection)
        MHD_resume_connection(p->connection);
    p->connection = NULL;
    pthread_mutex_unlock(&p->lock);
}

/* ---- streams ---- */

struct http_stream *http_stream_new(size_t max_unsent_bytes)
{
    struct http_stream *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->unsent.max = max_unsent_bytes;
    s->refs = 2;
    return s;
}

void http_stream_unref(struct http_stream *s)
{
    if (!s)
        return;

    pthread_mutex_lock(&s->lock);
    bool last = --s->refs == 0;
    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;

    buf_done(&s->unsent);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void wake_stream(struct http_stream *s) /* s->lock is held */
{
    if (s->suspended && s->connection)
        MHD_resume_connection(s->connection);
    s->suspended = false;
}

int http_stream_write(struct http_stream *s, const void *data, size_t len)
{
    pthread_mutex_lock(&s->lock);
    int r = s->closed ? -EPIPE : buf_append(&s->unsent, data, len);
    if (r == 0)
        wake_stream(s);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void http_stream_close(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    wake_stream(s);
    pthread_mutex_unlock(&s->lock);
}

static ssize_t stream_read(void *arg, uint64_t position, char *to, size_t max)
{
    struct http_stream *s = arg;
    ssize_t n = 0;

    (void)position;
    pthread_mutex_lock(&s->lock);
    if (s->unsent.len) {
        size_t len = s->unsent.len < max ? s->unsent.len : max;
        memcpy(to, s->unsent.data, len);
        buf_consume(&s->unsent, len);
        n = (ssize_t)len;
    } else if (s->closed) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->suspended = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

static void stream_attach(struct http_exchange *x, struct http_stream *s) /* takes s */
{
    pthread_mutex_lock(&s->lock);
    s->connection = x->connection;
    pthread_mutex_unlock(&s->lock);

    pthread_mutex_lock(&x->server->lock);
    x->stream = s;
    bool stopping = x->server->streams_closed;
    pthread_mutex_unlock(&x->server->lock);
    if (stopping)
        http_stream_close(s);
}

static void stream_detach(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->connection = NULL;
    s->closed = true;
    pthread_mutex_unlock(&s->lock);
    http_stream_unref(s);
}

/* ---- one exchange ---- */

static struct http_reply error_reply(const struct http_server *s, int status, const char *message)
{
    if (s->config.error_reply)
        return s->config.error_reply(status, message);
    return http_reply_printf(status, "%s\n", message);
}

static struct MHD_Response *make_response(struct http_exchange *x, struct http_reply *reply)
{
    if (reply->kind == HTTP_REPLY_STREAM) {
        stream_attach(x, reply->stream);
        reply->stream = NULL;
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * KIB, stream_read, x->stream,
                                                 NULL);
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

/* ---- who is connected ---- */

static void on_connection(void *arg, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = arg;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*slot)
            connections_leave(s->connections, *slot);
        return;
    }
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *slot = connections_enter(s->connections, fd);
    if (!*slot)
        (void)shutdown(fd, SHUT_RDWR);
}

static void note(struct http_server *s, struct MHD_Connection *connection,
                 void (*change)(struct connections *, struct connection *))
{
    if (!s->connections)
        return;
    struct connection *c =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (c)
        change(s->connections, c);
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

struct pair_list {
    struct http_pair *pairs;
    size_t count, size;
};

static enum MHD_Result add_pair(void *arg, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    struct pair_list *list = arg;

    (void)kind;
    if (list->count == list->size)
        return MHD_NO;
    list->pairs[list->count++] = (struct http_pair){name, value ? value : ""};
    return MHD_YES;
}

static int read_pairs(struct MHD_Connection *c, enum MHD_ValueKind kind, struct pair_list *list)
{
    int n = MHD_get_connection_values(c, kind, NULL, NULL);

    if (n <= 0)
        return 0;
    list->pairs = calloc((size_t)n, sizeof(*list->pairs));
    if (!list->pairs)
        return -ENOMEM;
    list->size = (size_t)n;
    (void)MHD_get_connection_values(c, kind, add_pair, list);
    return 0;
}

static struct http_reply call_route(struct http_exchange *x, struct http_request *request,
                                    void *app, char *params[HTTP_PARAMS_MAX])
{
    struct pair_list query = {0}, headers = {0};
    struct http_reply reply;

    if (read_pairs(x->connection, MHD_GET_ARGUMENT_KIND, &query) < 0 ||
        read_pairs(x->connection, MHD_HEADER_KIND, &headers) < 0) {
        reply = error_reply(x->server, 500, "out of memory");
    } else {
        request->query = query.pairs;
        request->query_count = query.count;
        request->headers = headers.pairs;
        request->header_count = headers.count;
        for (size_t i = 0; i < HTTP_PARAMS_MAX; i++)
            request->params[i] = params[i];
        reply = x->route->serve(app, request);
    }
    free(query.pairs);
    free(headers.pairs);
    return reply;
}

static struct http_reply wrong_method(struct http_exchange *x, const char *path)
{
    struct http_reply reply = error_reply(x->server, 405, "this path takes another method");
    size_t at = 0;

    route_allow(x->server->config.routes, x->server->config.routes_count, path, x->allow,
                sizeof(x->allow));
    while (at < HTTP_REPLY_HEADERS_MAX - 1 && reply.headers[at].name)
        at++;
    reply.headers[at] = (struct http_pair){MHD_HTTP_HEADER_ALLOW, x->allow};
    return reply;
}

static struct http_reply no_route(struct http_exchange *x, int why, const char *path)
{
    char message[256];

    if (why == -EPROTOTYPE)
        return wrong_method(x, path);
    if (why != -ENOENT)
        return error_reply(x->server, 500, "out of memory");
    (void)snprintf(message, sizeof(message), "nothing is served at %.200s", path);
    return error_reply(x->server, 404, message);
}

static struct http_reply answer(struct http_exchange *x, const char *method, const char *path)
{
    struct http_request request = {.method = method,
                                   .path = path,
                                   .body = x->body.data ? x->body.data : "",
                                   .body_len = x->body.len,
                                   .exchange = x};
    char *params[HTTP_PARAMS_MAX] = {0};
    void *app = NULL;

    if (x->bad_uri)
        return error_reply(x->server, 400, "the address contains a NUL byte");
    if (x->body_too_large)
        return error_reply(x->server, 413, "the request's body is too large");

    int r = route_find(x->server->config.routes, x->server->config.routes_count, method, path,
                       params, &x->route, &app);
    if (r < 0)
        return no_route(x, r, path);
    struct http_reply reply = call_route(x, &request, app, params);
    route_params_done(params);
    return reply;
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

static enum MHD_Result resume_pending(struct http_exchange *x)
{
    struct http_pending *p = x->pending;

    pthread_mutex_lock(&p->lock);
    bool ready = p->ready;
    struct http_reply reply = p->reply;
    if (ready)
        p->reply = (struct http_reply){0};
    pthread_mutex_unlock(&p->lock);
    return ready ? queue_reply(x, reply) : MHD_NO;
}

/* Called with the headers, then with pieces of the body, then once more for the reply; and again
 * when a suspended connection was resumed. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
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
    if (x->pending)
        return resume_pending(x);

    note(x->server, connection, connections_busy);
    struct http_reply reply = answer(x, method, path);
    if (reply.kind == HTTP_REPLY_LATER && x->pending)
        return x->too_late ? MHD_NO : MHD_YES;
    if (reply.kind == HTTP_REPLY_LATER)
        reply = error_reply(x->server, 500, "out of memory");
    return queue_reply(x, reply);
}

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
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
    c->on_done(c->on_arg,
               &(struct http_done){
                   .method = x->method ? x->method : "",
                   .route = x->route ? x->route->path : "",
                   .status = x->answered ? x->status : 0,
                   .duration_ns = clock_mono_ns() - x->started_ns,
                   .noted = c->note_header ? MHD_lookup_connection_value(
                                                 x->connection, MHD_HEADER_KIND, c->note_header)
                                           : NULL,
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

static void on_completed(void *arg, struct MHD_Connection *connection, void **slot,
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
    free(x);
}

/* ---- the server ---- */

/* Two threads on one CPU would only take turns. */
static unsigned default_threads(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1 ? 1 : 2;
}

static void fill_defaults(struct http_server_config *c)
{
    c->threads = c->threads ? c->threads : default_threads();
    c->max_connections = c->max_connections ? c->max_connections : 1000;
    c->idle_timeout_s = c->idle_timeout_s ? c->idle_timeout_s : 120;
    c->max_header_bytes = c->max_header_bytes ? c->max_header_bytes : 64 * KIB;
    c->max_body_bytes = c->max_body_bytes ? c->max_body_bytes : MIB;
}

static bool wants_tls(const struct http_server_config *c)
{
    return c->tls_cert_pem && c->tls_key_pem;
}

/* Those that were cut are in the daemon's own count for a moment longer, and each of its threads
 * takes an equal share of its limit: it must not be reached before ours. */
static unsigned limit_of_daemon(const struct http_server *s)
{
    const struct http_server_config *c = &s->config;

    return s->connections ? (c->max_connections + 64) * c->threads : c->max_connections;
}

static struct MHD_Daemon *start_daemon(struct http_server *s, int fd)
{
    const struct http_server_config *c = &s->config;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)c->tls_cert_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)c->tls_key_pem},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem watch[] = {
        {s->connections ? MHD_OPTION_NOTIFY_CONNECTION : MHD_OPTION_END,
         (intptr_t)(void *)on_connection, s},
        {MHD_OPTION_END, 0, NULL},
    };

    if (wants_tls(c))
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, c->threads > 1 ? c->threads : 0, MHD_OPTION_CONNECTION_LIMIT,
        limit_of_daemon(s), MHD_OPTION_CONNECTION_TIMEOUT, c->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, c->max_header_bytes, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_ARRAY,
        wants_tls(c) ? tls : &tls[3], MHD_OPTION_ARRAY, watch, MHD_OPTION_END);
}

static void server_free(struct http_server *s)
{
    connections_free(s->connections);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct http_server *server_new(const struct http_server_config *config)
{
    struct http_server *s = calloc(1, sizeof(*s));
    pthread_condattr_t attr;

    if (!s)
        return NULL;
    s->config = *config;
    fill_defaults(&s->config);
    if (config->cut_waiting) {
        s->connections =
            connections_new(s->config.max_connections, s->config.idle_timeout_s * NS_PER_S);
        if (!s->connections) {
            free(s);
            return NULL;
        }
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    return s;
}

/* A daemon that fails to start closes the socket it was given on some paths and leaves it on
 * others: it gets a duplicate, and we close our own once. */
static int listen_and_serve(struct http_server *s, struct err *err)
{
    const struct http_server_config *c = &s->config;
    scoped(close_at) int fd = listen_tcp(c->address, c->port, &s->port, err);

    if (fd < 0)
        return fd;
    s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (s->fd < 0)
        return err_errno(err, errno, "cannot start the HTTP server on %s:%u", c->address, s->port);
    s->daemon = start_daemon(s, s->fd);
    if (!s->daemon)
        return err_set(err, -EIO, "cannot start the HTTP server on %s:%u%s", c->address, s->port,
                       wants_tls(c) ? " (do certificate and key belong together?)" : "");
    return 0;
}

int http_server_start(struct http_server **ret, const struct http_server_config *config,
                      struct err *err)
{
    if (!config->tls_cert_pem != !config->tls_key_pem)
        return err_set(err, -EINVAL, "HTTPS takes both a certificate and its key");
    if (config->tls_cert_pem && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return err_set(err, -ENOTSUP, "this libmicrohttpd was built without TLS");

    struct http_server *s = server_new(config);
    if (!s)
        return err_set(err, -ENOMEM, "out of memory");

    int r = listen_and_serve(s, err);
    if (r < 0) {
        server_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

/* Not MHD_quiesce_daemon: it takes the listening socket out of the epoll sets while their threads
 * may do the same, and the loser of that race aborts the process (0.9.75, MHD_epoll). Here the
 * shutdown refuses whoever connects from now on, and because the socket would ring in the epoll
 * sets for ever, the kernel swaps it under its number for one that never does: it leaves the sets
 * by itself, and accepting from an eventfd does nothing. The daemon closes that. */
void http_server_quiesce(struct http_server *s)
{
    scoped(close_at) int silent = -1;

    if (atomic_exchange(&s->draining, true))
        return;
    (void)shutdown(s->fd, SHUT_RDWR);
    silent = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (silent >= 0) /* else it rings until the server stops, which only costs CPU time */
        (void)dup3(silent, s->fd, O_CLOEXEC);
}

/* Streams never end by themselves. Closing wakes a suspended connection, so what was written is
 * sent and the exchange completes. */
static void close_streams(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->streams_closed = true;
    for (struct http_exchange *x = s->first; x; x = x->next)
        if (x->stream)
            http_stream_close(x->stream);
    pthread_mutex_unlock(&s->lock);
}

/* Waits until every accepted request is answered, or until the time is up. */
static size_t wait_for_exchanges(struct http_server *s, uint64_t timeout_ns)
{
    const uint64_t longest_ns = 365 * 24 * 3600 * NS_PER_S;
    uint64_t until_ns = clock_mono_ns() + (timeout_ns < longest_ns ? timeout_ns : longest_ns);
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};
    int r = 0;

    pthread_mutex_lock(&s->lock);
    while (s->exchange_count && r == 0)
        r = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    size_t left = s->exchange_count;
    pthread_mutex_unlock(&s->lock);
    return left;
}

/* libmicrohttpd aborts when it is stopped while a connection is suspended: resumes all, for good.
 */
static void abandon_pending(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->abandoned = true;
    for (struct http_exchange *x = s->first; x; x = x->next)
        if (x->pending)
            pending_abandon(x->pending);
    pthread_mutex_unlock(&s->lock);
}

size_t http_server_stop(struct http_server *s, uint64_t timeout_ns)
{
    if (!s)
        return 0;

    http_server_quiesce(s);
    close_streams(s);
    size_t left = wait_for_exchanges(s, timeout_ns);
    abandon_pending(s);
    MHD_stop_daemon(s->daemon);
    server_free(s);
    return left;
}
