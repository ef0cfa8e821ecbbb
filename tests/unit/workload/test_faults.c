// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "workload/faults.h"

#include <string.h>

static struct service *service;

static int make_service(void **state)
{
    (void)state;
    service = service_new("test", "faults");
    return service ? 0 : -1;
}

static int drop_service(void **state)
{
    (void)state;
    service_free(service);
    return 0;
}

static struct faults *make(const struct fault_options *o)
{
    struct faults *f = faults_new(o, 1, service);

    assert_non_null(f);
    return f;
}

/* The status of the answer. */
static int call(struct faults *f, const char *method, const char *path, const struct http_pair *q)
{
    struct http_routes routes = faults_routes(f);
    struct http_request r = {.method = method, .path = path, .query = q, .query_count = q ? 1 : 0};
    struct http_reply reply = http_routes_serve(&routes, 1, &r);
    int status = reply.status;

    http_reply_done(&reply);
    return status;
}

static int count_strikes(struct faults *f, int requests)
{
    int strikes = 0;

    for (int i = 0; i < requests; i++)
        strikes += faults_strike(f);
    return strikes;
}

static void nothing_goes_wrong_unasked(void **state)
{
    struct faults *f = make(&(struct fault_options){.slow_start_times = 5});
    (void)state;

    assert_int_equal(count_strikes(f, 1000), 0);
    assert_float_equal(faults_cost_factor(f), 1, 0);
    assert_int_equal(call(f, "GET", "/readyz", NULL), 200);
    faults_free(f);
}

static void the_error_rate_is_a_share_of_the_requests(void **state)
{
    struct faults *f = make(&(struct fault_options){.error_rate = 0.25});
    (void)state;

    assert_in_range(count_strikes(f, 10000), 2300, 2700);
    faults_set_error_rate(f, 1);
    assert_int_equal(count_strikes(f, 100), 100);
    faults_set_error_rate(f, 0);
    assert_int_equal(count_strikes(f, 100), 0);
    faults_free(f);
}

static void injection_is_switched_on_and_off(void **state)
{
    struct faults *f = make(&(struct fault_options){0});
    (void)state;

    assert_int_equal(call(f, "POST", "/fault_injection/enable", NULL), 202);
    assert_int_equal(count_strikes(f, 100), 100);
    assert_int_equal(
        call(f, "POST", "/fault_injection/enable", &(struct http_pair){"error_rate", "0.5"}), 202);
    assert_in_range(count_strikes(f, 1000), 400, 600);
    assert_int_equal(call(f, "GET", "/fault_injection/status", NULL), 200);
    assert_int_equal(call(f, "POST", "/fault_injection/disable", NULL), 202);
    assert_int_equal(count_strikes(f, 100), 0);
    faults_free(f);
}

static void a_slow_start_can_begin_and_end_while_it_runs(void **state)
{
    struct faults *f = make(&(struct fault_options){.slow_start_times = 5});
    (void)state;

    assert_int_equal(
        call(f, "POST", "/fault_injection/enable", &(struct http_pair){"slow_start", "1h"}), 202);
    assert_float_equal(faults_cost_factor(f), 5, 0.1);
    assert_int_equal(count_strikes(f, 100), 0);
    assert_int_equal(call(f, "POST", "/fault_injection/disable", NULL), 202);
    assert_float_equal(faults_cost_factor(f), 1, 0);
    faults_free(f);
}

static void wrong_settings_change_nothing(void **state)
{
    static const struct http_pair wrong[] = {
        {"error_rate", "1.5"},   {"error_rate", ""}, {"error_rate", "nan"}, {"leak_kib", "-1"},
        {"leak_kib", "1048577"}, {"errors", "1"},    {"slow_start", "2h"},  {"slow_start", "soon"}};
    struct faults *f = make(&(struct fault_options){0});
    (void)state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(call(f, "POST", "/fault_injection/enable", &wrong[i]), 400);
    assert_int_equal(count_strikes(f, 100), 0);
    faults_free(f);
}

static void readiness_can_be_late_and_switched_off(void **state)
{
    struct faults *f = make(&(struct fault_options){.startup_delay_ns = 3600 * NS_PER_S});
    (void)state;

    assert_int_equal(call(f, "GET", "/readyz", NULL), 503);
    faults_free(f);

    f = make(&(struct fault_options){0});
    assert_int_equal(call(f, "POST", "/readyz/disable", NULL), 202);
    assert_int_equal(call(f, "GET", "/readyz", NULL), 503);
    assert_int_equal(call(f, "POST", "/readyz/enable", NULL), 202);
    assert_int_equal(call(f, "GET", "/readyz", NULL), 200);
    faults_free(f);
}

static void a_slow_start_costs_more_and_less_each_time(void **state)
{
    struct faults *f =
        make(&(struct fault_options){.slow_start_ns = 3600 * NS_PER_S, .slow_start_times = 5});
    (void)state;

    double first = faults_cost_factor(f), second = faults_cost_factor(f);
    assert_true(first > 4.5 && first <= 5);
    assert_true(second > 4.5 && second < first);
    faults_free(f);
}

static void every_request_leaks(void **state)
{
    struct faults *f = make(&(struct fault_options){.leak_kib = 100});
    struct buf text = {.max = 100000};
    (void)state;

    assert_int_equal(count_strikes(f, 3), 0);
    assert_int_equal(metrics_write(service_metrics(service), METRICS_TEXT, &text), 0);
    assert_non_null(strstr(text.data, "\nswell_leaked_bytes 307200\n"));
    buf_done(&text);
    faults_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_goes_wrong_unasked, make_service, drop_service),
        cmocka_unit_test_setup_teardown(the_error_rate_is_a_share_of_the_requests, make_service,
                                        drop_service),
        cmocka_unit_test_setup_teardown(injection_is_switched_on_and_off, make_service,
                                        drop_service),
        cmocka_unit_test_setup_teardown(a_slow_start_can_begin_and_end_while_it_runs, make_service,
                                        drop_service),
        cmocka_unit_test_setup_teardown(wrong_settings_change_nothing, make_service, drop_service),
        cmocka_unit_test_setup_teardown(readiness_can_be_late_and_switched_off, make_service,
                                        drop_service),
        cmocka_unit_test_setup_teardown(a_slow_start_costs_more_and_less_each_time, make_service,
                                        drop_service),
        cmocka_unit_test_setup_teardown(every_request_leaks, make_service, drop_service),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
