// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "lab/simulate/series.h"

#define SYNC (15 * NS_PER_S)

static void has_a_bounded_number_of_points_however_long_it_is(void **state)
{
    static const uint64_t days[] = {1, 7, 366};
    struct series s;
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        const uint64_t duration_ns = days[i] * 86400 * NS_PER_S;
        assert_int_equal(series_init(&s, duration_ns, SYNC), 0);
        assert_true(s.count <= SERIES_POINTS_MAX);
        assert_true(s.count > SERIES_POINTS_MAX / 2);
        assert_int_equal(s.stretch_ns % SYNC, 0);
        assert_true(s.count * s.stretch_ns >= duration_ns);
        series_done(&s);
    }
}

static void a_short_one_has_a_point_for_each_evaluation(void **state)
{
    struct series s;
    (void)state;

    assert_int_equal(series_init(&s, 3600 * NS_PER_S, SYNC), 0);
    assert_int_equal(s.count, 240);
    assert_int_equal(s.stretch_ns, SYNC);
    series_done(&s);
}

static void a_point_keeps_peaks_and_adds_what_flows(void **state)
{
    struct point p = {0};
    (void)state;

    point_step(&p, &(struct point){.arrived = 5, .wanted = 9, .granted = 2, .backlog = 4});
    point_step(&p, &(struct point){.arrived = 7, .wanted = 3, .granted = 6, .backlog = 1});
    assert_float_equal(p.arrived, 12, 0);
    assert_float_equal(p.wanted, 9, 0);
    assert_float_equal(p.granted, 6, 0);
    assert_float_equal(p.backlog, 4, 0);
}

static void workloads_are_added(void **state)
{
    struct series s;
    const struct point p = {.arrived = 150, .cpu_s = 3, .requested_s = 6, .granted = 2};
    (void)state;

    assert_int_equal(series_init(&s, 60 * NS_PER_S, SYNC), 0);
    series_add(&s, 1, &p);
    series_add(&s, 1, &p);
    assert_float_equal(series_rate(&s, 1), 20, 1e-9);
    assert_float_equal(series_utilization_percent(&s, 1), 50, 1e-9);
    assert_float_equal(s.points[1].granted, 4, 0);
    assert_float_equal(series_utilization_percent(&s, 0), 0, 0);
    series_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_bounded_number_of_points_however_long_it_is),
        cmocka_unit_test(a_short_one_has_a_point_for_each_evaluation),
        cmocka_unit_test(a_point_keeps_peaks_and_adds_what_flows),
        cmocka_unit_test(workloads_are_added),
    };
    return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
