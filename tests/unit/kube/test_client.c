// SPDX-License-Identifier: MIT
/* Against a stand-in for an API server: one route whose answers the test writes down beforehand. */
#include "../http/wire.h"
#include "files.h"

#include "base/signals.h"
#include "kube/client.h"

#include <stdlib.h>

static struct gate asked = GATE_INIT;
static struct {
    int status;
    const char *body;
} script[8];           /* the answers in turn; the last one again and again */
static char last[512]; /* what the last request was */

static struct http_reply serve(void *app, const struct http_request *r)
{
    const char *type = http_header(r, "Content-Type"), *who = http_header(r, "Authorization");
    int i = gate_read(&asked);
    (void)app;

    (void)snprintf(last, sizeof(last), "%s %s %s %s %s", r->method, r->path, type ? type : "-",
                   who ? who : "-", r->body_len ? r->body : "-");
    while (i > 0 && !script[i].status)
        i--;
    gate_add(&asked, 1);
    return http_reply_text(script[i].status, script[i].body);
}

static const struct http_route rows[] = {{NULL, "/{...}", serve, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
static struct http_server *server;
static struct fetcher *fetcher;
static struct kube_access access_ = KUBE_ACCESS_INIT;
static struct kube *kube;

static struct {
    int calls, result, status;
    char name[32];
    struct err err;
} got;

static void on_done(void *arg, int result, int status, const json_t *object, const struct err *err)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    (void)arg;

    got.calls++;
    got.result = result;
    got.status = status;
    got.err = *err;
    (void)snprintf(got.name, sizeof(got.name), "%s", name ? name : "");
}

static int start(void **state)
{
    (void)state;
    memset(script, 0, sizeof(script));
    memset(&got, 0, sizeof(got));
    asked.count = 0;
    server = wire_start(&routes, (struct http_server_config){0});
    assert_true(asprintf(&access_.server, "http://127.0.0.1:%u", http_server_port(server)) > 0);
    fetcher = fetcher_new();
    kube = kube_new(fetcher, &access_);
    return fetcher && kube ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    kube_free(kube);
    fetcher_free(fetcher);
    kube_access_done(&access_);
    (void)http_server_stop(server, 0);
    return 0;
}

static void wait_for_answer(void)
{
    uint64_t until = clock_mono_ns() + WIRE_PATIENCE_S * NS_PER_S;

    while (!got.calls && clock_mono_ns() < until) {
        uint64_t wait_ns = kube_run(kube);
        fetcher_wait(fetcher, NULL, 0, wait_ns < NS_PER_S ? wait_ns : NS_PER_S);
    }
    assert_int_equal(got.calls, 1);
}

static void send_and_wait(const struct kube_request *r)
{
    assert_true(kube_send(kube, r, on_done, NULL) > 0);
    wait_for_answer();
}

static void gets_an_object(void **state)
{
    (void)state;
    script[0].status = 200;
    script[0].body = "{\"name\":\"a\"}";
    send_and_wait(&(struct kube_request){.path = "/api/v1/nodes"});
    assert_int_equal(got.result, 0);
    assert_int_equal(got.status, 200);
    assert_string_equal(got.name, "a");
    assert_string_equal(last, "GET /api/v1/nodes - - -");
}

static void patches_with_a_body_of_its_type(void **state)
{
    json_auto_t *body = json_pack("{s:i}", "x", 1);
    (void)state;

    script[0].status = 200;
    script[0].body = "{}";
    send_and_wait(&(struct kube_request){
        .method = "PATCH", .path = "/x", .body = body, .content_type = KUBE_PATCH_MERGE});
    assert_string_equal(last, "PATCH /x application/merge-patch+json - {\"x\":1}");
}

static void what_may_pass_is_tried_again(void **state)
{
    (void)state;
    script[0].status = 503;
    script[0].body = "busy";
    script[1].status = 429;
    script[1].body = "busy";
    script[2].status = 201;
    script[2].body = "{\"name\":\"b\"}";
    send_and_wait(&(struct kube_request){.path = "/x", .tries = 3});
    assert_int_equal(got.result, 0);
    assert_string_equal(got.name, "b");
    assert_int_equal(gate_read(&asked), 3);
}

static void the_last_try_says_why_in_the_servers_words(void **state)
{
    (void)state;
    script[0].status = 503;
    script[0].body = "{\"kind\":\"Status\",\"message\":\"etcd is away\"}";
    send_and_wait(&(struct kube_request){.path = "/x", .tries = 2});
    assert_int_equal(got.result, -EIO);
    assert_int_equal(got.status, 503);
    assert_string_equal(got.err.text, "the API server answers 503: etcd is away");
    assert_int_equal(gate_read(&asked), 2);
}

static void what_will_not_pass_is_not_tried_again(void **state)
{
    static const struct {
        int status, result;
    } cases[] = {{400, -EINVAL}, {401, -EACCES}, {403, -EACCES}, {404, -ENOENT},
                 {409, -EEXIST}, {410, -ESTALE}, {422, -EINVAL}, {302, -EBADMSG}};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        script[0].status = cases[i].status;
        script[0].body = "no";
        asked.count = got.calls = 0;
        send_and_wait(&(struct kube_request){.path = "/x", .tries = 5});
        assert_int_equal(got.result, cases[i].result);
        assert_int_equal(gate_read(&asked), 1);
    }
}

static void an_answer_that_is_not_json_is_an_error(void **state)
{
    (void)state;
    script[0].status = 200;
    script[0].body = "<html>";
    send_and_wait(&(struct kube_request){.path = "/x"});
    assert_int_equal(got.result, -EBADMSG);
}

static void nobody_there_is_an_error_after_the_tries(void **state)
{
    (void)state;
    (void)http_server_stop(server, 0);
    server = NULL;
    send_and_wait(&(struct kube_request){.path = "/x", .tries = 2});
    assert_int_equal(got.result, -ECONNREFUSED);
    assert_int_equal(got.status, 0);
}

static void a_token_file_is_read_again_after_a_401(void **state)
{
    char path[] = "/tmp/swell-token-XXXXXX";
    int fd = mkstemp(path);
    (void)state;

    assert_true(fd >= 0);
    (void)close(fd);
    access_.token_file = strdup(path);
    write_file(path, "old\n");
    script[0].status = 200;
    script[0].body = "{}";
    script[1].status = 401;
    script[1].body = "expired";
    script[2].status = 200;
    script[2].body = "{}";
    send_and_wait(&(struct kube_request){.path = "/x"});
    assert_string_equal(last, "GET /x - Bearer old -");

    write_file(path, "new\n");
    got.calls = 0;
    send_and_wait(&(struct kube_request){.path = "/x", .tries = 2});
    assert_int_equal(got.result, 0);
    assert_string_equal(last, "GET /x - Bearer new -");
    (void)unlink(path);
}

static void a_token_file_that_is_missing_is_an_error_and_nothing_is_sent(void **state)
{
    (void)state;
    access_.token_file = strdup("/nonexistent/token");
    send_and_wait(&(struct kube_request){.path = "/x"});
    assert_true(got.result < 0);
    assert_non_null(strstr(got.err.text, "/nonexistent/token"));
    assert_int_equal(gate_read(&asked), 0);
}

static void a_cancelled_one_never_calls_back(void **state)
{
    (void)state;
    script[0].status = 200;
    script[0].body = "{}";
    int64_t id = kube_send(kube, &(struct kube_request){.path = "/x"}, on_done, NULL);
    kube_cancel(kube, id);
    kube_cancel(kube, id);
    id = kube_send(kube, &(struct kube_request){.path = "/y"}, on_done, NULL);
    (void)kube_run(kube);
    kube_cancel(kube, id);
    send_and_wait(&(struct kube_request){.path = "/z"});
    assert_string_equal(last, "GET /z - - -");
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(gets_an_object),
        each(patches_with_a_body_of_its_type),
        each(what_may_pass_is_tried_again),
        each(the_last_try_says_why_in_the_servers_words),
        each(what_will_not_pass_is_not_tried_again),
        each(an_answer_that_is_not_json_is_an_error),
        each(nobody_there_is_an_error_after_the_tries),
        each(a_token_file_is_read_again_after_a_401),
        each(a_token_file_that_is_missing_is_an_error_and_nothing_is_sent),
        each(a_cancelled_one_never_calls_back),
    };
    signals_block();
    if (http_client_setup() < 0)
        return 1;
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
