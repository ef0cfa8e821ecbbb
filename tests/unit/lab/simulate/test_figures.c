// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "lab/simulate/figures.h"

static void adds_up_what_was_so_in_each_step(void **state)
{
    struct figures f = {0};
    (void)state;

    figures_step(&f, &(struct figures_step){.seconds = 1800,
                                            .cpu_s = 90,
                                            .requested_s = 180,
                                            .replicas = 5,
                                            .placed = 4,
                                            .over_target = true});
    figures_step(&f, &(struct figures_step){
                         .seconds = 5400, .backlog = 7, .wait_s = 3, .replicas = 2, .placed = 2});
    assert_float_equal(figures_pod_hours(&f), 5, 1e-9);
    assert_float_equal(f.pending_s, 1800, 0);
    assert_float_equal(figures_over_percent(&f), 25, 1e-9);
    assert_float_equal(figures_waiting_percent(&f), 75, 1e-9);
    assert_float_equal(figures_utilization_percent(&f), 50, 1e-9);
    assert_float_equal(f.wait_max_s, 3, 0);
    assert_float_equal(f.backlog_max, 7, 0);
    assert_int_equal(f.replicas_max, 5);
}

static void an_oscillation_takes_a_change_back_within_ten_minutes(void **state)
{
    struct figures f = {0};
    (void)state;

    figures_scaled(&f, true, 0);
    figures_scaled(&f, true, 60 * NS_PER_S);
    assert_int_equal(f.oscillations, 0);
    figures_scaled(&f, false, 660 * NS_PER_S);
    assert_int_equal(f.oscillations, 1);
    figures_scaled(&f, true, 1261 * NS_PER_S);
    assert_int_equal(f.oscillations, 1);
    assert_int_equal(f.ups, 3);
    assert_int_equal(f.downs, 1);
}

static void several_workloads_add_up_but_for_the_extremes(void **state)
{
    struct figures sum = {0};
    const struct figures a = {.seconds = 10, .over_s = 5, .ups = 1, .replicas_max = 9},
                         b = {.seconds = 30, .over_s = 5, .ups = 2, .replicas_max = 4};
    (void)state;

    figures_add(&sum, &a);
    figures_add(&sum, &b);
    assert_float_equal(figures_over_percent(&sum), 25, 1e-9);
    assert_int_equal(sum.ups, 3);
    assert_int_equal(sum.replicas_max, 9);
}

static void nothing_gives_zero_and_no_division_by_it(void **state)
{
    const struct figures f = {0};
    (void)state;

    assert_float_equal(figures_over_percent(&f), 0, 0);
    assert_float_equal(figures_utilization_percent(&f), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_up_what_was_so_in_each_step),
        cmocka_unit_test(an_oscillation_takes_a_change_back_within_ten_minutes),
        cmocka_unit_test(several_workloads_add_up_but_for_the_extremes),
        cmocka_unit_test(nothing_gives_zero_and_no_division_by_it),
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
