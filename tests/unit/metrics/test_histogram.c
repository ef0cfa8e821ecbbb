// SPDX-License-Identifier: MIT
#include "unit.h"

#include "metrics/histogram.h"

#include <string.h>

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S (1000 * MS)

static struct histogram h, a, b; /* too large for the stack */

static int forget(void **state)
{
    (void)state;
    histogram_clear(&h);
    histogram_clear(&a);
    histogram_clear(&b);
    return 0;
}

static void an_empty_one_answers_zero(void **state)
{
    (void)state;

    assert_int_equal(h.count, 0);
    assert_int_equal(histogram_percentile(&h, 50), 0);
    assert_float_equal(histogram_mean(&h), 0, 0);
}

static void one_value_is_every_percentile_exactly(void **state)
{
    (void)state;

    histogram_record(&h, 1234567);
    assert_int_equal(histogram_percentile(&h, 0), 1234567);
    assert_int_equal(histogram_percentile(&h, 50), 1234567);
    assert_int_equal(histogram_percentile(&h, 100), 1234567);
    assert_int_equal(h.min_ns, 1234567);
    assert_int_equal(h.max_ns, 1234567);
    assert_float_equal(histogram_mean(&h), 1234567, 1e-6);
}

/* The larger value keeps the maximum from hiding the rounding. */
static void no_value_of_the_range_is_off_by_more_than_one_percent(void **state)
{
    (void)state;

    for (double ns = 1000; ns < 86400e9; ns *= 1.0037) {
        uint64_t value = (uint64_t)ns;
        histogram_clear(&h);
        histogram_record(&h, value);
        histogram_record(&h, HISTOGRAM_MAX_NS);
        uint64_t median = histogram_percentile(&h, 50);
        assert_true(median >= value);
        assert_true((double)(median - value) <= 0.01 * (double)value);
    }
}

static void bounds_of_powers_fall_into_different_buckets(void **state)
{
    (void)state;

    for (unsigned power = 10; power <= 46; power++) {
        histogram_clear(&h);
        histogram_record(&h, (UINT64_C(1) << power) - 1);
        histogram_record(&h, UINT64_C(1) << power);
        assert_int_equal(histogram_percentile(&h, 50), (UINT64_C(1) << power) - 1);
    }
}

static void what_is_outside_the_range_counts_as_its_end(void **state)
{
    (void)state;

    histogram_record(&h, 0);
    histogram_record(&h, UINT64_MAX);
    assert_int_equal(h.count, 2);
    assert_int_equal(h.min_ns, US);
    assert_int_equal(h.max_ns, 24 * 3600 * S);
    assert_int_equal(histogram_percentile(&h, 100), 24 * 3600 * S);
    assert_in_range(histogram_percentile(&h, 50), US, US + US / 100);
}

static void percentiles_split_the_values_where_they_should(void **state)
{
    (void)state;

    for (uint64_t i = 1; i <= 1000; i++)
        histogram_record(&h, i * MS);
    assert_in_range(histogram_percentile(&h, 50), 500 * MS, 504 * MS);
    assert_in_range(histogram_percentile(&h, 90), 900 * MS, 908 * MS);
    assert_in_range(histogram_percentile(&h, 99.9), 999 * MS, 1000 * MS);
    assert_int_equal(histogram_percentile(&h, 100), 1000 * MS);
    assert_float_equal(histogram_mean(&h), 500.5e6, 1);
}

/* 999 fast values and one slow one: p99.9 is still fast, anything beyond is not. */
static void a_rank_is_not_rounded_up_by_binary_fractions(void **state)
{
    (void)state;

    for (int i = 0; i < 999; i++)
        histogram_record(&h, MS);
    histogram_record(&h, S);
    assert_true(histogram_percentile(&h, 99.9) < 2 * MS);
    assert_int_equal(histogram_percentile(&h, 99.91), S);
}

static void merging_is_the_same_as_recording_all_in_one(void **state)
{
    (void)state;

    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t value = (i * 7919 % 10007) * 37 * US + 3;
        histogram_record(&h, value);
        histogram_record(i % 3 ? &a : &b, value);
    }
    histogram_merge(&a, &b);
    assert_int_equal(a.count, h.count);
    assert_int_equal(a.min_ns, h.min_ns);
    assert_int_equal(a.max_ns, h.max_ns);
    assert_memory_equal(a.counts, h.counts, sizeof(h.counts));
    assert_float_equal(histogram_mean(&a), histogram_mean(&h), 1e-3);
}

static void merging_with_an_empty_one_keeps_minimum_and_maximum(void **state)
{
    (void)state;

    histogram_record(&a, 5 * MS);
    histogram_merge(&a, &b);
    assert_int_equal(a.min_ns, 5 * MS);
    histogram_merge(&b, &a);
    assert_int_equal(b.min_ns, 5 * MS);
    assert_int_equal(b.max_ns, 5 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_one_answers_zero, forget),
        cmocka_unit_test_setup(one_value_is_every_percentile_exactly, forget),
        cmocka_unit_test_setup(no_value_of_the_range_is_off_by_more_than_one_percent, forget),
        cmocka_unit_test_setup(bounds_of_powers_fall_into_different_buckets, forget),
        cmocka_unit_test_setup(what_is_outside_the_range_counts_as_its_end, forget),
        cmocka_unit_test_setup(percentiles_split_the_values_where_they_should, forget),
        cmocka_unit_test_setup(a_rank_is_not_rounded_up_by_binary_fractions, forget),
        cmocka_unit_test_setup(merging_is_the_same_as_recording_all_in_one, forget),
        cmocka_unit_test_setup(merging_with_an_empty_one_keeps_minimum_and_maximum, forget),
    };

    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
