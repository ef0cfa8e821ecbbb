// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/sources/kafka_lag.h"

#define NONE KAFKA_NO_OFFSET

static void follows_the_rules(void **state)
{
    static const struct kafka_partition three[] = {
        {.committed = 90, .previous = 80, .start = 0, .end = 100},
        {.committed = 50, .previous = 50, .start = 0, .end = 55},
        {.committed = 7, .previous = 7, .start = 0, .end = 7},
    };
    static const struct kafka_partition unknown[] = {
        {.committed = NONE, .previous = NONE, .start = 40, .end = 100}};
    static const struct kafka_partition anew[] = {
        {.committed = 500, .previous = 500, .start = 0, .end = 3}};
    static const struct kafka_partition far[] = {{.committed = 0, .previous = NONE, .end = 1000},
                                                 {.committed = 5, .previous = 5, .end = 5}};
    static const struct {
        struct kafka_lag_rules rules;
        const struct kafka_partition *partitions;
        size_t count;
        int64_t lag;
    } cases[] = {
        {{.threshold = 10}, three, 3, 15},
        {{.threshold = 10}, three, 0, 0},
        {{.threshold = 10}, unknown, 1, 1},
        {{.threshold = 10, .zero_on_invalid_offset = true}, unknown, 1, 0},
        {{.threshold = 100, .earliest = true}, unknown, 1, 60},
        {{.threshold = 100, .earliest = true, .zero_on_invalid_offset = true}, unknown, 1, 0},
        {{.threshold = 10}, anew, 1, 0},
        {{.threshold = 10, .exclude_persistent = true}, three, 3, 10},
        {{.threshold = 10, .exclude_persistent = true, .earliest = true}, unknown, 1, 10},
        {{.threshold = 10}, far, 2, 20}, /* two partitions */
        {{.threshold = 10, .allow_idle = true}, far, 2, 1000},
        {{.threshold = 10, .limit_to_those_with_lag = true}, far, 2, 10},
        {{.threshold = 1000}, far, 2, 1000},
        {{.threshold = 10, .even = true}, three, 3, 30}, /* 2 do not divide 3 */
        {{.threshold = 100, .even = true}, three, 3, 100},
        {{.threshold = 10, .even = true}, anew, 1, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t lag = kafka_lag(&cases[i].rules, cases[i].partitions, cases[i].count);
        if (lag != cases[i].lag)
            fail_msg("case %zu: %lld, not %lld", i, (long long)lag, (long long)cases[i].lag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_rules),
    };
    return cmocka_run_group_tests_name("kafka_lag", tests, NULL, NULL);
}
