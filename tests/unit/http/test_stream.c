// SPDX-License-Identifier: MIT
#include "wire.h"

#include "base/signals.h"

#include <stdatomic.h>

static struct gate opened = GATE_INIT, done_gate = GATE_INIT;
static struct http_stream *stream; /* the caller's reference of the last one opened */
static size_t max_unsent;
static atomic_bool stop_flooding;

static struct http_reply open_stream(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    stream = http_stream_new(max_unsent);
    struct http_reply reply = http_reply_stream(stream, "text/event-stream");
    gate_add(&opened, 1);
    return reply;
}

static const struct http_route rows[] = {{"GET", "/stream", open_stream, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
static struct http_server *server;
static uint16_t port;

static void on_done(void *arg, const struct http_done *done)
{
    (void)arg;
    (void)done;
    gate_add(&done_gate, 1);
}

static int start(void **state)
{
    (void)state;
    opened.count = done_gate.count = 0;
    max_unsent = 1000;
    stream = NULL;
    server = wire_start(&routes, (struct http_server_config){.on_done = on_done});
    port = http_server_port(server);
    return 0;
}

static size_t stop_within(uint64_t timeout_ns)
{
    struct http_server *s = server;

    server = NULL; /* a test that fails must not stop it again */
    return http_server_stop(s, timeout_ns);
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(server, 0);
    server = NULL;
    http_stream_unref(stream);
    return 0;
}

static int open_it(const char *request)
{
    int fd = wire_connect(port);

    wire_send(fd, request);
    gate_wait(&opened, 1);
    return fd;
}

#define GET_STREAM "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"

static void what_is_written_arrives_at_once(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = open_it(GET_STREAM);

    assert_true(wire_read(fd, "\r\n\r\n", &b)); /* the headers come before any event */
    assert_non_null(strstr(b.data, "Content-Type: text/event-stream"));
    for (int i = 0; i < 100; i++) {
        char event[32];
        int n = snprintf(event, sizeof(event), "event %d.", i);
        assert_int_equal(http_stream_write(stream, event, (size_t)n), 0);
        assert_true(wire_read(fd, event, &b));
    }
}

static void closing_sends_the_rest_and_ends_cleanly(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = open_it(GET_STREAM);

    assert_int_equal(http_stream_write(stream, "the rest", 8), 0);
    http_stream_close(stream);
    http_stream_close(stream);
    assert_int_equal(http_stream_write(stream, "x", 1), -EPIPE);
    assert_true(wire_read(fd, "the rest\r\n0\r\n\r\n", &b));
    gate_wait(&done_gate, 1);
}

static void http_1_0_clients_get_it_until_the_connection_ends(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = open_it("GET /stream HTTP/1.0\r\nHost: x\r\n\r\n");

    assert_int_equal(http_stream_write(stream, "all", 3), 0);
    http_stream_close(stream);
    assert_false(wire_read(fd, NULL, &b));
    assert_string_equal(wire_body(&b), "all");
}

static void write_until_epipe(void)
{
    int r = 0;

    for (int i = 0; i < WIRE_PATIENCE_S * 1000 && r != -EPIPE; i++) {
        r = http_stream_write(stream, "x", 1);
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(r, -EPIPE);
}

static void head_ends_at_once(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = open_it("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");

    assert_true(wire_read(fd, "\r\n\r\n", &b));
    write_until_epipe();
}

static void a_client_that_reads_too_slowly_is_e2big(void **state)
{
    static const char chunk[1000];
    int r = 0, written = 0;
    (void)state;
    max_unsent = 100 * KIB;
    scoped(close_at) int fd = open_it(GET_STREAM);

    while (r == 0 && written++ < 100000)
        r = http_stream_write(stream, chunk, sizeof(chunk));
    assert_int_equal(r, -E2BIG);
    http_stream_close(stream);
}

static void a_client_that_reads_gets_every_byte(void **state)
{
    scoped(buf_done) struct buf b = {.max = WIRE_MAX_BYTES};
    char chunk[10000];
    const size_t total = 20 * MIB / sizeof(chunk);
    (void)state;
    max_unsent = 200 * KIB;
    memset(chunk, 'c', sizeof(chunk));
    scoped(close_at) int fd = open_it("GET /stream HTTP/1.0\r\n\r\n");

    for (size_t i = 0; i < total;) {
        int r = http_stream_write(stream, chunk, sizeof(chunk));
        if (r == 0) {
            i++;
            continue;
        }
        char some[65536];
        assert_int_equal(r, -E2BIG);
        ssize_t n = recv(fd, some, sizeof(some), 0);
        assert_true(n > 0);
        assert_int_equal(buf_append(&b, some, (size_t)n), 0);
    }
    http_stream_close(stream);
    assert_false(wire_read(fd, NULL, &b));
    assert_int_equal(b.len - (size_t)(wire_body(&b) - b.data), total * sizeof(chunk));
}

static void a_client_that_went_away_is_epipe(void **state)
{
    (void)state;
    int fd = open_it(GET_STREAM);

    (void)close(fd);
    write_until_epipe();
    gate_wait(&done_gate, 1);
}

static void stopping_the_server_ends_streams_cleanly(void **state)
{
    scoped(buf_done) struct buf b = {0};
    (void)state;
    scoped(close_at) int fd = open_it(GET_STREAM);

    assert_int_equal(http_stream_write(stream, "last words", 10), 0);
    assert_int_equal(stop_within(WIRE_PATIENCE_S * NS_PER_S), 0);
    assert_false(wire_read(fd, NULL, &b));
    assert_non_null(strstr(b.data, "last words\r\n0\r\n\r\n"));
    assert_int_equal(http_stream_write(stream, "x", 1), -EPIPE);
}

static void stopping_does_not_wait_for_ever_for_a_client_that_does_not_read(void **state)
{
    static const char chunk[1000];
    (void)state;
    max_unsent = MIB;
    scoped(close_at) int fd = open_it(GET_STREAM);

    for (int full = 0; full < 20;) { /* until not even the sockets' buffers take any more */
        bool fits = http_stream_write(stream, chunk, sizeof(chunk)) == 0;
        full = fits ? 0 : full + 1;
        (void)poll(NULL, 0, fits ? 0 : 10);
    }
    assert_int_equal(stop_within(50 * NS_PER_MS), 1);
    assert_int_equal(http_stream_write(stream, "x", 1), -EPIPE);
}

static void *flood(void *arg)
{
    while (!atomic_load(&stop_flooding))
        (void)http_stream_write(arg, "event\n", 6);
    return NULL;
}

static void writers_race_with_the_clients_end_and_the_servers(void **state)
{
    (void)state;

    for (int round = 0; round < 30; round++) {
        scoped(buf_done) struct buf b = {0};
        pthread_t writer;
        int fd = open_it(GET_STREAM);
        atomic_store(&stop_flooding, false);
        assert_int_equal(pthread_create(&writer, NULL, flood, stream), 0);
        assert_true(wire_read(fd, "event", &b));
        if (round % 2)
            (void)close(fd);
        (void)http_server_stop(server, 20 * NS_PER_MS);
        if (round % 2 == 0)
            (void)close(fd);
        atomic_store(&stop_flooding, true);
        (void)pthread_join(writer, NULL);
        http_stream_unref(stream);
        (void)start(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_arrives_at_once, start, stop),
        cmocka_unit_test_setup_teardown(closing_sends_the_rest_and_ends_cleanly, start, stop),
        cmocka_unit_test_setup_teardown(http_1_0_clients_get_it_until_the_connection_ends, start,
                                        stop),
        cmocka_unit_test_setup_teardown(head_ends_at_once, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_reads_too_slowly_is_e2big, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_reads_gets_every_byte, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_went_away_is_epipe, start, stop),
        cmocka_unit_test_setup_teardown(stopping_the_server_ends_streams_cleanly, start, stop),
        cmocka_unit_test_setup_teardown(
            stopping_does_not_wait_for_ever_for_a_client_that_does_not_read, start, stop),
        cmocka_unit_test_setup_teardown(writers_race_with_the_clients_end_and_the_servers, start,
                                        stop),
    };
    signals_block();
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
