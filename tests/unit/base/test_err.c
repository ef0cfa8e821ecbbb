// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

static void set_writes_the_sentence_and_returns_the_code(void **state)
{
    struct err err = {0};
    (void)state;

    assert_int_equal(err_set(&err, -EINVAL, "port %d is odd", 7), -EINVAL);
    assert_string_equal(err.text, "port 7 is odd");
}

static void nobody_needs_to_want_the_text(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, -EINVAL, "x"), -EINVAL);
    assert_int_equal(err_wrap(NULL, -EIO, "x"), -EIO);
    assert_int_equal(err_errno(NULL, ENOENT, "x"), -ENOENT);
}

static void wrap_puts_context_in_front(void **state)
{
    struct err err = {0};
    (void)state;

    (void)err_set(&err, -EIO, "line 3");
    assert_int_equal(err_wrap(&err, -EBADMSG, "reading '%s'", "a.yaml"), -EBADMSG);
    assert_string_equal(err.text, "reading 'a.yaml': line 3");
}

static void wrap_may_quote_the_text_that_it_wraps(void **state)
{
    struct err err = {0};
    (void)state;

    (void)err_set(&err, -EIO, "inner");
    (void)err_wrap(&err, -EIO, "[%s]", err.text);
    assert_string_equal(err.text, "[inner]: inner");
}

static void errno_names_the_reason(void **state)
{
    struct err err = {0};
    (void)state;

    assert_int_equal(err_errno(&err, ENOENT, "cannot open '%s'", "x"), -ENOENT);
    assert_string_equal(err.text, "cannot open 'x': No such file or directory");
}

static void a_long_text_is_cut_and_stays_a_string(void **state)
{
    struct err err = {0};
    char longer[2000];
    (void)state;

    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';

    (void)err_set(&err, -EIO, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);

    (void)err_wrap(&err, -EIO, "context");
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_memory_equal(err.text, "context: aaa", 12);

    (void)err_wrap(&err, -EIO, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_string_equal(err.text + sizeof(err.text) - 3, ": ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_writes_the_sentence_and_returns_the_code),
        cmocka_unit_test(nobody_needs_to_want_the_text),
        cmocka_unit_test(wrap_puts_context_in_front),
        cmocka_unit_test(wrap_may_quote_the_text_that_it_wraps),
        cmocka_unit_test(errno_names_the_reason),
        cmocka_unit_test(a_long_text_is_cut_and_stays_a_string),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
