// SPDX-License-Identifier: MIT
#include "unit.h"

#include "workload/buckets.h"

#include <stdbool.h>

static bool has(const double *bounds, size_t count, double bound)
{
    for (size_t i = 0; i < count; i++)
        if (bounds[i] == bound)
            return true;
    return false;
}

static void ascend_at_any_cost(void **state)
{
    static const double costs[] = {0, 1e-6, 0.001, 0.0037, 0.01, 0.1, 1, 2.5, 60};
    double bounds[BUCKETS_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
        size_t count = buckets_for_cost(costs[i], bounds);
        assert_in_range(count, 11, BUCKETS_MAX);
        assert_true(bounds[0] > 0);
        for (size_t k = 1; k < count; k++)
            assert_true(bounds[k - 1] < bounds[k]);
    }
}

static void dashboards_find_the_usual_bounds(void **state)
{
    double bounds[BUCKETS_MAX];
    size_t count = buckets_for_cost(0.02, bounds);
    (void)state;

    assert_true(has(bounds, count, .005));
    assert_true(has(bounds, count, .1));
    assert_true(has(bounds, count, 10));
}

static void the_cost_has_fine_ones_around_it(void **state)
{
    double bounds[BUCKETS_MAX];
    size_t count = buckets_for_cost(0.01, bounds);
    (void)state;

    assert_int_equal(count, 11 + 8 - 3); /* 0.01, 0.05 and 0.1 are usual ones */
    assert_true(has(bounds, count, .01));
    assert_true(has(bounds, count, .011));
    assert_true(has(bounds, count, .0125));
    assert_true(has(bounds, count, .03));
}

static void without_a_cost_they_are_the_usual_ones(void **state)
{
    double bounds[BUCKETS_MAX];
    (void)state;

    assert_int_equal(buckets_for_cost(0, bounds), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascend_at_any_cost),
        cmocka_unit_test(dashboards_find_the_usual_bounds),
        cmocka_unit_test(the_cost_has_fine_ones_around_it),
        cmocka_unit_test(without_a_cost_they_are_the_usual_ones),
    };
    return cmocka_run_group_tests_name("buckets", tests, NULL, NULL);
}
