// SPDX-License-Identifier: MIT
#include "unit.h"

#include "load/due.h"

static void an_empty_ring_is_never_due(void **state)
{
    struct due d;
    (void)state;

    assert_int_equal(due_init(&d, 1), 0);
    assert_true(due_first_ns(&d) == UINT64_MAX);
    due_done(&d);
}

static void entries_leave_in_the_order_in_which_they_came(void **state)
{
    struct due d;
    uint64_t in = 0, out = 0;
    (void)state;

    assert_int_equal(due_init(&d, 3), 0);
    for (int round = 0; round < 5; round++) { /* goes around the end of the ring */
        for (; in < out + 3; in++)
            due_push(&d, 100 * in, in);
        for (int i = 0; i < 2; i++, out++) {
            assert_int_equal(due_first_ns(&d), 100 * out);
            struct due_entry entry = due_take(&d);
            assert_int_equal(entry.number, out);
            assert_int_equal(entry.due_ns, 100 * out);
        }
    }
    due_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_ring_is_never_due),
        cmocka_unit_test(entries_leave_in_the_order_in_which_they_came),
    };

    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
