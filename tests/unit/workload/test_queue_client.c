// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/client.h"
#include "http/server.h"
#include "workload/queue_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A queue that says what the test wants it to. One call at a time. */
static struct {
    int status;
    const char *body;
    char asked[512];
} script;

static struct http_reply serve(void *app, const struct http_request *r)
{
    (void)app;
    (void)snprintf(script.asked, sizeof(script.asked), "%s %s", r->path, r->body);
    return http_reply_text(script.status, script.body);
}

static const struct http_route routes[] = {{"POST", "/{path...}", serve, ""}};
static struct http_server *server;
static char url[64];

static int start_server(void **state)
{
    static const struct http_routes groups[] = {{routes, 1, NULL}};
    struct http_server_config config = {
        .address = "127.0.0.1", .routes = groups, .routes_count = 1};
    struct err err = {0};
    (void)state;

    if (http_client_setup() < 0 || http_server_start(&server, &config, &err) < 0)
        return -1;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u//", http_server_port(server));
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    (void)http_server_stop(server, NS_PER_S);
    http_client_teardown();
    return 0;
}

static struct queue_client *new_client(void)
{
    const struct queue_client_config config = {.url = url,
                                               .queue = "jobs",
                                               .worker = "w-1",
                                               .lease_ns = 30 * NS_PER_S,
                                               .wait_ns = NS_PER_S / 2};
    struct queue_client *c = queue_client_new(&config);

    assert_non_null(c);
    return c;
}

static int lease(int status, const char *body, struct queue_client_job *job, struct err *err)
{
    struct queue_client *c = new_client();

    script.status = status;
    script.body = body;
    int r = queue_client_lease(c, job, err);
    queue_client_free(c);
    return r;
}

static int ack(int status, const char *body, struct err *err)
{
    struct queue_client *c = new_client();
    const struct queue_client_job job = {.id = "a", .lease = "7-1"};

    script.status = status;
    script.body = body;
    int r = queue_client_ack(c, &job, err);
    queue_client_free(c);
    return r;
}

static void leases_a_job(void **state)
{
    struct queue_client_job job;
    (void)state;

    assert_int_equal(lease(200,
                           "{\"jobs\":[{\"id\":\"a\",\"cpu_ms\":20,\"lease\":\"7-1\","
                           "\"attempt\":1}]}",
                           &job, NULL),
                     1);
    assert_string_equal(job.id, "a");
    assert_string_equal(job.lease, "7-1");
    assert_float_equal(job.cpu_ms, 20, 0);
    assert_non_null(strstr(script.asked, "/queues/jobs/lease {"));
    assert_non_null(strstr(script.asked, "\"worker\":\"w-1\""));
    assert_non_null(strstr(script.asked, "\"lease_seconds\":30.0"));
    assert_non_null(strstr(script.asked, "\"wait_seconds\":0.5"));
}

static void an_empty_queue_is_no_error(void **state)
{
    struct queue_client_job job;
    (void)state;

    assert_int_equal(lease(200, "{\"jobs\":[]}", &job, NULL), 0);
}

static void what_is_no_lease_is_not_worked_on(void **state)
{
    static const char too_long[] = "{\"jobs\":[{\"id\":\"a\",\"cpu_ms\":1,\"lease\":"
                                   "\"123456789012345678901234567890123456789012345678\"}]}";
    static const char *const bodies[] = {
        "",
        "OK!",
        "{}",
        "[]",
        "{\"jobs\":{}}",
        "{\"jobs\":[7]}",
        "{\"jobs\":[{\"id\":\"a\",\"lease\":\"7-1\"}]}",
        "{\"jobs\":[{\"id\":\"a\",\"cpu_ms\":60001,\"lease\":\"7-1\"}]}",
        "{\"jobs\":[{\"id\":\"a\",\"cpu_ms\":-1,\"lease\":\"7-1\"}]}",
        "{\"jobs\":[{\"id\":\"\",\"cpu_ms\":1,\"lease\":\"7-1\"}]}",
        too_long,
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct err err = {0};
        struct queue_client_job job;
        assert_int_equal(lease(200, bodies[i], &job, &err), -EBADMSG);
        assert_non_null(strstr(err.text, "answers something else than a lease"));
    }
}

static void an_error_of_the_queue_is_passed_on(void **state)
{
    struct err err = {0};
    struct queue_client_job job;
    (void)state;

    assert_int_equal(lease(507, "{\"message\":\"disk full\"}", &job, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "answers 507: disk full"));
    assert_int_equal(lease(503, "busy", &job, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "answers 503"));
}

static void acknowledges(void **state)
{
    struct err err = {0};
    (void)state;

    assert_int_equal(ack(200, "{}", &err), 0);
    assert_string_equal(script.asked, "/queues/jobs/ack {\"id\":\"a\",\"lease\":\"7-1\"}");
    assert_int_equal(ack(409, "{}", &err), -ESTALE);
    assert_int_equal(ack(404, "{}", &err), -ENOENT);
    assert_int_equal(ack(500, "{}", &err), -EBADMSG);
}

static void extends_by_a_lease(void **state)
{
    const struct queue_client_job job = {.id = "a", .lease = "7-1"};
    struct queue_client *c = new_client();
    (void)state;

    script.status = 200;
    script.body = "{}";
    assert_int_equal(queue_client_extend(c, &job, NULL), 0);
    assert_string_equal(script.asked, "/queues/jobs/extend {\"lease_seconds\":30.0,\"id\":\"a\","
                                      "\"lease\":\"7-1\"}");
    script.status = 409;
    assert_int_equal(queue_client_extend(c, &job, NULL), -ESTALE);
    queue_client_free(c);
}

static void nobody_there_is_an_error_that_names_the_address(void **state)
{
    const struct queue_client_config config = {
        .url = "http://127.0.0.1:1/", .queue = "jobs", .worker = "w"};
    struct queue_client *c = queue_client_new(&config);
    struct err err = {0};
    struct queue_client_job job;
    (void)state;

    assert_int_equal(queue_client_lease(c, &job, &err), -ECONNREFUSED);
    assert_non_null(strstr(err.text, "http://127.0.0.1:1/queues/jobs/lease"));
    queue_client_free(c);
}

static void wrong_settings_are_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *url, *queue;
        int code;
    } cases[] = {
        {"http://queue/", "jobs", 0},
        {"https://queue:8443/prefix", "jobs", 0},
        {"queue", "jobs", -EINVAL},
        {"ftp://queue/", "jobs", -EINVAL},
        {"", "jobs", -EINVAL},
        {"http://queue/?a=b", "jobs", -EINVAL},
        {"http://queue/", "Jobs", -EINVAL},
        {"http://queue/", "", -EINVAL},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct queue_client_config config = {.url = cases[i].url, .queue = cases[i].queue};
        struct err err = {0};
        assert_int_equal(queue_client_check(&config, &err), cases[i].code);
        assert_int_equal(err.text[0] != '\0', cases[i].code < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leases_a_job),
        cmocka_unit_test(an_empty_queue_is_no_error),
        cmocka_unit_test(what_is_no_lease_is_not_worked_on),
        cmocka_unit_test(an_error_of_the_queue_is_passed_on),
        cmocka_unit_test(acknowledges),
        cmocka_unit_test(extends_by_a_lease),
        cmocka_unit_test(nobody_there_is_an_error_that_names_the_address),
        cmocka_unit_test(wrong_settings_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests_name("queue_client", tests, start_server, stop_server);
}
