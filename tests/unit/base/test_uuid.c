// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/uuid.h"

#include <string.h>

static void has_the_form_of_version_4(void **state)
{
    char text[UUID_TEXT_MAX];
    (void)state;

    for (int round = 0; round < 100; round++) {
        assert_string_equal(uuid_make(text) + 36, "");
        for (size_t i = 0; i < 36; i++)
            if (i == 8 || i == 13 || i == 18 || i == 23)
                assert_int_equal(text[i], '-');
            else
                assert_non_null(strchr("0123456789abcdef", text[i]));
        assert_int_equal(text[14], '4');
        assert_non_null(strchr("89ab", text[19]));
    }
}

static void no_two_are_the_same(void **state)
{
    char a[UUID_TEXT_MAX], b[UUID_TEXT_MAX];
    (void)state;

    assert_string_not_equal(uuid_make(a), uuid_make(b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_form_of_version_4),
        cmocka_unit_test(no_two_are_the_same),
    };
    return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
