// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/api/external.h"
#include "adapter/query_private.h"
#include "base/clock.h"

#include <jansson.h>
#include <string.h>

#define V1 "/apis/external.metrics.k8s.io/v1beta1"
#define SOURCE(path) "  source: {http: {url: 'http://q/x', valuePath: " path "}}\n"
#define WALL (UINT64_C(1795255200) * NS_PER_S) /* 2026-11-21T10:00:00Z */

struct fixture {
    struct adapter_config config;
    struct queries *queries;
    struct feeds feeds;
    struct metrics_api api;
    struct metrics_api_slot slot;
};

/* Publishes a value of metric i. */
static void publish(struct fixture *x, size_t i, int64_t milli, uint64_t measured_ns,
                    uint64_t wall_ns)
{
    struct samples *samples = samples_new();

    assert_int_equal(samples_add_value(samples, milli), 0);
    query_publish(x->feeds.items[i].query, reading_new(samples, measured_ns, wall_ns, 0));
    samples_unref(samples);
}

/* Publishes that the source of metric i fails. */
static void fail_poll(struct fixture *x, size_t i, const char *cause)
{
    struct query *query = x->feeds.items[i].query;
    struct reading *before = query_newest(query);

    query_publish(query, reading_new_failure(before, cause, clock_wall_ns(), 0));
    reading_unref(before);
}

static void open_api(struct fixture *x, const char *text)
{
    assert_int_equal(config_parse("a.yaml", text, strlen(text), &x->config, NULL), 0);
    x->queries = queries_new();
    assert_non_null(x->queries);
    assert_int_equal(feeds_init(&x->feeds, &x->config, x->queries), 0);
    x->api = (struct metrics_api){.refs = 1, .feeds = &x->feeds};
    x->slot = (struct metrics_api_slot){PTHREAD_MUTEX_INITIALIZER, &x->api};
}

static void close_api(struct fixture *x)
{
    feeds_done(&x->feeds);
    queries_free(x->queries);
    config_done(&x->config);
}

static void open_two_queues(struct fixture *x)
{
    open_api(
        x, "externalMetrics:\n"
           "- name: depth\n  namespace: a\n  labels: {queue: jobs}\n" SOURCE(
               "x") "- name: depth\n  labels: {queue: mail}\n" SOURCE("mail") "- name: "
                                                                              "lag\n" SOURCE("la"
                                                                                             "g"));
    publish(x, 0, 1500, clock_mono_ns(), WALL);
    publish(x, 1, 7000, clock_mono_ns(), WALL + NS_PER_S);
}

/* New. */
static json_t *get(struct fixture *x, const char *path, const char *parameter, const char *value,
                   int status)
{
    const struct http_routes routes = {external_routes, external_route_count, &x->slot};
    const struct http_pair query = {parameter, value};
    struct http_request request = {
        .method = "GET", .path = path, .query = &query, .query_count = parameter ? 1 : 0};
    struct http_reply reply = http_routes_serve(&routes, 1, &request);

    assert_int_equal(reply.status, status);
    assert_string_equal(reply.content_type, "application/json");
    json_t *body = json_loadb(reply.body, reply.body_len, 0, NULL);
    assert_non_null(body);
    for (size_t i = 0; i < HTTP_REPLY_HEADERS_MAX; i++)
        assert_null(reply.headers[i].name); /* above all no Retry-After */
    http_reply_done(&reply);
    return body;
}

static void same(json_t *got, const char *expected)
{
    json_t *want = json_loads(expected, 0, NULL);

    assert_non_null(want);
    if (!json_equal(got, want))
        fail_msg("got %s, expected %s", json_dumps(got, JSON_COMPACT), expected);
    json_decref(want);
    json_decref(got);
}

static void fails(json_t *got, const char *reason, const char *message)
{
    assert_string_equal(json_string_value(json_object_get(got, "kind")), "Status");
    assert_string_equal(json_string_value(json_object_get(got, "reason")), reason);
    assert_string_equal(json_string_value(json_object_get(got, "message")), message);
    json_decref(got);
}

#define LIST(items)                                                                                \
    "{\"kind\":\"ExternalMetricValueList\","                                                       \
    "\"apiVersion\":\"external.metrics.k8s.io/v1beta1\",\"metadata\":{},\"items\":[" items "]}"
#define JOBS                                                                                       \
    "{\"metricName\":\"depth\",\"metricLabels\":{\"queue\":\"jobs\"},"                             \
    "\"timestamp\":\"2026-11-21T10:00:00Z\",\"value\":\"1500m\"}"
#define MAIL                                                                                       \
    "{\"metricName\":\"depth\",\"metricLabels\":{\"queue\":\"mail\"},"                             \
    "\"timestamp\":\"2026-11-21T10:00:01Z\",\"value\":\"7\"}"

static void a_request_takes_all_that_match(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    same(get(&x, V1 "/namespaces/a/depth", NULL, NULL, 200), LIST(JOBS "," MAIL));
    same(get(&x, V1 "/namespaces/a/depth/", "labelSelector", "", 200), LIST(JOBS "," MAIL));
    same(get(&x, V1 "/namespaces/a/depth", "labelSelector", "queue=jobs", 200), LIST(JOBS));
    same(get(&x, V1 "/namespaces/a/depth", "labelSelector", "queue!=jobs", 200), LIST(MAIL));
    same(get(&x, V1 "/namespaces/a/depth", "labelSelector", "queue in (mail, jobs)", 200),
         LIST(JOBS "," MAIL));
    same(get(&x, V1 "/namespaces/a/depth", "labelSelector", "!debug,queue notin (mail)", 200),
         LIST(JOBS));
    close_api(&x);
}

static void a_namespaced_metric_is_only_served_there(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    same(get(&x, V1 "/namespaces/b/depth", NULL, NULL, 200), LIST(MAIL));
    close_api(&x);
}

static void what_is_not_there_is_404_and_not_an_empty_list(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    fails(get(&x, V1 "/namespaces/a/other", NULL, NULL, 404), "NotFound",
          "external metric \"other\" is not served in namespace \"a\"");
    fails(get(&x, V1 "/namespaces/b/depth", "labelSelector", "queue=jobs", 404), "NotFound",
          "external metric \"depth\": no labels match the selector 'queue=jobs'");
    close_api(&x);
}

static void a_selector_that_does_not_parse_is_400(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    json_t *got = get(&x, V1 "/namespaces/a/depth", "labelSelector", "queue in (", 400);
    assert_string_equal(json_string_value(json_object_get(got, "reason")), "BadRequest");
    const char *message = json_string_value(json_object_get(got, "message"));
    assert_ptr_equal(strstr(message, "labelSelector: "), message);
    json_decref(got);
    close_api(&x);
}

static void watching_is_refused(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    fails(get(&x, V1 "/namespaces/a/depth", "watch", "true", 405), "MethodNotAllowed",
          "watch is not supported on metrics");
    json_decref(get(&x, V1 "/namespaces/a/depth", "watch", "false", 200));
    close_api(&x);
}

static void no_value_is_an_error_with_its_reason(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    fails(get(&x, V1 "/namespaces/a/lag", NULL, NULL, 503), "ServiceUnavailable",
          "lag: http://q/x is asked for the first time; its answer may take 2 s");
    close_api(&x);
}

static void a_held_value_is_served_with_its_own_time(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    fail_poll(&x, 1, "answers 500");
    same(get(&x, V1 "/namespaces/b/depth", NULL, NULL, 200), LIST(MAIL));
    close_api(&x);
}

static void one_expired_value_makes_the_whole_answer_an_error(void **state)
{
    struct fixture x;
    (void)state;

    open_two_queues(&x);
    publish(&x, 1, 7000, clock_mono_ns() - 61 * NS_PER_S, WALL);
    fail_poll(&x, 1, "answers 500");
    json_t *got = get(&x, V1 "/namespaces/a/depth", NULL, NULL, 503);
    const char *message = json_string_value(json_object_get(got, "message"));
    static const char start[] = "depth{queue=\"mail\"}: http://q/x answers 500 since ";
    assert_memory_equal(message, start, strlen(start));
    assert_string_equal(message + strlen(start) + strlen("hh:mm:ss"),
                        " (last value 7, 61 s old, limit 60 s); next try now");
    json_decref(got);
    same(get(&x, V1 "/namespaces/a/depth", "labelSelector", "queue=jobs", 200), LIST(JOBS));
    close_api(&x);
}

static void each_series_is_an_item_with_its_own_labels(void **state)
{
    static const struct label jobs = {"queue", "jobs"}, mail = {"queue", "mail"};
    struct samples *samples = samples_new();
    struct fixture x;
    (void)state;

    open_api(&x,
             "externalMetrics:\n- name: depth\n  combine: each\n  labels: {tier: a}\n" SOURCE("x"));
    assert_int_equal(samples_add(samples, &(struct sample){&jobs, 1, 1500, WALL, NULL}), 0);
    assert_int_equal(samples_add(samples, &(struct sample){&mail, 1, 0, 0, "not a number (NaN)"}),
                     0);
    query_publish(x.feeds.items[0].query, reading_new(samples, clock_mono_ns(), WALL + 1, 0));
    samples_unref(samples);

    same(get(&x, V1 "/namespaces/a/depth", "labelSelector", "queue=jobs,tier=a", 200),
         LIST("{\"metricName\":\"depth\",\"metricLabels\":{\"queue\":\"jobs\",\"tier\":\"a\"},"
              "\"timestamp\":\"2026-11-21T10:00:00Z\",\"value\":\"1500m\"}"));
    fails(get(&x, V1 "/namespaces/a/depth", "labelSelector", "queue=other", 404), "NotFound",
          "external metric \"depth\": no labels match the selector 'queue=other'");
    fails(get(&x, V1 "/namespaces/a/depth", NULL, NULL, 503), "ServiceUnavailable",
          "depth{tier=\"a\"}: http://q/x has a value that is not a number (NaN)");
    close_api(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_takes_all_that_match),
        cmocka_unit_test(a_namespaced_metric_is_only_served_there),
        cmocka_unit_test(what_is_not_there_is_404_and_not_an_empty_list),
        cmocka_unit_test(a_selector_that_does_not_parse_is_400),
        cmocka_unit_test(watching_is_refused),
        cmocka_unit_test(no_value_is_an_error_with_its_reason),
        cmocka_unit_test(a_held_value_is_served_with_its_own_time),
        cmocka_unit_test(one_expired_value_makes_the_whole_answer_an_error),
        cmocka_unit_test(each_series_is_an_item_with_its_own_labels),
    };
    return cmocka_run_group_tests_name("external", tests, NULL, NULL);
}
