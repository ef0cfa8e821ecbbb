// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "lab/replay/jsonwrite.h"

#include <errno.h>
#include <string.h>

static void puts_commas_between_members_and_elements_only(void **state)
{
    scoped(buf_done) struct buf text = {.max = KIB};
    struct json_writer w = json_write_begin(&text);
    (void)state;

    json_write_open(&w, '{');
    json_write_key(&w, "none");
    json_write_open(&w, '[');
    json_write_close(&w, ']');
    json_write_key(&w, "list");
    json_write_open(&w, '[');
    json_write_integer(&w, 0);
    json_write_bool(&w, true);
    json_write_value(&w, NULL);
    json_write_open(&w, '{');
    json_write_close(&w, '}');
    json_write_close(&w, ']');
    json_write_key(&w, "text");
    json_write_text(&w, "a");
    json_write_close(&w, '}');
    assert_int_equal(w.result, 0);
    assert_string_equal(text.data, "{\"none\":[],\"list\":[0,true,null,{}],\"text\":\"a\"}");
}

static void writes_every_byte_as_jansson_does(void **state)
{
    (void)state;

    for (int c = 0; c < 0x80; c++) {
        const char bytes[] = {'a', (char)c, 'b', 'c', 'd', 'e', 'f', 'g', 'h', (char)c};
        json_auto_t *value = json_stringn(bytes, sizeof(bytes));
        scoped(free_at) char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        scoped(buf_done) struct buf text = {.max = KIB};
        struct json_writer w = json_write_begin(&text);
        json_write_value(&w, value);
        assert_string_equal(text.data, expected);
    }
}

static void writes_values_as_jansson_does(void **state)
{
    static const char *const values[] = {
        "{}",
        "[]",
        "[null,true,false,\"\",\"\xc3\xa4\xf0\x9f\x98\x80\xc2\x80\"]",
        "[0,-1,9223372036854775807,-9223372036854775808]",
        "[0.1,-0.0,1e300,5e-324,1.0]",
        "{\"z\":{\"a\\n\":[[1],{\"b\":2}]},\"a\":3}",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        json_auto_t *value = json_loads(values[i], 0, NULL);
        scoped(free_at) char *expected = json_dumps(value, JSON_COMPACT);
        scoped(buf_done) struct buf text = {.max = KIB};
        struct json_writer w = json_write_begin(&text);
        json_write_value(&w, value);
        assert_string_equal(text.data, expected);
    }
}

static void says_that_it_does_not_fit(void **state)
{
    scoped(buf_done) struct buf text = {.max = 5};
    struct json_writer w = json_write_begin(&text);
    (void)state;

    json_write_open(&w, '[');
    json_write_text(&w, "abcdef");
    json_write_close(&w, ']');
    assert_int_equal(w.result, -E2BIG);
    assert_string_equal(text.data, "[\""); /* and not what would have fitted later */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_commas_between_members_and_elements_only),
        cmocka_unit_test(writes_every_byte_as_jansson_does),
        cmocka_unit_test(writes_values_as_jansson_does),
        cmocka_unit_test(says_that_it_does_not_fit),
    };
    return cmocka_run_group_tests_name("jsonwrite", tests, NULL, NULL);
}
