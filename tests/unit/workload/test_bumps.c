// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "workload/bumps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int new_bumps(void **state)
{
    *state = calloc(1, sizeof(struct bumps));
    return *state ? 0 : -1;
}

static int free_bumps(void **state)
{
    free(*state);
    return 0;
}

static void assert_shows(struct bumps *b, uint64_t now_ns, const char *expected)
{
    scoped(buf_done) struct buf text = {.max = 4096};

    assert_int_equal(bumps_write(b, now_ns, &text), 0);
    assert_string_equal(text.data ? text.data : "", expected);
}

static void the_exposition_is_resource_consumers_to_the_byte(void **state)
{
    struct bumps *b = *state;

    assert_shows(b, 0, "");
    assert_int_equal(bumps_add(b, 0, 10, "QPS", 10), 0);
    assert_int_equal(bumps_add(b, 0, 10, "a:b_1", -0.5), 0);
    assert_shows(b, 1,
                 "# HELP QPS info message.\n# TYPE QPS gauge\nQPS 10.000000\n"
                 "# HELP a:b_1 info message.\n# TYPE a:b_1 gauge\na:b_1 -0.500000\n");
}

static void bumps_add_up_and_end_each_in_its_time(void **state)
{
    struct bumps *b = *state;

    assert_int_equal(bumps_add(b, 0, 10, "x", 0.1), 0);
    assert_int_equal(bumps_add(b, 0, 20, "x", 0.2), 0);
    assert_shows(b, 9, "# HELP x info message.\n# TYPE x gauge\nx 0.300000\n");
    assert_shows(b, 10, "# HELP x info message.\n# TYPE x gauge\nx 0.200000\n");
}

static void a_gauge_stays_at_zero(void **state)
{
    struct bumps *b = *state;

    assert_int_equal(bumps_add(b, 5, 5, "x", 7), 0); /* ended before it began */
    assert_int_equal(bumps_add(b, 5, 6, "x", -1e-9), 0);
    assert_shows(b, 6, "# HELP x info message.\n# TYPE x gauge\nx 0.000000\n");
}

static void names_that_would_break_the_exposition_are_refused(void **state)
{
    static const char *const wrong[] = {"", "1a", "a b", "a\nb", "a-b", "{}", "\xc3\xa4"};
    struct bumps *b = *state;
    char name[BUMPS_NAME_MAX + 2];

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(bumps_add(b, 0, 10, wrong[i], 1), -EINVAL);
    memset(name, 'n', sizeof(name));
    name[BUMPS_NAME_MAX + 1] = '\0';
    assert_int_equal(bumps_add(b, 0, 10, name, 1), -EINVAL);
    name[BUMPS_NAME_MAX] = '\0';
    assert_int_equal(bumps_add(b, 0, 10, name, 1), 0);
}

static void gauges_and_bumps_have_limits(void **state)
{
    struct bumps *b = *state;
    char name[16];

    for (int i = 0; i < BUMPS_GAUGES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "g%d", i);
        assert_int_equal(bumps_add(b, 0, 10, name, 1), 0);
    }
    assert_int_equal(bumps_add(b, 0, 10, "one_more", 1), -ENOSPC);
    for (int i = BUMPS_GAUGES_MAX; i < BUMPS_MAX; i++)
        assert_int_equal(bumps_add(b, 0, 10, "g0", 1), 0);
    assert_int_equal(bumps_add(b, 9, 10, "g0", 1), -ENOSPC);
    assert_int_equal(bumps_add(b, 10, 20, "g0", 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_exposition_is_resource_consumers_to_the_byte, new_bumps,
                                        free_bumps),
        cmocka_unit_test_setup_teardown(bumps_add_up_and_end_each_in_its_time, new_bumps,
                                        free_bumps),
        cmocka_unit_test_setup_teardown(a_gauge_stays_at_zero, new_bumps, free_bumps),
        cmocka_unit_test_setup_teardown(names_that_would_break_the_exposition_are_refused,
                                        new_bumps, free_bumps),
        cmocka_unit_test_setup_teardown(gauges_and_bumps_have_limits, new_bumps, free_bumps),
    };
    return cmocka_run_group_tests_name("bumps", tests, NULL, NULL);
}
