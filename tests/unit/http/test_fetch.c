// SPDX-License-Identifier: MIT
#include "wire.h"

#include "base/signals.h"
#include "http/fetch.h"
#include "http/listen.h"

#include <stdlib.h>

#define PENDING_MAX 16

static struct gate owed = GATE_INIT;
static struct http_pending *pending[PENDING_MAX];

static struct http_reply now(void *app, const struct http_request *r)
{
    (void)app;
    return http_reply_printf(200, "%s:%s", r->method, r->body);
}

static struct http_reply defer(void *app, const struct http_request *r)
{
    (void)app;
    pthread_mutex_lock(&owed.lock);
    pending[owed.count] = http_defer(r);
    pthread_mutex_unlock(&owed.lock);
    gate_add(&owed, 1);
    return http_reply_later();
}

static struct http_stream *stream;

static struct http_reply endless(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    stream = http_stream_new(KIB);
    gate_add(&owed, 1);
    return http_reply_stream(stream, "text/plain");
}

static struct http_reply gone(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_text(410, "too old");
}

static const struct http_route rows[] = {{NULL, "/now", now, ""},
                                         {"GET", "/defer", defer, ""},
                                         {"GET", "/endless", endless, ""},
                                         {"GET", "/gone", gone, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
static struct http_server *server;
static struct fetcher *fetcher;
static char url_now[64], url_defer[64], url_endless[64], url_gone[64];

static int start(void **state)
{
    (void)state;
    owed.count = 0;
    server = wire_start(&routes, (struct http_server_config){0});
    (void)snprintf(url_now, sizeof(url_now), "http://127.0.0.1:%u/now", http_server_port(server));
    (void)snprintf(url_defer, sizeof(url_defer), "http://127.0.0.1:%u/defer",
                   http_server_port(server));
    (void)snprintf(url_endless, sizeof(url_endless), "http://127.0.0.1:%u/endless",
                   http_server_port(server));
    (void)snprintf(url_gone, sizeof(url_gone), "http://127.0.0.1:%u/gone",
                   http_server_port(server));
    fetcher = fetcher_new();
    return fetcher ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    fetcher_free(fetcher);
    (void)http_server_stop(server, 0);
    return 0;
}

struct result {
    int calls, result, status;
    char body[64], reason[sizeof(((struct err *)NULL)->text)];
};

static void keep(void *arg, int result, int status, const struct buf *body, const struct err *err)
{
    struct result *r = arg;

    r->calls++;
    r->result = result;
    r->status = status;
    (void)snprintf(r->body, sizeof(r->body), "%s", body->data ? body->data : "");
    (void)snprintf(r->reason, sizeof(r->reason), "%s", err->text);
}

static int64_t fetch(const char *url, struct result *r)
{
    int64_t id = fetcher_start(fetcher, &(struct http_call){.url = url}, KIB, keep, r);

    assert_true(id > 0);
    return id;
}

static void wait_for(struct result *r)
{
    uint64_t until = clock_mono_ns() + WIRE_PATIENCE_S * NS_PER_S;

    while (r->calls == 0 && clock_mono_ns() < until)
        fetcher_wait(fetcher, NULL, 0, NS_PER_S);
    assert_int_equal(r->calls, 1);
}

static void calls_back_with_the_answer(void **state)
{
    struct result r = {0};
    char sent[] = "abc";
    const struct http_call call = {.method = "PUT", .url = url_now, .body = sent, .body_len = 3};
    (void)state;

    assert_true(fetcher_start(fetcher, &call, KIB, keep, &r) > 0);
    memset(sent, 'x', sizeof(sent)); /* it has a copy */
    assert_int_equal(r.calls, 0);    /* never from inside fetcher_start */
    wait_for(&r);
    assert_int_equal(r.result, 0);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "PUT:abc");
    assert_string_equal(r.reason, "");
}

static void several_run_at_a_time_and_end_in_any_order(void **state)
{
    struct result r[5] = {0};
    (void)state;

    for (int i = 0; i < 5; i++)
        (void)fetch(url_defer, &r[i]);
    while (gate_read(&owed) < 5)
        fetcher_wait(fetcher, NULL, 0, NS_PER_MS);
    for (int i = 4; i >= 0; i--)
        http_pending_reply(pending[i], http_reply_text(200, "late"));
    for (int i = 0; i < 5; i++)
        wait_for(&r[i]);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(r[i].calls, 1);
        assert_string_equal(r[i].body, "late");
    }
}

struct pieces {
    struct result r; /* first: what done gets */
    struct buf got;
    int refuse; /* what on_data answers */
};

static int take_piece(void *arg, const char *data, size_t len)
{
    struct pieces *p = arg;

    return p->refuse ? p->refuse : buf_append(&p->got, data, len);
}

static void wait_for_text(struct pieces *p, const char *text)
{
    uint64_t until = clock_mono_ns() + WIRE_PATIENCE_S * NS_PER_S;

    while ((!p->got.data || strcmp(p->got.data, text) != 0) && clock_mono_ns() < until)
        fetcher_wait(fetcher, NULL, 0, NS_PER_S);
    assert_string_equal(p->got.data, text);
}

static void start_stream(const char *url, struct pieces *p)
{
    const struct http_call call = {.url = url, .timeout_ns = WIRE_PATIENCE_S * NS_PER_S};

    p->got.max = KIB;
    assert_true(fetcher_stream(fetcher, &call, KIB, take_piece, keep, p) > 0);
}

static void a_stream_is_taken_piece_by_piece_as_it_comes(void **state)
{
    struct pieces p = {0};
    (void)state;

    start_stream(url_endless, &p);
    while (gate_read(&owed) < 1)
        fetcher_wait(fetcher, NULL, 0, NS_PER_MS);
    assert_int_equal(http_stream_write(stream, "one ", 4), 0);
    wait_for_text(&p, "one ");
    assert_int_equal(p.r.calls, 0);
    assert_int_equal(http_stream_write(stream, "two", 3), 0);
    wait_for_text(&p, "one two");
    http_stream_close(stream);
    wait_for(&p.r);
    assert_int_equal(p.r.result, 0);
    assert_string_equal(p.r.body, "");
    http_stream_unref(stream);
    buf_done(&p.got);
}

static void a_stream_that_takes_no_more_ends_with_its_reason(void **state)
{
    struct pieces p = {.refuse = -ENOBUFS};
    (void)state;

    start_stream(url_endless, &p);
    while (gate_read(&owed) < 1)
        fetcher_wait(fetcher, NULL, 0, NS_PER_MS);
    assert_int_equal(http_stream_write(stream, "one", 3), 0);
    wait_for(&p.r);
    assert_int_equal(p.r.result, -ENOBUFS);
    http_stream_unref(stream);
    buf_done(&p.got);
}

static void an_error_to_a_stream_is_collected_as_a_body(void **state)
{
    struct pieces p = {0};
    (void)state;

    start_stream(url_gone, &p);
    wait_for(&p.r);
    assert_int_equal(p.r.status, 410);
    assert_string_equal(p.r.body, "too old");
    assert_int_equal(p.got.len, 0);
    buf_done(&p.got);
}

static void errors_are_the_clients(void **state)
{
    struct result refused = {0}, slow = {0}, large = {0};
    uint16_t port = 0, silent = 0;
    char url[64], url_silent[64];
    int fd = listen_tcp("127.0.0.1", 0, &port, NULL);
    scoped(close_at) int quiet = listen_tcp("127.0.0.1", 0, &silent, NULL);
    (void)state;

    assert_true(quiet >= 0);
    (void)close(fd);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    (void)snprintf(url_silent, sizeof(url_silent), "http://127.0.0.1:%u/", silent);
    (void)fetch(url, &refused);
    (void)fetcher_start(fetcher,
                        &(struct http_call){.url = url_silent, .timeout_ns = 50 * NS_PER_MS}, KIB,
                        keep, &slow);
    (void)fetcher_start(fetcher, &(struct http_call){.url = url_now}, 3, keep, &large);
    wait_for(&refused);
    wait_for(&slow);
    wait_for(&large);
    assert_int_equal(refused.result, -ECONNREFUSED);
    assert_int_equal(slow.result, -ETIMEDOUT);
    assert_int_equal(large.result, -E2BIG);
    assert_string_equal(large.reason, "the answer has more than 3 bytes");
}

static void an_error_without_a_connection_does_not_wait(void **state)
{
    struct result r = {0};
    uint64_t before_ns = clock_mono_ns();
    (void)state;

    (void)fetch("ftp://127.0.0.1/", &r);
    fetcher_wait(fetcher, NULL, 0, 10 * NS_PER_S);
    assert_int_equal(r.calls, 1);
    assert_int_equal(r.result, -EINVAL);
    assert_true(clock_mono_ns() - before_ns < 5 * NS_PER_S);
}

static void the_time_is_up_when_nothing_happens(void **state)
{
    uint64_t before_ns = clock_mono_ns();
    (void)state;

    fetcher_wait(fetcher, NULL, 0, 50 * NS_PER_MS);
    assert_in_range(clock_mono_ns() - before_ns, 49 * NS_PER_MS, 5 * NS_PER_S);
    fetcher_wait(fetcher, NULL, 0, 0);
}

static void a_cancelled_one_never_calls_back(void **state)
{
    struct result gone = {0}, stays = {0};
    (void)state;

    int64_t id = fetch(url_defer, &gone);
    while (gate_read(&owed) < 1)
        fetcher_wait(fetcher, NULL, 0, NS_PER_MS);
    fetcher_cancel(fetcher, id);
    fetcher_cancel(fetcher, id); /* is done already */
    fetcher_cancel(fetcher, 12345);
    for (int i = 0; i < WIRE_PATIENCE_S * 1000 && !http_pending_client_gone(pending[0]); i++)
        (void)poll(NULL, 0, 1);
    assert_true(http_pending_client_gone(pending[0]));
    http_pending_reply(pending[0], http_reply_text(200, "for nobody"));
    (void)fetch(url_now, &stays);
    wait_for(&stays);
    assert_int_equal(gone.calls, 0);
}

static struct {
    int64_t other;
    struct result again;
    int calls;
} chain;

static void cancels_and_starts(void *arg, int result, int status, const struct buf *body,
                               const struct err *err)
{
    (void)arg;
    (void)result;
    (void)status;
    (void)body;
    (void)err;
    chain.calls++;
    fetcher_cancel(fetcher, chain.other);
    (void)fetch(url_now, &chain.again);
}

static void a_callback_may_cancel_and_start_others(void **state)
{
    struct result other = {0};
    (void)state;

    memset(&chain, 0, sizeof(chain));
    /* Both end in the same wait. */
    (void)fetcher_start(fetcher, &(struct http_call){.url = "ftp://x/"}, KIB, cancels_and_starts,
                        NULL);
    chain.other = fetch("ftp://x/", &other);
    fetcher_wait(fetcher, NULL, 0, NS_PER_S);
    assert_int_equal(chain.calls, 1);
    assert_int_equal(other.calls, 0);
    wait_for(&chain.again);
    assert_int_equal(chain.again.status, 200);
}

static void freeing_cancels_what_runs(void **state)
{
    struct result r = {0};
    (void)state;

    (void)fetch(url_defer, &r);
    while (gate_read(&owed) < 1)
        fetcher_wait(fetcher, NULL, 0, NS_PER_MS);
    fetcher_free(fetcher);
    fetcher = NULL;
    assert_int_equal(r.calls, 0);
    http_pending_reply(pending[0], http_reply_text(200, "for nobody"));
    fetcher_free(NULL);
}

static void *wakes(void *arg)
{
    (void)poll(NULL, 0, 20);
    fetcher_wake(arg);
    return NULL;
}

static void waking_ends_this_wait_or_the_next(void **state)
{
    uint64_t before_ns = clock_mono_ns();
    pthread_t thread;
    (void)state;

    fetcher_wake(fetcher);
    fetcher_wait(fetcher, NULL, 0, 10 * NS_PER_S);
    assert_int_equal(pthread_create(&thread, NULL, wakes, fetcher), 0);
    fetcher_wait(fetcher, NULL, 0, UINT64_MAX);
    (void)pthread_join(thread, NULL);
    assert_true(clock_mono_ns() - before_ns < 8 * NS_PER_S);
}

static void tells_which_descriptors_are_readable(void **state)
{
    int a[2], b[2];
    (void)state;

    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    struct pollfd fds[] = {{.fd = a[0], .revents = 77}, {.fd = b[0], .revents = 77}, {.fd = -1}};
    assert_int_equal(write(b[1], "x", 1), 1);
    fetcher_wait(fetcher, fds, 3, 10 * NS_PER_S);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(fds[1].revents, POLLIN);
    assert_int_equal(fds[2].revents, 0);
    (void)close(a[0]);
    (void)close(a[1]);
    (void)close(b[0]);
    (void)close(b[1]);
}

static void the_end_of_a_pipe_is_readable(void **state)
{
    int ends[2];
    (void)state;

    assert_int_equal(pipe(ends), 0);
    struct pollfd fd = {.fd = ends[0]};
    (void)close(ends[1]);
    fetcher_wait(fetcher, &fd, 1, 10 * NS_PER_S);
    assert_int_equal(fd.revents, POLLIN);
    (void)close(ends[0]);
}

static void many_descriptors_are_no_problem(void **state)
{
    enum { COUNT = 200 };
    struct pollfd fds[COUNT];
    int ends[COUNT][2];
    (void)state;

    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pipe(ends[i]), 0);
        fds[i] = (struct pollfd){.fd = ends[i][0], .revents = 77};
    }
    assert_int_equal(write(ends[COUNT - 1][1], "x", 1), 1);
    fetcher_wait(fetcher, fds, COUNT, 10 * NS_PER_S);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(fds[i].revents, i == COUNT - 1 ? POLLIN : 0);
        (void)close(ends[i][0]);
        (void)close(ends[i][1]);
    }
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        each(calls_back_with_the_answer),
        each(several_run_at_a_time_and_end_in_any_order),
        each(a_stream_is_taken_piece_by_piece_as_it_comes),
        each(a_stream_that_takes_no_more_ends_with_its_reason),
        each(an_error_to_a_stream_is_collected_as_a_body),
        each(errors_are_the_clients),
        each(an_error_without_a_connection_does_not_wait),
        each(the_time_is_up_when_nothing_happens),
        each(a_cancelled_one_never_calls_back),
        each(a_callback_may_cancel_and_start_others),
        each(freeing_cancels_what_runs),
        each(waking_ends_this_wait_or_the_next),
        each(tells_which_descriptors_are_readable),
        each(the_end_of_a_pipe_is_readable),
        each(many_descriptors_are_no_problem),
    };
    signals_block();
    if (http_client_setup() < 0)
        return 1;
    int failed = cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
    http_client_teardown();
    return failed;
}
