// SPDX-License-Identifier: MIT
#include "unit.h"

#include "answers.h"
#include "workload/fanout.h"

#include <errno.h>
#include <stdatomic.h>

#define AWAY "http://127.0.0.1:1/"

/* A consumer that counts what it is sent and answers a status. */
static struct {
    int status;
    atomic_int cpu, memory, others;
} consumer;

static struct http_reply serve(void *app, const struct http_request *r)
{
    const char *type = http_header(r, "Content-Type");
    bool is_form = type && strcmp(type, "application/x-www-form-urlencoded") == 0;
    (void)app;

    if (is_form && strcmp(r->path, "/cpu") == 0 && strcmp(r->body, "millicores=10") == 0)
        atomic_fetch_add(&consumer.cpu, 1);
    else if (is_form && strcmp(r->path, "/memory") == 0 && strcmp(r->body, "megabytes=5") == 0)
        atomic_fetch_add(&consumer.memory, 1);
    else
        atomic_fetch_add(&consumer.others, 1);
    return http_reply_text(consumer.status, "whatever");
}

static const struct http_route rows[] = {{"POST", "/{path...}", serve, ""}};
static const struct http_routes routes = {rows, 1, NULL};
static struct http_server *server;
static char cpu_url[64], memory_url[64];

static int start(void **state)
{
    (void)state;
    memset(&consumer, 0, sizeof(consumer));
    consumer.status = 200;
    if (http_client_setup() < 0)
        return -1;
    server = answers_start(&routes);
    (void)snprintf(cpu_url, sizeof(cpu_url), "http://127.0.0.1:%u/cpu", http_server_port(server));
    (void)snprintf(memory_url, sizeof(memory_url), "http://127.0.0.1:%u/memory",
                   http_server_port(server));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(server, NS_PER_S);
    http_client_teardown();
    return 0;
}

static size_t count_lines(const struct buf *text, const char *start_of_line)
{
    size_t count = 0;

    for (const char *at = text->data; at && *at; at = strchr(at, '\n') + 1)
        count += strncmp(at, start_of_line, strlen(start_of_line)) == 0;
    return count;
}

static void each_is_sent_as_often_as_it_says_whatever_the_answer(void **state)
{
    const struct fanout_post posts[] = {{cpu_url, "millicores=10", "CPU", 120},
                                        {memory_url, "megabytes=5", "memory", 1},
                                        {cpu_url, "never", "never", 0}};
    scoped(buf_done) struct buf answer = {.max = 64 * KIB};
    (void)state;

    consumer.status = 400; /* the original does not look at it */
    assert_int_equal(fanout_run(posts, ARRAY_LEN(posts), &answer), 0);
    assert_int_equal(consumer.cpu, 120); /* more than go at a time */
    assert_int_equal(consumer.memory, 1);
    assert_int_equal(consumer.others, 0);
    assert_int_equal(count_lines(&answer, "CPU\n"), 120);
    assert_int_equal(count_lines(&answer, "memory\n"), 1);
    assert_int_equal(count_lines(&answer, ""), 121);
}

static void who_is_away_is_said_line_by_line(void **state)
{
    const struct fanout_post posts[] = {{AWAY, "x=1", "no", 2},
                                        {cpu_url, "millicores=10", "yes", 1}};
    scoped(buf_done) struct buf answer = {.max = 64 * KIB};
    (void)state;

    assert_int_equal(fanout_run(posts, ARRAY_LEN(posts), &answer), 0);
    assert_int_equal(count_lines(&answer, "Failed to connect to consumer: "), 2);
    assert_int_equal(count_lines(&answer, "yes\n"), 1);
    assert_int_equal(count_lines(&answer, ""), 3);
}

static void nothing_to_send_is_no_answer(void **state)
{
    scoped(buf_done) struct buf answer = {.max = 64 * KIB};
    (void)state;

    assert_int_equal(fanout_run(NULL, 0, &answer), 0);
    assert_int_equal(answer.len, 0);
}

static void an_answer_that_does_not_fit_is_an_error_after_all_was_sent(void **state)
{
    const struct fanout_post posts[] = {{cpu_url, "millicores=10", "Consumed", 3}};
    scoped(buf_done) struct buf answer = {.max = 10};
    (void)state;

    assert_int_equal(fanout_run(posts, 1, &answer), -E2BIG);
    assert_int_equal(consumer.cpu, 3);
}

#define WITH_CONSUMER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONSUMER(each_is_sent_as_often_as_it_says_whatever_the_answer),
        WITH_CONSUMER(who_is_away_is_said_line_by_line),
        WITH_CONSUMER(nothing_to_send_is_no_answer),
        WITH_CONSUMER(an_answer_that_does_not_fit_is_an_error_after_all_was_sent),
    };
    return cmocka_run_group_tests_name("fanout", tests, NULL, NULL);
}
