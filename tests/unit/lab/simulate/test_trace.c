// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "lab/simulate/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, struct trace_columns columns, struct profile_steps *ret,
                 struct err *err)
{
    return trace_parse("t.csv", text, strlen(text), columns, ret, err);
}

static void assert_rows(const char *text, struct trace_columns columns)
{
    struct profile_steps steps = {0};
    struct err e = {0};

    if (parse(text, columns, &steps, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(steps.count, 2);
    assert_float_equal(steps.list[0].at_s, 0, 0);
    assert_float_equal(steps.list[0].rate, 12.5, 0);
    assert_float_equal(steps.list[1].at_s, 60, 1e-6);
    assert_float_equal(steps.list[1].rate, 13, 0);
    free(steps.list);
}

static void reads_seconds_and_dates_with_and_without_a_heading(void **state)
{
    (void)state;

    assert_rows("0,12.5\n60,13\n", (struct trace_columns){0});
    assert_rows("time,rate\r\n1000,12.5\r\n1060,13\r\n", (struct trace_columns){0});
    assert_rows("# made up\n\n2026-11-21T08:00:00Z,12.5\n2026-11-21T09:01:00+01:00,13",
                (struct trace_columns){0});
    assert_rows("0, \"12.5\"\n60,13 \n", (struct trace_columns){0});
}

static void finds_columns_by_name(void **state)
{
    (void)state;

    assert_rows("host,\"req, per s\",t\n\"a,b\",12.5,0\nb,13,60\n",
                (struct trace_columns){.time = "t", .rate = "req, per s"});
}

static void refuses_with_the_line(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "t.csv:1: the trace has no rows"},
        {"time,rate\n", "t.csv:1: the trace has no rows"},
        {"0,1\n\nsoon,2\n", "t.csv:3: column 1 takes a time in seconds or RFC 3339, not 'soon'"},
        {"0,1\n5\n", "t.csv:2: column 2 is missing"},
        {"0,-1\n", "t.csv:1: column 2 takes a rate from 0 to 1e+09 per second, not '-1'"},
        {"0,nan\n", "t.csv:1: column 2 takes a rate from 0 to 1e+09 per second, not 'nan'"},
        {"0,1\n0,2\n", "t.csv:2: this row is not later than the one before it"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct profile_steps steps = {0};
        struct err e = {0};
        assert_int_equal(parse(cases[i].text, (struct trace_columns){0}, &steps, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].message);
        assert_null(steps.list);
    }
}

static void refuses_a_column_that_is_not_there(void **state)
{
    struct profile_steps steps = {0};
    struct err e = {0};
    (void)state;

    assert_int_equal(parse("a,b\n1,2\n", (struct trace_columns){.rate = "requests"}, &steps, &e),
                     -EINVAL);
    assert_string_equal(e.text, "t.csv:1: there is no column 'requests'");
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct profile_steps steps = {0};
    struct err e = {0};
    (void)state;

    assert_int_equal(trace_read("/nonexistent.csv", (struct trace_columns){0}, &steps, &e),
                     -ENOENT);
    assert_non_null(strstr(e.text, "/nonexistent.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_seconds_and_dates_with_and_without_a_heading),
        cmocka_unit_test(finds_columns_by_name),
        cmocka_unit_test(refuses_with_the_line),
        cmocka_unit_test(refuses_a_column_that_is_not_there),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
