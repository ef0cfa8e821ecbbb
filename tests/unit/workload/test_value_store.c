// SPDX-License-Identifier: MIT
#include "unit.h"

#include "answers.h"
#include "workload/value_store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

/* A server of one connection that answers each command with the same bytes; NULL: never. */
static struct {
    int listener;
    pthread_t thread;
    _Atomic(const char *) reply;
    char url[64];
} redis;

static struct {
    struct metrics *metrics;
    struct value_store *store;
    struct value_options options;
    struct http_server *server;
} world;

static void *redis_main(void *arg)
{
    int peer = accept(redis.listener, NULL, NULL);
    char command[4096];
    (void)arg;

    while (peer >= 0 && recv(peer, command, sizeof(command), 0) > 0) {
        const char *reply = redis.reply;
        if (reply)
            (void)send(peer, reply, strlen(reply), MSG_NOSIGNAL);
    }
    if (peer >= 0)
        (void)close(peer);
    return NULL;
}

static void start_redis(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    redis.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(redis.listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(redis.listener, 1), 0);
    assert_int_equal(getsockname(redis.listener, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(redis.url, sizeof(redis.url), "redis://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&redis.thread, NULL, redis_main, NULL), 0);
}

static struct http_reply serve(void *app, const struct http_request *r)
{
    (void)app;
    if (strcmp(r->method, "GET") == 0)
        return value_store_get(world.store, r, r->params[0]);
    return value_store_set(world.store, r, r->params[0], r->body, r->body_len);
}

static const struct http_route rows[] = {{NULL, "/{key}", serve, ""}};
static const struct http_routes routes = {rows, 1, NULL};

static int start(void **state)
{
    (void)state;
    redis.reply = NULL;
    world.metrics = metrics_new();
    start_redis();
    return http_client_setup();
}

static void open_store(const char *url, uint64_t deadline_ns)
{
    struct err err = {0};

    world.options =
        (struct value_options){.write_url = url, .deadline_ns = deadline_ns, .pool = 1, .queue = 1};
    if (value_store_new(&world.store, &world.options, world.metrics, &err) < 0)
        fail_msg("%s", err.text);
    world.server = answers_start(&routes);
}

static void close_store(void)
{
    if (world.server)
        (void)http_server_stop(world.server, NS_PER_S);
    value_store_free(world.store);
    world.server = NULL;
    world.store = NULL;
}

static int stop(void **state)
{
    (void)state;
    close_store();
    (void)shutdown(redis.listener, SHUT_RDWR); /* ends an accept */
    (void)pthread_join(redis.thread, NULL);
    (void)close(redis.listener);
    metrics_free(world.metrics);
    http_client_teardown();
    return 0;
}

static struct answer ask(const char *method)
{
    return answers_of(http_server_port(world.server), method, "/a",
                      strcmp(method, "POST") == 0 ? "text" : NULL);
}

static void replies_of_redis_become_answers(void **state)
{
    static const struct {
        const char *method, *reply;
        int status;
        const char *body;
    } cases[] = {
        {"POST", "+OK\r\n", 200, "OK\n"},
        {"GET", "$5\r\nhello\r\n", 200, "hello"},
        {"GET", "$0\r\n\r\n", 200, ""},
        {"GET", "$-1\r\n", 404, "there is no value under this key\n"},
        {"POST", "-READONLY You can't write against a read only replica.\r\n", 502, "READONLY"},
        {"GET", "-WRONGTYPE Operation against a key\r\n", 502, "WRONGTYPE"},
    };
    (void)state;

    open_store(redis.url, 60 * NS_PER_S);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        redis.reply = cases[i].reply;
        const struct answer answer = ask(cases[i].method);
        assert_int_equal(answer.status, cases[i].status);
        assert_non_null(strstr(answer.body, cases[i].body));
    }
}

static void a_redis_that_says_nothing_is_504(void **state)
{
    (void)state;
    open_store(redis.url, 50 * NS_PER_MS);
    const struct answer answer = ask("GET");
    assert_int_equal(answer.status, 504);
    assert_non_null(strstr(answer.body, "Redis at 127.0.0.1:"));
}

static void a_redis_that_is_away_is_503(void **state)
{
    (void)state;
    open_store("redis://127.0.0.1:1", 60 * NS_PER_S);
    const struct answer answer = ask("GET");
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.body, "Redis at 127.0.0.1:1"));
}

static void after_a_cancel_everybody_is_told_503(void **state)
{
    (void)state;
    open_store(redis.url, 60 * NS_PER_S);
    value_store_cancel(world.store);
    assert_int_equal(ask("GET").status, 503);
}

static void a_request_that_cannot_wait_is_told_so(void **state)
{
    const struct http_request nowhere = {.method = "GET", .path = "/a"};
    (void)state;

    open_store(redis.url, 60 * NS_PER_S);
    struct http_reply reply = value_store_set(world.store, &nowhere, "a", "text", 4);
    assert_int_equal(reply.status, 500);
    http_reply_done(&reply);
}

static void a_wrong_address_is_refused_by_the_flag_it_stands_in(void **state)
{
    static const struct {
        const char *write_url, *read_url, *flag;
    } cases[] = {
        {"http://redis", NULL, "--redis-write: "},
        {"", NULL, "--redis-write: "},
        {"redis://redis", "redis", "--redis-read: "},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct value_options options = {
            .write_url = cases[i].write_url, .read_url = cases[i].read_url, .pool = 1};
        struct err err = {0};
        assert_int_equal(value_store_new(&world.store, &options, world.metrics, &err), -EINVAL);
        assert_memory_equal(err.text, cases[i].flag, strlen(cases[i].flag));
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(replies_of_redis_become_answers),
        IN_WORLD(a_redis_that_says_nothing_is_504),
        IN_WORLD(a_redis_that_is_away_is_503),
        IN_WORLD(after_a_cancel_everybody_is_told_503),
        IN_WORLD(a_request_that_cannot_wait_is_told_so),
        IN_WORLD(a_wrong_address_is_refused_by_the_flag_it_stands_in),
    };
    return cmocka_run_group_tests_name("value_store", tests, NULL, NULL);
}
