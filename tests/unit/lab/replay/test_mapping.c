// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/replay/mapping.h"

static void finds_kinds_by_group_whatever_the_version(void **state)
{
    (void)state;

    assert_string_equal(mapping_find("apps", "Deployment")->resource, "deployments");
    assert_true(mapping_find("", "ReplicationController")->scalable);
    assert_false(mapping_find("apps", "DaemonSet")->scalable);
    assert_null(mapping_find("", "Deployment"));
    assert_null(mapping_find("apps", "Unicorn"));
}

static void takes_the_group_from_an_api_version(void **state)
{
    size_t len = 9;
    (void)state;

    assert_true(mapping_group("apps/v1", &len));
    assert_int_equal(len, 4);
    assert_true(mapping_group("v1", &len));
    assert_int_equal(len, 0);
    assert_true(mapping_group("", &len));
    assert_false(mapping_group("a/b/c", &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_kinds_by_group_whatever_the_version),
        cmocka_unit_test(takes_the_group_from_an_api_version),
    };
    return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
