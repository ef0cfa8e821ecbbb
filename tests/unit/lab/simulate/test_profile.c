// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/simulate/profile.h"

static struct profile one(struct profile_part part)
{
    return (struct profile){.parts = {part}, .count = 1};
}

static void a_step_holds_until_the_next(void **state)
{
    struct profile_step list[] = {{10, 5}, {20, 7}, {30, 0}};
    const struct profile p = one((struct profile_part){.shape = PROFILE_STEPS, .steps = {list, 3}});
    (void)state;

    assert_float_equal(profile_rate(&p, 9.9), 0, 0);
    assert_float_equal(profile_rate(&p, 10), 5, 0);
    assert_float_equal(profile_rate(&p, 19.9), 5, 0);
    assert_float_equal(profile_rate(&p, 20), 7, 0);
    assert_float_equal(profile_rate(&p, 1000), 0, 0);
}

static void a_ramp_is_straight_between_its_ends(void **state)
{
    const struct profile p =
        one((struct profile_part){.shape = PROFILE_RAMP, .ramp = {10, 20, 100, 50}});
    (void)state;

    assert_float_equal(profile_rate(&p, 0), 10, 0);
    assert_float_equal(profile_rate(&p, 125), 15, 1e-9);
    assert_float_equal(profile_rate(&p, 150), 20, 0);
    assert_float_equal(profile_rate(&p, 999), 20, 0);
}

static void a_ramp_over_no_time_is_a_step(void **state)
{
    const struct profile p =
        one((struct profile_part){.shape = PROFILE_RAMP, .ramp = {10, 20, 100, 0}});
    (void)state;

    assert_float_equal(profile_rate(&p, 99), 10, 0);
    assert_float_equal(profile_rate(&p, 100), 20, 0);
}

static void a_day_is_highest_at_its_peak_and_lowest_half_a_day_off(void **state)
{
    const struct profile p = one(
        (struct profile_part){.shape = PROFILE_DIURNAL, .diurnal = {10, 110, 14 * 3600, 86400}});
    (void)state;

    assert_float_equal(profile_rate(&p, 14 * 3600), 110, 1e-9);
    assert_float_equal(profile_rate(&p, 2 * 3600), 10, 1e-9);
    assert_float_equal(profile_rate(&p, 8 * 3600), 60, 1e-9);
    assert_float_equal(profile_rate(&p, -10 * 3600), 110, 1e-9);
}

static void a_flash_crowd_rises_stays_and_halves(void **state)
{
    const struct profile p = one(
        (struct profile_part){.shape = PROFILE_FLASH_CROWD, .flash_crowd = {80, 100, 10, 20, 60}});
    (void)state;

    assert_float_equal(profile_rate(&p, 99), 0, 0);
    assert_float_equal(profile_rate(&p, 105), 40, 1e-9);
    assert_float_equal(profile_rate(&p, 120), 80, 0);
    assert_float_equal(profile_rate(&p, 190), 40, 1e-9);
    assert_float_equal(profile_rate(&p, 250), 20, 1e-9);
}

static void parts_are_added(void **state)
{
    const struct profile p = {.parts = {{.shape = PROFILE_CONSTANT, .constant = 3},
                                        {.shape = PROFILE_CONSTANT, .constant = 4}},
                              .count = 2};
    (void)state;

    assert_float_equal(profile_rate(&p, 0), 7, 0);
}

static void noise_stays_within_its_share_and_is_even(void **state)
{
    double sum = 0;
    (void)state;

    for (uint64_t i = 0; i < 10000; i++) {
        const double factor = profile_noise(0.2, 1, i);
        assert_true(factor >= 0.8 && factor <= 1.2);
        sum += factor;
    }
    assert_float_equal(sum / 10000, 1, 0.005);
}

static void the_same_seed_gives_the_same_noise_and_another_one_does_not(void **state)
{
    (void)state;

    assert_float_equal(profile_noise(0.5, 7, 3), profile_noise(0.5, 7, 3), 0);
    assert_true(profile_noise(0.5, 7, 3) != profile_noise(0.5, 8, 3));
    assert_true(profile_noise(0.5, 7, 3) != profile_noise(0.5, 7, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_holds_until_the_next),
        cmocka_unit_test(a_ramp_is_straight_between_its_ends),
        cmocka_unit_test(a_ramp_over_no_time_is_a_step),
        cmocka_unit_test(a_day_is_highest_at_its_peak_and_lowest_half_a_day_off),
        cmocka_unit_test(a_flash_crowd_rises_stays_and_halves),
        cmocka_unit_test(parts_are_added),
        cmocka_unit_test(noise_stays_within_its_share_and_is_even),
        cmocka_unit_test(the_same_seed_gives_the_same_noise_and_another_one_does_not),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
