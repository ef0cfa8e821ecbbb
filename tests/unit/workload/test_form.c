// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/form.h"

#include <errno.h>
#include <string.h>

static void reads(const char *body, const char *expected)
{
    scoped(form_done) struct form f = {0};
    scoped(buf_done) struct buf seen = {.max = 4096};
    struct err err = {0};

    assert_int_equal(form_parse(body, strlen(body), &f, &err), 0);
    for (size_t i = 0; i < f.count; i++)
        assert_int_equal(buf_printf(&seen, "[%s|%s]", f.fields[i].name, f.fields[i].value), 0);
    assert_string_equal(seen.data ? seen.data : "", expected);
}

static void fields_are_decoded_in_order(void **state)
{
    (void)state;

    reads("", "");
    reads("a=1&b=2&a=3", "[a|1][b|2][a|3]");
    reads("a", "[a|]");
    reads("a=", "[a|]");
    reads("=1", "[|1]");
    reads("&&a=1&", "[a|1]");
    reads("a=b=c", "[a|b=c]");
    reads("a+b=c%20d%2B%3d%26", "[a b|c d+=&]");
    reads("%61=%C3%A4", "[a|\xc3\xa4]");
}

static void refuses(const char *body, size_t len, int code, const char *text)
{
    struct form f = {.count = 9};
    struct err err = {0};

    assert_int_equal(form_parse(body, len, &f, &err), code);
    assert_string_equal(err.text, text);
    assert_int_equal(f.count, 0);
    assert_null(f.text);
}

static void broken_forms_are_refused_with_a_sentence(void **state)
{
    (void)state;

    refuses("a=%", 3, -EINVAL, "invalid URL escape \"%\"");
    refuses("a=%zz", 5, -EINVAL, "invalid URL escape \"%zz\"");
    refuses("%4=1", 4, -EINVAL, "invalid URL escape \"%4\"");
    refuses("a=1;b=2", 7, -EINVAL, "invalid semicolon separator in query");
    refuses("a=%00", 5, -EINVAL, "the form contains a NUL byte");
    refuses("a=\0b", 4, -EINVAL, "the form contains a NUL byte");
}

static void the_number_of_fields_has_a_limit(void **state)
{
    char body[2 * FORM_FIELDS_MAX + 4];
    scoped(form_done) struct form f = {0};
    (void)state;

    for (size_t i = 0; i <= FORM_FIELDS_MAX; i++)
        memcpy(&body[2 * i], "a&", 2);
    assert_int_equal(form_parse(body, 2 * FORM_FIELDS_MAX, &f, NULL), 0);
    assert_int_equal(f.count, FORM_FIELDS_MAX);
    refuses(body, 2 * FORM_FIELDS_MAX + 2, -E2BIG, "a form has at most 32 fields");
}

static bool is_form(const char *type)
{
    const struct http_pair header = {"content-type", type};
    const struct http_request r = {.headers = &header, .header_count = 1};

    return form_is_one(&r);
}

static void a_form_says_that_it_is_one(void **state)
{
    (void)state;

    assert_true(is_form("application/x-www-form-urlencoded"));
    assert_true(is_form("Application/X-WWW-Form-URLencoded; charset=utf-8"));
    assert_false(is_form("application/x-www-form-urlencoded2"));
    assert_false(is_form("application/json"));
    assert_false(form_is_one(&(struct http_request){0}));
}

static void what_is_encoded_reads_back(void **state)
{
    static const char text[] = "a b&c=d%e+f;g/\xc3\xa4~-._*";
    scoped(buf_done) struct buf body = {.max = 4096};
    scoped(form_done) struct form f = {0};
    (void)state;

    assert_int_equal(buf_puts(&body, "x="), 0);
    assert_int_equal(form_encode(&body, text), 0);
    assert_int_equal(form_parse(body.data, body.len, &f, NULL), 0);
    assert_string_equal(f.fields[0].value, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded_in_order),
        cmocka_unit_test(broken_forms_are_refused_with_a_sentence),
        cmocka_unit_test(the_number_of_fields_has_a_limit),
        cmocka_unit_test(a_form_says_that_it_is_one),
        cmocka_unit_test(what_is_encoded_reads_back),
    };
    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
