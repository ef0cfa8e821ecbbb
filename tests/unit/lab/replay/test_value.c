// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/scoped.h"
#include "lab/replay/value.h"

#include <errno.h>
#include <string.h>

static struct json_walk walk(const char *text, struct err *err)
{
    return json_walk_begin((struct json_text){text, strlen(text)}, err);
}

static void reads_what_is_wanted(void **state)
{
    struct json_walk w = walk("[\"a\\u0062\", {\"x\":1}, true, null, {}, []]", NULL);
    scoped(free_at) char *text = NULL;
    json_auto_t *object = NULL;
    bool set = false;
    (void)state;

    assert_int_equal(value_enter_list(&w), 1);
    assert_true(json_walk_element(&w));
    assert_int_equal(value_string(&w, &text), 0);
    assert_string_equal(text, "ab");
    assert_true(json_walk_element(&w));
    assert_int_equal(value_json(&w, &object), 0);
    assert_int_equal(json_object_size(object), 1);
    assert_true(json_walk_element(&w));
    assert_int_equal(value_bool(&w, &set), 0);
    assert_true(set);
    assert_true(json_walk_element(&w));
    assert_int_equal(value_enter_object(&w), 0); /* null is none */
    assert_true(json_walk_element(&w));
    assert_int_equal(value_enter_object(&w), 1);
    assert_false(json_walk_member(&w, &(struct json_text){0}));
    assert_true(json_walk_element(&w));
    assert_int_equal(value_enter_list(&w), 1);
}

static void says_what_is_there_instead(void **state)
{
    static const struct {
        const char *text, *of_string, *of_bool, *of_object;
    } rows[] = {
        {"5", "must be a string, not 5", "must be true or false, not 5",
         "must be an object, not 5"},
        {"[1, 2]", "must be a string, not [1, 2]", "must be true or false, not [1, 2]",
         "must be an object, not [1, 2]"},
        {"x", "invalid character 'x' looking for beginning of value",
         "invalid character 'x' looking for beginning of value",
         "invalid character 'x' looking for beginning of value"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        struct json_walk w = walk(rows[i].text, &err);
        char *text = NULL;
        bool set = false;
        assert_int_equal(value_string(&w, &text), -EINVAL);
        assert_string_equal(err.text, rows[i].of_string);
        w = walk(rows[i].text, &err);
        assert_int_equal(value_bool(&w, &set), -EINVAL);
        assert_string_equal(err.text, rows[i].of_bool);
        w = walk(rows[i].text, &err);
        assert_int_equal(value_enter_object(&w), -EINVAL);
        assert_string_equal(err.text, rows[i].of_object);
    }
}

static void a_string_with_a_nul_character_is_none(void **state)
{
    struct err err = {0};
    struct json_walk w = walk("\"a\\u0000b\"", &err);
    scoped(free_at) char *text = NULL;
    (void)state;

    assert_int_equal(value_string(&w, &text), -EINVAL);
    assert_string_equal(err.text, "must not have a NUL character");
}

static void null_leaves_a_value_as_it_was(void **state)
{
    struct json_walk w = walk("null", NULL);
    json_auto_t *value = json_integer(7);
    (void)state;

    assert_int_equal(value_json(&w, &value), 0);
    assert_int_equal(json_integer_value(value), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_wanted),
        cmocka_unit_test(says_what_is_there_instead),
        cmocka_unit_test(a_string_with_a_nul_character_is_none),
        cmocka_unit_test(null_leaves_a_value_as_it_was),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
