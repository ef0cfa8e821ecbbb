// SPDX-License-Identifier: MIT
#include "http/server.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/connections.h"
#include "http/exchange.h"
#include "http/listen.h"
#include "http/pending.h"
#include "http/response.h"
#include "http/server_private.h"
#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

    if (wants_tls(c))
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, c->threads > 1 ? c->threads : 0, MHD_OPTION_CONNECTION_LIMIT,
        limit_of_daemon(s), MHD_OPTION_CONNECTION_TIMEOUT, c->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, c->max_header_bytes, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, exchange_on_connection, s, MHD_OPTION_ARRAY,
        wants_tls(c) ? tls : &tls[3], MHD_OPTION_END);
}

static void server_free(struct http_server *s)
{
    response_free_kept(s);
    connections_free(s->connections);
    tls_certificate_unref(s->certificate);
    pthread_cond_destroy(&s->all_done);
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
    response_init_kept(s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->all_done, &attr);
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
        return err_set(err, -EIO, "cannot start the HTTP server on %s:%u", c->address, s->port);
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

    int r = wants_tls(config) ? tls_certificate_new(&s->certificate, config->tls_cert_pem,
                                                    config->tls_key_pem, err)
                              : 0;
    if (r == 0)
        r = listen_and_serve(s, err);
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

int http_server_set_certificate(struct http_server *s, const char *cert_pem, const char *key_pem,
                                struct err *err)
{
    struct tls_certificate *c = NULL;
    int r = tls_certificate_new(&c, cert_pem, key_pem, err);

    if (r < 0)
        return r;
    pthread_mutex_lock(&s->lock);
    struct tls_certificate *old = s->certificate;
    s->certificate = c;
    pthread_mutex_unlock(&s->lock);
    tls_certificate_unref(old);
    return 0;
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
    while (atomic_load(&s->exchange_count) && r == 0)
        r = pthread_cond_timedwait(&s->all_done, &s->lock, &until);
    pthread_mutex_unlock(&s->lock);
    return atomic_load(&s->exchange_count);
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
