// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "load/pace.h"

#include <errno.h>
#include <string.h>

static void reads_requests_and_the_time_that_they_are_spread_over(void **state)
{
    static const struct {
        const char *text;
        uint64_t count, per_ns;
    } cases[] = {
        {"100", 100, NS_PER_S},           {"50/s", 50, NS_PER_S},
        {"50/1s", 50, NS_PER_S},          {"90/1m", 90, 60 * NS_PER_S},
        {"90/m", 90, 60 * NS_PER_S},      {"5/500ms", 5, 500 * NS_PER_MS},
        {"1/h", 1, 3600 * NS_PER_S},      {"1/us", 1, NS_PER_US},
        {"1000000/s", 1000000, NS_PER_S}, {"3/1m30s", 3, 90 * NS_PER_S},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pace p = {0};
        assert_int_equal(pace_parse(cases[i].text, &p, NULL), 0);
        assert_int_equal(p.count, cases[i].count);
        assert_int_equal(p.per_ns, cases[i].per_ns);
    }
}

static void refuses_what_is_no_rate_and_says_what_it_got(void **state)
{
    static const char *const texts[] = {
        "",
        "/s",
        "fast",
        "1.5/s",
        "-1",
        "+1",
        " 1",
        "1/",
        "1/0s",
        "1/0",
        "1/1",
        "1/s/s",
        "1/x",
        "1 /s",
        "0",
        "0/s",
        "infinity",
        "1000001/s",
        "2/us",
        "1/999ns",
        "18446744073709551616",
        "1/-1s",
        "1/mmmmmmmmmmmmmmmmmmmmmmmm",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct pace p = {.count = 7, .per_ns = 8};
        struct err err = {0};
        assert_int_equal(pace_parse(texts[i], &p, &err), -EINVAL);
        assert_non_null(strstr(err.text, texts[i]));
        assert_int_equal(p.count, 7);
        assert_int_equal(p.per_ns, 8);
    }
}

static void a_million_requests_do_not_drift(void **state)
{
    const struct pace p = {7, NS_PER_S}; /* a gap that nanoseconds cannot express */
    uint64_t before = pace_offset_ns(&p, 0);
    (void)state;

    assert_int_equal(before, 0);
    for (uint64_t i = 1; i <= 1000000; i++) {
        uint64_t offset = pace_offset_ns(&p, i);
        assert_in_range(offset - before, 142857142, 142857143);
        before = offset;
    }
    assert_int_equal(pace_offset_ns(&p, 700000), 100000 * NS_PER_S);
}

static void a_year_at_the_highest_rate_is_still_exact(void **state)
{
    const struct pace p = {PACE_MAX_PER_S, NS_PER_S};
    const uint64_t year_s = UINT64_C(365) * 86400;
    (void)state;

    assert_int_equal(pace_offset_ns(&p, year_s * PACE_MAX_PER_S + 1), year_s * NS_PER_S + 1000);
}

static void an_index_beyond_all_time_is_never_due(void **state)
{
    const struct pace p = {1, 3600 * NS_PER_S};
    (void)state;

    assert_true(pace_offset_ns(&p, UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_requests_and_the_time_that_they_are_spread_over),
        cmocka_unit_test(refuses_what_is_no_rate_and_says_what_it_got),
        cmocka_unit_test(a_million_requests_do_not_drift),
        cmocka_unit_test(a_year_at_the_highest_rate_is_still_exact),
        cmocka_unit_test(an_index_beyond_all_time_is_never_due),
    };

    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
