// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "adapter/sources/prometheus.h"

#include <errno.h>

#define SOURCE "{prometheus: {url: 'http://u:p@prom:9090/base/', query: 'sum(a{b=\"c d\"})'}}"
#define RESULT(type, result)                                                                       \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"" type "\",\"result\":" result "}}"
#define ONE(text) "[{\"metric\":{},\"value\":[1763721727.5,\"" text "\"]}]"

static void asks_for_the_query_below_the_address(void **state)
{
    struct source *source = make_source(SOURCE);
    struct source_request request = {0};
    struct err err = {0};
    (void)state;

    assert_string_equal(source->shown_as, "Prometheus at http://prom:9090/base/");
    assert_int_equal(source->kind->request(source, &(struct source_poll){0}, &request, &err), 0);
    assert_string_equal(request.call.url, "http://u:p@prom:9090/base/api/v1/query"
                                          "?query=sum%28a%7Bb%3D%22c+d%22%7D%29");
    source_request_done(&request);
    source_unref(source);
}

static void a_post_carries_the_query_as_a_form(void **state)
{
    struct source *source = make_source("{prometheus: {url: 'http://prom/base?tenant=a',"
                                        " query: 'sum(a{b=\"c d\"})', method: POST}}");
    struct source_request request = {0};
    struct err err = {0};
    (void)state;

    assert_int_equal(source->kind->request(source, &(struct source_poll){0}, &request, &err), 0);
    assert_string_equal(request.call.method, "POST");
    assert_string_equal(request.call.url, "http://prom/base/api/v1/query?tenant=a");
    assert_string_equal(request.call.body, "query=sum%28a%7Bb%3D%22c+d%22%7D%29");
    assert_int_equal(request.call.body_len, strlen(request.call.body));
    assert_string_equal(request.call.headers[1], "Content-Type: application/x-www-form-urlencoded");
    source_request_done(&request);
    source_unref(source);
    refuses_source("{prometheus: {url: 'http://prom', query: a, method: PUT}}",
                   "s.yaml:1: source.prometheus.method takes GET or POST, not 'PUT'");
}

static void the_same_query_has_the_same_key_however_it_was_made(void **state)
{
    struct source *written = make_source("{prometheus: {url: 'http://u:p@prom', query: a}}");
    struct source *again = make_source("{prometheus: {query: a, url: 'http://u:p@prom'}}");
    struct source *other = make_source("{prometheus: {url: 'http://u:q@prom', query: a}}");
    struct endpoint *e = NULL;
    (void)state;

    assert_string_equal(written->key, again->key);
    assert_string_not_equal(written->key, other->key);
    assert_null(strstr(written->key, "u:p"));
    assert_int_equal(endpoint_new("http://prom", &e, NULL), 0);
    struct source *made = prometheus_source_new(e, "a"), *twin = prometheus_source_new(e, "a"),
                  *third = prometheus_source_new(e, "b");
    assert_string_equal(made->key, twin->key);
    assert_string_not_equal(made->key, third->key);
    endpoint_unref(e);
    struct source *const all[] = {written, again, other, made, twin, third};
    for (size_t i = 0; i < 6; i++)
        source_unref(all[i]);
}

static void reads_one_value(void **state)
{
    struct source *source = make_source(SOURCE);
    (void)state;

    has_value(source, RESULT("vector", ONE("12")), 12000);
    has_value(source, RESULT("vector", ONE("0.25")), 250);
    has_value(source, RESULT("vector", ONE("1e+06")), 1000000000);
    has_value(source, RESULT("vector", ONE("2.01")), 2010);
    has_value(source, RESULT("scalar", "[1763721727,\"7\"]"), 7000);
    source_unref(source);
}

static void reads_series_with_labels_and_prometheus_own_time(void **state)
{
    static const char text[] =
        RESULT("vector", "[{\"metric\":{\"__name__\":\"depth\",\"queue\":\"jobs\"},"
                         "\"value\":[1763721727.5,\"1\"]},"
                         "{\"metric\":{\"queue\":\"mail\"},\"value\":[1763721727,\"NaN\"]}]");
    struct source *source = make_source(SOURCE);
    struct samples *samples;
    (void)state;

    assert_int_equal(
        read_answer(source, &(struct source_poll){0}, 200, text, strlen(text), &samples, NULL), 0);
    assert_int_equal(samples_count(samples), 2);
    assert_string_equal(sample_label(samples_at(samples, 0), "queue"), "jobs");
    assert_int_equal(samples_at(samples, 0)->measured_wall_ns, UINT64_C(1763721727500000000));
    assert_string_equal(samples_at(samples, 1)->fault, "not a number (NaN)");
    samples_unref(samples);
    source_unref(source);
}

static void what_is_no_value_is_an_error_and_not_zero(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {RESULT("vector", "[]"), "has no value (empty is not zero unless onEmpty says so)"},
        {RESULT("vector", ONE("NaN")), "has a value that is not a number (NaN)"},
        {RESULT("vector", ONE("+Inf")), "has a value that is infinite"},
        {RESULT("vector", ONE("-Inf")), "has a value that is infinite"},
        {RESULT("vector", ONE("-1")), "has a value that is negative"},
        {RESULT("vector", ONE("1e300")), "has a value that is too large"},
        {RESULT("matrix", "[]"), "answers with a range: the query must select one moment"},
        {RESULT("string", "[1,\"a\"]"), "answers what is no result of an instant query"},
        {RESULT("vector", "{}"), "answers what is no result of an instant query"},
        {RESULT("vector", "[5]"), "answers what is no result of an instant query"},
        {RESULT("vector", ONE("five")), "answers what is no result of an instant query"},
        {RESULT("vector", "[{\"metric\":{\"a\":5},\"value\":[1,\"1\"]}]"),
         "answers what is no result of an instant query"},
        {RESULT("vector", "[{\"metric\":{},\"histogram\":[1,{}]}]"),
         "answers with a native histogram, which is not one number"},
        {RESULT("scalar", "[\"1\",\"1\"]"), "answers what is no result of an instant query"},
        {"{\"status\":\"success\"}", "answers what is no result of an instant query"},
        {"[]", "answers 200"},
    };
    struct source *source = make_source(SOURCE);
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        has_no_value(source, 200, cases[i].text,
                     strcmp(cases[i].sentence, "answers 200") == 0 ? -EBADMSG : -ENOMSG,
                     cases[i].sentence);
    source_unref(source);
}

static void failures_say_which_kind(void **state)
{
    struct source *source = make_source(SOURCE);
    (void)state;

    has_no_value(source, 400,
                 "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"secret\"}", -EBADMSG,
                 "answers 400 (bad_data)");
    has_no_value(source, 503, "{\"status\":\"error\",\"errorType\":\"secret\"}", -EBADMSG,
                 "answers 503");
    has_no_value(source, 502, "<html>secret</html>", -EBADMSG, "answers 502");
    has_no_value(source, 200, "{\"status\":\"error\",\"errorType\":\"timeout\"}", -EBADMSG,
                 "answers 200 (timeout)");
    source_unref(source);
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source("{prometheus: {url: 'http://p'}}",
                   "s.yaml:1: source.prometheus.query is missing");
    refuses_source("{prometheus: {url: 'http://p', query: a, step: 1}}",
                   "s.yaml:1: there is no field 'step' in source.prometheus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_query_below_the_address),
        cmocka_unit_test(a_post_carries_the_query_as_a_form),
        cmocka_unit_test(the_same_query_has_the_same_key_however_it_was_made),
        cmocka_unit_test(reads_one_value),
        cmocka_unit_test(reads_series_with_labels_and_prometheus_own_time),
        cmocka_unit_test(what_is_no_value_is_an_error_and_not_zero),
        cmocka_unit_test(failures_say_which_kind),
        cmocka_unit_test(refuses_settings_that_are_wrong),
    };
    return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
