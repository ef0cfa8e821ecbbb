// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/jpath.h"
#include "kube/jpath_step.h"

static const char text[] =
    "{\"spec\":{\"replicas\":3,\"ratio\":1.5,\"paused\":false,\"none\":null,\"big\":"
    "9007199254740993,"
    "\"list\":[{\"type\":\"cpu\"},[10,20]],\"\":\"empty\"},"
    "\"metadata\":{\"labels\":{\"app.kubernetes.io/name\":\"web\",\"a[0]\":\"odd\"}}}";

static int load(void **state)
{
    *state = json_loads(text, 0, NULL);
    return *state ? 0 : -1;
}

static int unload(void **state)
{
    json_decref(*state);
    return 0;
}

static void follows_names_indices_and_quoted_names(void **state)
{
    const json_t *root = *state;

    assert_int_equal(jpath_int(root, "spec.replicas", -1), 3);
    assert_string_equal(jpath_str(root, "spec.list[0].type", ""), "cpu");
    assert_int_equal(jpath_int(root, "spec.list[1][1]", -1), 20);
    assert_int_equal(jpath_int(root, "[\"spec\"].replicas", -1), 3);
    assert_string_equal(jpath_str(root, "metadata.labels[\"app.kubernetes.io/name\"]", ""), "web");
    assert_string_equal(jpath_str(root, "metadata.labels[\"a[0]\"]", ""), "odd");
    assert_string_equal(jpath_str(root, "spec[\"\"]", ""), "empty");
}

static void an_empty_path_is_the_root(void **state)
{
    assert_ptr_equal(jpath(*state, ""), *state);
}

static void missing_and_null_give_the_default(void **state)
{
    const json_t *root = *state;

    assert_null(jpath(root, "spec.nothing"));
    assert_null(jpath(root, "spec.none"));
    assert_null(jpath(root, "spec.list[2]"));
    assert_null(jpath(root, "spec.replicas.deeper"));
    assert_null(jpath(root, "spec[0]"));
    assert_null(jpath(root, "spec.list.type"));
    assert_null(jpath(NULL, "spec"));
    assert_int_equal(jpath_int(root, "spec.none", 7), 7);
    assert_string_equal(jpath_str(root, "spec.nothing", "else"), "else");
    assert_null(jpath_str(root, "spec.nothing", NULL));
}

static void another_type_gives_the_default(void **state)
{
    const json_t *root = *state;

    assert_int_equal(jpath_int(root, "spec.ratio", 7), 7);
    assert_string_equal(jpath_str(root, "spec.replicas", "else"), "else");
    assert_true(jpath_bool(root, "spec.replicas", true));
    assert_float_equal(jpath_double(root, "spec.paused", 0.25), 0.25, 0);
}

static void reads_every_kind_of_value(void **state)
{
    const json_t *root = *state;

    assert_int_equal(jpath_int(root, "spec.big", 0), INT64_C(9007199254740993));
    assert_float_equal(jpath_double(root, "spec.ratio", 0), 1.5, 0);
    assert_float_equal(jpath_double(root, "spec.replicas", 0), 3, 0);
    assert_false(jpath_bool(root, "spec.paused", true));
}

static void a_malformed_path_finds_nothing(void **state)
{
    static const char *const paths[] = {
        ".spec",
        "spec.",
        "spec..replicas",
        "spec.list[",
        "spec.list[]",
        "spec.list[0",
        "spec.list[x]",
        "spec.list[-1]",
        "spec.[\"\"]",
        "spec.list[0]type",
        "[\"spec\"]x",
        "[\"spec",
        "spec[\"\"]x",
        ".",
        "[",
        "spec.list[1].[1]",
        "spec.list[18446744073709551616]",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (jpath(*state, paths[i]))
            fail_msg("'%s' found something", paths[i]);
}

static void steps_end_where_the_path_does(void **state)
{
    const char *path = "a[3]";
    struct jpath_step step;
    (void)state;

    assert_true(jpath_step_take(&path, &step));
    assert_memory_equal(step.name, "a", 1);
    assert_int_equal(step.name_len, 1);
    assert_true(jpath_step_take(&path, &step));
    assert_null(step.name);
    assert_int_equal(step.index, 3);
    assert_false(jpath_step_take(&path, &step));
    assert_string_equal(path, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_names_indices_and_quoted_names),
        cmocka_unit_test(an_empty_path_is_the_root),
        cmocka_unit_test(missing_and_null_give_the_default),
        cmocka_unit_test(another_type_gives_the_default),
        cmocka_unit_test(reads_every_kind_of_value),
        cmocka_unit_test(a_malformed_path_finds_nothing),
        cmocka_unit_test(steps_end_where_the_path_does),
    };
    return cmocka_run_group_tests_name("jpath", tests, load, unload);
}
