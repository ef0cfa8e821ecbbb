// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/scoped.h"
#include "metrics/answers.h"

#include <pthread.h>
#include <string.h>

static const double bounds[] = {1, 2};
static const struct metric_desc total = {"total", METRIC_COUNTER, "", {"method", "route", "code"}};
static const struct metric_desc duration = {"duration", METRIC_HISTOGRAM, "", {"method", "route"},
                                            bounds,     ARRAY_LEN(bounds)};

static struct answers *new_answers(void)
{
    static struct answers a;

    a = (struct answers){.metrics = metrics_new(), .total = &total, .duration = &duration};
    return &a;
}

static void free_answers(struct answers *a)
{
    answers_done(a);
    metrics_free(a->metrics);
}

static double count_of(struct answers *a, const char *method, const char *route, const char *code)
{
    return metric_value(metrics_series(a->metrics, &total, method, route, code));
}

static void every_kind_of_answer_is_a_series_of_its_own(void **state)
{
    static const char get[] = "GET", put[] = "PUT", a_path[] = "/a", b_path[] = "/b";
    static const struct http_done done[] = {
        {get, a_path, 200, NS_PER_S}, {get, a_path, 404, NS_PER_S}, {get, b_path, 200, NS_PER_S},
        {put, a_path, 200, NS_PER_S}, {get, a_path, 200, NS_PER_S},
    };
    struct answers *a = new_answers();
    (void)state;

    for (size_t i = 0; i < 3 * ARRAY_LEN(done); i++)
        answers_count(a, &done[i % ARRAY_LEN(done)]);
    assert_float_equal(count_of(a, "GET", "/a", "200"), 6, 0);
    assert_float_equal(count_of(a, "GET", "/a", "404"), 3, 0);
    assert_float_equal(count_of(a, "GET", "/b", "200"), 3, 0);
    assert_float_equal(count_of(a, "PUT", "/a", "200"), 3, 0);
    free_answers(a);
}

static void equal_texts_at_other_addresses_are_the_same_series(void **state)
{
    static const char here[] = "/a", there[] = "/a";
    struct answers *a = new_answers();
    (void)state;

    answers_count(a, &(struct http_done){"GET", here, 200, 1});
    answers_count(a, &(struct http_done){"GET", there, 200, 1});
    assert_float_equal(count_of(a, "GET", "/a", "200"), 2, 0);
    free_answers(a);
}

static void durations_fall_into_the_buckets_of_their_seconds(void **state)
{
    scoped(buf_done) struct buf out = {.max = MIB};
    struct answers *a = new_answers();
    (void)state;

    answers_count(a, &(struct http_done){"GET", "/a", 200, NS_PER_S / 2});
    answers_count(a, &(struct http_done){"GET", "/a", 500, 3 * NS_PER_S / 2});
    assert_int_equal(metrics_write(a->metrics, METRICS_TEXT, &out), 0);
    assert_non_null(strstr(out.data, "duration_bucket{method=\"GET\",route=\"/a\",le=\"1\"} 1\n"));
    assert_non_null(strstr(out.data, "duration_bucket{method=\"GET\",route=\"/a\",le=\"2\"} 2\n"));
    assert_non_null(strstr(out.data, "duration_sum{method=\"GET\",route=\"/a\"} 2\n"));
    free_answers(a);
}

static void more_kinds_than_the_registry_takes_are_let_go(void **state)
{
    struct answers *a = new_answers();
    (void)state;

    for (int i = 0; i < METRICS_SERIES_MAX + 10; i++)
        answers_count(a, &(struct http_done){"GET", "/a", i, 1});
    assert_float_equal(count_of(a, "GET", "/a", "17"), 1, 0);
    free_answers(a);
}

#define ROUNDS 2000
#define THREADS 4

static void *count_rounds(void *arg)
{
    for (int i = 0; i < ROUNDS; i++)
        answers_count(arg, &(struct http_done){"GET", "/a", 200 + i % 50, 1});
    return NULL;
}

static void threads_lose_no_answer(void **state)
{
    struct answers *a = new_answers();
    pthread_t threads[THREADS];
    (void)state;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_rounds, a), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_float_equal(count_of(a, "GET", "/a", "249"), ROUNDS / 50 * THREADS, 0);
    free_answers(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_answer_is_a_series_of_its_own),
        cmocka_unit_test(equal_texts_at_other_addresses_are_the_same_series),
        cmocka_unit_test(durations_fall_into_the_buckets_of_their_seconds),
        cmocka_unit_test(more_kinds_than_the_registry_takes_are_let_go),
        cmocka_unit_test(threads_lose_no_answer),
    };
    return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
