// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "load/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int make(void **state)
{
    *state = calloc(1, sizeof(struct tally));
    return *state ? 0 : -1;
}

static int release(void **state)
{
    free(*state);
    return 0;
}

static void count(struct tally *t, int status, enum failure failure, const char *pod)
{
    const struct outcome o = {.intended_ns = NS_PER_S,
                              .sent_ns = NS_PER_S + 10 * NS_PER_MS,
                              .done_ns = NS_PER_S + 30 * NS_PER_MS,
                              .status = status,
                              .failure = failure,
                              .body_bytes = 3,
                              .pod = pod};

    t->sent++;
    tally_outcome(t, &o);
}

/* 10 requests: 5 succeed (4 on one pod), 3 are answered with 500, 2 are refused. */
static void fill(struct tally *t)
{
    for (int i = 0; i < 5; i++)
        count(t, 200, FAILURE_NONE, i < 4 ? "a" : "b");
    for (int i = 0; i < 3; i++)
        count(t, 500, FAILURE_NONE, NULL);
    for (int i = 0; i < 2; i++)
        count(t, 0, FAILURE_REFUSED, NULL);
}

static double number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void rates_are_of_their_own_time(void **state)
{
    struct tally *t = *state;
    const struct report r = {.tally = t,
                             .url = "http://x/",
                             .mode = "open",
                             .duration_ns = 2 * NS_PER_S,
                             .wait_ns = 500 * NS_PER_MS};

    fill(t);
    t->unsent = 2;
    json_auto_t *result = report_result(&r);
    assert_float_equal(number(result, "planned"), 12, 0);
    assert_float_equal(number(result, "sent"), 10, 0);
    assert_float_equal(number(result, "answered"), 8, 0);
    assert_float_equal(number(result, "unsent"), 2, 0);
    assert_float_equal(number(result, "errors"), 5, 0);
    assert_float_equal(number(result, "rate"), 5, 0);       /* sent in the 2 s of sending */
    assert_float_equal(number(result, "throughput"), 2, 0); /* succeeded in all 2.5 s */
    assert_float_equal(number(result, "body_bytes"), 24, 0);
    assert_float_equal(number(result, "duration_s"), 2, 0);
    assert_float_equal(number(result, "wait_s"), 0.5, 0);
}

static void errors_are_named_by_status_or_reason(void **state)
{
    struct tally *t = *state;
    const struct report r = {.tally = t, .url = "", .mode = "open", .duration_ns = NS_PER_S};

    fill(t);
    json_auto_t *result = report_result(&r);
    const json_t *kinds = json_object_get(result, "error_kinds");
    assert_int_equal(json_object_size(kinds), 2);
    assert_float_equal(number(kinds, "500"), 3, 0);
    assert_float_equal(number(kinds, "connection refused"), 2, 0);
}

static void both_latencies_are_given_in_milliseconds(void **state)
{
    struct tally *t = *state;
    const struct report r = {.tally = t, .url = "", .mode = "open", .duration_ns = NS_PER_S};

    fill(t);
    json_auto_t *result = report_result(&r);
    const json_t *latency = json_object_get(result, "latency_ms");
    assert_float_equal(number(json_object_get(latency, "corrected"), "p99"), 30, 0);
    assert_float_equal(number(json_object_get(latency, "corrected"), "count"), 8, 0);
    assert_float_equal(number(json_object_get(latency, "service"), "mean"), 20, 0);
}

static void shares_of_pods_are_percent_of_all_answers(void **state)
{
    struct tally *t = *state;
    const struct report r = {.tally = t, .url = "", .mode = "open", .duration_ns = NS_PER_S};

    fill(t);
    json_auto_t *result = report_result(&r);
    assert_float_equal(number(json_object_get(result, "pods"), "a"), 4, 0);
    assert_float_equal(number(json_object_get(result, "pod_share_percent"), "a"), 50, 0);
    assert_float_equal(number(json_object_get(result, "pod_share_percent"), "b"), 12.5, 0);
}

static void a_run_without_answers_has_no_latency_instead_of_zero(void **state)
{
    struct tally *t = *state;
    const struct report r = {.tally = t, .url = "", .mode = "open"};
    json_auto_t *result = report_result(&r);
    json_auto_t *progress = report_progress(t, 0, 0);
    const json_t *corrected = json_object_get(json_object_get(result, "latency_ms"), "corrected");

    assert_true(json_is_null(json_object_get(corrected, "p99")));
    assert_true(json_is_null(json_object_get(progress, "p99_ms")));
    assert_float_equal(number(result, "rate"), 0, 0);
    assert_float_equal(number(progress, "rate"), 0, 0);
}

static void progress_has_counts_of_the_run_and_rates_of_the_interval(void **state)
{
    struct tally *t = *state;

    fill(t);
    tally_next_window(t);
    count(t, 200, FAILURE_NONE, "b");
    json_auto_t *line = report_progress(t, 1500 * NS_PER_MS, 500 * NS_PER_MS);
    assert_float_equal(number(line, "t"), 1.5, 0);
    assert_float_equal(number(line, "sent"), 11, 0);
    assert_float_equal(number(line, "answered"), 9, 0);
    assert_float_equal(number(line, "errors"), 5, 0);
    assert_float_equal(number(line, "rate"), 2, 0);
    assert_float_equal(number(line, "p99_ms"), 30, 0);
    assert_float_equal(number(json_object_get(line, "pods"), "b"), 2, 0);
}

static void the_text_shows_every_kind_of_error_and_every_pod(void **state)
{
    struct tally *t = *state;
    const struct report r = {
        .tally = t, .url = "http://x/", .mode = "open", .duration_ns = NS_PER_S};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fill(t);
    report_text(&r, out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "10 sent, 8 answered"));
    assert_non_null(strstr(text, "500: 3\n"));
    assert_non_null(strstr(text, "connection refused: 2\n"));
    assert_non_null(strstr(text, "50.00 %"));
    assert_non_null(strstr(text, "30.000"));
    free(text);
}

static void a_line_that_nobody_can_read_is_an_error(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    (void)state;

    assert_non_null(full);
    assert_int_equal(report_line(json_object(), full), -EIO);
    assert_int_equal(report_line(NULL, full), -ENOMEM);
    (void)fclose(full);
}

#define WITH_TALLY(test) cmocka_unit_test_setup_teardown(test, make, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TALLY(rates_are_of_their_own_time),
        WITH_TALLY(errors_are_named_by_status_or_reason),
        WITH_TALLY(both_latencies_are_given_in_milliseconds),
        WITH_TALLY(shares_of_pods_are_percent_of_all_answers),
        WITH_TALLY(a_run_without_answers_has_no_latency_instead_of_zero),
        WITH_TALLY(progress_has_counts_of_the_run_and_rates_of_the_interval),
        WITH_TALLY(the_text_shows_every_kind_of_error_and_every_pod),
        cmocka_unit_test(a_line_that_nobody_can_read_is_an_error),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
