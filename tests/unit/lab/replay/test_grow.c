// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/replay/grow.h"

#include <stdlib.h>

static void makes_room_that_is_zero_and_keeps_what_was_there(void **state)
{
    int *numbers = NULL;
    (void)state;

    for (int i = 0; i < 100; i++) {
        assert_int_equal(grow(&numbers, (size_t)i, sizeof(*numbers)), 0);
        assert_int_equal(numbers[i], 0);
        numbers[i] = i + 1;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(numbers[i], i + 1);
    free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_room_that_is_zero_and_keeps_what_was_there),
    };
    return cmocka_run_group_tests_name("grow", tests, NULL, NULL);
}
