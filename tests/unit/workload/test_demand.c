// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "workload/demand.h"

#include <errno.h>
#include <stdlib.h>

#define S NS_PER_S
#define MS NS_PER_MS

static int new_demand(void **state)
{
    *state = calloc(1, sizeof(struct demand));
    return *state ? 0 : -1;
}

static int free_demand(void **state)
{
    free(*state);
    return 0;
}

static void requests_add_up(void **state)
{
    struct demand *d = *state;

    assert_int_equal(demand_add(d, 1 * S, 4 * S, 250), 0);
    assert_int_equal(demand_add(d, 2 * S, 3 * S, 1500), 0);
    assert_int_equal(demand_millicores(d, 1 * S - 1), 0);
    assert_int_equal(demand_millicores(d, 1 * S), 250);
    assert_int_equal(demand_millicores(d, 2 * S), 1750);
    assert_int_equal(demand_millicores(d, 3 * S), 250);
    assert_int_equal(demand_millicores(d, 4 * S), 0);
}

static void the_cpu_time_between_two_moments_is_exact(void **state)
{
    struct demand *d = *state;

    assert_int_equal(demand_add(d, 1000 * MS, 2000 * MS, 250), 0);
    assert_int_equal(demand_cpu_ns(d, 1000 * MS, 2000 * MS), 250 * MS);
    assert_int_equal(demand_cpu_ns(d, 996 * MS, 1004 * MS), 1 * MS);  /* begins in between */
    assert_int_equal(demand_cpu_ns(d, 1996 * MS, 2096 * MS), 1 * MS); /* ends in between */
    assert_int_equal(demand_cpu_ns(d, 900 * MS, 1000 * MS), 0);
    assert_int_equal(demand_cpu_ns(d, 2000 * MS, 2100 * MS), 0);

    assert_int_equal(demand_add(d, 1500 * MS, 1600 * MS, 1000), 0);
    assert_int_equal(demand_cpu_ns(d, 1400 * MS, 1700 * MS), (75 + 100) * MS);
}

static void what_asks_for_nothing_is_not_kept(void **state)
{
    struct demand *d = *state;

    assert_int_equal(demand_add(d, 5 * S, 5 * S, 100), 0);
    assert_int_equal(demand_add(d, 5 * S, 4 * S, 100), 0);
    assert_int_equal(demand_add(d, 5 * S, 6 * S, 0), 0);
    assert_int_equal(d->count, 0);
}

static void forgets_what_ended(void **state)
{
    struct demand *d = *state;

    assert_int_equal(demand_add(d, 0, 1 * S, 100), 0);
    assert_int_equal(demand_add(d, 0, 3 * S, 200), 0);
    assert_int_equal(demand_add(d, 0, 2 * S, 400), 0);
    demand_forget(d, 2 * S);
    assert_int_equal(d->count, 2);
    assert_int_equal(demand_millicores(d, S), 600);
}

static void the_number_of_requests_has_a_limit(void **state)
{
    struct demand *d = *state;

    for (int i = 0; i < DEMAND_MAX; i++)
        assert_int_equal(demand_add(d, 0, S, DEMAND_MILLICORES_MAX), 0);
    assert_int_equal(demand_add(d, 0, S, 1), -ENOSPC);
    assert_true(demand_cpu_ns(d, 0, S) == (uint64_t)DEMAND_MAX * DEMAND_MILLICORES_MAX / 1000 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_add_up, new_demand, free_demand),
        cmocka_unit_test_setup_teardown(the_cpu_time_between_two_moments_is_exact, new_demand,
                                        free_demand),
        cmocka_unit_test_setup_teardown(what_asks_for_nothing_is_not_kept, new_demand, free_demand),
        cmocka_unit_test_setup_teardown(forgets_what_ended, new_demand, free_demand),
        cmocka_unit_test_setup_teardown(the_number_of_requests_has_a_limit, new_demand,
                                        free_demand),
    };
    return cmocka_run_group_tests_name("demand", tests, NULL, NULL);
}
