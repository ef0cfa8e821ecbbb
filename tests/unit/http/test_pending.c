// SPDX-License-Identifier: MIT
#include "wire.h"

#include "base/signals.h"

#include <stdatomic.h>
#include <stdlib.h>

#define PENDING_MAX 64

/* What the app owes. */
static struct gate owed = GATE_INIT, done_gate = GATE_INIT;
static struct http_pending *pending[PENDING_MAX]; /* guarded by owed.lock, as many as its count */
static atomic_int last_status;

static struct http_reply defer(void *app, const struct http_request *r)
{
    struct http_pending *p = http_defer(r);
    (void)app;

    pthread_mutex_lock(&owed.lock);
    if (p && owed.count < PENDING_MAX)
        pending[owed.count] = p;
    pthread_mutex_unlock(&owed.lock);
    gate_add(&owed, 1);
    return http_reply_later();
}

static void *reply_now(void *arg)
{
    http_pending_reply(arg, http_reply_text(200, "now"));
    return NULL;
}

/* The other thread may answer before the route's function has returned. */
static struct http_reply defer_at_once(void *app, const struct http_request *r)
{
    struct http_pending *p = http_defer(r);
    pthread_t thread;
    (void)app;

    assert_int_equal(pthread_create(&thread, NULL, reply_now, p), 0);
    (void)pthread_join(thread, NULL);
    return http_reply_later();
}

static struct http_reply defer_racing(void *app, const struct http_request *r)
{
    struct http_pending *p = http_defer(r);
    pthread_t thread;
    (void)app;

    assert_int_equal(pthread_create(&thread, NULL, reply_now, p), 0);
    (void)pthread_detach(thread);
    return http_reply_later();
}

static struct http_reply later_without_defer(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_later();
}

static const struct http_route rows[] = {{"GET", "/defer", defer, ""},
                                         {"POST", "/defer", defer, ""},
                                         {"GET", "/once", defer_at_once, ""},
                                         {"GET", "/race", defer_racing, ""},
                                         {"GET", "/bug", later_without_defer, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};

static struct http_server *server;
static uint16_t port;

static void on_done(void *arg, const struct http_done *done)
{
    (void)arg;
    last_status = done->status;
    gate_add(&done_gate, 1);
}

static int start(void **state)
{
    (void)state;
    owed.count = done_gate.count = 0;
    server = wire_start(&routes, (struct http_server_config){.on_done = on_done});
    port = http_server_port(server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(server, 0);
    server = NULL;
    return 0;
}

/* Asks for /defer and waits until the app owes count replies. */
static int ask(int count)
{
    int fd = wire_connect(port);

    wire_send(fd, "GET /defer HTTP/1.1\r\nHost: x\r\n\r\n");
    gate_wait(&owed, count);
    return fd;
}

static void is_answered_from_another_thread_at_once(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = wire_connect(port);

    for (int i = 0; i < 20; i++) {
        buf_clear(&b);
        wire_send(fd, "GET /once HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(wire_read(fd, "\r\n\r\nnow", &b));
    }
}

static void is_answered_while_the_handler_returns(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = wire_connect(port);

    for (int i = 0; i < 500; i++) {
        buf_clear(&b);
        wire_send(fd, "GET /race HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(wire_read(fd, "\r\n\r\nnow", &b));
    }
}

static void is_answered_after_a_while(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = ask(1);
    struct pollfd p = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&p, 1, 50), 0);
    assert_false(http_pending_client_gone(pending[0]));
    http_pending_reply(pending[0], http_reply_text(202, "later"));
    assert_true(wire_read(fd, "\r\n\r\nlater", &b));
    assert_int_equal(wire_status(&b), 202);
    gate_wait(&done_gate, 1);
    assert_int_equal(last_status, 202);
}

static void others_are_served_meanwhile(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int first = ask(1);
    scoped(close_at) int second = ask(2);
    scoped(close_at) int third = ask(3);

    assert_int_equal(wire_get(port, "/once", &b), 200);
    for (int i = 2; i >= 0; i--)
        http_pending_reply(pending[i], http_reply_printf(200, "number %d", i));
    buf_clear(&b);
    assert_true(wire_read(first, "number 0", &b));
    assert_true(wire_read(second, "number 1", &b));
    assert_true(wire_read(third, "number 2", &b));
}

static void a_body_is_taken_before_deferring(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = wire_connect(port);

    wire_send(fd, "POST /defer HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    gate_wait(&owed, 1);
    http_pending_reply(pending[0], http_reply_text(200, "taken"));
    assert_true(wire_read(fd, "\r\n\r\ntaken", &b));
}

static void can_become_a_stream(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = ask(1);
    struct http_stream *s = http_stream_new(100);

    assert_int_equal(http_stream_write(s, "one", 3), 0);
    http_pending_reply(pending[0], http_reply_stream(s, "x/y"));
    assert_true(wire_read(fd, "one", &b));
    http_stream_close(s);
    assert_true(wire_read(fd, "\r\n0\r\n\r\n", &b));
    http_stream_unref(s);
}

static void wait_until_gone(struct http_pending *p)
{
    for (int i = 0; i < WIRE_PATIENCE_S * 1000 && !http_pending_client_gone(p); i++)
        (void)poll(NULL, 0, 1);
    assert_true(http_pending_client_gone(p));
}

static void a_client_that_goes_away_is_noticed(void **state)
{
    (void)state;
    int fd = ask(1);

    assert_false(http_pending_client_gone(pending[0]));
    (void)close(fd);
    wait_until_gone(pending[0]);
    http_pending_reply(pending[0], http_reply_text(200, "for nobody"));
    gate_wait(&done_gate, 1);
}

static void a_client_that_sent_more_and_went_away_is_noticed(void **state)
{
    (void)state;
    int fd = ask(1);

    wire_send(fd, "GET /once HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_false(http_pending_client_gone(pending[0]));
    (void)close(fd);
    wait_until_gone(pending[0]);
    http_pending_reply(pending[0], http_reply_text(200, "for nobody"));
    /* Two, when the other request is read before the connection's reset comes. */
    (void)gate_reach(&done_gate, 1);
}

static void a_stream_for_a_client_that_went_away_is_closed(void **state)
{
    (void)state;
    int fd = ask(1);
    struct http_stream *s = http_stream_new(MIB);
    static const char chunk[1000];
    int r = 0;

    (void)close(fd);
    wait_until_gone(pending[0]);
    http_pending_reply(pending[0], http_reply_stream(s, "x/y"));
    for (int i = 0; i < WIRE_PATIENCE_S * 1000 && r != -EPIPE; i++) {
        r = http_stream_write(s, chunk, sizeof(chunk));
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(r, -EPIPE);
    http_stream_unref(s);
}

static void later_without_defer_is_500(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;

    assert_int_equal(wire_get(port, "/bug", &b), 500);
}

static void *stops(void *arg)
{
    (void)arg;
    return (void *)(uintptr_t)http_server_stop(server, WIRE_PATIENCE_S * NS_PER_S);
}

static void a_drain_waits_for_deferred_replies(void **state)
{
    scoped(buf_done) struct buf b = {0};
    pthread_t stopper;
    void *left;
    (void)state;
    scoped(close_at) int first = ask(1);
    scoped(close_at) int second = ask(2);

    assert_int_equal(pthread_create(&stopper, NULL, stops, NULL), 0);
    wire_until_refused(port);
    http_pending_reply(pending[0], http_reply_text(200, "one"));
    http_pending_reply(pending[1], http_reply_text(200, "two"));
    assert_int_equal(pthread_join(stopper, &left), 0);
    server = NULL;
    assert_int_equal((uintptr_t)left, 0);
    (void)wire_read(first, NULL, &b);
    (void)wire_read(second, NULL, &b);
    assert_non_null(strstr(b.data, "\r\n\r\none"));
    assert_non_null(strstr(b.data, "\r\n\r\ntwo"));
}

static void a_drain_gives_up_on_replies_that_never_come(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int first = ask(1);
    scoped(close_at) int second = ask(2);
    uint64_t before_ns = clock_mono_ns();

    struct http_server *s = server;
    server = NULL; /* a test that fails must not stop it again */
    assert_int_equal(http_server_stop(s, 100 * NS_PER_MS), 2);
    assert_true(clock_mono_ns() - before_ns >= 100 * NS_PER_MS);
    assert_true(clock_mono_ns() - before_ns < 5 * NS_PER_S);
    assert_int_equal(done_gate.count, 2);
    assert_int_equal(last_status, 0);
    assert_false(wire_read(first, NULL, &b));
    assert_false(wire_read(second, NULL, &b));
    assert_null(b.data);

    /* The debt outlives the server. */
    assert_true(http_pending_client_gone(pending[0]));
    http_pending_reply(pending[0], http_reply_text(200, "too late"));
    http_pending_reply(pending[1], http_reply_static(200, "x/y", "too late", 8));
}

static void *ask_again_and_again(void *arg)
{
    scoped(buf_done) struct buf b = {0};
    int fd = *(int *)arg;

    for (;;) { /* kept connections go on asking while the server drains and gives up */
        static const char request[] = "GET /race HTTP/1.1\r\nHost: x\r\n\r\n";
        buf_clear(&b);
        if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
            return NULL;
        if (!wire_read(fd, "now", &b))
            return NULL;
    }
}

static void stopping_races_with_requests_and_replies_unharmed(void **state)
{
    (void)state;

    for (int round = 0; round < 30; round++) {
        pthread_t threads[4];
        int fds[4];
        for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
            fds[i] = wire_connect(port);
            assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again, &fds[i]), 0);
        }
        (void)poll(NULL, 0, round % 5);
        (void)http_server_stop(server, 0);
        for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
            (void)pthread_join(threads[i], NULL);
            (void)close(fds[i]);
        }
        (void)start(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_answered_from_another_thread_at_once, start, stop),
        cmocka_unit_test_setup_teardown(is_answered_while_the_handler_returns, start, stop),
        cmocka_unit_test_setup_teardown(is_answered_after_a_while, start, stop),
        cmocka_unit_test_setup_teardown(others_are_served_meanwhile, start, stop),
        cmocka_unit_test_setup_teardown(a_body_is_taken_before_deferring, start, stop),
        cmocka_unit_test_setup_teardown(can_become_a_stream, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_goes_away_is_noticed, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_sent_more_and_went_away_is_noticed, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_stream_for_a_client_that_went_away_is_closed, start,
                                        stop),
        cmocka_unit_test_setup_teardown(later_without_defer_is_500, start, stop),
        cmocka_unit_test_setup_teardown(a_drain_waits_for_deferred_replies, start, stop),
        cmocka_unit_test_setup_teardown(a_drain_gives_up_on_replies_that_never_come, start, stop),
        cmocka_unit_test_setup_teardown(stopping_races_with_requests_and_replies_unharmed, start,
                                        stop),
    };
    signals_block();
    return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
