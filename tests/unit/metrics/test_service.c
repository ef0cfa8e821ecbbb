// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "http/client.h"
#include "metrics/service.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int make_service(void **state)
{
    (void)setenv("SWELL_POD_NAME", "pod-7", 1);
    *state = service_new("swell-test", "tester");
    return *state ? 0 : -1;
}

static int free_service(void **state)
{
    (void)service_stop(*state, NS_PER_S);
    service_free(*state);
    return 0;
}

/* Without a socket. */
static struct http_reply get(struct service *s, const char *path, const char *accept)
{
    const struct http_routes routes = service_routes(s);
    const struct http_pair header = {"Accept", accept};
    struct http_request request = {
        .method = "GET", .path = path, .headers = &header, .header_count = accept ? 1 : 0};

    return http_routes_serve(&routes, 1, &request);
}

static void assert_answer(struct service *s, const char *path, int status, const char *text)
{
    struct http_reply reply = get(s, path, NULL);

    assert_int_equal(reply.status, status);
    assert_int_equal(reply.body_len, strlen(text));
    assert_memory_equal(reply.body, text, reply.body_len);
    http_reply_done(&reply);
}

/* The value behind "series " in the exposition, or -1. */
static double series(struct service *s, const char *name)
{
    struct http_reply reply = get(s, "/metrics", NULL);
    char *text = strndup(reply.body, reply.body_len);
    const char *at = strstr(text, name);
    double value = at ? strtod(at + strlen(name), NULL) : -1;

    http_reply_done(&reply);
    free(text);
    return value;
}

static void start(struct service *s)
{
    const struct http_server_config config = {.address = "127.0.0.1"};
    struct err e = {0};

    if (service_start(s, &config, NULL, 0, &e) < 0)
        fail_msg("%s", e.text);
}

static void is_alive_at_once_and_ready_when_told(void **state)
{
    assert_answer(*state, "/healthz", 200, "ok");
    assert_answer(*state, "/livez", 200, "ok");
    assert_answer(*state, "/readyz", 503, "not ready");
    service_set_ready(*state, true);
    assert_answer(*state, "/readyz", 200, "ok");
    service_set_ready(*state, false);
    assert_answer(*state, "/readyz", 503, "not ready");
}

static void draining_turns_readiness_off_and_keeps_it_alive(void **state)
{
    start(*state);
    service_set_ready(*state, true);
    assert_false(service_is_draining(*state));
    service_drain(*state);
    service_drain(*state); /* again: nothing */
    assert_true(service_is_draining(*state));
    assert_answer(*state, "/readyz", 503, "draining");
    assert_answer(*state, "/livez", 200, "ok");
    assert_int_equal(service_stop(*state, NS_PER_S), 0);
    assert_int_equal(service_stop(*state, NS_PER_S), 0);
}

static void says_which_version_it_is(void **state)
{
    struct http_reply reply = get(*state, "/version", NULL);
    json_auto_t *body = json_loadb(reply.body, reply.body_len, 0, NULL);

    assert_string_equal(reply.content_type, "application/json");
    assert_string_equal(json_string_value(json_object_get(body, "program")), "swell-test");
    assert_string_equal(json_string_value(json_object_get(body, "role")), "tester");
    assert_int_equal(json_string_value(json_object_get(body, "gitVersion"))[0], 'v');
    http_reply_done(&reply);
}

static void speaks_openmetrics_when_asked(void **state)
{
    struct http_reply plain = get(*state, "/metrics", "text/plain");
    struct http_reply open =
        get(*state, "/metrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");

    assert_non_null(strstr(plain.content_type, "version=0.0.4"));
    assert_non_null(strstr(open.content_type, "application/openmetrics-text"));
    assert_memory_equal(open.body + open.body_len - 6, "# EOF\n", 6);
    http_reply_done(&plain);
    http_reply_done(&open);
}

static void shows_the_process(void **state)
{
    assert_true(series(*state, "\nprocess_resident_memory_bytes ") > 100000);
    assert_true(series(*state, "\nprocess_open_fds ") >= 3);
    assert_true(series(*state, "\nprocess_start_time_seconds ") > 1e9);
    assert_true(series(*state, "\nprocess_cpu_seconds_total ") >= 0);
}

static int call(struct service *s, const char *path)
{
    struct http_client *client = http_client_new();
    scoped(buf_done) struct buf body = {.max = MIB};
    char url[100];
    int status = 0;
    struct err e = {0};

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", service_port(s), path);
    const struct http_call what = {.url = url, .timeout_ns = 10 * NS_PER_S};
    if (http_client_call(client, &what, &body, &status, &e) < 0)
        fail_msg("%s", e.text);
    http_client_free(client);
    return status;
}

static void counts_requests_by_route_and_not_by_path(void **state)
{
    start(*state);
    assert_string_equal(service_pod_name(*state), "pod-7");
    for (int i = 0; i < 3; i++)
        assert_int_equal(call(*state, "/livez"), 200);
    assert_int_equal(call(*state, "/no/such/path"), 404);
    assert_int_equal(service_stop(*state, 5 * NS_PER_S), 0); /* what was answered is counted */
    assert_true(series(*state, "http_requests_total{method=\"GET\",route=\"/livez\","
                               "code=\"200\"} ") == 3);
    assert_true(series(*state, "http_requests_total{method=\"GET\",route=\"\",code=\"404\"} ") ==
                1);
    assert_true(series(*state, "http_request_duration_seconds_count{method=\"GET\","
                               "route=\"/livez\"} ") == 3);
    assert_true(series(*state, "\nhttp_requests_in_flight ") == 0);
}

static void has_the_buckets_that_it_was_given(void **state)
{
    const double bounds[] = {.003, 60};

    service_set_duration_buckets(*state, bounds, 2);
    start(*state);
    assert_int_equal(call(*state, "/livez"), 200);
    assert_int_equal(service_stop(*state, 5 * NS_PER_S), 0);
    assert_true(series(*state, "http_request_duration_seconds_bucket{method=\"GET\","
                               "route=\"/livez\",le=\"60\"} ") == 1);
    assert_true(series(*state, "le=\"0.003\"} ") <= 1);
}

static void says_which_address_is_taken(void **state)
{
    struct service *other = service_new("swell-test", "tester");
    struct err e = {0};

    start(*state);
    const struct http_server_config config = {.address = "127.0.0.1", .port = service_port(*state)};
    assert_int_equal(service_start(other, &config, NULL, 0, &e), -EADDRINUSE);
    assert_non_null(strstr(e.text, "127.0.0.1"));
    assert_int_equal(service_stop(other, NS_PER_S), 0); /* never started */
    service_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_service, free_service)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_alive_at_once_and_ready_when_told),
        TEST(draining_turns_readiness_off_and_keeps_it_alive),
        TEST(says_which_version_it_is),
        TEST(speaks_openmetrics_when_asked),
        TEST(shows_the_process),
        TEST(counts_requests_by_route_and_not_by_path),
        TEST(has_the_buckets_that_it_was_given),
        TEST(says_which_address_is_taken),
    };
    json_object_seed(0);
    http_client_setup();
    log_init(stderr, LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
