// SPDX-License-Identifier: MIT
/* Pods and clients are sockets of the test; pods accept only when the test says so, which shows
 * where a connection went. Everything that waits has a deadline. */
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/listen.h"
#include "lab/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PODS 3
#define PATIENCE_S 20
#define LARGE (10 * MIB)

struct pod {
    int listener;
    struct proxy_endpoint endpoint;
};

struct fixture {
    struct proxies *proxies;
    struct proxy *proxy;
    struct pod pods[PODS];
};

static void open_pod(struct pod *pod, int number)
{
    struct err err = {0};

    (void)snprintf(pod->endpoint.id, sizeof(pod->endpoint.id), "web-%d", number);
    strcpy(pod->endpoint.address, "127.0.0.1");
    pod->listener = listen_tcp("127.0.0.1", 0, &pod->endpoint.port, &err);
    if (pod->listener < 0)
        fail_msg("%s", err.text);
}

static void close_pod(struct pod *pod)
{
    close_at(&pod->listener);
    pod->listener = -1;
}

static struct proxy *add_service(struct proxies *proxies)
{
    struct proxy *proxy = NULL;
    struct err err = {0};

    if (proxies_add(proxies, "web", "127.0.0.1", 0, &proxy, &err) < 0)
        fail_msg("%s", err.text);
    return proxy;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};

    *state = f;
    if (proxies_new(&f->proxies, &err) < 0)
        fail_msg("%s", err.text);
    f->proxy = add_service(f->proxies);
    for (int i = 0; i < PODS; i++)
        open_pod(&f->pods[i], i);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    proxies_free(f->proxies);
    for (int i = 0; i < PODS; i++)
        close_pod(&f->pods[i]);
    free(f);
    return 0;
}

/* Makes the pods from..from+n-1 the endpoints. */
static void set_pods(struct fixture *f, size_t from, size_t n)
{
    struct proxy_endpoint endpoints[PODS];
    struct err err = {0};

    for (size_t i = 0; i < n; i++)
        endpoints[i] = f->pods[from + i].endpoint;
    if (proxy_set_endpoints(f->proxy, endpoints, n, &err) < 0)
        fail_msg("%s", err.text);
}

static void set_patience(int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    set_patience(fd);
    return fd;
}

static int connect_to_port(int fd, uint16_t port)
{
    const struct sockaddr_in where = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return connect(fd, (const struct sockaddr *)&where, sizeof(where)) < 0 ? -errno : 0;
}

static int connect_to(int fd, const struct proxy *proxy)
{
    return connect_to_port(fd, proxy_port(proxy));
}

static int new_client(const struct fixture *f)
{
    int fd = new_socket();

    assert_int_equal(connect_to(fd, f->proxy), 0);
    return fd;
}

/* The connection that reaches any of the pods, and which of them. */
static int accept_any(const struct fixture *f, int *ret_pod)
{
    struct pollfd waiting[PODS];

    for (int i = 0; i < PODS; i++)
        waiting[i] = (struct pollfd){.fd = f->pods[i].listener, .events = POLLIN};
    assert_true(poll(waiting, PODS, PATIENCE_S * 1000) > 0);
    for (int i = 0; i < PODS; i++) {
        if (!(waiting[i].revents & POLLIN))
            continue;
        int fd = accept4(f->pods[i].listener, NULL, NULL, SOCK_CLOEXEC);
        assert_true(fd >= 0);
        set_patience(fd);
        *ret_pod = i;
        return fd;
    }
    fail_msg("no pod was reached");
    return -1;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void hear(int fd, const char *text)
{
    char heard[64] = "";

    assert_int_equal(recv(fd, heard, strlen(text), MSG_WAITALL), strlen(text));
    assert_string_equal(heard, text);
}

static void hear_end(int fd)
{
    char heard;

    assert_int_equal(recv(fd, &heard, 1, 0), 0);
}

static void hear_reset(int fd)
{
    char heard;

    assert_int_equal(recv(fd, &heard, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
}

static void reset_by_close(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(fd);
}

static struct proxy_stats stats(const struct fixture *f)
{
    struct proxy_stats s;

    proxy_stats(f->proxy, &s);
    return s;
}

/* Until so many connections were established in all and none of them is open. */
static void wait_until_over(const struct fixture *f, uint64_t connections)
{
    const uint64_t give_up_ns = clock_mono_ns() + PATIENCE_S * NS_PER_S;
    const struct timespec nap = {.tv_nsec = (long)NS_PER_MS};

    while ((stats(f).accepted < connections || stats(f).active > 0) && clock_mono_ns() < give_up_ns)
        (void)nanosleep(&nap, NULL);
    assert_int_equal(stats(f).accepted, connections);
    assert_int_equal(stats(f).active, 0);
}

static void spreads_connections_evenly_over_ready_pods(void **state)
{
    struct fixture *f = *state;
    int counts[PODS] = {0};

    set_pods(f, 0, PODS);
    for (int i = 0; i < 10 * PODS; i++) {
        int which = -1, client = new_client(f), pod = accept_any(f, &which);
        assert_int_equal(which, i % PODS);
        counts[which]++;
        close_at(&client);
        close_at(&pod);
    }
    for (int i = 0; i < PODS; i++)
        assert_int_equal(counts[i], 10);
    wait_until_over(f, 10 * PODS);

    struct proxy_endpoint_stats endpoints[PODS];
    assert_int_equal(proxy_endpoint_stats(f->proxy, endpoints, PODS), PODS);
    for (int i = 0; i < PODS; i++) {
        assert_string_equal(endpoints[i].endpoint.id, f->pods[i].endpoint.id);
        assert_int_equal(endpoints[i].accepted, 10);
        assert_int_equal(endpoints[i].active, 0);
    }
}

static void a_connection_stays_with_its_pod_when_that_leaves(void **state)
{
    struct fixture *f = *state;
    struct proxy_endpoint_stats endpoints[2];
    int which;

    set_pods(f, 0, 1);
    scoped(close_at) int client = new_client(f), pod = accept_any(f, &which);
    say(client, "before");
    hear(pod, "before");

    set_pods(f, 1, 1);
    for (int i = 0; i < 5; i++) {
        int other = new_client(f), taken = accept_any(f, &which);
        assert_int_equal(which, 1);
        close_at(&other);
        close_at(&taken);
        say(client, "ping");
        hear(pod, "ping");
        say(pod, "pong");
        hear(client, "pong");
    }
    assert_int_equal(proxy_endpoint_stats(f->proxy, endpoints, 2), 2);
    assert_true(endpoints[1].draining);
    assert_int_equal(endpoints[1].active, 1);

    assert_int_equal(shutdown(client, SHUT_WR), 0);
    hear_end(pod);
    assert_int_equal(shutdown(pod, SHUT_WR), 0);
    hear_end(client);
    wait_until_over(f, 6);
    assert_int_equal(proxy_endpoint_stats(f->proxy, endpoints, 2), 1);
    assert_int_equal(stats(f).cut, 0);
}

static void a_pod_that_refuses_is_skipped(void **state)
{
    struct fixture *f = *state;

    set_pods(f, 0, PODS);
    close_pod(&f->pods[0]);
    close_pod(&f->pods[1]);
    for (int i = 0; i < 6; i++) {
        int which = -1, client = new_client(f), pod = accept_any(f, &which);
        assert_int_equal(which, 2);
        say(client, "hello");
        hear(pod, "hello");
        close_at(&client);
        close_at(&pod);
    }
    wait_until_over(f, 6);
    assert_int_equal(stats(f).connect_failures, 2 * 2 + 2 * 1);
    assert_int_equal(stats(f).all_failed, 0);
}

static void without_endpoints_clients_are_reset(void **state)
{
    struct fixture *f = *state;
    scoped(close_at) int client = new_client(f);

    hear_reset(client);
    assert_int_equal(stats(f).no_endpoints, 1);
    assert_int_equal(stats(f).accepted, 0);
}

static void when_no_pod_answers_clients_are_reset(void **state)
{
    struct fixture *f = *state;

    set_pods(f, 0, 2);
    close_pod(&f->pods[0]);
    close_pod(&f->pods[1]);
    scoped(close_at) int client = new_client(f);
    hear_reset(client);
    assert_int_equal(stats(f).all_failed, 1);
    assert_int_equal(stats(f).connect_failures, 2);
}

static void half_close_is_passed_on_in_both_directions(void **state)
{
    struct fixture *f = *state;
    int which;

    set_pods(f, 0, 1);
    for (int turn = 0; turn < 2; turn++) {
        int client = new_client(f), pod = accept_any(f, &which);
        int first = turn == 0 ? client : pod, second = turn == 0 ? pod : client;
        say(first, "that is all");
        assert_int_equal(shutdown(first, SHUT_WR), 0);
        hear(second, "that is all");
        hear_end(second);
        say(second, "answer");
        hear(first, "answer");
        close_at(&second);
        hear_end(first);
        close_at(&first);
    }
    wait_until_over(f, 2);
    assert_int_equal(stats(f).cut, 0);
}

static void resets_are_passed_on_in_both_directions(void **state)
{
    struct fixture *f = *state;
    int which;

    set_pods(f, 0, 1);
    for (int turn = 0; turn < 2; turn++) {
        int client = new_client(f), pod = accept_any(f, &which);
        say(client, "x");
        hear(pod, "x");
        reset_by_close(turn == 0 ? client : pod);
        hear_reset(turn == 0 ? pod : client);
        (void)close(turn == 0 ? pod : client);
    }
    wait_until_over(f, 2);
    assert_int_equal(stats(f).cut, 2);
}

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at * 2654435761U >> 13);
}

static void *send_pattern(void *arg)
{
    const int fd = *(const int *)arg;
    uint8_t part[40000];

    for (size_t sent = 0; sent < LARGE;) {
        size_t len = LARGE - sent < sizeof(part) ? LARGE - sent : sizeof(part);
        for (size_t i = 0; i < len; i++)
            part[i] = pattern(sent + i);
        ssize_t n = send(fd, part, len, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    (void)shutdown(fd, SHUT_WR);
    return NULL;
}

/* The result is the number of bytes that were as expected, up to the end. */
static size_t receive_pattern(int fd)
{
    uint8_t part[30000];
    size_t received = 0;

    for (;;) {
        ssize_t n = recv(fd, part, sizeof(part), 0);
        if (n <= 0)
            return received;
        for (ssize_t i = 0; i < n; i++, received++)
            if (part[i] != pattern(received))
                return received;
    }
}

static void *receive_pattern_in_thread(void *arg)
{
    int *fd = arg;

    *fd = (int)receive_pattern(*fd);
    return NULL;
}

static void large_transfers_both_ways_arrive_intact(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[3];
    int which;

    set_pods(f, 0, 1);
    scoped(close_at) int client = new_client(f), pod = accept_any(f, &which);
    int received = pod;
    pthread_create(&threads[0], NULL, send_pattern, &client);
    pthread_create(&threads[1], NULL, send_pattern, &pod);
    pthread_create(&threads[2], NULL, receive_pattern_in_thread, &received);
    assert_int_equal(receive_pattern(client), LARGE);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(received, LARGE);
    wait_until_over(f, 1);
    assert_int_equal(stats(f).bytes_in, LARGE);
    assert_int_equal(stats(f).bytes_out, LARGE);
    assert_int_equal(stats(f).cut, 0);
}

/* Sends until nothing more is taken for a while. */
static size_t send_until_full(int fd)
{
    uint8_t part[8192];
    size_t sent = 0;
    struct pollfd writable = {.fd = fd, .events = POLLOUT};

    while (poll(&writable, 1, 500) > 0) {
        for (size_t i = 0; i < sizeof(part); i++)
            part[i] = pattern(sent + i);
        ssize_t n = send(fd, part, sizeof(part), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            sent += (size_t)n;
    }
    return sent;
}

static void a_slow_receiver_slows_the_sender_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    int which;

    set_pods(f, 0, 1);
    scoped(close_at) int client = new_client(f), pod = accept_any(f, &which);
    const size_t sent = send_until_full(client);
    assert_in_range(sent, 1, 64 * MIB); /* the kernel's buffers and ours */
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_int_equal(receive_pattern(pod), sent);
}

static void serves_many_connections_at_once(void **state)
{
    enum { MANY = 200 };
    struct fixture *f = *state;
    int clients[MANY], pods[MANY], which;
    char text[16];

    set_pods(f, 0, PODS);
    for (int i = 0; i < MANY; i++) {
        clients[i] = new_client(f);
        (void)snprintf(text, sizeof(text), "client %3d", i);
        say(clients[i], text);
    }
    for (int i = 0; i < MANY; i++) {
        pods[i] = accept_any(f, &which);
        assert_int_equal(recv(pods[i], text, strlen("client 000"), MSG_WAITALL), 10);
        assert_int_equal(send(pods[i], text, 10, MSG_NOSIGNAL), 10);
    }
    assert_int_equal(stats(f).active, MANY);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "client %3d", i);
        hear(clients[i], text);
    }
    for (int i = 0; i < MANY; i++) {
        (void)close(clients[i]);
        (void)close(pods[i]);
    }
    wait_until_over(f, MANY);
}

static void everything_can_be_freed_while_connections_are_open(void **state)
{
    struct fixture *f = *state;
    int which;

    set_pods(f, 0, 1);
    scoped(close_at) int client = new_client(f), pod = accept_any(f, &which);
    scoped(close_at) int waiting = new_client(f);
    say(client, "x");
    hear(pod, "x");
    proxies_free(f->proxies);
    f->proxies = NULL;
    hear_reset(client);
    hear_reset(pod);
}

static void a_removed_service_refuses_and_the_others_go_on(void **state)
{
    struct fixture *f = *state;
    struct proxy *second = add_service(f->proxies);
    struct err err = {0};
    int which;

    set_pods(f, 0, 1);
    assert_int_equal(proxy_set_endpoints(second, &f->pods[1].endpoint, 1, &err), 0);
    scoped(close_at) int client = new_client(f), pod = accept_any(f, &which);
    scoped(close_at) int second_client = new_socket();
    assert_int_equal(connect_to(second_client, second), 0);
    scoped(close_at) int second_pod = accept_any(f, &which);
    say(second_client, "x");
    hear(second_pod, "x");

    const uint16_t port = proxy_port(second);
    proxy_remove(second);
    hear_reset(second_client);
    hear_reset(second_pod);
    scoped(close_at) int late = new_socket();
    assert_int_equal(connect_to_port(late, port), -ECONNREFUSED);
    say(client, "still here");
    hear(pod, "still here");
}

static void set_descriptor_limit(rlim_t soft)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static rlim_t descriptor_limit(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur;
}

static void connections_beyond_the_limit_are_reset_and_counted(void **state)
{
    struct fixture *f = *state;
    const rlim_t before = descriptor_limit();
    struct err err = {0};
    int which;

    proxies_free(f->proxies);
    set_descriptor_limit(128 + 2 * 1);
    assert_int_equal(proxies_new(&f->proxies, &err), 0);
    set_descriptor_limit(before);
    f->proxy = add_service(f->proxies);
    set_pods(f, 0, 1);

    int client = new_client(f), pod = accept_any(f, &which);
    scoped(close_at) int beyond = new_client(f);
    hear_reset(beyond);
    assert_int_equal(stats(f).over_limit, 1);
    (void)close(client);
    (void)close(pod);
    wait_until_over(f, 1);
    scoped(close_at) int next = new_client(f), next_pod = accept_any(f, &which);
    say(next, "x");
    hear(next_pod, "x");
}

static void without_descriptors_clients_are_reset_and_later_ones_served(void **state)
{
    struct fixture *f = *state;
    const rlim_t before = descriptor_limit();
    scoped(close_at) int client = new_socket(), lowest_free = dup(0);
    int which;

    set_pods(f, 0, 1);
    set_descriptor_limit((rlim_t)lowest_free + 1);
    int r = connect_to(client, f->proxy);
    char heard;
    ssize_t n = r == 0 ? recv(client, &heard, 1, 0) : 0;
    int error = errno;
    set_descriptor_limit(before);
    assert_int_equal(r, 0);
    assert_int_equal(n, -1);
    assert_int_equal(error, ECONNRESET);
    assert_int_equal(stats(f).over_limit, 1);

    scoped(close_at) int next = new_client(f), pod = accept_any(f, &which);
    say(next, "x");
    hear(pod, "x");
}

static void tells_how_long_connections_with_a_request_took(void **state)
{
    const struct timespec work = {.tv_nsec = 50 * (long)NS_PER_MS};
    struct fixture *f = *state;
    uint64_t ns = 0;
    int which;

    set_pods(f, 0, 1);
    int probe = new_client(f), probed = accept_any(f, &which);
    (void)close(probe);
    (void)close(probed);
    wait_until_over(f, 1);
    struct proxy_stats s = stats(f);
    assert_int_equal(proxy_durations_quantile(&s.durations, NULL, 0.99, &ns), -ENODATA);

    const uint64_t from_ns = clock_mono_ns();
    int client = new_client(f), pod = accept_any(f, &which);
    say(client, "GET");
    hear(pod, "GET");
    (void)nanosleep(&work, NULL);
    (void)close(pod);
    hear_end(client);
    (void)close(client);
    wait_until_over(f, 2);
    const uint64_t at_most_ns = clock_mono_ns() - from_ns;
    s = stats(f);
    assert_int_equal(proxy_durations_quantile(&s.durations, NULL, 0.99, &ns), 0);
    assert_in_range(ns, 50 * NS_PER_MS, at_most_ns + at_most_ns / 16 + 1);
}

static void refuses_bad_endpoints_and_keeps_the_old_ones(void **state)
{
    const struct proxy_endpoint bad = {.id = "web-9", .address = "web", .port = 80};
    struct fixture *f = *state;
    struct err err = {0};
    int which;

    set_pods(f, 0, 1);
    assert_int_equal(proxy_set_endpoints(f->proxy, &bad, 1, &err), -EINVAL);
    assert_string_equal(err.text,
                        "service 'web': endpoint 'web-9': 'web' is not a numeric IP address");
    scoped(close_at) int client = new_client(f), pod = accept_any(f, &which);
    assert_int_equal(which, 0);
}

static void says_which_service_cannot_listen(void **state)
{
    struct fixture *f = *state;
    struct proxy *second = NULL;
    struct err err = {0};
    char expected[128];

    assert_int_equal(
        proxies_add(f->proxies, "api", "127.0.0.1", proxy_port(f->proxy), &second, &err),
        -EADDRINUSE);
    (void)snprintf(expected, sizeof(expected),
                   "service 'api': cannot listen on 127.0.0.1:%u: Address already in use",
                   proxy_port(f->proxy));
    assert_string_equal(err.text, expected);
    assert_null(second);
    assert_string_equal(proxy_name(f->proxy), "web");
}

struct churn {
    struct fixture *fixture;
    atomic_bool stop;
};

static void *change_endpoints(void *arg)
{
    struct churn *churn = arg;
    struct proxy_endpoint_stats endpoints[PODS];

    for (size_t i = 0; !atomic_load(&churn->stop); i++) {
        set_pods(churn->fixture, i % 2, 1 + i % 2);
        (void)proxy_endpoint_stats(churn->fixture->proxy, endpoints, PODS);
        (void)stats(churn->fixture);
    }
    return NULL;
}

static void endpoints_change_from_another_thread_while_connections_come(void **state)
{
    struct churn churn = {.fixture = *state};
    struct fixture *f = *state;
    pthread_t thread;
    int which;

    set_pods(f, 0, 1);
    pthread_create(&thread, NULL, change_endpoints, &churn);
    for (int i = 0; i < 300; i++) {
        int client = new_client(f), pod = accept_any(f, &which);
        say(client, "x");
        hear(pod, "x");
        (void)close(client);
        (void)close(pod);
    }
    atomic_store(&churn.stop, true);
    pthread_join(thread, NULL);
    wait_until_over(f, 300);
}

#define WITH_PODS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PODS(spreads_connections_evenly_over_ready_pods),
        WITH_PODS(a_connection_stays_with_its_pod_when_that_leaves),
        WITH_PODS(a_pod_that_refuses_is_skipped),
        WITH_PODS(without_endpoints_clients_are_reset),
        WITH_PODS(when_no_pod_answers_clients_are_reset),
        WITH_PODS(half_close_is_passed_on_in_both_directions),
        WITH_PODS(resets_are_passed_on_in_both_directions),
        WITH_PODS(large_transfers_both_ways_arrive_intact),
        WITH_PODS(a_slow_receiver_slows_the_sender_and_loses_nothing),
        WITH_PODS(serves_many_connections_at_once),
        WITH_PODS(everything_can_be_freed_while_connections_are_open),
        WITH_PODS(a_removed_service_refuses_and_the_others_go_on),
        WITH_PODS(connections_beyond_the_limit_are_reset_and_counted),
        WITH_PODS(without_descriptors_clients_are_reset_and_later_ones_served),
        WITH_PODS(tells_how_long_connections_with_a_request_took),
        WITH_PODS(refuses_bad_endpoints_and_keeps_the_old_ones),
        WITH_PODS(says_which_service_cannot_listen),
        WITH_PODS(endpoints_change_from_another_thread_while_connections_come),
    };
    return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
