// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "kube/jpath.h"
#include "lab/simulate/field.h"

#include <errno.h>

static int set(json_t *root, const char *path, struct err *err)
{
    json_auto_t *value = json_integer(5);

    return field_set(root, path, value, err);
}

static void sets_and_replaces_members_and_elements(void **state)
{
    json_auto_t *root = json_pack("{s:{s:i}, s:[{s:i}, i]}", "a", "b", 1, "list", "c", 2, 3);
    (void)state;

    assert_int_equal(set(root, "a.b", NULL), 0);
    assert_int_equal(set(root, "list[0].c", NULL), 0);
    assert_int_equal(set(root, "list[1]", NULL), 0);
    assert_int_equal(jpath_int(root, "a.b", 0), 5);
    assert_int_equal(jpath_int(root, "list[0].c", 0), 5);
    assert_int_equal(jpath_int(root, "list[1]", 0), 5);
}

static void makes_members_that_are_missing_on_the_way(void **state)
{
    json_auto_t *root = json_pack("{s:n}", "empty");
    (void)state;

    assert_int_equal(set(root, "x.y.z", NULL), 0);
    assert_int_equal(set(root, "empty.y", NULL), 0);
    assert_int_equal(set(root, "l[\"a.b/c\"]", NULL), 0);
    assert_int_equal(jpath_int(root, "x.y.z", 0), 5);
    assert_int_equal(jpath_int(root, "empty.y", 0), 5);
    assert_int_equal(jpath_int(root, "l[\"a.b/c\"]", 0), 5);
}

static void says_where_a_path_ends(void **state)
{
    static const struct {
        const char *path, *message;
    } cases[] = {
        {"list[3].c", "list[3] is not there"},
        {"list[3]", "list[3] is not there"},
        {"a.b.c", "a.b.c is not there"},
        {"a.b.c.d", "a.b.c is not there"},
        {"a..b", "'a..b' is no path such as spec.metrics[0].type"},
        {"a[", "'a[' is no path such as spec.metrics[0].type"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_auto_t *root = json_pack("{s:{s:i}, s:[{s:i}]}", "a", "b", 1, "list", "c", 2);
        struct err e = {0};
        assert_int_equal(set(root, cases[i].path, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_replaces_members_and_elements),
        cmocka_unit_test(makes_members_that_are_missing_on_the_way),
        cmocka_unit_test(says_where_a_path_ends),
    };
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
