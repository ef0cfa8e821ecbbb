// SPDX-License-Identifier: MIT
/* The least that an HTTPS server does: whatever it is asked, it sends the same bytes. No server can
 * be quicker than it on the machine of a bench, whose own pauses and wake-ups are all that it
 * shows.
 *
 *     bench_bare --secure-port=6443 --cert=c.crt --key=c.key --answer=answer.txt
 *
 * One thread; connections stay; each record of TLS is taken for one whole request, as bench_https
 * sends them. */
#include "base/command.h"
#include "base/err.h"
#include "base/options.h"
#include "base/scoped.h"
#include "bench_tls.h"
#include "http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (16 * KIB)
#define EVENTS_MAX 64

struct options {
    uint64_t port;
    const char *cert, *key, *answer;
};

static const struct opt opts[] = {
    {"secure-port", OPT_U64, offsetof(struct options, port), "6443", "On 127.0.0.1.", .max = 65535},
    {"cert", OPT_STRING, offsetof(struct options, cert), NULL, "Its certificate (PEM)."},
    {"key", OPT_STRING, offsetof(struct options, key), NULL, "Its key (PEM)."},
    {"answer", OPT_STRING, offsetof(struct options, answer), NULL, "A file: all that it sends."},
};
static const struct opt_table table = {
    .program = "bench_bare", .summary = "answers HTTPS, always the same", OPT_TABLE(opts)};

struct bare {
    int listen_fd, epoll_fd;
    gnutls_certificate_credentials_t credentials;
    char answer[ANSWER_MAX];
    size_t answer_len;
};

struct connection {
    int fd;
    gnutls_session_t session;
};

static void watch(const struct bare *b, int fd, void *of)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = of};

    if (epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        give_up("epoll", strerror(errno));
}

/* ---- connections ---- */

static void end(struct connection *c)
{
    gnutls_deinit(c->session);
    (void)close(c->fd);
    free(c);
}

static void accept_one(const struct bare *b)
{
    struct connection *c = calloc(1, sizeof(*c));
    int on = 1;

    if (!c)
        give_up("a connection", strerror(ENOMEM));
    c->fd = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (c->fd < 0)
        give_up("accept", strerror(errno));
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->session = begin_session(c->fd, GNUTLS_SERVER, b->credentials);
    /* As an adapter asks; it is not looked at. */
    gnutls_certificate_server_set_request(c->session, GNUTLS_CERT_REQUEST);
    if (shake_hands(c->session) < 0) {
        end(c);
        return;
    }
    (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(b, c->fd, c);
}

static void answer(const struct bare *b, struct connection *c)
{
    char request[ANSWER_MAX];
    ssize_t n = gnutls_record_recv(c->session, request, sizeof(request));

    if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
        return;
    if (n <= 0 ||
        gnutls_record_send(c->session, b->answer, b->answer_len) != (ssize_t)b->answer_len)
        end(c);
}

/* ---- start ---- */

static void read_answer(struct bare *b, const char *name)
{
    FILE *file = fopen(name, "re");

    if (!file)
        give_up(name, strerror(errno));
    b->answer_len = fread(b->answer, 1, sizeof(b->answer), file);
    (void)fclose(file);
    if (b->answer_len == 0 || b->answer_len == sizeof(b->answer))
        give_up(name, "is empty or too long");
}

static void listen_on(struct bare *b, uint64_t port)
{
    struct err err = {0};
    uint16_t bound;

    b->listen_fd = listen_tcp("127.0.0.1", (uint16_t)port, &bound, &err);
    if (b->listen_fd < 0)
        give_up("listen", err.text);
    b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    watch(b, b->listen_fd, NULL);
}

static _Noreturn void serve(const struct bare *b)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int n = epoll_wait(b->epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                answer(b, events[i].data.ptr);
            else
                accept_one(b);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = {0};
    static struct bare bare;
    struct err err = {0};
    int r = options_parse(&table, argc, argv, &options, &err);

    if (r >= 0 && (!options.cert || !options.key || !options.answer))
        r = err_set(&err, -EINVAL, "--cert, --key and --answer are needed");
    if (r < 0)
        return command_refuse(table.program, r, &err);
    read_answer(&bare, options.answer);
    bare.credentials = load_certificate(options.cert, options.key);
    listen_on(&bare, options.port);
    serve(&bare);
}
