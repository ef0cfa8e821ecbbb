// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/amount.h"

#include "base/scoped.h"

#include <errno.h>
#include <math.h>

static struct amount amount(const char *text)
{
    struct amount a;

    if (amount_parse(text, &a) < 0)
        fail_msg("'%s' is no quantity", text);
    return a;
}

static int64_t milli_of(const char *text)
{
    const struct amount a = amount(text);

    return amount_milli(&a);
}

static double double_of(const char *text)
{
    const struct amount a = amount(text);

    return amount_double(&a);
}

/* What Quantity.MilliValue of apimachinery v0.36.3 returns. */
static void wraps_to_the_bit_where_milli_does_not_fit(void **state)
{
    static const struct {
        const char *text;
        int64_t milli;
    } rows[] = {
        {"200m", INT64_C(200)},
        {"0.0001", INT64_C(1)},
        {"10P", INT64_C(0)},
        {"9300T", INT64_C(0)},
        {"9223372036854776", INT64_C(-9223372036854775616)},
        {"92233720368547758k", INT64_C(-80000)},
        {"9223372036854775807", INT64_C(-1000)},
        {"9223372036854775807m", INT64_MAX},
        {"9223372036854775808m", INT64_MIN},
        {"18446744073709551616", INT64_C(0)},
        {"1E", INT64_C(0)},
        {"1e30", INT64_C(0)},
        {"1e1000000", INT64_C(0)},
        {"12345678901234567e2", INT64_C(0)},
        {"1Ei", INT64_MIN},
        {"-1Ei", INT64_C(0)},
        {"8191Pi", INT64_C(-1125899906842624000)},
        {"9007199254740992Ki", INT64_C(-1000)},
        {"99999999999Ki", INT64_C(102399999998976000)},
        {"999999999999Ki", INT64_C(1023999999998976000)},
        {"0.5Ei", INT64_C(4611686018427387904)},
        {"7.9999999999999999999Ei", INT64_C(-1000)},
        {"99999999999999999999Ei", INT64_C(-1000)},
        {"-0.0000000001", INT64_C(1)},
        {"-0.000000001", INT64_C(-1)},
        {"-0.0001", INT64_C(-1)},
        {"-0.0001Ki", INT64_C(-101)},
        {"-1.5Gi", INT64_C(-1610612736000)},
        {"-1048577.000001Mi", INT64_C(7291968069525)},
        {"-12345678901234567890", INT64_C(-5097733592001)},
        {"-1234567890123456789m", INT64_C(-1096246371336)},
        {"1234567890123456789m", INT64_C(1234567890123456789)},
        {"0.00000000000000000001", INT64_C(1)},
        {"10000000000000000000000000000000000000000000", INT64_C(8023796054858137600)},
        {"123456789012345678901234567890123456789012345678901234567890",
         INT64_C(884874956389893200)},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (milli_of(rows[i].text) != rows[i].milli)
            fail_msg("'%s': %lld, not %lld", rows[i].text, (long long)milli_of(rows[i].text),
                     (long long)rows[i].milli);
}

static void the_exact_number_is_refused_where_it_does_not_fit(void **state)
{
    static const char *const not [] = {"10P", "1Ei", "1e1000000", "-9223372036854775809m"};
    int64_t milli = 7;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(not ); i++) {
        const struct amount a = amount(not [i]);
        assert_int_equal(amount_milli_exact(&a, &milli), -ERANGE);
    }
    assert_int_equal(milli, 7);
    const struct amount least = amount("-9223372036854775808m");
    assert_int_equal(amount_milli_exact(&least, &milli), 0);
    assert_int_equal(milli, INT64_MIN);
}

static void a_double_is_mantissa_times_power_of_ten(void **state)
{
    (void)state;

    assert_true(double_of("0.35") == 0.35000000000000003);
    assert_true(double_of("350m") == 350 * 0.001);
    assert_true(double_of("0.1") == 0.1);
    assert_true(double_of("-0.5") == -0.5);
    assert_true(double_of("1Ki") == 1024);
    assert_true(double_of("0.5Ki") == 512000000000 * 1e-9);
    assert_true(double_of("0.00000000001") == 1e-9); /* no finer than that */
    assert_true(double_of("0.1234567890123456789") == 123456790 * 1e-9);
    assert_true(double_of("1e40") == 1e40);
    assert_true(isinf(double_of("1e400")));
}

static int64_t sum_of(const char *a, const char *b)
{
    struct amount sum = amount(a);
    const struct amount other = amount(b);

    amount_add(&sum, &other);
    return amount_milli(&sum);
}

static void adds_without_rounding_in_between(void **state)
{
    (void)state;

    assert_int_equal(sum_of("200m", "1.5"), 1700);
    assert_int_equal(sum_of("0.0004", "0.0004"), 1);
    assert_int_equal(sum_of("1n", "1e-12"), 1);
    assert_int_equal(sum_of("1Gi", "1G"), INT64_C(2073741824000));
    assert_int_equal(sum_of("0.1Ki", "0.1Ki"), 204800);
    assert_int_equal(sum_of("0", "10P"), 0); /* stays as written */
    assert_int_equal(sum_of("1", "10P"), (int64_t)(UINT64_C(10000000000000001) * 1000));
    assert_int_equal(sum_of("1.5", "-0.5"), 1000);
    assert_int_equal(sum_of("1.0000000000000000001", "-2"), -998);
    assert_int_equal(sum_of("999999999999999999", "9999999999999999999m"),
                     (int64_t)(UINT64_C(1009999999999999998) * 1000 + 999));
}

static int compared(const char *a, const char *b)
{
    const struct amount x = amount(a), y = amount(b);

    return amount_compare(&x, &y);
}

static void compares_by_value(void **state)
{
    (void)state;

    assert_int_equal(compared("1", "1000m"), 0);
    assert_int_equal(compared("1Ki", "1024.0000000000000000"), 0);
    assert_int_equal(compared("1", "1.000000001"), -1);
    assert_int_equal(compared("2Gi", "2G"), 1);
    assert_int_equal(compared("-2", "1"), -1);
    assert_int_equal(compared("-2", "-1"), -1);
    assert_int_equal(compared("0", "-0.0000000000000000001"), 1);
}

static int sign_of(const char *text)
{
    const struct amount a = amount(text);

    return amount_sign(&a);
}

static void a_trace_is_positive(void **state)
{
    (void)state;

    assert_int_equal(sign_of("0"), 0);
    assert_int_equal(sign_of("0.000000000000000000000"), 0);
    assert_int_equal(sign_of("-0"), 0);
    assert_int_equal(sign_of("0.00000000000000000000001"), 1);
    assert_int_equal(sign_of("-1e-30"), -1);
    assert_int_equal(sign_of("10P"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wraps_to_the_bit_where_milli_does_not_fit),
        cmocka_unit_test(the_exact_number_is_refused_where_it_does_not_fit),
        cmocka_unit_test(a_double_is_mantissa_times_power_of_ten),
        cmocka_unit_test(adds_without_rounding_in_between),
        cmocka_unit_test(compares_by_value),
        cmocka_unit_test(a_trace_is_positive),
    };
    return cmocka_run_group_tests_name("amount", tests, NULL, NULL);
}
