// SPDX-License-Identifier: MIT
#include "unit.h"

#include "answers.h"
#include "workload/upstream.h"

#include <errno.h>
#include <stdatomic.h>

/* A service in front, whose requests call the upstream, and the upstream behind it. */
static struct {
    struct metrics *metrics;
    struct upstream *upstream;
    struct http_server *front, *behind;
    char url[64];
    struct upstream_options options;
    atomic_int behind_status;
    uint64_t deadline_ns;
} world;

static struct http_reply serve_front(void *app, const struct http_request *r)
{
    (void)app;
    upstream_call(world.upstream, http_defer(r), http_reply_printf(200, "mine"), world.deadline_ns);
    return http_reply_later();
}

static struct http_reply serve_behind(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_text(world.behind_status, "theirs");
}

static const struct http_route front_rows[] = {{"GET", "/", serve_front, ""}};
static const struct http_route behind_rows[] = {{"GET", "/", serve_behind, ""}};
static const struct http_routes front_routes = {front_rows, 1, NULL};
static const struct http_routes behind_routes = {behind_rows, 1, NULL};

static int start(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.metrics = metrics_new();
    world.behind = answers_start(&behind_routes);
    (void)snprintf(world.url, sizeof(world.url), "http://127.0.0.1:%u/",
                   http_server_port(world.behind));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (world.front)
        (void)http_server_stop(world.front, NS_PER_S);
    (void)http_server_stop(world.behind, NS_PER_S);
    upstream_free(world.upstream);
    metrics_free(world.metrics);
    return 0;
}

static void open_upstream(const char *url, uint64_t deadline_ns)
{
    struct err err = {0};

    world.options = (struct upstream_options){.url = url, .pool = 1, .timeout_ns = 60 * NS_PER_S};
    if (upstream_new(&world.upstream, &world.options, world.metrics, &err) < 0)
        fail_msg("%s", err.text);
    world.deadline_ns = deadline_ns;
    world.front = answers_start(&front_routes);
}

static struct answer ask(void)
{
    return answers_of(http_server_port(world.front), "GET", "/", NULL);
}

static void the_answer_is_ours_after_a_2xx_and_an_error_after_anything_else(void **state)
{
    static const struct {
        int behind, front;
    } cases[] = {{200, 200}, {204, 200}, {302, 502}, {404, 502}, {500, 502}, {503, 502}};
    (void)state;

    open_upstream(world.url, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        world.behind_status = cases[i].behind;
        const struct answer answer = ask();
        assert_int_equal(answer.status, cases[i].front);
        if (answer.status == 200)
            assert_string_equal(answer.body, "mine");
        else
            assert_non_null(strstr(answer.body, "upstream: "));
    }
}

static void nobody_there_is_502(void **state)
{
    (void)state;
    open_upstream("http://127.0.0.1:1/", 0);
    const struct answer answer = ask();
    assert_int_equal(answer.status, 502);
    assert_non_null(strstr(answer.body, "127.0.0.1"));
}

static void a_deadline_that_is_over_is_504(void **state)
{
    (void)state;
    open_upstream(world.url, 1);
    const struct answer answer = ask();
    assert_int_equal(answer.status, 504);
    assert_string_equal(answer.body, "upstream: no connection was free before the deadline\n");
}

static void after_a_cancel_everybody_is_told_503(void **state)
{
    (void)state;
    open_upstream(world.url, 0);
    upstream_cancel(world.upstream);
    assert_int_equal(ask().status, 503);
}

static void without_a_url_there_is_no_upstream(void **state)
{
    const struct upstream_options options = {.pool = 1};
    (void)state;

    assert_int_equal(upstream_new(&world.upstream, &options, world.metrics, NULL), 0);
    assert_null(world.upstream);
    upstream_cancel(NULL);
}

static void what_is_no_url_is_refused(void **state)
{
    static const char *const urls[] = {"", "backend", "ftp://backend/", "redis://backend"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        const struct upstream_options options = {.url = urls[i], .pool = 1};
        struct err err = {0};
        assert_int_equal(upstream_new(&world.upstream, &options, world.metrics, &err), -EINVAL);
        assert_non_null(strstr(err.text, "--upstream takes a URL"));
        assert_null(world.upstream);
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_answer_is_ours_after_a_2xx_and_an_error_after_anything_else),
        IN_WORLD(nobody_there_is_502),
        IN_WORLD(a_deadline_that_is_over_is_504),
        IN_WORLD(after_a_cancel_everybody_is_told_503),
        IN_WORLD(without_a_url_there_is_no_upstream),
        IN_WORLD(what_is_no_url_is_refused),
    };
    return cmocka_run_group_tests_name("upstream", tests, NULL, NULL);
}
