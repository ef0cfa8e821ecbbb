// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/scoped.h"
#include "http/client.h"
#include "http/server.h"
#include "workload/allot.h"
#include "workload/form.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CALLS_MAX 32

static struct { /* what the consumers were sent, in order of arrival */
    pthread_mutex_t lock;
    char calls[CALLS_MAX][256];
    size_t count;
    struct http_server *server;
    char hosts[32];
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct http_reply consume(void *app, const struct http_request *r)
{
    (void)app;
    pthread_mutex_lock(&world.lock);
    if (world.count < CALLS_MAX)
        (void)snprintf(world.calls[world.count], sizeof(world.calls[0]), "%s %s %s%s", r->path,
                       form_is_one(r) ? "form" : "?", r->body,
                       strcmp(http_header(r, "Connection"), "close") == 0 ? "" : " kept");
    world.count++;
    pthread_mutex_unlock(&world.lock);
    return http_reply_text(500, "the status does not matter");
}

static int write_hosts(const char *pods)
{
    char text[512];

    strcpy(world.hosts, "/tmp/swell-hosts-XXXXXX");
    int fd = mkstemp(world.hosts);
    int n = snprintf(text, sizeof(text), "127.0.0.1:%u rc.space.svc:80\n%s",
                     http_server_port(world.server), pods);
    if (fd < 0 || write(fd, text, (size_t)n) < 0)
        return -1;
    (void)close(fd);
    return setenv("SWELL_HOSTS", world.hosts, 1);
}

static int start(void **state)
{
    static const struct http_route row = {"POST", "/{path...}", consume, ""};
    static const struct http_routes routes = {&row, 1, NULL};
    const struct http_server_config config = {
        .address = "127.0.0.1", .routes = &routes, .routes_count = 1};
    (void)state;

    return http_client_setup() < 0 || http_server_start(&world.server, &config, NULL) < 0;
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(world.server, 0);
    http_client_teardown();
    return unsetenv("SWELL_HOSTS");
}

static int forget(void **state)
{
    (void)state;
    world.count = 0;
    return unlink(world.hosts);
}

static const struct allot_consumers consumers = {"rc", "space", 80, 8080};

static void assert_begins(const char *text, const char *expected)
{
    if (strncmp(text, expected, strlen(expected)) != 0)
        assert_string_equal(text, expected);
}

static void answers(const struct allot *e, const char *expected)
{
    scoped(buf_done) struct buf answer = {.max = ALLOT_ANSWER_MAX_BYTES};

    assert_int_equal(allot_run(e, &answer), 0);
    assert_string_equal(answer.data, expected);
}

static void cpu_is_sent_in_requests_of_a_size_and_a_rest(void **state)
{
    const struct allot e = {&consumers, &allot_cpu, 250, 100, 30, NULL};
    size_t whole = 0, rest = 0;
    (void)state;

    assert_int_equal(write_hosts(""), 0);
    /* The three end in any order. */
    scoped(buf_done) struct buf answer = {.max = ALLOT_ANSWER_MAX_BYTES};
    assert_int_equal(allot_run(&e, &answer), 0);
    assert_begins(answer.data,
                  "RC manager: sending 2 requests to consume 100 millicores each and 1 "
                  "request to consume 50 millicores\nConsumed ");
    assert_non_null(strstr(answer.data, "\nConsumed 100 millicores\n"));
    assert_non_null(strstr(answer.data, "\nConsumed 50 millicores\n"));
    assert_int_equal(world.count, 3);
    for (size_t i = 0; i < 3; i++) {
        whole += strcmp(world.calls[i], "/ConsumeCPU form millicores=100&durationSec=30") == 0;
        rest += strcmp(world.calls[i], "/ConsumeCPU form millicores=50&durationSec=30") == 0;
    }
    assert_int_equal(whole, 2);
    assert_int_equal(rest, 1);
}

static void memory_has_its_own_words(void **state)
{
    const struct allot e = {&consumers, &allot_memory, 100, 100, 5, NULL};
    (void)state;

    assert_int_equal(write_hosts(""), 0);
    answers(&e, "RC manager: sending 1 requests to consume 100 MB each and 1 request to consume 0 "
                "MB\nConsumed 100 megabytes\n");
    assert_int_equal(world.count, 1);
    assert_string_equal(world.calls[0], "/ConsumeMem form megabytes=100&durationSec=5");
}

static void a_metric_is_bumped_by_its_name(void **state)
{
    const struct allot e = {&consumers, &allot_gauge, 7, 10, -1, "a b&c"};
    (void)state;

    assert_int_equal(write_hosts(""), 0);
    answers(&e, "RC manager: sending 0 requests to bump custom metric by 10 each and 1 request to "
                "bump by 7\nBumped metric a b&c by 7\n");
    assert_string_equal(world.calls[0], "/BumpMetric form delta=7&durationSec=-1&metric=a%20b%26c");
}

static void negative_amounts_are_said_and_not_sent(void **state)
{
    const struct allot e = {&consumers, &allot_cpu, -250, 100, 30, NULL};
    (void)state;

    assert_int_equal(write_hosts(""), 0);
    answers(&e, "RC manager: sending -2 requests to consume 100 millicores each and 1 request to "
                "consume -50 millicores\n");
    assert_int_equal(world.count, 0);
}

static void every_pod_of_a_headless_service_gets_an_equal_part(void **state)
{
    struct allot e = {&consumers, &allot_cpu, 250, 100, 30, NULL};
    char pods[128];
    (void)state;

    (void)snprintf(pods, sizeof(pods),
                   "127.0.0.1:%u rc-headless.space.svc\n[::1]:%u rc-headless.space.svc\n",
                   http_server_port(world.server), 1u);
    assert_int_equal(write_hosts(pods), 0);
    scoped(buf_done) struct buf answer = {.max = ALLOT_ANSWER_MAX_BYTES};
    assert_int_equal(allot_run(&e, &answer), 0);
    assert_begins(answer.data, "RC manager (per-pod): sending 125 millicores to each of 2 pods via "
                               "headless DNS\n");
    assert_non_null(strstr(answer.data, "\nConsumed 125 millicores\n"));
    assert_non_null(strstr(answer.data, "\nFailed to connect to consumer: "));
    assert_int_equal(world.count, 1);
    assert_string_equal(world.calls[0], "/ConsumeCPU form millicores=125&durationSec=30");

    e.amount = 1; /* less than one for each */
    buf_clear(&answer);
    assert_int_equal(allot_run(&e, &answer), 0);
    assert_non_null(strstr(answer.data, "sending 1 millicores to each of 2 pods"));

    e.resource = &allot_memory; /* only CPU goes to the pods */
    buf_clear(&answer);
    assert_int_equal(allot_run(&e, &answer), 0);
    assert_begins(answer.data, "RC manager: ");
}

static void every_one_of_many_is_sent(void **state)
{
    const struct allot e = {&consumers, &allot_cpu, 300, 1, 1, NULL};
    scoped(buf_done) struct buf answer = {.max = ALLOT_ANSWER_MAX_BYTES};
    size_t lines = 0;
    (void)state;

    assert_int_equal(write_hosts(""), 0);
    assert_int_equal(allot_run(&e, &answer), 0);
    for (const char *at = answer.data; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 301);
    assert_int_equal(world.count, 300);
}

static void who_is_not_reached_is_said(void **state)
{
    static const struct allot_consumers nobody = {"no", "where", 80, 8080};
    const struct allot e = {&nobody, &allot_cpu, 100, 100, 1, NULL};
    scoped(buf_done) struct buf answer = {.max = ALLOT_ANSWER_MAX_BYTES};
    (void)state;

    assert_int_equal(write_hosts("127.0.0.1:1 no.where.svc:80\n"), 0);
    assert_int_equal(allot_run(&e, &answer), 0);
    assert_non_null(strstr(answer.data, "0 millicores\nFailed to connect to consumer: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(cpu_is_sent_in_requests_of_a_size_and_a_rest, forget),
        cmocka_unit_test_teardown(memory_has_its_own_words, forget),
        cmocka_unit_test_teardown(a_metric_is_bumped_by_its_name, forget),
        cmocka_unit_test_teardown(negative_amounts_are_said_and_not_sent, forget),
        cmocka_unit_test_teardown(every_pod_of_a_headless_service_gets_an_equal_part, forget),
        cmocka_unit_test_teardown(every_one_of_many_is_sent, forget),
        cmocka_unit_test_teardown(who_is_not_reached_is_said, forget),
    };
    return cmocka_run_group_tests_name("allot", tests, start, stop);
}
