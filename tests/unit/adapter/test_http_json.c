// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/sources/http_json.h"
#include "base/buf.h"
#include "base/err.h"

#include <errno.h>
#include <string.h>

static char path[] = "queues[0].depth";
static const struct http_json source = {.value_path = path};

static int value_of(int status, const char *text, size_t len, int64_t *ret, struct err *err)
{
    struct buf body = {.max = 1 << 16};

    assert_int_equal(buf_append(&body, text, len), 0);
    int r = http_json_value(&source, status, &body, ret, err);
    buf_done(&body);
    return r;
}

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
    char text[128];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t milli = -1;
        (void)snprintf(text, sizeof(text), "{\"queues\": [{\"depth\": %s}]}", cases[i].json);
        assert_int_equal(value_of(200, text, strlen(text), &milli, NULL), 0);
        assert_int_equal(milli, cases[i].milli);
    }
}

static void what_is_no_value_is_an_error_and_not_zero(void **state)
{
    static const struct {
        const char *json, *sentence;
    } cases[] = {
        {"null", "there is nothing at 'queues[0].depth' in the answer"},
        {"true", "what is at 'queues[0].depth' is not a number"},
        {"[1]", "what is at 'queues[0].depth' is not a number"},
        {"{}", "what is at 'queues[0].depth' is not a number"},
        {"\"\"", "what is at 'queues[0].depth' is not a number"},
        {"\"NaN\"", "what is at 'queues[0].depth' is not a number"},
        {"\"+Inf\"", "what is at 'queues[0].depth' is not a number"},
        {"\"inf\"", "what is at 'queues[0].depth' is not a number"},
        {"\"5 jobs\"", "what is at 'queues[0].depth' is not a number"},
        {"-1", "the number at 'queues[0].depth' is negative"},
        {"-0.0001", "the number at 'queues[0].depth' is negative"},
        {"\"-5\"", "the number at 'queues[0].depth' is negative"},
        {"9300000000000000", "the number at 'queues[0].depth' is too large"},
        {"1e300", "the number at 'queues[0].depth' is too large"},
    };
    char text[128];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = {0};
        int64_t milli = -7;
        (void)snprintf(text, sizeof(text), "{\"queues\": [{\"depth\": %s}]}", cases[i].json);
        assert_int_equal(value_of(200, text, strlen(text), &milli, &err), -ENOMSG);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(milli, -7);
    }
}

static void a_missing_path_is_an_error(void **state)
{
    static const char *const bodies[] = {"{}", "[]", "{\"queues\": []}", "{\"queues\": {}}",
                                         "{\"queues\": [{\"Depth\": 5}]}"};
    (void)state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct err err = {0};
        int64_t milli;
        assert_int_equal(value_of(200, bodies[i], strlen(bodies[i]), &milli, &err), -ENOMSG);
        assert_string_equal(err.text, "there is nothing at 'queues[0].depth' in the answer");
    }
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
    (void)state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct err err = {0};
        int64_t milli;
        assert_int_equal(value_of(200, bodies[i], strlen(bodies[i]), &milli, &err), -ENOMSG);
        assert_ptr_equal(strstr(err.text, "the answer is not JSON (line 1, column "), err.text);
        assert_null(strstr(err.text, "secret"));
    }
}

static void any_status_but_2xx_is_an_error(void **state)
{
    static const char good[] = "{\"queues\": [{\"depth\": 5}]}";
    static const int statuses[] = {301, 404, 500, 503, 100};
    int64_t milli = 0;
    (void)state;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        struct err err = {0};
        char sentence[32];
        (void)snprintf(sentence, sizeof(sentence), "answers %d", statuses[i]);
        assert_int_equal(value_of(statuses[i], good, strlen(good), &milli, &err), -EBADMSG);
        assert_string_equal(err.text, sentence);
    }
    assert_int_equal(value_of(203, good, strlen(good), &milli, NULL), 0);
    assert_int_equal(milli, 5000);
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
