// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "workload/bandwidth.h"

#define MS NS_PER_MS
#define START (1000 * NS_PER_S) /* of the wall; the CPU clock starts at 7 s */
#define CPU (7 * NS_PER_S)

static struct bandwidth half_a_cpu(void)
{
    return (struct bandwidth){.quota_ns = 50 * MS};
}

static uint64_t ask(struct bandwidth *b, uint64_t at_ms, uint64_t used_ms)
{
    return bandwidth_wait_ns(b, START + at_ms * MS, CPU + used_ms * MS) / MS;
}

static void the_quota_may_be_used_at_once(void **state)
{
    struct bandwidth b = half_a_cpu();
    (void)state;

    assert_int_equal(ask(&b, 0, 0), 0);
    assert_int_equal(ask(&b, 49, 49), 0);
    assert_int_equal(ask(&b, 50, 50), 50);
    assert_int_equal(ask(&b, 60, 50), 40);
    assert_int_equal(ask(&b, 100, 50), 0);
    assert_int_equal(ask(&b, 150, 100), 50);
}

static void several_threads_use_it_up_sooner(void **state)
{
    struct bandwidth b = half_a_cpu();
    (void)state;

    assert_int_equal(ask(&b, 0, 0), 0);
    assert_int_equal(ask(&b, 13, 52), 87); /* four threads */
}

static void what_was_used_too_much_is_taken_from_the_next_period(void **state)
{
    struct bandwidth b = half_a_cpu();
    (void)state;

    assert_int_equal(ask(&b, 0, 0), 0);
    assert_int_equal(ask(&b, 60, 58), 40);
    assert_int_equal(ask(&b, 100, 58), 0);
    assert_int_equal(ask(&b, 141, 99), 0);
    assert_int_equal(ask(&b, 142, 100), 58);
    assert_int_equal(ask(&b, 142, 260), 58); /* more than three quotas ahead */
    assert_int_equal(ask(&b, 200, 260), 100);
    assert_int_equal(ask(&b, 400, 260), 100);
    assert_int_equal(ask(&b, 500, 260), 0);
}

static void what_was_not_used_is_not_saved(void **state)
{
    struct bandwidth b = half_a_cpu();
    (void)state;

    assert_int_equal(ask(&b, 0, 0), 0);
    assert_int_equal(ask(&b, 1020, 10), 0);
    assert_int_equal(ask(&b, 1069, 59), 0);
    assert_int_equal(ask(&b, 1070, 60), 30);
}

static void a_debt_is_forgiven_in_the_end(void **state)
{
    struct bandwidth b = half_a_cpu();
    (void)state;

    assert_int_equal(ask(&b, 0, 0), 0);
    assert_int_equal(ask(&b, 100, 100000), 100); /* 100 s that nobody asked for */
    assert_int_equal(ask(&b, 1000, 100000), 100);
    assert_int_equal(ask(&b, 1200, 100000), 0);
}

static void counts_periods_as_a_cgroup_does(void **state)
{
    struct bandwidth b = half_a_cpu();
    (void)state;

    (void)ask(&b, 0, 0);
    (void)ask(&b, 50, 50); /* has to wait, twice in the same period */
    (void)ask(&b, 60, 50);
    (void)ask(&b, 100, 50);
    (void)ask(&b, 210, 60);
    (void)ask(&b, 9000, 61); /* nobody asked in between */
    assert_int_equal(b.periods, 4);
    assert_int_equal(b.throttled_periods, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quota_may_be_used_at_once),
        cmocka_unit_test(several_threads_use_it_up_sooner),
        cmocka_unit_test(what_was_used_too_much_is_taken_from_the_next_period),
        cmocka_unit_test(what_was_not_used_is_not_saved),
        cmocka_unit_test(a_debt_is_forgiven_in_the_end),
        cmocka_unit_test(counts_periods_as_a_cgroup_does),
    };
    return cmocka_run_group_tests_name("bandwidth", tests, NULL, NULL);
}
