// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/scoped.h"
#include "lab/replay/jsontext.h"

#include <errno.h>
#include <string.h>

static struct json_text text_of(const char *text)
{
    return (struct json_text){.at = text, .len = strlen(text)};
}

static void says_what_is_no_json_as_go_does(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "unexpected end of JSON input"},
        {"{", "unexpected end of JSON input"},
        {"[1,", "unexpected end of JSON input"},
        {"{\"a\"", "unexpected end of JSON input"},
        {"\"a", "unexpected end of JSON input"},
        {"<html>", "invalid character '<' looking for beginning of value"},
        {"404 page not found", "invalid character 'p' after top-level value"},
        {"{a}", "invalid character 'a' looking for beginning of object key string"},
        {"{\"a\" 1}", "invalid character '1' after object key"},
        {"{\"a\":1 2}", "invalid character '2' after object key:value pair"},
        {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
        {"[1 2]", "invalid character '2' after array element"},
        {"[1,]", "invalid character ']' looking for beginning of value"},
        {"tru", "invalid character ' ' in literal true (expecting 'e')"},
        {"nul1", "invalid character '1' in literal null (expecting 'l')"},
        {"-", "invalid character ' ' in numeric literal"},
        {"1.x", "invalid character 'x' after decimal point in numeric literal"},
        {"1e", "invalid character ' ' in exponent of numeric literal"},
        {"01", "invalid character '1' after top-level value"},
        {"\"\n\"", "invalid character '\\n' in string literal"},
        {"\"\\x\"", "invalid character 'x' in string escape code"},
        {"\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"},
        {"'", "invalid character '\\'' looking for beginning of value"},
        {"\x01", "invalid character '\\x01' looking for beginning of value"},
        {"\xe4", "invalid character '\xc3\xa4' looking for beginning of value"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        assert_int_equal(json_text_check(text_of(rows[i].text), &err), -EINVAL);
        assert_string_equal(err.text, rows[i].error);
    }
}

static void takes_all_of_json(void **state)
{
    static const char *const texts[] = {
        "{}",
        " [ ] ",
        "null",
        "true",
        "false",
        "-0.5e+10",
        "0",
        "\"\\u00e4\\n\\\\\"",
        "{\"a\":[1,{\"b\":null}],\"c\":\"d\"}\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(json_text_check(text_of(texts[i]), NULL), 0);
}

static void refuses_to_go_deeper_than_go(void **state)
{
    char text[20001];
    struct err err = {0};
    (void)state;

    memset(text, '[', 10000);
    memset(text + 10000, ']', 10000);
    assert_int_equal(json_text_check((struct json_text){text, 20000}, &err), 0);
    memset(text, '[', sizeof(text));
    assert_int_equal(json_text_check((struct json_text){text, sizeof(text)}, &err), -EINVAL);
    assert_string_equal(err.text, "exceeded max depth");
}

static void walks_into_what_one_wants_and_over_the_rest(void **state)
{
    struct json_walk w =
        json_walk_begin(text_of(" {\"over\": [{}, 1], \"into\": [ {\"a\":1} ,2]} "), NULL);
    struct json_text key, value;
    (void)state;

    assert_false(json_walk_list(&w));
    assert_true(json_walk_object(&w));
    assert_true(json_walk_member(&w, &key));
    assert_true(json_text_is(key, "over"));
    value = json_walk_value(&w);
    assert_memory_equal(value.at, "[{}, 1]", value.len);
    assert_true(json_walk_member(&w, &key));
    assert_true(json_text_is(key, "into"));
    assert_true(json_walk_list(&w));
    assert_true(json_walk_element(&w));
    assert_int_equal(json_walk_type(&w), '{');
    value = json_walk_value(&w);
    assert_memory_equal(value.at, "{\"a\":1}", value.len);
    assert_true(json_walk_element(&w));
    assert_int_equal(json_walk_value(&w).len, 1);
    assert_false(json_walk_element(&w));
    assert_false(json_walk_member(&w, &key));
    assert_int_equal(json_walk_end(&w), 0);
}

static void takes_strings_only_where_they_are(void **state)
{
    struct json_walk w = json_walk_begin(text_of("[ \"a\\\"b\" , 5]"), NULL);
    struct json_text text;
    (void)state;

    assert_false(json_walk_string(&w, &text));
    assert_true(json_walk_list(&w));
    assert_true(json_walk_element(&w));
    assert_true(json_walk_string(&w, &text));
    assert_int_equal(text.len, 6);
    assert_memory_equal(text.at, "\"a\\\"b\"", 6);
    assert_true(json_walk_element(&w));
    assert_false(json_walk_string(&w, &text));
    assert_int_equal(json_walk_value(&w).len, 1);
    assert_false(json_walk_element(&w));
    assert_int_equal(json_walk_end(&w), 0);
}

static void finds_the_byte_that_does_not_stand_for_itself(void **state)
{
    (void)state;

    for (int c = 0; c < 0x100; c++)
        for (size_t place = 0; place < 20; place++) {
            char text[20];
            const bool special = c < 0x20 || c == '"' || c == '\\';
            memset(text, 'a', sizeof(text));
            text[place] = (char)c;
            text[19] = special ? '"' : text[19]; /* the first one counts */
            const char *found = json_text_skip_plain(text, text + sizeof(text));
            assert_int_equal(found - text, special ? place : sizeof(text));
        }
}

static void knows_strings_that_stand_for_themselves(void **state)
{
    (void)state;

    assert_true(json_text_is_plain(text_of("\"web-1\"")));
    assert_false(json_text_is_plain(text_of("\"web\\n\"")));
    assert_false(json_text_is_plain(text_of("\"w\xc3\xa4\"")));
}

static void finds_nothing_behind_an_error(void **state)
{
    struct json_walk w = json_walk_begin(text_of("{\"a\": x, \"b\": 1}"), NULL);
    struct json_text key;
    (void)state;

    assert_true(json_walk_object(&w));
    assert_true(json_walk_member(&w, &key));
    assert_null(json_walk_value(&w).at);
    assert_false(json_walk_member(&w, &key));
    assert_int_equal(json_walk_end(&w), -EINVAL);
}

static void loads_values_that_are_no_objects_too(void **state)
{
    json_auto_t *value = json_text_load(text_of("\"a\\u0062\""), NULL);
    struct err err = {0};
    (void)state;

    assert_string_equal(json_string_value(value), "ab");
    assert_null(json_text_load(text_of("\"\\ud800\""), &err));
    assert_true(*err.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_no_json_as_go_does),
        cmocka_unit_test(takes_all_of_json),
        cmocka_unit_test(refuses_to_go_deeper_than_go),
        cmocka_unit_test(walks_into_what_one_wants_and_over_the_rest),
        cmocka_unit_test(takes_strings_only_where_they_are),
        cmocka_unit_test(finds_the_byte_that_does_not_stand_for_itself),
        cmocka_unit_test(knows_strings_that_stand_for_themselves),
        cmocka_unit_test(finds_nothing_behind_an_error),
        cmocka_unit_test(loads_values_that_are_no_objects_too),
    };
    return cmocka_run_group_tests_name("jsontext", tests, NULL, NULL);
}
