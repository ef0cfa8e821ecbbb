// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include <errno.h>

#define SOURCE "{http: {url: 'http://q', valuePath: 'queues[0].depth'}}"

static void finds_the_number_at_the_path(void **state)
{
    static const struct {
        const char *json;
        int64_t milli;
    } cases[] = {
        {"0", 0},          {"120", 120000},
        {"1.5", 1500},     {"0.0001", 1},
        {"\"250m\"", 250}, {"\"1Ki\"", 1024000},
        {"\"7\"", 7000},   {"1e3", 1000000},
        {"-0.0", 0},       {"9200000000000000", 9200000000000000000},
    };
    struct source *source = make_source(SOURCE);
    char text[128];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        (void)snprintf(text, sizeof(text), "{\"queues\": [{\"depth\": %s}]}", cases[i].json);
        has_value(source, text, cases[i].milli);
    }
    source_unref(source);
}

static void what_is_no_value_is_an_error_and_not_zero(void **state)
{
    static const struct {
        const char *json, *sentence;
    } cases[] = {
        {"null", "has nothing at 'queues[0].depth' in its answer"},
        {"true", "has no number at 'queues[0].depth'"},
        {"[1]", "has no number at 'queues[0].depth'"},
        {"{}", "has no number at 'queues[0].depth'"},
        {"\"\"", "has no number at 'queues[0].depth'"},
        {"\"NaN\"", "has no number at 'queues[0].depth'"},
        {"\"+Inf\"", "has no number at 'queues[0].depth'"},
        {"\"inf\"", "has no number at 'queues[0].depth'"},
        {"\"5 jobs\"", "has no number at 'queues[0].depth'"},
        {"-1", "has a number at 'queues[0].depth' that is negative"},
        {"-0.0001", "has a number at 'queues[0].depth' that is negative"},
        {"\"-5\"", "has a number at 'queues[0].depth' that is negative"},
        {"9300000000000000", "has a number at 'queues[0].depth' that is too large"},
        {"1e300", "has a number at 'queues[0].depth' that is too large"},
    };
    struct source *source = make_source(SOURCE);
    char text[128];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        (void)snprintf(text, sizeof(text), "{\"queues\": [{\"depth\": %s}]}", cases[i].json);
        has_no_value(source, 200, text, -ENOMSG, cases[i].sentence);
    }
    source_unref(source);
}

static void a_missing_path_is_an_error(void **state)
{
    static const char *const bodies[] = {"{}", "[]", "{\"queues\": []}", "{\"queues\": {}}",
                                         "{\"queues\": [{\"Depth\": 5}]}"};
    struct source *source = make_source(SOURCE);
    (void)state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
        has_no_value(source, 200, bodies[i], -ENOMSG,
                     "has nothing at 'queues[0].depth' in its answer");
    source_unref(source);
}

static void what_is_not_json_is_an_error_that_repeats_nothing(void **state)
{
    static const char *const bodies[] = {"",
                                         "secret",
                                         "<html>secret</html>",
                                         "{\"queues\": [{\"depth\": 1e999}]}",
                                         "{\"a\"",
                                         "\xff\xfe",
                                         "{\"queues\": [{\"depth\": NaN}]}",
                                         "{\"queues\": [{\"depth\": 1, \"depth\": 2}]}"};
    struct source *source = make_source(SOURCE);
    (void)state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct err err = {0};
        int64_t milli;
        assert_int_equal(value_in(source, 200, bodies[i], &milli, &err), -ENOMSG);
        assert_ptr_equal(strstr(err.text, "answers what is not JSON (line 1, column "), err.text);
        assert_null(strstr(err.text, "secret"));
    }
    source_unref(source);
}

static void any_status_but_2xx_is_an_error(void **state)
{
    static const char good[] = "{\"queues\": [{\"depth\": 5}]}";
    static const int statuses[] = {301, 404, 500, 503, 100};
    struct source *source = make_source(SOURCE);
    int64_t milli = 0;
    (void)state;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        char sentence[32];
        (void)snprintf(sentence, sizeof(sentence), "answers %d", statuses[i]);
        has_no_value(source, statuses[i], good, -EBADMSG, sentence);
    }
    assert_int_equal(value_in(source, 203, good, &milli, NULL), 0);
    assert_int_equal(milli, 5000);
    source_unref(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_number_at_the_path),
        cmocka_unit_test(what_is_no_value_is_an_error_and_not_zero),
        cmocka_unit_test(a_missing_path_is_an_error),
        cmocka_unit_test(what_is_not_json_is_an_error_that_repeats_nothing),
        cmocka_unit_test(any_status_but_2xx_is_an_error),
    };
    return cmocka_run_group_tests_name("http_json", tests, NULL, NULL);
}
