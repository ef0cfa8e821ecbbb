// SPDX-License-Identifier: MIT
#include "unit.h"

#include "workload/backoff.h"

#define MAX_NS (BACKOFF_FIRST_NS * 8)

static void doubles_up_to_the_maximum_and_stays_there(void **state)
{
    struct backoff b = {.seed = 1};
    uint64_t whole_ns = BACKOFF_FIRST_NS;
    (void)state;

    for (int i = 0; i < 100; i++) {
        uint64_t wait_ns = backoff_next_ns(&b, MAX_NS);
        assert_in_range(wait_ns, whole_ns / 2, whole_ns);
        whole_ns = whole_ns * 2 > MAX_NS ? MAX_NS : whole_ns * 2;
    }
}

static void starts_over_after_a_success(void **state)
{
    struct backoff b = {.seed = 1};
    (void)state;

    for (int i = 0; i < 5; i++)
        (void)backoff_next_ns(&b, MAX_NS);
    backoff_reset(&b);
    assert_in_range(backoff_next_ns(&b, MAX_NS), BACKOFF_FIRST_NS / 2, BACKOFF_FIRST_NS);
}

static void two_who_failed_together_come_back_apart(void **state)
{
    struct backoff a = {.seed = 1}, b = {.seed = 2};
    int same = 0;
    (void)state;

    for (int i = 0; i < 100; i++)
        same += backoff_next_ns(&a, MAX_NS) == backoff_next_ns(&b, MAX_NS);
    assert_in_range(same, 0, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_maximum_and_stays_there),
        cmocka_unit_test(starts_over_after_a_success),
        cmocka_unit_test(two_who_failed_together_come_back_apart),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
