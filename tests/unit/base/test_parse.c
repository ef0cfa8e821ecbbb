// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/parse.h"
#include "base/scoped.h"

#include <errno.h>
#include <math.h>

static void u64_takes_digits_only(void **state)
{
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "1a", "\n"};
    uint64_t value = 77;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_u64(bad[i], 0, UINT64_MAX, &value), -EINVAL);
    assert_int_equal(value, 77);
    assert_int_equal(parse_u64("007", 0, 10, &value), 0);
    assert_int_equal(value, 7);
}

static void u64_knows_its_limits(void **state)
{
    uint64_t value = 77;
    (void)state;

    assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
    assert_int_equal(parse_u64("99999999999999999999999", 0, UINT64_MAX, &value), -ERANGE);
    assert_int_equal(parse_u64("4", 5, 10, &value), -ERANGE);
    assert_int_equal(parse_u64("11", 5, 10, &value), -ERANGE);
    assert_int_equal(value, 77);
    assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(parse_u64("5", 5, 10, &value), 0);
    assert_int_equal(parse_u64("10", 5, 10, &value), 0);
}

static void i64_takes_one_sign(void **state)
{
    static const char *const bad[] = {"", "-", "+", "--1", "+-1", "- 1", "1-"};
    int64_t value = 77;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_i64(bad[i], INT64_MIN, INT64_MAX, &value), -EINVAL);
    assert_int_equal(value, 77);
    assert_int_equal(parse_i64("-12", INT64_MIN, INT64_MAX, &value), 0);
    assert_int_equal(value, -12);
    assert_int_equal(parse_i64("+12", INT64_MIN, INT64_MAX, &value), 0);
    assert_int_equal(value, 12);
}

static void i64_knows_its_limits(void **state)
{
    int64_t value = 77;
    (void)state;

    assert_int_equal(parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &value), -ERANGE);
    assert_int_equal(parse_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &value), -ERANGE);
    assert_int_equal(parse_i64("-6", -5, 5, &value), -ERANGE);
    assert_int_equal(value, 77);
    assert_int_equal(parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &value), 0);
    assert_true(value == INT64_MAX);
}

static void double_is_decimal_and_finite(void **state)
{
    static const char *const bad[] = {"",      "inf",  "nan", "-inf", "0x1p3", "1,5",
                                      " 1",    "1 ",   "1e",  ".",    "--1",   "1e+",
                                      "1.2.3", "1e5e", "e5",  "+",    "1f",    "infinity"};
    double value = 77;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_double(bad[i], -INFINITY, INFINITY, &value), -EINVAL);
    assert_int_equal(parse_double("1e999", -INFINITY, INFINITY, &value), -ERANGE);
    assert_int_equal(parse_double("1.01", 0, 1, &value), -ERANGE);
    assert_int_equal(parse_double("-0.1", 0, 1, &value), -ERANGE);
    assert_float_equal(value, 77, 0);

    assert_int_equal(parse_double("-1.5e2", -INFINITY, INFINITY, &value), 0);
    assert_float_equal(value, -150, 0);
    assert_int_equal(parse_double(".5", 0, 1, &value), 0);
    assert_float_equal(value, .5, 0);
    assert_int_equal(parse_double("1", 0, 1, &value), 0);
}

static void bool_has_four_spellings(void **state)
{
    static const char *const bad[] = {"", "yes", "TRUE", "True", "01", "on", "false "};
    bool value = true;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_bool(bad[i], &value), -EINVAL);
    assert_true(value);
    assert_int_equal(parse_bool("false", &value), 0);
    assert_false(value);
    assert_int_equal(parse_bool("1", &value), 0);
    assert_true(value);
    assert_int_equal(parse_bool("0", &value), 0);
    assert_false(value);
    assert_int_equal(parse_bool("true", &value), 0);
    assert_true(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u64_takes_digits_only),        cmocka_unit_test(u64_knows_its_limits),
        cmocka_unit_test(i64_takes_one_sign),           cmocka_unit_test(i64_knows_its_limits),
        cmocka_unit_test(double_is_decimal_and_finite), cmocka_unit_test(bool_has_four_spellings),
    };
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
