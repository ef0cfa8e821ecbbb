// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "load/schedule.h"

#define START (1000 * NS_PER_S)

static void an_open_loop_is_not_changed_by_answers(void **state)
{
    const struct pace pace = {10, NS_PER_S};
    struct schedule s;
    (void)state;

    schedule_init_open(&s, &pace, START);
    for (uint64_t i = 0; i < 50; i++) {
        schedule_answered(&s, START + 77 * NS_PER_S);
        assert_int_equal(schedule_next_ns(&s), START + i * 100 * NS_PER_MS);
        assert_int_equal(schedule_take(&s), START + i * 100 * NS_PER_MS);
    }
    schedule_done(&s);
}

static void a_closed_loop_asks_again_after_the_pause(void **state)
{
    struct schedule s;
    (void)state;

    assert_int_equal(schedule_init_closed(&s, 1, 10 * NS_PER_MS, START), 0);
    assert_int_equal(schedule_take(&s), START);
    assert_true(schedule_next_ns(&s) == UINT64_MAX); /* its only client waits for the answer */
    schedule_answered(&s, START + 3 * NS_PER_S);
    assert_int_equal(schedule_take(&s), START + 3 * NS_PER_S + 10 * NS_PER_MS);
    schedule_done(&s);
}

static void clients_of_a_closed_loop_do_not_begin_in_step(void **state)
{
    struct schedule s;
    (void)state;

    assert_int_equal(schedule_init_closed(&s, 4, 100 * NS_PER_MS, START), 0);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(schedule_take(&s), START + i * 25 * NS_PER_MS);
    assert_true(schedule_next_ns(&s) == UINT64_MAX);
    schedule_done(&s);
}

static void an_open_loop_beyond_all_time_is_never_due(void **state)
{
    const struct pace pace = {1, 3600 * NS_PER_S};
    struct schedule s;
    (void)state;

    schedule_init_open(&s, &pace, UINT64_MAX - NS_PER_S);
    (void)schedule_take(&s);
    assert_true(schedule_next_ns(&s) == UINT64_MAX);
    schedule_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_loop_is_not_changed_by_answers),
        cmocka_unit_test(a_closed_loop_asks_again_after_the_pause),
        cmocka_unit_test(clients_of_a_closed_loop_do_not_begin_in_step),
        cmocka_unit_test(an_open_loop_beyond_all_time_is_never_due),
    };

    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
