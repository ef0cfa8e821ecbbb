// SPDX-License-Identifier: MIT
#include "unit.h"

#include "workload/dice.h"

static void a_seed_reproduces_the_sequence(void **state)
{
    struct dice one = {.seed = 7}, other = {.seed = 7}, third = {.seed = 8};
    int same = 0;
    (void)state;

    for (int i = 0; i < 100; i++) {
        double roll = dice_roll(&one);
        assert_true(roll == dice_roll(&other));
        same += roll == dice_roll(&third);
    }
    assert_int_equal(same, 0);
}

static void is_evenly_spread_over_what_has_a_logarithm(void **state)
{
    struct dice dice = {.seed = 1};
    int tenths[10] = {0};
    (void)state;

    for (int i = 0; i < 100000; i++) {
        double roll = dice_roll(&dice);
        assert_true(roll > 0 && roll <= 1);
        tenths[roll < 1 ? (int)(roll * 10) : 9]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(tenths[i], 9600, 10400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_reproduces_the_sequence),
        cmocka_unit_test(is_evenly_spread_over_what_has_a_logarithm),
    };
    return cmocka_run_group_tests_name("dice", tests, NULL, NULL);
}
