// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/simulate/nodes.h"

#include <errno.h>

static void a_pod_takes_the_first_node_with_room(void **state)
{
    struct nodes *n = nodes_new(2, 1000);
    (void)state;

    assert_int_equal(nodes_take(n, 600), 0);
    assert_int_equal(nodes_take(n, 600), 1);
    assert_int_equal(nodes_take(n, 400), 0);
    assert_int_equal(nodes_take(n, 401), -ENOSPC); /* 400 are free: of one node */
    nodes_give(n, 0, 600);
    assert_int_equal(nodes_take(n, 401), 0);
    nodes_free(n);
}

static void a_pod_without_a_request_always_fits(void **state)
{
    struct nodes *n = nodes_new(1, 100);
    (void)state;

    assert_int_equal(nodes_take(n, 100), 0);
    assert_int_equal(nodes_take(n, 0), 0);
    nodes_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_takes_the_first_node_with_room),
        cmocka_unit_test(a_pod_without_a_request_always_fits),
    };
    return cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
}
