// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/proxy_durations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOWEST (UINT64_C(1) << 14)
#define HIGHEST (UINT64_C(1) << 38)

static uint64_t quantile(const struct proxy_durations *d, double q)
{
    uint64_t ns = 0;

    assert_int_equal(proxy_durations_quantile(d, NULL, q, &ns), 0);
    return ns;
}

static void is_never_below_the_true_value_and_at_most_a_sixteenth_above(void **state)
{
    (void)state;

    for (uint64_t ns = LOWEST; ns < HIGHEST; ns += 1 + ns / 61) {
        struct proxy_durations d = {0};
        proxy_durations_add(&d, ns);
        const uint64_t read_ns = quantile(&d, 0.99);
        assert_true(read_ns >= ns);
        assert_true(read_ns <= ns + ns / 16 + 1);
    }
}

static void has_a_first_and_a_last_bucket(void **state)
{
    const uint64_t small[] = {0, 1, LOWEST - 1}, large[] = {HIGHEST, HIGHEST + 1, UINT64_MAX};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        struct proxy_durations low = {0}, high = {0};
        proxy_durations_add(&low, small[i]);
        proxy_durations_add(&high, large[i]);
        assert_int_equal(quantile(&low, 0.5), LOWEST);
        assert_int_equal(quantile(&high, 0.5), HIGHEST);
    }
}

static void finds_the_rank_of_the_quantile(void **state)
{
    struct proxy_durations d = {0};
    (void)state;

    for (int i = 0; i < 99; i++)
        proxy_durations_add(&d, 1000000);
    proxy_durations_add(&d, 1000000000);
    assert_in_range(quantile(&d, 0), 1000000, 1062500);
    assert_in_range(quantile(&d, 0.5), 1000000, 1062500);
    assert_in_range(quantile(&d, 0.99), 1000000, 1062500);
    assert_in_range(quantile(&d, 0.995), 1000000000, 1062500000);
    assert_in_range(quantile(&d, 1), 1000000000, 1062500000);
}

static void two_readings_make_a_window(void **state)
{
    struct proxy_durations d = {0}, before;
    uint64_t ns = 7;
    (void)state;

    proxy_durations_add(&d, 1000000000);
    before = d;
    assert_int_equal(proxy_durations_quantile(&d, &before, 0.5, &ns), -ENODATA);
    assert_int_equal(ns, 7);
    proxy_durations_add(&d, 1000000);
    assert_int_equal(proxy_durations_quantile(&d, &before, 0.99, &ns), 0);
    assert_in_range(ns, 1000000, 1062500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_never_below_the_true_value_and_at_most_a_sixteenth_above),
        cmocka_unit_test(has_a_first_and_a_last_bucket),
        cmocka_unit_test(finds_the_rank_of_the_quantile),
        cmocka_unit_test(two_readings_make_a_window),
    };
    return cmocka_run_group_tests_name("proxy_durations", tests, NULL, NULL);
}
