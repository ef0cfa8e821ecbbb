// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/hpa/stabilise.h"

#define S UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * S)

static int32_t legacy(struct recommendations *r, int32_t desired, uint64_t now_ns)
{
    assert_int_equal(recommendations_reserve(r), 0);
    return stabilise_legacy(r, desired, 300 * S, now_ns).value;
}

static struct stabilised windows(struct recommendations *r, int32_t current, int32_t desired,
                                 uint64_t now_ns)
{
    assert_int_equal(recommendations_reserve(r), 0);
    return stabilise_windows(r, current, desired, 60 * S, 300 * S, now_ns);
}

static void legacy_window_includes_its_end(void **state)
{
    struct recommendations r = {0};
    (void)state;

    assert_int_equal(legacy(&r, 10, T0), 10);
    assert_int_equal(legacy(&r, 3, T0 + 300 * S), 10);
    recommendations_done(&r);

    assert_int_equal(legacy(&r, 10, T0), 10);
    assert_int_equal(legacy(&r, 3, T0 + 300 * S + 1), 3);
    recommendations_done(&r);
}

static void behavior_windows_exclude_their_end(void **state)
{
    struct recommendations r = {0};
    (void)state;

    assert_int_equal(windows(&r, 10, 10, T0).value, 10);
    assert_int_equal(windows(&r, 10, 3, T0 + 300 * S - 1).value, 10);
    recommendations_done(&r);

    assert_int_equal(windows(&r, 10, 10, T0).value, 10);
    assert_int_equal(windows(&r, 10, 3, T0 + 300 * S).value, 3);
    recommendations_done(&r);
}

static void a_window_of_0_lets_nothing_in(void **state)
{
    struct recommendations r = {0};
    (void)state;

    assert_int_equal(recommendations_reserve(&r), 0);
    recommendations_begin(&r, 10, T0);
    assert_int_equal(stabilise_windows(&r, 10, 3, 0, 0, T0).value, 3);
    recommendations_done(&r);
}

static void goes_up_to_the_lowest_and_down_to_the_highest_of_the_windows(void **state)
{
    struct recommendations r = {0};
    (void)state;

    assert_int_equal(windows(&r, 4, 6, T0).value, 6);
    struct stabilised s = windows(&r, 4, 9, T0 + 30 * S);
    assert_int_equal(s.value, 6);
    assert_int_equal(s.held, HPA_HELD_UP);
    assert_int_equal(s.by.value, 6);
    assert_true(s.by.time_ns == T0);
    assert_true(s.window_ns == 60 * S);

    s = windows(&r, 8, 2, T0 + 100 * S); /* 6 and 9 are in the window of 300 s */
    assert_int_equal(s.value, 8);
    assert_int_equal(s.held, HPA_HELD_DOWN);
    assert_int_equal(s.by.value, 9);
    assert_true(s.window_ns == 300 * S);
    recommendations_done(&r);
}

static void the_size_that_was_found_holds_at_first(void **state)
{
    struct recommendations r = {0};
    (void)state;

    assert_int_equal(recommendations_reserve(&r), 0);
    recommendations_begin(&r, 7, T0);
    assert_int_equal(legacy(&r, 2, T0), 7);
    recommendations_begin(&r, 9, T0 + 15 * S); /* there is a history already */
    assert_int_equal(legacy(&r, 2, T0 + 15 * S), 7);
    recommendations_done(&r);
}

static void of_equal_recommendations_the_youngest_holds(void **state)
{
    struct recommendations r = {0};
    (void)state;

    assert_int_equal(legacy(&r, 10, T0), 10);
    assert_int_equal(legacy(&r, 10, T0 + 15 * S), 10);
    assert_int_equal(recommendations_reserve(&r), 0);
    struct stabilised s = stabilise_legacy(&r, 3, 300 * S, T0 + 30 * S);
    assert_int_equal(s.held, HPA_HELD_DOWN);
    assert_true(s.by.time_ns == T0 + 15 * S);
    recommendations_done(&r);
}

static void overwrites_the_last_obsolete_entry_in_place(void **state)
{
    struct recommendations r = {0};
    (void)state;

    for (uint64_t i = 0; i < 3; i++)
        (void)legacy(&r, (int32_t)i, T0 + i * S);
    (void)legacy(&r, 5, T0 + 301 * S + S / 2); /* the first two are obsolete, the third is not */
    assert_int_equal(r.count, 3);
    assert_int_equal(r.all[0].value, 0);
    assert_int_equal(r.all[1].value, 5);
    assert_int_equal(r.all[2].value, 2);
    recommendations_done(&r);
}

static void history_is_bounded_by_the_window(void **state)
{
    struct recommendations r = {0};
    (void)state;

    for (uint64_t i = 0; i < 10000; i++)
        (void)legacy(&r, 4, T0 + i * 15 * S);
    assert_true(r.count <= 300 / 15 + 2);
    recommendations_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_window_includes_its_end),
        cmocka_unit_test(behavior_windows_exclude_their_end),
        cmocka_unit_test(a_window_of_0_lets_nothing_in),
        cmocka_unit_test(goes_up_to_the_lowest_and_down_to_the_highest_of_the_windows),
        cmocka_unit_test(the_size_that_was_found_holds_at_first),
        cmocka_unit_test(of_equal_recommendations_the_youngest_holds),
        cmocka_unit_test(overwrites_the_last_obsolete_entry_in_place),
        cmocka_unit_test(history_is_bounded_by_the_window),
    };
    return cmocka_run_group_tests_name("stabilise", tests, NULL, NULL);
}
