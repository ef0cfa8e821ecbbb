// SPDX-License-Identifier: MIT
#include "wire.h"

#include "base/signals.h"

#include <time.h>

static const char shared[] = "shared";

static struct http_reply kept(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_static(200, "x/y", shared, 6);
}

static struct http_reply kept_with_another_type(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_static(404, "x/z", shared, 6);
}

static struct http_reply kept_and_shorter(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_static(200, "x/y", shared, 5);
}

static struct http_reply with_header(void *app, const struct http_request *r)
{
    struct http_reply reply = kept(app, r);

    reply.headers[0] = (struct http_pair){"X-Own", r->query_count ? "with" : "without"};
    return reply;
}

static struct http_reply own_body(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_text(200, shared);
}

static const struct http_route rows[] = {
    {"GET", "/kept", kept, ""},
    {"GET", "/type", kept_with_another_type, ""},
    {"GET", "/less", kept_and_shorter, ""},
    {"GET", "/header", with_header, ""},
    {"GET", "/own", own_body, ""},
};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
static struct http_server *server;
static uint16_t port;

static int start(void **state)
{
    (void)state;
    server = wire_start(&routes, (struct http_server_config){.headers = {{"X-Pod", "p1"}}});
    port = http_server_port(server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(server, 0);
    return 0;
}

static void assert_answer(const char *target, int status, const char *header, const char *body)
{
    scoped(buf_done) struct buf b = {0};

    assert_int_equal(wire_get(port, target, &b), status);
    if (!strstr(b.data, header))
        fail_msg("no '%s' in '%s'", header, b.data);
    assert_non_null(strstr(b.data, "\r\nX-Pod: p1\r\n"));
    assert_string_equal(wire_body(&b), body);
}

static void replies_that_share_a_body_stay_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_answer("/kept", 200, "\r\nContent-Type: x/y\r\n", "shared");
        assert_answer("/type", 404, "\r\nContent-Type: x/z\r\n", "shared");
        assert_answer("/less", 200, "\r\nContent-Length: 5\r\n", "share");
        assert_answer("/header", 200, "\r\nX-Own: without\r\n", "shared");
        assert_answer("/header?q", 200, "\r\nX-Own: with\r\n", "shared");
        assert_answer("/own", 200, "\r\nContent-Type: text/plain; charset=utf-8\r\n", "shared");
    }
}

/* The only Date of an answer, as the client's clock shows it. */
static time_t date_of(const char *target)
{
    static const char name[] = "\r\nDate: ";
    scoped(buf_done) struct buf b = {0};
    struct tm tm = {0};

    (void)wire_get(port, target, &b);
    const char *at = strstr(b.data, name);
    assert_non_null(at);
    assert_null(strstr(at + 1, name));
    const char *end = strptime(at + strlen(name), "%a, %d %b %Y %T GMT", &tm);
    assert_non_null(end);
    assert_int_equal(strncmp(end, "\r\n", 2), 0);
    return timegm(&tm);
}

static void a_kept_reply_has_the_date_of_when_it_is_sent(void **state)
{
    (void)state;
    for (time_t first = date_of("/kept"), date = first; date == first;) {
        time_t before = time(NULL);
        date = date_of("/kept");
        assert_in_range(date, before, time(NULL));
        time_t own = date_of("/own"); /* not in the next line, which may look at the clock first */
        assert_in_range(own, before, time(NULL));
        (void)poll(NULL, 0, 20);
    }
}

#define THREADS 4
#define ROUNDS 200

static void *ask_again_and_again(void *arg)
{
    const char *const *targets = arg;

    for (int i = 0; i < ROUNDS; i++) {
        scoped(buf_done) struct buf b = {0};
        (void)wire_get(port, targets[i % 2], &b);
        assert_memory_equal(wire_body(&b), "share", 5);
    }
    return NULL;
}

static void threads_may_replace_what_others_send(void **state)
{
    static const char *const targets[] = {"/kept", "/type", "/kept"};
    pthread_t threads[THREADS];
    (void)state;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again,
                                        (void *)(uintptr_t)&targets[i % 2]),
                         0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replies_that_share_a_body_stay_apart),
        TEST(a_kept_reply_has_the_date_of_when_it_is_sent),
        TEST(threads_may_replace_what_others_send),
    };
    signals_block();
    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
