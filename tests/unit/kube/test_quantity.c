// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/quantity.h"

#include "base/buf.h"
#include "base/scoped.h"

#include <errno.h>

#define UNTOUCHED INT64_C(-4242)

struct row {
    const char *text;
    int64_t milli;
};

static void check(const struct row *rows, size_t count, int expected)
{
    for (size_t i = 0; i < count; i++) {
        int64_t milli = UNTOUCHED;
        int r = quantity_parse(rows[i].text, &milli);
        int64_t want = expected == 0 ? rows[i].milli : UNTOUCHED;
        if (r != expected || milli != want)
            fail_msg("'%s': %d and %lld, not %d and %lld", rows[i].text, r, (long long)milli,
                     expected, (long long)want);
    }
}

static void reads_every_suffix(void **state)
{
    static const struct row rows[] = {
        {"5000000000n", 5000},
        {"5000000u", 5000},
        {"200m", 200},
        {"7", 7000},
        {"2k", 2000000},
        {"3M", 3000000000},
        {"4G", 4000000000000},
        {"5T", 5000000000000000},
        {"6P", 6000000000000000000},
        {"0E", 0},
        {"0.001E", 1000000000000000000},
        {"1Ki", 1024000},
        {"1Mi", 1048576000},
        {"1Gi", 1073741824000},
        {"1Ti", 1099511627776000},
        {"1Pi", 1125899906842624000},
        {"0.007Ei", 8070450532247928832},
        {"0Ei", 0},
    };
    (void)state;

    check(rows, ARRAY_LEN(rows), 0);
}

static void reads_points_signs_and_exponents(void **state)
{
    static const struct row rows[] = {
        {"1.5", 1500},   {"1.500", 1500},     {"5.", 5000},         {".5", 500},
        {"+5", 5000},    {"-5", -5000},       {"-.5", -500},        {"007", 7000},
        {"0", 0},        {"-0", 0},           {"0.0", 0},           {".0", 0},
        {"0.", 0},       {"1e3", 1000000},    {"1E3", 1000000},     {"1e+3", 1000000},
        {"1e-3", 1},     {"1.5e1", 15000},    {"0.5Ki", 512000},    {"1.5Ki", 1536000},
        {"15e-1", 1500}, {"1e0", 1000},       {"1e00003", 1000000}, {"-1.5Ki", -1536000},
        {"0.35", 350},   {"100000e-5", 1000}, {"0.05k", 50000},     {"00.050", 50},
    };
    (void)state;

    check(rows, ARRAY_LEN(rows), 0);
}

static void rounds_away_from_zero(void **state)
{
    static const struct row rows[] = {
        {"0.0001", 1},
        {"-0.0001", -1},
        {"1n", 1},
        {"1u", 1},
        {"999u", 1},
        {"1000u", 1},
        {"1001u", 2},
        {"-1001u", -2},
        {"0.9999", 1000},
        {"1.0000000001", 1001},
        {"0.0001m", 1},
        {"1e-400", 1},
        {"-1e-400", -1},
        {"1e-99999999999999999999", 1},
        {"0.0001Ki", 103},
        {"-0.0001Ki", -103},
        {"0.0009765625Ki", 1000},
        {"0.00000000000000000000000000000000000000001Ei", 1},
        {"12.00000000000000000000000000000000000000000000000000000001", 12001},
        {"12.00000000000000000000000000000000000000000000000000000000", 12000},
    };
    (void)state;

    check(rows, ARRAY_LEN(rows), 0);
}

static void the_whole_of_int64_fits_and_nothing_more(void **state)
{
    static const struct row fit[] = {
        {"9223372036854775807m", INT64_MAX},
        {"9223372036854775.807", INT64_MAX},
        {"9.223372036854775807P", INT64_MAX},
        {"9223372036854775806.1m", INT64_MAX},
        {"-9223372036854775808m", INT64_MIN},
        {"-9223372036854775807.1m", INT64_MIN},
        {"00000000000000000000000000000000000001", 1000},
        {"1000000000000000000000000000000e-30", 1000},
        {"8Pi", INT64_C(9007199254740992000)},
        {"0e999999999999999999999999", 0},
    };
    static const struct row not [] = {
        {"9223372036854775808m", 0},
        {"9223372036854775807.1m", 0},
        {"-9223372036854775809m", 0},
        {"-9223372036854775808.1m", 0},
        {"9223372036854776", 0},
        {"10P", 0},
        {"9300T", 0},
        {"1E", 0},
        {"1e30", 0},
        {"1e99999999999999999999", 0},
        {"1Ei", 0},
        {"-1Ei", 0},
        {"8.2Pi", 0},
        {"99999999999999999999999Ki", 0},
        {"9223372036854775807", 0},
        {"9999999999999999999Ei", 0},
    };
    (void)state;

    check(fit, ARRAY_LEN(fit), 0);
    check(not, ARRAY_LEN(not ), -ERANGE);
}

static void refuses_what_is_no_quantity(void **state)
{
    static const struct row rows[] = {
        {"", 0},      {"-", 0},     {"+", 0},        {".", 0},    {"-.", 0},  {"K", 0},
        {"1K", 0},    {"1 k", 0},   {" 1", 0},       {"1 ", 0},   {"1\n", 0}, {"m", 0},
        {"1mm", 0},   {"1ki", 0},   {"1ni", 0},      {"1i", 0},   {"1e", 0},  {"1e+", 0},
        {"1e-", 0},   {"1e3m", 0},  {"1e3.5", 0},    {"1Em", 0},  {"+-1", 0}, {"--1", 0},
        {"1.1.1", 0}, {"1..", 0},   {"1,5", 0},      {"0x10", 0}, {"inf", 0}, {"NaN", 0},
        {"1e 3", 0},  {"1e--3", 0}, {"\xd9\xa1", 0}, {"1KiB", 0}, {"1%", 0},  {"e3", 0},
    };
    (void)state;

    check(rows, ARRAY_LEN(rows), -EINVAL);
}

static void any_number_of_digits_is_exact(void **state)
{
    scoped(buf_done) struct buf b = {.max = MIB};
    int64_t milli = UNTOUCHED;
    (void)state;

    assert_int_equal(buf_puts(&b, "0."), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_puts(&b, "9"), 0);
    assert_int_equal(quantity_parse(b.data, &milli), 0);
    assert_int_equal(milli, 1000);
    assert_int_equal(buf_puts(&b, "Ki"), 0);
    assert_int_equal(quantity_parse(b.data, &milli), 0);
    assert_int_equal(milli, 1024000);
}

static int from_text(const char *json, int64_t *ret)
{
    json_auto_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

    return quantity_from_json(value, ret);
}

static void takes_json_strings_and_numbers(void **state)
{
    int64_t milli;
    (void)state;

    assert_int_equal(from_text("\"200m\"", &milli), 0);
    assert_int_equal(milli, 200);
    assert_int_equal(from_text("3", &milli), 0);
    assert_int_equal(milli, 3000);
    assert_int_equal(from_text("-3", &milli), 0);
    assert_int_equal(milli, -3000);
    assert_int_equal(from_text("0.1", &milli), 0);
    assert_int_equal(milli, 100); /* not 101: the double is a trace above 0.1 */
    assert_int_equal(from_text("0.3", &milli), 0);
    assert_int_equal(milli, 300);
    assert_int_equal(from_text("2251799813685248.5", &milli), 0);
    assert_int_equal(milli, INT64_C(2251799813685248500));
    assert_int_equal(from_text("1e-320", &milli), 0);
    assert_int_equal(milli, 1);
}

static void refuses_other_json(void **state)
{
    static const char *const others[] = {"null", "true", "[]", "{}", "\"\"", "\"many\""};
    int64_t milli = UNTOUCHED;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(from_text(others[i], &milli), -EINVAL);
    assert_int_equal(quantity_from_json(NULL, &milli), -EINVAL);
    assert_int_equal(from_text("9223372036854775807", &milli), -ERANGE);
    assert_int_equal(from_text("1e300", &milli), -ERANGE);
    assert_int_equal(milli, UNTOUCHED);
}

static void formats_canonically(void **state)
{
    static const struct row rows[] = {
        {"0", 0},
        {"1m", 1},
        {"-1m", -1},
        {"250m", 250},
        {"1500m", 1500},
        {"1", 1000},
        {"1500", 1500000},
        {"1k", 1000000},
        {"12k", 12000000},
        {"-12k", -12000000},
        {"1234567", 1234567000},
        {"2M", 2000000000},
        {"5G", 5000000000000},
        {"5T", 5000000000000000},
        {"9P", 9000000000000000000},
        {"9223372036854775807m", INT64_MAX},
        {"-9223372036854775808m", INT64_MIN},
    };
    char text[QUANTITY_TEXT_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(quantity_format(rows[i].milli, text), rows[i].text);
}

static void formats_memory_in_powers_of_1024(void **state)
{
    static const struct row rows[] = {
        {"0", 0},
        {"1Ki", 1024000},
        {"-1Ki", -1024000},
        {"1500", 1500000},
        {"3Ki", 3072000},
        {"1025Ki", 1049600000},
        {"1Mi", 1048576000},
        {"1Gi", 1073741824000},
        {"1Ti", 1099511627776000},
        {"8Pi", 9007199254740992000},
        {"1", 1000},
        {"1500m", 1500},
        {"2k", 2000000},
        {"64", 64000},
        {"-9223372036854775808m", INT64_MIN},
    };
    char text[QUANTITY_TEXT_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(quantity_format_binary(rows[i].milli, text), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_suffix),
        cmocka_unit_test(reads_points_signs_and_exponents),
        cmocka_unit_test(rounds_away_from_zero),
        cmocka_unit_test(the_whole_of_int64_fits_and_nothing_more),
        cmocka_unit_test(refuses_what_is_no_quantity),
        cmocka_unit_test(any_number_of_digits_is_exact),
        cmocka_unit_test(takes_json_strings_and_numbers),
        cmocka_unit_test(refuses_other_json),
        cmocka_unit_test(formats_canonically),
        cmocka_unit_test(formats_memory_in_powers_of_1024),
    };
    return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
