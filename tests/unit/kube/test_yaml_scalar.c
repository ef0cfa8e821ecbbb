// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/yaml_scalar.h"

#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define TAG(name) "tag:yaml.org,2002:" name

struct row {
    const char *text;
    const char *json;
};

static void check(const struct row *rows, size_t count, const char *tag, bool plain)
{
    for (size_t i = 0; i < count; i++) {
        json_auto_t *value = NULL;
        int r = yaml_scalar(rows[i].text, tag, plain, &value);
        scoped(free_at) char *json = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
        if (r != 0 || strcmp(json, rows[i].json) != 0)
            fail_msg("'%s': %d, %s and not %s", rows[i].text, r, json ? json : "-", rows[i].json);
    }
}

static void plain_words_are_booleans_and_null(void **state)
{
    static const struct row rows[] = {
        {"true", "true"},   {"True", "true"},     {"TRUE", "true"},     {"yes", "true"},
        {"YES", "true"},    {"on", "true"},       {"On", "true"},       {"y", "true"},
        {"Y", "true"},      {"false", "false"},   {"FALSE", "false"},   {"no", "false"},
        {"No", "false"},    {"off", "false"},     {"OFF", "false"},     {"n", "false"},
        {"N", "false"},     {"", "null"},         {"~", "null"},        {"null", "null"},
        {"Null", "null"},   {"NULL", "null"},     {"tRue", "\"tRue\""}, {"yEs", "\"yEs\""},
        {"nil", "\"nil\""}, {"none", "\"none\""},
    };
    (void)state;

    check(rows, ARRAY_LEN(rows), NULL, true);
}

static void plain_numbers_are_numbers(void **state)
{
    static const struct row rows[] = {
        {"0", "0"},
        {"7", "7"},
        {"-7", "-7"},
        {"+7", "7"},
        {"1_000", "1000"},
        {"0x1F", "31"},
        {"-0X1f", "-31"},
        {"0b101", "5"},
        {"-0b1", "-1"},
        {"0o17", "15"},
        {"017", "15"},
        {"00", "0"},
        {"08", "8"},
        {"09.5", "9.5"},
        {"1.5", "1.5"},
        {".5", "0.5"},
        {"5.", "5"},
        {"-.5", "-0.5"},
        {"1e3", "1000"},
        {"1.5e-1", "0.14999999999999999"},
        {"3.0", "3"},
        {"-0.0", "0"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "9.2233720368547758e18"},
        {"1e18", "1000000000000000000"},
    };
    (void)state;

    check(rows, ARRAY_LEN(rows), NULL, true);
}

static void everything_else_that_is_plain_is_text(void **state)
{
    static const struct row rows[] = {
        {"web", "\"web\""},
        {"1.2.3", "\"1.2.3\""},
        {"200m", "\"200m\""},
        {"1e", "\"1e\""},
        {"0x", "\"0x\""},
        {"0xg", "\"0xg\""},
        {"0b2", "\"0b2\""},
        {"-", "\"-\""},
        {"+", "\"+\""},
        {".", "\".\""},
        {"..", "\"..\""},
        {"1e999", "\"1e999\""},
        {"2001-12-14", "\"2001-12-14\""},
        {"12:30", "\"12:30\""},
        {"1,000", "\"1,000\""},
        {"_1", "\"_1\""},
        {"e3", "\"e3\""},
        {"1 2", "\"1 2\""},
        {"inf", "\"inf\""},
        {"nan", "\"nan\""},
        {"--1", "\"--1\""},
        {"0x1p3", "\"0x1p3\""},
        {"<<", "\"<<\""},
        {"._5", "\"._5\""},
    };
    (void)state;

    check(rows, ARRAY_LEN(rows), NULL, true);
}

static void quoted_scalars_are_always_text(void **state)
{
    static const struct row rows[] = {
        {"true", "\"true\""}, {"", "\"\""}, {"~", "\"~\""}, {"12", "\"12\""}, {".nan", "\".nan\""}};
    (void)state;

    check(rows, ARRAY_LEN(rows), NULL, false);
}

static void tags_decide(void **state)
{
    static const struct row text[] = {{"12", "\"12\""}, {"yes", "\"yes\""}, {"", "\"\""}};
    static const struct row integer[] = {{"12", "12"}, {"0x10", "16"}};
    static const struct row real[] = {{"12", "12"}, {"1.5", "1.5"}};
    static const struct row truth[] = {{"yes", "true"}, {"off", "false"}};
    static const struct row nothing[] = {{"", "null"}, {"~", "null"}};
    (void)state;

    check(text, ARRAY_LEN(text), TAG("str"), true);
    check(text, ARRAY_LEN(text), "!", true);
    check(integer, ARRAY_LEN(integer), TAG("int"), false);
    check(real, ARRAY_LEN(real), TAG("float"), false);
    check(truth, ARRAY_LEN(truth), TAG("bool"), true);
    check(nothing, ARRAY_LEN(nothing), TAG("null"), true);
}

static void refuses_foreign_tags_and_values_that_do_not_fit(void **state)
{
    static const struct {
        const char *text, *tag;
        int code;
    } rows[] = {
        {"x", TAG("int"), -EINVAL},
        {"1.5", TAG("int"), -EINVAL},
        {"x", TAG("float"), -EINVAL},
        {"1", TAG("bool"), -EINVAL},
        {"0", TAG("null"), -EINVAL},
        {"eA==", TAG("binary"), -ENOTSUP},
        {"2001-12-14", TAG("timestamp"), -ENOTSUP},
        {"x", "!mine", -ENOTSUP},
        {"x", "tag:example.org:str", -ENOTSUP},
        {"x", TAG("strange"), -ENOTSUP},
        {".nan", NULL, -ERANGE},
        {"-.Inf", NULL, -ERANGE},
        {"+.INF", NULL, -ERANGE},
        {".inf", TAG("float"), -ERANGE},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *value = NULL;
        int r = yaml_scalar(rows[i].text, rows[i].tag, true, &value);
        if (r != rows[i].code || value)
            fail_msg("'%s' as %s: %d", rows[i].text, rows[i].tag ? rows[i].tag : "plain", r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_words_are_booleans_and_null),
        cmocka_unit_test(plain_numbers_are_numbers),
        cmocka_unit_test(everything_else_that_is_plain_is_text),
        cmocka_unit_test(quoted_scalars_are_always_text),
        cmocka_unit_test(tags_decide),
        cmocka_unit_test(refuses_foreign_tags_and_values_that_do_not_fit),
    };
    return cmocka_run_group_tests_name("yaml_scalar", tests, NULL, NULL);
}
