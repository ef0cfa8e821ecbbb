// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/burn.h"
#include "workload/governor.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static int no_limit(void **state)
{
    (void)state;
    return governor_init(NULL, NULL);
}

static void limits_are_kubernetes_quantities_in_a_range(void **state)
{
    static const char *const wrong[] = {"", "fast", "-1", "0", "9m", "1025", "500 m"};
    (void)state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err err = {0};
        assert_int_equal(governor_init(wrong[i], &err), -EINVAL);
        assert_non_null(strstr(err.text, "--cpu-limit takes"));
        assert_true(governor_limit() == 0);
    }
    assert_int_equal(governor_init("1500m", NULL), 0);
    assert_true(governor_limit() == 1.5);
    assert_int_equal(governor_init("10m", NULL), 0);
    assert_int_equal(governor_init("1024", NULL), 0);
}

static void without_a_limit_everything_is_admitted(void **state)
{
    (void)state;

    assert_true(governor_limit() == 0);
    assert_true(governor_admit());
}

static void *burn_200_ms(void *arg)
{
    (void)arg;
    (void)burn_cpu(200 * NS_PER_MS, NULL, NULL);
    return NULL;
}

/* However fast or busy the machine: a quota of 20 ms is never exceeded by more than a few pieces,
 * so 400 ms of CPU take 19 whole periods at the least. */
static void two_burning_threads_share_the_limit(void **state)
{
    uint64_t start_ns = clock_mono_ns();
    pthread_t threads[2];
    (void)state;

    assert_int_equal(governor_init("200m", NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, burn_200_ms, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_in_range(clock_mono_ns() - start_ns, 1850 * NS_PER_MS, 60 * NS_PER_S);
}

static bool is_set(void *arg)
{
    return atomic_load((atomic_bool *)arg);
}

static void *burn_until_set(void *arg)
{
    (void)burn_cpu(60 * NS_PER_S, is_set, arg);
    return NULL;
}

static void who_is_held_back_still_gives_up(void **state)
{
    atomic_bool gone = false;
    pthread_t thread;
    (void)state;

    assert_int_equal(governor_init("10m", NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, burn_until_set, &gone), 0);
    uint64_t start_ns = clock_mono_ns();
    atomic_store(&gone, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(clock_mono_ns() - start_ns < 30 * NS_PER_S);
}

static void the_php_apache_loop_keeps_to_it_and_its_result(void **state)
{
    uint64_t start_ns = clock_mono_ns(), used_ns = 0;
    (void)state;

    assert_int_equal(governor_init("20m", NULL), 0); /* 2 ms in a period; it takes more than 4 */
    assert_true(burn_php_apache(1, NULL, NULL, &used_ns)); /* asserts its result */
    assert_true(clock_mono_ns() - start_ns > 20 * NS_PER_MS);
}

static void the_series_are_those_of_a_cgroup(void **state)
{
    struct metrics *m = metrics_new();
    struct buf text = {.max = 16384};
    (void)state;

    governor_add_metrics(m); /* no limit, no series */
    assert_int_equal(metrics_write(m, METRICS_TEXT, &text), 0);
    assert_int_equal(text.len, 0);

    assert_int_equal(governor_init("10m", NULL), 0);
    governor_add_metrics(m);
    (void)burn_cpu(5 * NS_PER_MS, NULL, NULL);
    assert_int_equal(metrics_write(m, METRICS_TEXT, &text), 0);
    for (size_t i = 0; i < governor_part.metric_count; i++) {
        const struct metric_desc *d = governor_part.metrics[i];
        assert_non_null(strstr(text.data, d->name));
        assert_true(metric_value(metrics_series(m, d)) > 0);
    }
    buf_done(&text);
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(limits_are_kubernetes_quantities_in_a_range, no_limit),
        cmocka_unit_test_teardown(without_a_limit_everything_is_admitted, no_limit),
        cmocka_unit_test_teardown(two_burning_threads_share_the_limit, no_limit),
        cmocka_unit_test_teardown(who_is_held_back_still_gives_up, no_limit),
        cmocka_unit_test_teardown(the_php_apache_loop_keeps_to_it_and_its_result, no_limit),
        cmocka_unit_test_teardown(the_series_are_those_of_a_cgroup, no_limit),
    };
    return cmocka_run_group_tests_name("governor", tests, NULL, NULL);
}
