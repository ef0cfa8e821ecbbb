// SPDX-License-Identifier: MIT
#include "lab/proxy.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/listen.h"
#include "lab/endpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_PER_WAIT 64
#define ACCEPTS_PER_EVENT 64 /* then the other connections get their turn */
#define SYN_RETRIES 3        /* 1 + 2 + 4 + 8 s */
#define DESCRIPTORS_SPARED 128

enum source_kind { SOURCE_WAKE, SOURCE_LISTENER, SOURCE_SIDE };

struct source { /* what epoll hands back; first member of what it stands for */
    enum source_kind kind;
};

struct proxy {
    struct source source;
    struct proxies *owner;
    char *name;
    int listener;
    uint16_t port;

    /* guarded by owner->lock */
    struct proxy *next;
    struct endpoints endpoints;
    struct proxy_stats stats; /* without bytes */
    bool leaving, gone;

    _Atomic uint64_t bytes_in, bytes_out;
};

/* One end of a connection. What could not be written to it yet waits in unsent; as long as there is
 * any, the other side is not read, so a connection keeps at most one read in each direction. */
struct side {
    struct source source;
    struct connection *connection;
    int fd;
    uint32_t interest; /* epoll's mask; 0: not registered */
    bool eof;          /* nothing more to read */
    bool shut;         /* our FIN is sent */
    char *unsent;
    size_t unsent_at, unsent_len;
};

struct connection {
    struct connection *next, **at; /* list of its proxies; of finished ones: next only */
    struct proxy *proxy;
    struct endpoint *endpoint; /* taken from the endpoints */
    struct side client, pod;
    struct endpoint_turn turn;
    uint64_t accepted_ns;
    bool established, asked, finished;
};

struct proxies {
    struct source wake; /* written to when leaving or ending was set */
    pthread_t thread;
    int epoll, wake_fd;
    size_t connections_max;

    /* the thread's own */
    int spare; /* given up to accept and reset when descriptors run out */
    struct connection *connections, *finished;
    size_t connections_count;
    char scratch[PROXY_BUFFER_SIZE];

    pthread_mutex_t lock; /* guards what follows, and what says so in struct proxy */
    pthread_cond_t removed;
    struct proxy *list;
    bool ending;
};

static struct side *other_side(struct side *s)
{
    struct connection *c = s->connection;

    return s == &c->client ? &c->pod : &c->client;
}

static bool set_interest(struct proxies *ps, struct side *s, uint32_t interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = &s->source};
    int change = interest == 0 ? EPOLL_CTL_DEL : s->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (s->interest == interest)
        return true;
    s->interest = interest;
    return epoll_ctl(ps->epoll, change, s->fd, &event) == 0;
}

/* A side that wants nothing leaves epoll: it would report a hang-up over and over. */
static bool update_interest(struct proxies *ps, struct side *s)
{
    bool reads = !s->eof && other_side(s)->unsent_len == 0;

    return set_interest(ps, s, (reads ? EPOLLIN : 0U) | (s->unsent_len > 0 ? EPOLLOUT : 0U));
}

/* Closing is not enough to leave epoll: a child between fork and exec has the descriptor too. */
static void close_side(struct proxies *ps, struct side *s, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};

    if (s->fd < 0)
        return;
    (void)set_interest(ps, s, 0);
    if (reset)
        (void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(s->fd);
    s->fd = -1;
    free(s->unsent);
    s->unsent = NULL;
    s->unsent_len = 0;
}

enum ending { CLOSED, CUT, NO_POD };

static void book_ending(struct connection *c, enum ending how)
{
    struct proxy *p = c->proxy;

    pthread_mutex_lock(&p->owner->lock);
    if (c->established) {
        p->stats.active--;
        p->stats.cut += how == CUT;
        c->endpoint->stats.active--;
        if (c->asked)
            proxy_durations_add(&p->stats.durations, clock_mono_ns() - c->accepted_ns);
    } else if (how == NO_POD) {
        p->stats.no_endpoints += c->turn.tries == 0;
        p->stats.all_failed += c->turn.tries > 0;
    }
    if (c->endpoint)
        endpoints_let_go(&p->endpoints, c->endpoint);
    pthread_mutex_unlock(&p->owner->lock);
}

/* The struct stays until the events at hand are through: one of them may point to it. */
static void finish(struct connection *c, enum ending how)
{
    struct proxies *ps = c->proxy->owner;

    book_ending(c, how);
    close_side(ps, &c->client, how != CLOSED);
    close_side(ps, &c->pod, how != CLOSED);
    *c->at = c->next;
    if (c->next)
        c->next->at = c->at;
    c->finished = true;
    c->next = ps->finished;
    ps->finished = c;
    ps->connections_count--;
}

static void free_finished(struct proxies *ps)
{
    while (ps->finished) {
        struct connection *c = ps->finished;
        ps->finished = c->next;
        free(c);
    }
}

/* The functions for forwarding return false when the connection must be cut. */

static bool pass_on_eof(struct side *to)
{
    if (!other_side(to)->eof || to->unsent_len > 0 || to->shut)
        return true;
    to->shut = true;
    return shutdown(to->fd, SHUT_WR) == 0;
}

static bool keep_unsent(struct side *to, const char *data, size_t len)
{
    to->unsent = malloc(len);
    if (!to->unsent)
        return false;
    memcpy(to->unsent, data, len);
    to->unsent_at = 0;
    to->unsent_len = len;
    return true;
}

static ssize_t send_some(int fd, const char *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

static bool send_unsent(struct side *s)
{
    ssize_t n = send_some(s->fd, s->unsent + s->unsent_at, s->unsent_len);

    if (n < 0)
        return false;
    s->unsent_at += (size_t)n;
    s->unsent_len -= (size_t)n;
    if (s->unsent_len > 0)
        return true;
    free(s->unsent);
    s->unsent = NULL;
    return pass_on_eof(s);
}

static void count_bytes(struct side *from, size_t n)
{
    struct connection *c = from->connection;

    if (from == &c->client)
        c->asked = true;
    atomic_fetch_add_explicit(from == &c->client ? &c->proxy->bytes_in : &c->proxy->bytes_out, n,
                              memory_order_relaxed);
}

static bool forward(struct proxies *ps, struct side *from)
{
    struct side *to = other_side(from);
    ssize_t n = recv(from->fd, ps->scratch, sizeof(ps->scratch), MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0) {
        from->eof = true;
        return pass_on_eof(to);
    }
    count_bytes(from, (size_t)n);
    ssize_t sent = send_some(to->fd, ps->scratch, (size_t)n);
    if (sent < 0)
        return false;
    return sent == n || keep_unsent(to, ps->scratch + sent, (size_t)(n - sent));
}

static bool serve_side(struct proxies *ps, struct side *s, uint32_t events)
{
    if (events & EPOLLERR)
        return false;
    if ((events & EPOLLOUT) && s->unsent_len > 0 && !send_unsent(s))
        return false;
    if ((events & (EPOLLIN | EPOLLHUP)) && !s->eof && other_side(s)->unsent_len == 0)
        return forward(ps, s);
    return true;
}

static int open_pod_socket(const struct endpoint *e)
{
    const int one = 1, retries = SYN_RETRIES;
    int fd = socket(e->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &retries, sizeof(retries));
    }
    return fd;
}

/* Asked again, connect() tells how the attempt under way is doing. On loopback that is mostly over
 * at once, which saves a round through epoll. */
enum progress { REFUSED, UNDER_WAY, ESTABLISHED };

static enum progress ask_connect(const struct connection *c)
{
    const struct endpoint *e = c->endpoint;

    if (connect(c->pod.fd, (const struct sockaddr *)&e->address, e->address_len) == 0 ||
        errno == EISCONN)
        return ESTABLISHED;
    return errno == EINPROGRESS || errno == EALREADY ? UNDER_WAY : REFUSED;
}

static enum progress start_connect(struct connection *c)
{
    c->pod.fd = open_pod_socket(c->endpoint);
    if (c->pod.fd < 0)
        return REFUSED;

    enum progress progress = ask_connect(c);
    return progress == UNDER_WAY ? ask_connect(c) : progress;
}

static void book_connect_failure(struct connection *c)
{
    struct proxy *p = c->proxy;

    pthread_mutex_lock(&p->owner->lock);
    p->stats.connect_failures++;
    c->endpoint->stats.connect_failures++;
    endpoints_let_go(&p->endpoints, c->endpoint);
    c->endpoint = NULL;
    pthread_mutex_unlock(&p->owner->lock);
}

static void establish(struct proxies *ps, struct connection *c)
{
    pthread_mutex_lock(&ps->lock);
    c->established = true;
    c->proxy->stats.accepted++;
    c->proxy->stats.active++;
    c->endpoint->stats.accepted++;
    c->endpoint->stats.active++;
    pthread_mutex_unlock(&ps->lock);
    if (!update_interest(ps, &c->pod) || !update_interest(ps, &c->client))
        finish(c, CUT);
}

static bool take_next_endpoint(struct proxies *ps, struct connection *c)
{
    pthread_mutex_lock(&ps->lock);
    c->endpoint = endpoints_take(&c->proxy->endpoints, &c->turn);
    pthread_mutex_unlock(&ps->lock);
    return c->endpoint;
}

/* Goes on from the state of the attempt with one endpoint after the other, until one is established
 * or under way. */
static void connect_to_pod(struct proxies *ps, struct connection *c, enum progress progress)
{
    for (;;) {
        if (progress == ESTABLISHED) {
            establish(ps, c);
            return;
        }
        if (progress == UNDER_WAY && set_interest(ps, &c->pod, EPOLLOUT))
            return;

        close_side(ps, &c->pod, false);
        if (c->endpoint)
            book_connect_failure(c);
        if (!take_next_endpoint(ps, c)) {
            finish(c, NO_POD);
            return;
        }
        progress = start_connect(c);
    }
}

static struct connection *new_connection(struct proxy *p, int client)
{
    struct proxies *ps = p->owner;
    struct connection *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->proxy = p;
    c->accepted_ns = clock_mono_ns();
    c->client = (struct side){.source.kind = SOURCE_SIDE, .connection = c, .fd = client};
    c->pod = (struct side){.source.kind = SOURCE_SIDE, .connection = c, .fd = -1};
    c->next = ps->connections;
    c->at = &ps->connections;
    if (c->next)
        c->next->at = &c->next;
    ps->connections = c;
    ps->connections_count++;
    return c;
}

static void reset_over_limit(struct proxy *p, int client)
{
    const struct linger at_once = {.l_onoff = 1};

    pthread_mutex_lock(&p->owner->lock);
    p->stats.over_limit++;
    pthread_mutex_unlock(&p->owner->lock);
    (void)setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(client);
}

/* Without a descriptor nothing can be accepted and epoll would report it for ever. One at a time:
 * there may be descriptors again. Keeps errno. */
static void reset_with_spare(struct proxies *ps, struct proxy *p)
{
    const int saved = errno;

    (void)close(ps->spare);
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0)
        reset_over_limit(p, client);
    ps->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errno = saved;
}

static void take_client(struct proxies *ps, struct proxy *p, int client)
{
    struct connection *c =
        ps->connections_count < ps->connections_max ? new_connection(p, client) : NULL;

    if (!c) {
        reset_over_limit(p, client);
        return;
    }
    connect_to_pod(ps, c, REFUSED);
}

static void accept_clients(struct proxies *ps, struct proxy *p)
{
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        int client = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            take_client(ps, p, client);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE)
            reset_with_spare(ps, p);
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static void serve_connection(struct proxies *ps, struct side *s, uint32_t events)
{
    struct connection *c = s->connection;

    if (c->finished)
        return;
    if (!c->established) {
        connect_to_pod(ps, c, ask_connect(c));
        return;
    }
    if (!serve_side(ps, s, events)) {
        finish(c, CUT);
        return;
    }
    if (c->client.shut && c->pod.shut)
        finish(c, CLOSED);
    else if (!update_interest(ps, &c->client) || !update_interest(ps, &c->pod))
        finish(c, CUT);
}

static void close_service(struct proxies *ps, struct proxy *p)
{
    struct connection *next;

    (void)epoll_ctl(ps->epoll, EPOLL_CTL_DEL, p->listener, NULL);
    (void)close(p->listener);
    for (struct connection *c = ps->connections; c; c = next) {
        next = c->next;
        if (c->proxy == p)
            finish(c, CUT);
    }
}

static struct proxy *unlink_leaving(struct proxies *ps)
{
    pthread_mutex_lock(&ps->lock);
    struct proxy **at = &ps->list;
    while (*at && !(*at)->leaving)
        at = &(*at)->next;
    struct proxy *p = *at;
    if (p)
        *at = p->next;
    pthread_mutex_unlock(&ps->lock);
    return p;
}

/* Between two batches of events, so that none of them points to what goes away. */
static void remove_leaving(struct proxies *ps)
{
    struct proxy *p;

    while ((p = unlink_leaving(ps))) {
        close_service(ps, p);
        pthread_mutex_lock(&ps->lock);
        p->gone = true;
        pthread_cond_broadcast(&ps->removed);
        pthread_mutex_unlock(&ps->lock);
    }
}

static void serve_event(struct proxies *ps, const struct epoll_event *event)
{
    struct source *source = event->data.ptr;
    uint64_t wakes;

    switch (source->kind) {
    case SOURCE_WAKE:
        (void)!read(ps->wake_fd, &wakes, sizeof(wakes));
        break;
    case SOURCE_LISTENER:
        accept_clients(ps, (struct proxy *)source);
        break;
    case SOURCE_SIDE:
        serve_connection(ps, (struct side *)source, event->events);
        break;
    }
}

static bool is_ending(struct proxies *ps)
{
    pthread_mutex_lock(&ps->lock);
    bool ending = ps->ending;
    pthread_mutex_unlock(&ps->lock);
    return ending;
}

static void *run(void *arg)
{
    struct proxies *ps = arg;
    struct epoll_event events[EVENTS_PER_WAIT];

    while (!is_ending(ps)) {
        int n = epoll_wait(ps->epoll, events, EVENTS_PER_WAIT, -1);
        for (int i = 0; i < n; i++)
            serve_event(ps, &events[i]);
        remove_leaving(ps);
        free_finished(ps);
    }
    return NULL;
}

static void wake(struct proxies *ps)
{
    const uint64_t one = 1;

    (void)!write(ps->wake_fd, &one, sizeof(one));
}

static size_t connections_allowed(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return PROXY_CONNECTIONS_MAX;
    rlim_t room = limit.rlim_cur > DESCRIPTORS_SPARED ? limit.rlim_cur - DESCRIPTORS_SPARED : 0;
    return room / 2 < PROXY_CONNECTIONS_MAX ? room / 2 : PROXY_CONNECTIONS_MAX;
}

static void proxies_release(struct proxies *ps)
{
    close_at(&ps->spare);
    close_at(&ps->wake_fd);
    close_at(&ps->epoll);
    pthread_cond_destroy(&ps->removed);
    pthread_mutex_destroy(&ps->lock);
    free(ps);
}

static int open_descriptors(struct proxies *ps)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &ps->wake};

    ps->epoll = epoll_create1(EPOLL_CLOEXEC);
    ps->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ps->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (ps->epoll < 0 || ps->wake_fd < 0 || ps->spare < 0 ||
        epoll_ctl(ps->epoll, EPOLL_CTL_ADD, ps->wake_fd, &event) < 0)
        return errno;
    return 0;
}

int proxies_new(struct proxies **ret, struct err *err)
{
    struct proxies *ps = calloc(1, sizeof(*ps));

    if (!ps)
        return err_set(err, -ENOMEM, "out of memory");
    ps->wake.kind = SOURCE_WAKE;
    ps->connections_max = connections_allowed();
    pthread_mutex_init(&ps->lock, NULL);
    pthread_cond_init(&ps->removed, NULL);

    int r = open_descriptors(ps);
    if (r == 0)
        r = pthread_create(&ps->thread, NULL, run, ps);
    if (r != 0) {
        proxies_release(ps);
        return err_errno(err, r, "cannot start the proxy of the services");
    }
    *ret = ps;
    return 0;
}

static void free_proxy(struct proxy *p)
{
    endpoints_done(&p->endpoints);
    free(p->name);
    free(p);
}

void proxies_free(struct proxies *ps)
{
    if (!ps)
        return;

    pthread_mutex_lock(&ps->lock);
    ps->ending = true;
    pthread_mutex_unlock(&ps->lock);
    wake(ps);
    pthread_join(ps->thread, NULL);
    while (ps->list) {
        struct proxy *p = ps->list;
        ps->list = p->next;
        close_service(ps, p);
        free_finished(ps);
        free_proxy(p);
    }
    proxies_release(ps);
}

static int open_service(struct proxy *p, const char *address, uint16_t port, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &p->source};
    struct proxies *ps = p->owner;
    const int one = 1;

    p->listener = listen_tcp(address, port, &p->port, err);
    if (p->listener < 0)
        return p->listener;
    /* What it accepts inherits this. */
    (void)setsockopt(p->listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    pthread_mutex_lock(&ps->lock);
    p->next = ps->list;
    ps->list = p;
    int r = epoll_ctl(ps->epoll, EPOLL_CTL_ADD, p->listener, &event) < 0 ? errno : 0;
    if (r != 0)
        ps->list = p->next;
    pthread_mutex_unlock(&ps->lock);
    if (r != 0) {
        (void)close(p->listener);
        return err_errno(err, r, "cannot watch the socket of %s:%u", address, p->port);
    }
    return 0;
}

int proxies_add(struct proxies *ps, const char *name, const char *address, uint16_t port,
                struct proxy **ret, struct err *err)
{
    struct proxy *p = calloc(1, sizeof(*p));
    int r;

    if (p)
        p->name = strdup(name);
    if (!p || !p->name) {
        free(p);
        return err_set(err, -ENOMEM, "out of memory");
    }
    p->source.kind = SOURCE_LISTENER;
    p->owner = ps;
    r = open_service(p, address, port, err);
    if (r < 0) {
        free_proxy(p);
        return err_wrap(err, r, "service '%s'", name);
    }
    *ret = p;
    return 0;
}

uint16_t proxy_port(const struct proxy *p)
{
    return p->port;
}

const char *proxy_name(const struct proxy *p)
{
    return p->name;
}

void proxy_remove(struct proxy *p)
{
    if (!p)
        return;

    struct proxies *ps = p->owner;
    pthread_mutex_lock(&ps->lock);
    p->leaving = true;
    wake(ps);
    while (!p->gone)
        pthread_cond_wait(&ps->removed, &ps->lock);
    pthread_mutex_unlock(&ps->lock);
    free_proxy(p);
}

int proxy_set_endpoints(struct proxy *p, const struct proxy_endpoint *endpoints, size_t n,
                        struct err *err)
{
    scoped(endpoints_change_done) struct endpoints_change change = {0};
    int r = endpoints_change_init(&change, endpoints, n, err);

    if (r < 0)
        return err_wrap(err, r, "service '%s'", p->name);
    pthread_mutex_lock(&p->owner->lock);
    endpoints_apply(&p->endpoints, &change);
    pthread_mutex_unlock(&p->owner->lock);
    return 0;
}

void proxy_stats(struct proxy *p, struct proxy_stats *ret)
{
    pthread_mutex_lock(&p->owner->lock);
    *ret = p->stats;
    pthread_mutex_unlock(&p->owner->lock);
    ret->bytes_in = atomic_load_explicit(&p->bytes_in, memory_order_relaxed);
    ret->bytes_out = atomic_load_explicit(&p->bytes_out, memory_order_relaxed);
}

size_t proxy_endpoint_stats(struct proxy *p, struct proxy_endpoint_stats *ret, size_t max)
{
    pthread_mutex_lock(&p->owner->lock);
    size_t n = endpoints_stats(&p->endpoints, ret, max);
    pthread_mutex_unlock(&p->owner->lock);
    return n;
}
