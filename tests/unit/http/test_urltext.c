// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "http/urltext.h"

#include <errno.h>

static void encodes_as_go_does(void **state)
{
    scoped(buf_done) struct buf b = {.max = 200};
    (void)state;

    assert_int_equal(urltext_path(&b, "/a-Z_9.~$&+:=@,;*% ?\xc3\xa4"), 0);
    assert_string_equal(b.data, "/a-Z_9.~$&+:=@,;%2A%25%20%3F%C3%A4");
    buf_clear(&b);
    assert_int_equal(urltext_query(&b, "x", "a b(c,d)=*~"), 0);
    assert_int_equal(urltext_query(&b, "empty", ""), 0);
    assert_int_equal(urltext_query(&b, "y", "1"), 0);
    assert_string_equal(b.data, "?x=a+b%28c%2Cd%29%3D%2A~&y=1");
}

static void a_segment_has_no_slash(void **state)
{
    scoped(buf_done) struct buf b = {.max = 200};
    (void)state;

    assert_int_equal(urltext_segment(&b, "a/b c%?#"), 0);
    assert_string_equal(b.data, "a%2Fb%20c%25%3F%23");
}

static void says_when_it_is_too_long(void **state)
{
    scoped(buf_done) struct buf b = {.max = 4};
    (void)state;

    assert_int_equal(urltext_path(&b, "a*b"), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_as_go_does),
        cmocka_unit_test(a_segment_has_no_slash),
        cmocka_unit_test(says_when_it_is_too_long),
    };
    return cmocka_run_group_tests_name("urltext", tests, NULL, NULL);
}
