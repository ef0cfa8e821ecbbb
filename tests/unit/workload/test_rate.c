// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "workload/rate.h"

#define S NS_PER_S

static void there_is_no_rate_before_a_second_has_passed(void **state)
{
    struct rate r = {0};
    (void)state;

    assert_float_equal(rate_feed(&r, 100 * S, 7), 0, 0);
    assert_float_equal(rate_feed(&r, 100 * S + S / 2, 9), 0, 0);
    assert_float_equal(rate_feed(&r, 101 * S, 17), 10, 1e-9);
}

static void it_is_the_rate_of_the_last_ten_seconds(void **state)
{
    struct rate r = {0};
    uint64_t total = 0;
    (void)state;

    for (uint64_t t = 0; t <= 20; t++) /* 5 a second */
        assert_float_equal(rate_feed(&r, (100 + t) * S, total += 5), (t ? 5 : 0), 1e-9);
    for (uint64_t t = 21; t <= 25; t++)
        (void)rate_feed(&r, (100 + t) * S, total);
    assert_float_equal(rate_feed(&r, 125 * S, total), 2.5, 1e-9);
    for (uint64_t t = 26; t <= 30; t++)
        (void)rate_feed(&r, (100 + t) * S, total);
    assert_float_equal(rate_feed(&r, 130 * S, total), 0, 0);
}

static void many_readings_in_a_second_cost_and_change_nothing(void **state)
{
    struct rate r = {0};
    double per_s = 0;
    (void)state;

    for (uint64_t i = 0; i <= 100000; i++) /* a reading and an event each millisecond */
        per_s = rate_feed(&r, 100 * S + i * NS_PER_MS, i);
    assert_float_equal(per_s, 1000, 1e-6);
}

static void after_a_pause_the_old_readings_are_gone(void **state)
{
    struct rate r = {0};
    (void)state;

    for (uint64_t t = 0; t <= 5; t++)
        (void)rate_feed(&r, (100 + t) * S, 10 * t);
    assert_float_equal(rate_feed(&r, 200 * S, 50), 0, 0);
    assert_float_equal(rate_feed(&r, 202 * S, 70), 10, 1e-9);
}

static void a_counter_that_falls_starts_over(void **state)
{
    struct rate r = {0};
    (void)state;

    (void)rate_feed(&r, 100 * S, 1000);
    assert_float_equal(rate_feed(&r, 102 * S, 4), 0, 0);
    assert_float_equal(rate_feed(&r, 103 * S, 8), 4, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_rate_before_a_second_has_passed),
        cmocka_unit_test(it_is_the_rate_of_the_last_ten_seconds),
        cmocka_unit_test(many_readings_in_a_second_cost_and_change_nothing),
        cmocka_unit_test(after_a_pause_the_old_readings_are_gone),
        cmocka_unit_test(a_counter_that_falls_starts_over),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
