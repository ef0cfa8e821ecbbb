// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/poller.h"
#include "base/clock.h"

#define S NS_PER_S

static void waits_longer_while_a_source_fails(void **state)
{
    static const struct {
        uint64_t interval_ns;
        unsigned failures;
        uint64_t wait_ns;
    } cases[] = {
        {5 * S, 0, 5 * S},           {5 * S, 1, 5 * S},   {5 * S, 2, 10 * S},
        {5 * S, 3, 20 * S},          {5 * S, 4, 40 * S},  {5 * S, 5, 40 * S},
        {5 * S, 4000000000, 40 * S}, {20 * S, 4, 60 * S}, {120 * S, 9, 120 * S},
        {3600 * S, 4, 3600 * S},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(poller_wait_ns(cases[i].interval_ns, cases[i].failures, 0),
                         cases[i].wait_ns);
}

static void jitter_shortens_by_up_to_a_tenth(void **state)
{
    uint64_t least = 5 * S;
    (void)state;

    for (uint64_t random = 0; random < 1000; random++) {
        uint64_t wait_ns = poller_wait_ns(5 * S, 0, random * UINT64_C(999983777));
        assert_in_range(wait_ns, 4500 * NS_PER_MS, 5 * S);
        if (wait_ns < least)
            least = wait_ns;
    }
    assert_true(least < 4510 * NS_PER_MS); /* the whole tenth is used */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_longer_while_a_source_fails),
        cmocka_unit_test(jitter_shortens_by_up_to_a_tenth),
    };
    return cmocka_run_group_tests_name("poller", tests, NULL, NULL);
}
