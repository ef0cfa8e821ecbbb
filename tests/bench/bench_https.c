// SPDX-License-Identifier: MIT
/* HTTPS load as an API server's front proxy makes it: some connections that stay, each with a
 * client certificate and with one request at a time, HTTP/1.1.
 *
 *     bench_https --port=6443 --pid=1234 --cert=c.crt --key=c.key --paths=paths.txt --rate=1000
 *     {"requests": 10000, "failed": 0, "seconds": 10.0, "cpuSeconds": 0.41, "p50": 0.2, ...}
 *
 * With a rate, request number i is due at i/rate whatever became of those before it, and its
 * latency counts from then: a server that stalls is not spared the requests that it held up.
 * Without one, each connection asks again at once. The paths are asked for in turn, each once
 * before anything is counted. cpuSeconds is what process PID used meanwhile. Latencies are in
 * milliseconds.
 *
 * The server's certificate is not verified: this measures, and sends no secret. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/err.h"
#include "base/options.h"
#include "base/scoped.h"
#include "bench_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define PATHS_MAX 4096
#define ANSWER_MAX (64 * KIB)
#define REQUESTS_MAX 50000000

struct options {
    uint64_t port, pid, connections, duration_ns;
    double rate;
    const char *cert, *key, *paths;
    struct opt_list headers;
};

static const struct opt opts[] = {
    {"port", OPT_U64, offsetof(struct options, port), "6443", "On 127.0.0.1.", .max = 65535},
    {"pid", OPT_U64, offsetof(struct options, pid), "0", "Whose CPU time is counted; 0: nobody's."},
    {"cert", OPT_STRING, offsetof(struct options, cert), NULL, "The client certificate (PEM)."},
    {"key", OPT_STRING, offsetof(struct options, key), NULL, "Its key (PEM)."},
    {"paths", OPT_STRING, offsetof(struct options, paths), NULL, "A file, one path a line."},
    {"header", OPT_LIST, offsetof(struct options, headers), NULL, "Name: value."},
    {"connections", OPT_U64, offsetof(struct options, connections), "16", "How many.", .min = 1,
     .max = CONNECTIONS_MAX},
    {"rate", OPT_DOUBLE, offsetof(struct options, rate), "0", "Requests a second; 0: all it takes.",
     .max = 1e6},
    {"duration", OPT_DURATION, offsetof(struct options, duration_ns), "10s", "How long.",
     .max = 3600},
};
static const struct opt_table table = {
    .program = "bench_https", .summary = "asks an HTTPS server again and again", OPT_TABLE(opts)};

struct connection {
    int fd;
    gnutls_session_t session;
    bool busy;
    uint64_t due_ns; /* of the request that it is busy with */
    char answer[ANSWER_MAX + 1];
    size_t len;
};

struct load {
    const struct options *options;
    gnutls_certificate_credentials_t credentials;
    char *requests[PATHS_MAX];
    size_t request_count, next_request;
    struct connection *connections;
    int epoll_fd;

    uint64_t start_ns, end_ns;   /* of what is measured */
    uint64_t sent, done, failed; /* since start_ns */
    uint64_t sent_max;           /* then no more */
    float *latency_ms;           /* of those done; NULL while nothing is counted */
};

/* ---- requests ---- */

static void add_request(struct load *l, const char *path)
{
    struct buf text = {.max = 64 * KIB};
    int r = buf_printf(&text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n",
                       path);

    for (size_t i = 0; r == 0 && i < l->options->headers.count; i++)
        r = buf_printf(&text, "%s\r\n", l->options->headers.values[i]);
    if (r == 0)
        r = buf_puts(&text, "\r\n");
    if (r < 0 || l->request_count == PATHS_MAX)
        give_up(path, "one path too many, or too long");
    l->requests[l->request_count++] = buf_take(&text, NULL);
}

static void read_paths(struct load *l, const char *name)
{
    FILE *file = fopen(name, "re");
    scoped(free_at) char *line = NULL;
    size_t size = 0;

    if (!file)
        give_up(name, strerror(errno));
    while (getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        add_request(l, line);
    }
    (void)fclose(file);
    if (l->request_count == 0)
        give_up(name, "has no path");
}

/* ---- connections ---- */

static void connect_one(struct load *l, struct connection *c)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)l->options->port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
        give_up("connect", strerror(errno));
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->session = begin_session(c->fd, GNUTLS_CLIENT, l->credentials);
    int r = shake_hands(c->session);
    if (r < 0)
        give_up("TLS", gnutls_strerror(r));
    (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
    (void)epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void connect_all(struct load *l)
{
    const struct options *o = l->options;

    l->credentials = load_certificate(o->cert, o->key);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->connections = calloc(o->connections, sizeof(*l->connections));
    if (!l->connections)
        give_up("connections", strerror(ENOMEM));
    for (size_t i = 0; i < o->connections; i++)
        connect_one(l, &l->connections[i]);
}

/* ---- one request ---- */

static void send_request(struct load *l, struct connection *c, uint64_t due_ns)
{
    const char *text = l->requests[l->next_request];
    size_t len = strlen(text);

    l->next_request = (l->next_request + 1) % l->request_count;
    c->busy = true;
    c->due_ns = due_ns;
    c->len = 0;
    l->sent++;
    if (gnutls_record_send(c->session, text, len) != (ssize_t)len)
        give_up("a request", "was not taken whole");
}

/* The length of the whole answer, 0 while that is not known. */
static size_t length_of(const struct connection *c)
{
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strcasestr(c->answer, "\r\nContent-Length: ");

    if (!end)
        return 0;
    if (!length || length > end)
        give_up("an answer has no Content-Length", c->answer);
    return (size_t)(end + 4 - c->answer) + strtoul(strchr(length, ':') + 1, NULL, 10);
}

static void count(struct load *l, const struct connection *c)
{
    bool good = strncmp(c->answer, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")) == 0;

    if (!good && l->failed++ == 0)
        fprintf(stderr, "bench_https: the first failure: %s\n", c->answer);
    if (l->latency_ms)
        l->latency_ms[l->done] = (float)(clock_mono_ns() - c->due_ns) / 1e6F;
    l->done++;
}

static void receive(struct load *l, struct connection *c)
{
    for (;;) {
        ssize_t n = gnutls_record_recv(c->session, c->answer + c->len, ANSWER_MAX - c->len);
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
            return;
        if (n <= 0)
            give_up("a connection ended", n < 0 ? gnutls_strerror((int)n) : "too long an answer");
        c->len += (size_t)n;
        c->answer[c->len] = '\0';
        if (length_of(c) == c->len) {
            c->busy = false;
            count(l, c);
            return;
        }
    }
}

/* ---- the run ---- */

static uint64_t due_ns(const struct load *l)
{
    double rate = l->options->rate;

    if (!l->latency_ms || rate == 0)
        return 0;
    return l->start_ns + (uint64_t)((double)l->sent * 1e9 / rate);
}

/* Sends what is due. Returns when the next is, or UINT64_MAX when that hangs on an answer. */
static uint64_t send_due(struct load *l)
{
    for (size_t i = 0; i < l->options->connections; i++) {
        uint64_t now_ns = clock_mono_ns(), due = due_ns(l);
        struct connection *c = &l->connections[i];
        if (l->sent == l->sent_max || now_ns >= l->end_ns)
            return UINT64_MAX;
        if (due > now_ns)
            return due;
        if (!c->busy)
            send_request(l, c, due ? due : now_ns);
    }
    return UINT64_MAX;
}

static void wait_for_answers(struct load *l, uint64_t until_ns)
{
    uint64_t now_ns = clock_mono_ns(), wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                            .tv_nsec = (long)(wait_ns % NS_PER_S)};
    struct epoll_event events[CONNECTIONS_MAX];
    int n = epoll_pwait2(l->epoll_fd, events, CONNECTIONS_MAX,
                         until_ns == UINT64_MAX ? NULL : &wait, NULL);

    for (int i = 0; i < n; i++)
        receive(l, events[i].data.ptr);
}

/* Until all that was sent is answered. */
static void run(struct load *l, uint64_t duration_ns, uint64_t sent_max)
{
    l->sent = l->done = 0;
    l->sent_max = sent_max;
    l->start_ns = clock_mono_ns();
    l->end_ns = l->start_ns + duration_ns;
    for (;;) {
        uint64_t next_ns = send_due(l);
        if (next_ns == UINT64_MAX && l->done == l->sent)
            return;
        wait_for_answers(l, next_ns);
    }
}

/* What else runs on this CPU must not count as the server's time. Only root may, and without it the
 * highest latencies are those of the machine. */
static void go_first(void)
{
    const struct sched_param lowest = {.sched_priority = 1};

    if (sched_setscheduler(0, SCHED_RR, &lowest) < 0)
        fprintf(stderr, "bench_https: latencies include waits for this CPU: %s\n", strerror(errno));
}

/* ---- figures ---- */

static double cpu_s(uint64_t pid)
{
    struct timespec used = {0};
    clockid_t id;

    if (pid && clock_getcpuclockid((pid_t)pid, &id) == 0)
        (void)clock_gettime(id, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double quantile(const struct load *l, double q)
{
    return l->done ? l->latency_ms[(size_t)((double)(l->done - 1) * q)] : 0;
}

static void measure(struct load *l)
{
    const struct options *o = l->options;

    l->latency_ms = calloc(REQUESTS_MAX, sizeof(*l->latency_ms));
    if (!l->latency_ms)
        give_up("latencies", strerror(ENOMEM));
    double cpu_before_s = cpu_s(o->pid);
    run(l, o->duration_ns, REQUESTS_MAX);
    double used_s = cpu_s(o->pid) - cpu_before_s;
    double seconds = (double)(clock_mono_ns() - l->start_ns) / 1e9;

    qsort(l->latency_ms, l->done, sizeof(*l->latency_ms), by_size);
    json_auto_t *figures = json_pack(
        "{s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "requests", (json_int_t)l->done, "failed",
        (json_int_t)l->failed, "seconds", seconds, "cpuSeconds", used_s, "p50", quantile(l, 0.5),
        "p99", quantile(l, 0.99), "p999", quantile(l, 0.999), "max", quantile(l, 1));
    (void)json_dumpf(figures, stdout, JSON_REAL_PRECISION(6));
    (void)puts("");
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct load load = {.options = &options};
    struct err err = {0};
    int r = options_parse(&table, argc, argv, &options, &err);

    if (r >= 0 && (!options.cert || !options.key || !options.paths))
        r = err_set(&err, -EINVAL, "--cert, --key and --paths are needed");
    if (r < 0)
        return command_refuse(table.program, r, &err);

    (void)prctl(PR_SET_TIMERSLACK, 1UL); /* waits that end when they should */
    go_first();
    read_paths(&load, options.paths);
    connect_all(&load);
    run(&load, options.duration_ns, load.request_count);
    measure(&load);
    return EXIT_SUCCESS; /* the system takes the rest back */
}
