// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/hpa/combine.h"

#define FAILED INT32_MIN

struct row {
    const char *what;
    int32_t proposals[3];
    int32_t current;
    bool fails;
    int32_t desired;
    size_t winner;
};

static void takes_the_largest_and_lets_failures_block_only_the_way_down(void **state)
{
    static const struct row rows[] = {
        {"largest wins", {3, 7, 5}, 4, false, 7, 1},
        {"first of equals wins", {5, 5, 5}, 4, false, 5, 0},
        {"all failed", {FAILED, FAILED, FAILED}, 4, true, 0, 0},
        {"one failed, up goes on", {FAILED, 6, 2}, 4, false, 6, 1},
        {"one failed, staying goes on", {4, FAILED, 2}, 4, false, 4, 0},
        {"one failed, down is blocked", {3, FAILED, 2}, 4, true, 3, 0},
        {"0 is replaced by anything later", {0, -2, -5}, 4, false, -2, 1},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hpa_result results[3] = {0};
        for (size_t k = 0; k < 3; k++) {
            results[k].proposal = rows[i].proposals[k];
            results[k].error = rows[i].proposals[k] == FAILED ? "no" : NULL;
        }
        struct combined c = combine(results, 3, rows[i].current);
        if (c.failed != rows[i].fails ||
            (!c.failed && (c.proposal != rows[i].desired || c.winner != rows[i].winner)))
            fail_msg("%s: failed=%d proposal=%d winner=%zu", rows[i].what, c.failed, c.proposal,
                     c.winner);
    }
}

static void names_the_first_failure(void **state)
{
    const struct hpa_result results[] = {{.proposal = 1}, {.error = "first"}, {.error = "second"}};
    (void)state;

    struct combined c = combine(results, 3, 4);
    assert_int_equal(c.first_failed, 1);
    assert_int_equal(c.failed_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_largest_and_lets_failures_block_only_the_way_down),
        cmocka_unit_test(names_the_first_failure),
    };
    return cmocka_run_group_tests_name("combine", tests, NULL, NULL);
}
