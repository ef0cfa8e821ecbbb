// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/rules/series.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

static int read_text(const char *text, struct samples *ret, struct err *err)
{
    scoped(buf_done) struct buf body = {.max = 1 * MIB};

    assert_int_equal(buf_puts(&body, text), 0);
    return series_read(&body, ret, err);
}

static void keeps_one_of_each_kind_of_series(void **state)
{
    struct samples *s = samples_new();
    (void)state;

    assert_int_equal(
        read_text("{\"status\": \"success\", \"isPartial\": false, \"data\": [\n"
                  "{\"__name__\": \"a\", \"pod\": \"x\", \"namespace\": \"n\"},"
                  "{\"pod\": \"y\", \"__name__\": \"a\", \"namespace\": \"n\"},"
                  "{\"__name__\":\"a\",\"pod\":\"x\"},{\"__name__\":\"b\",\"pod\":\"x\"},"
                  "{\"pod\":\"nameless\"}]}",
                  s, NULL),
        0);
    assert_int_equal(samples_count(s), 3);
    assert_string_equal(sample_label(samples_at(s, 0), SERIES_NAME), "a");
    assert_int_equal(samples_at(s, 0)->label_count, 3);
    assert_string_equal(samples_at(s, 0)->labels[1].name, "namespace");
    assert_string_equal(sample_label(samples_at(s, 0), "pod"), ""); /* values do not count */
    assert_string_equal(sample_label(samples_at(s, 2), SERIES_NAME), "b");
    samples_unref(s);
}

static void takes_no_series_for_an_answer(void **state)
{
    struct samples *s = samples_new();
    (void)state;

    assert_int_equal(read_text("{\"status\":\"success\",\"data\":[]}", s, NULL), 0);
    assert_int_equal(samples_count(s), 0);
    samples_unref(s);
}

static void refuses_what_is_no_list_of_series(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{\"status\":\"error\",\"errorType\":\"bad_data\",\"data\":[]}",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"data\":{}}",
        "{\"status\":\"success\",\"data\":[1]}",
        "{\"status\":\"success\",\"data\":[{\"__name__\":\"a\"}",
        "{\"status\":\"success\",\"data\":[{\"__name__\":\"a\"",
        "{\"status\":\"success\",\"data\":[{\"__name__\":\"a\",\"b\":1}]}",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct samples *s = samples_new();
        struct err err = {0};
        if (read_text(texts[i], s, &err) != -ENOMSG)
            fail_msg("takes '%s'", texts[i]);
        assert_string_equal(err.text, "answers what is no list of series");
        samples_unref(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_one_of_each_kind_of_series),
        cmocka_unit_test(takes_no_series_for_an_answer),
        cmocka_unit_test(refuses_what_is_no_list_of_series),
    };
    return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
