// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/cost.h"

#include <errno.h>
#include <string.h>

static int read_cost(const struct http_pair *query, size_t count, uint64_t *ret_ns, struct err *err)
{
    struct http_request r = {.query = query, .query_count = count};

    return cost_of_request(&r, 10, ret_ns, err);
}

static void without_a_parameter_it_is_the_default(void **state)
{
    const struct http_pair other = {"size", "3"};
    uint64_t ns = 0;
    (void)state;

    assert_int_equal(read_cost(NULL, 0, &ns, NULL), 0);
    assert_int_equal(ns, 10 * NS_PER_MS);
    assert_int_equal(read_cost(&other, 1, &ns, NULL), 0);
    assert_int_equal(ns, 10 * NS_PER_MS);
}

static void a_parameter_is_milliseconds_with_fractions(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {{"0", 0},          {"1", NS_PER_MS},         {"0.25", 250 * NS_PER_US},
                 {"2e1", 20000000}, {"60000", 60 * NS_PER_S}, {"60000.0", 60 * NS_PER_S}};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct http_pair query = {"cpu_ms", cases[i].text};
        uint64_t ns = 1;
        assert_int_equal(read_cost(&query, 1, &ns, NULL), 0);
        assert_int_equal(ns, cases[i].ns);
    }
}

static void what_is_no_such_number_is_refused_with_a_sentence(void **state)
{
    static const char *const cases[] = {"",     "abc", "-1",   "1e9", "60000.1", "nan",
                                        "0x10", "1 ",  "10ms", "inf", "1,5"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct http_pair query = {"cpu_ms", cases[i]};
        struct err err = {0};
        uint64_t ns = 77;
        assert_int_equal(read_cost(&query, 1, &ns, &err), -EINVAL);
        assert_int_equal(ns, 77);
        assert_non_null(strstr(err.text, "cpu_ms takes a number of milliseconds from 0 to 60000"));
        assert_non_null(strstr(err.text, cases[i]));
    }
}

static void twice_is_refused_also_when_both_are_the_same(void **state)
{
    const struct http_pair query[] = {{"cpu_ms", "5"}, {"x", ""}, {"cpu_ms", "5"}};
    struct err err = {0};
    uint64_t ns = 77;
    (void)state;

    assert_int_equal(read_cost(query, 3, &ns, &err), -EINVAL);
    assert_string_equal(err.text, "cpu_ms is given more than once");
    assert_int_equal(ns, 77);
}

static void a_factor_stays_within_the_largest_cost(void **state)
{
    (void)state;
    assert_int_equal(cost_times(10 * NS_PER_MS, 1), 10 * NS_PER_MS);
    assert_int_equal(cost_times(10 * NS_PER_MS, 0.5), 5 * NS_PER_MS);
    assert_int_equal(cost_times(0, 1e9), 0);
    assert_int_equal(cost_times(60 * NS_PER_S, 1e9), 60 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_parameter_it_is_the_default),
        cmocka_unit_test(a_parameter_is_milliseconds_with_fractions),
        cmocka_unit_test(what_is_no_such_number_is_refused_with_a_sentence),
        cmocka_unit_test(twice_is_refused_also_when_both_are_the_same),
        cmocka_unit_test(a_factor_stays_within_the_largest_cost),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
