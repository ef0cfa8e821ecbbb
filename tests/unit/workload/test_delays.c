// SPDX-License-Identifier: MIT
#include "unit.h"

#include "answers.h"
#include "workload/delays.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define HOUR_MS 3600000

static struct delays *delays;
static atomic_bool hour_added;
static struct http_server *server;

static struct http_reply serve_later(void *app, const struct http_request *r)
{
    uint64_t ms = strtoull(r->params[0], NULL, 10);
    (void)app;

    struct http_reply reply = delays_add(delays, r, ms * NS_PER_MS, http_reply_text(200, "late"));
    if (ms == HOUR_MS)
        atomic_store(&hour_added, true);
    return reply;
}

static const struct http_route rows[] = {{"GET", "/later/{ms}", serve_later, ""}};
static const struct http_routes routes = {rows, 1, NULL};

static int start(void **state)
{
    (void)state;
    if (http_client_setup() < 0 || delays_new(&delays, NULL) < 0)
        return -1;
    server = answers_start(&routes);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    delays_free(delays);
    delays = NULL;
    (void)http_server_stop(server, NS_PER_S);
    http_client_teardown();
    return 0;
}

static void an_answer_comes_after_its_delay(void **state)
{
    uint64_t began_ns = clock_mono_ns();
    (void)state;

    const struct answer answer = answers_of(http_server_port(server), "GET", "/later/100", NULL);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "late");
    assert_true(clock_mono_ns() - began_ns >= 100 * NS_PER_MS);
}

static void *ask_for_an_hour(void *arg)
{
    struct answer *answer = arg;

    *answer = answers_of(http_server_port(server), "GET", "/later/3600000", NULL);
    return NULL;
}

static void who_waits_long_delays_nobody_and_is_answered_at_the_end(void **state)
{
    struct answer long_one = {0};
    pthread_t thread;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, ask_for_an_hour, &long_one), 0);
    while (!atomic_load(&hour_added))
        (void)sched_yield();
    assert_int_equal(answers_of(http_server_port(server), "GET", "/later/1", NULL).status, 200);
    delays_free(delays);
    delays = NULL;
    (void)pthread_join(thread, NULL);
    assert_string_equal(long_one.body, "late");
}

static void a_request_that_cannot_wait_is_told_so_and_nothing_leaks(void **state)
{
    const struct http_request nowhere = {.method = "GET", .path = "/later/1"};
    (void)state;

    struct http_reply reply = delays_add(delays, &nowhere, 1, http_reply_printf(200, "%d", 7));
    assert_int_equal(reply.status, 500);
    http_reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_comes_after_its_delay, start, stop),
        cmocka_unit_test_setup_teardown(who_waits_long_delays_nobody_and_is_answered_at_the_end,
                                        start, stop),
        cmocka_unit_test_setup_teardown(a_request_that_cannot_wait_is_told_so_and_nothing_leaks,
                                        start, stop),
    };
    return cmocka_run_group_tests_name("delays", tests, NULL, NULL);
}
