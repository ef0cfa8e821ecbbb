// SPDX-License-Identifier: MIT
/* wire: a client of raw bytes for the server's tests, and a gate on which threads wait for each
 * other. Whatever takes longer than WIRE_PATIENCE_S fails the test instead of hanging it. */
#ifndef WIRE_H
#define WIRE_H

#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIRE_PATIENCE_S 20
#define WIRE_MAX_BYTES (64 * MIB)

static inline int wire_try_connect(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = WIRE_PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        int saved = errno;
        (void)close(fd);
        return -saved;
    }
    return fd;
}

static inline int wire_connect(uint16_t port)
{
    int fd = wire_try_connect(port);

    assert_true(fd >= 0);
    return fd;
}

/* Until the server drains. */
static inline void wire_until_refused(uint16_t port)
{
    for (int fd; (fd = wire_try_connect(port)) != -ECONNREFUSED;)
        if (fd >= 0)
            (void)close(fd);
}

static inline void wire_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Appends what comes until needle is in b (true) or the connection ends (false). */
static inline bool wire_read(int fd, const char *needle, struct buf *b)
{
    char chunk[65536];

    b->max = WIRE_MAX_BYTES;
    while (!needle || !b->data || !strstr(b->data, needle)) {
        ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            fail_msg("nothing came; so far: '%s'", b->data ? b->data : "");
        if (n <= 0)
            return false;
        assert_int_equal(buf_append(b, chunk, (size_t)n), 0);
    }
    return true;
}

/* Sends a whole request on a connection of its own and appends all that comes back. */
static inline void wire_ask(uint16_t port, const char *request, struct buf *b)
{
    scoped(close_at) int fd = wire_connect(port);

    wire_send(fd, request);
    (void)wire_read(fd, NULL, b);
    assert_non_null(b->data);
}

static inline int wire_status(const struct buf *b)
{
    int status = 0;

    assert_int_equal(sscanf(b->data, "HTTP/1.1 %d", &status), 1);
    return status;
}

static inline const char *wire_body(const struct buf *b)
{
    const char *gap = strstr(b->data, "\r\n\r\n");

    assert_non_null(gap);
    return gap + 4;
}

static inline int wire_get(uint16_t port, const char *target, struct buf *b)
{
    char request[4096];

    (void)snprintf(request, sizeof(request),
                   "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target);
    wire_ask(port, request, b);
    return wire_status(b);
}

static inline struct http_server *wire_start(const struct http_routes *routes,
                                             struct http_server_config config)
{
    struct http_server *s = NULL;
    struct err err = {0};

    config.address = config.address ? config.address : "127.0.0.1";
    config.routes = routes;
    config.routes_count = 1;
    if (http_server_start(&s, &config, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

/* A number that threads raise and wait for. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
};

#define GATE_INIT                                                                                  \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER                     \
    }

static inline void gate_add(struct gate *g, int n)
{
    pthread_mutex_lock(&g->lock);
    g->count += n;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static inline int gate_read(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    int count = g->count;
    pthread_mutex_unlock(&g->lock);
    return count;
}

/* The number, once it is count or more. */
static inline int gate_reach(struct gate *g, int count)
{
    struct timespec until;
    int r = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WIRE_PATIENCE_S;
    pthread_mutex_lock(&g->lock);
    while (g->count < count && r == 0)
        r = pthread_cond_timedwait(&g->changed, &g->lock, &until);
    int now = g->count;
    pthread_mutex_unlock(&g->lock);
    assert_true(now >= count);
    return now;
}

static inline void gate_wait(struct gate *g, int count)
{
    assert_int_equal(gate_reach(g, count), count);
}

#endif
