// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "kube/strict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct doc { /* one mapping with where it stands */
    struct yaml_file *file;
    struct err err;
    struct strict s;
    const json_t *mapping;
};

static struct doc *open_doc(struct doc *d, const char *text)
{
    *d = (struct doc){0};
    assert_int_equal(yaml_parse("a.yaml", text, strlen(text), &d->file, NULL), 0);
    d->s = (struct strict){.file = d->file, .err = &d->err};
    d->mapping = yaml_document(d->file, 0);
    return d;
}

static const struct strict_member members[] = {{"name", true}, {"every", false}, {0}};

static void takes_a_mapping_with_the_members_it_knows(void **state)
{
    struct doc d;
    (void)state;

    open_doc(&d, "name: a\nevery: 5s\n");
    assert_int_equal(strict_mapping(&d.s, d.mapping, "", members), 0);
    yaml_file_free(d.file);
}

static void refuses_what_is_unknown_missing_or_no_mapping(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"name: a\nevry: 5s\n", "a.yaml:2: there is no field 'evry' in the configuration"},
        {"# a comment\nevery: 5s\n", "a.yaml:2: name is missing"},
        {"- name\n", "a.yaml:1: the file takes a mapping, not a list"},
        {"\n\ntext\n", "a.yaml:3: the file takes a mapping, not 'text'"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct doc d;
        open_doc(&d, cases[i].text);
        assert_int_equal(strict_mapping(&d.s, d.mapping, "", members), -EINVAL);
        assert_string_equal(d.err.text, cases[i].sentence);
        yaml_file_free(d.file);
    }
}

static void an_absent_member_leaves_the_default(void **state)
{
    const char *name = "default";
    uint64_t every_ns = 7;
    struct doc d;
    (void)state;

    open_doc(&d, "{}\n");
    assert_int_equal(strict_text(&d.s, d.mapping, "", "name", 10, &name), 0);
    assert_int_equal(strict_duration(&d.s, d.mapping, "", "every", 1, 9, &every_ns), 0);
    assert_string_equal(name, "default");
    assert_int_equal(every_ns, 7);
    yaml_file_free(d.file);
}

static void a_text_is_a_string_with_a_length(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"name: 5\n", "a.yaml:1: x.name takes a text, not 5"},
        {"name: [a]\n", "a.yaml:1: x.name takes a text, not a list"},
        {"name:\n", "a.yaml:1: x.name takes a text, not nothing"},
        {"name: true\n", "a.yaml:1: x.name takes a text, not true"},
        {"name: ''\n", "a.yaml:1: x.name takes a text of 1 to 4 bytes, not one of 0"},
        {"name: abcde\n", "a.yaml:1: x.name takes a text of 1 to 4 bytes, not one of 5"},
    };
    const char *name = NULL;
    struct doc d;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        open_doc(&d, cases[i].text);
        assert_int_equal(strict_text(&d.s, d.mapping, "x", "name", 4, &name), -EINVAL);
        assert_string_equal(d.err.text, cases[i].sentence);
        assert_null(name);
        yaml_file_free(d.file);
    }
    open_doc(&d, "name: abcd\n");
    assert_int_equal(strict_text(&d.s, d.mapping, "x", "name", 4, &name), 0);
    assert_string_equal(name, "abcd");
    yaml_file_free(d.file);
}

static void a_duration_has_a_unit_and_a_range(void **state)
{
    static const char *const bad[] = {"5", "'5'", "99ms", "1001ms", "-1s", "soon", "{}"};
    uint64_t ns = 0;
    struct doc d;
    char text[64];
    (void)state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        (void)snprintf(text, sizeof(text), "# first\nevery: %s\n", bad[i]);
        open_doc(&d, text);
        assert_int_equal(
            strict_duration(&d.s, d.mapping, "", "every", 100 * NS_PER_MS, NS_PER_S, &ns), -EINVAL);
        assert_ptr_equal(
            strstr(d.err.text, "a.yaml:2: every takes a duration from 100ms to 1s, not "),
            d.err.text);
        yaml_file_free(d.file);
    }
    assert_int_equal(ns, 0);
    open_doc(&d, "every: 1s\n");
    assert_int_equal(strict_duration(&d.s, d.mapping, "", "every", 100 * NS_PER_MS, NS_PER_S, &ns),
                     0);
    assert_int_equal(ns, NS_PER_S);
    yaml_file_free(d.file);
}

static void a_whole_number_has_no_fraction_and_a_range(void **state)
{
    static const char *const bad[] = {"1.5", "'5'", "0", "11", "many"};
    int64_t number = 0;
    struct doc d;
    char text[64];
    (void)state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        (void)snprintf(text, sizeof(text), "count: %s\n", bad[i]);
        open_doc(&d, text);
        assert_int_equal(strict_int(&d.s, d.mapping, "", "count", 1, 10, &number), -EINVAL);
        assert_ptr_equal(
            strstr(d.err.text, "a.yaml:1: count takes a whole number from 1 to 10, not "),
            d.err.text);
        yaml_file_free(d.file);
    }
    assert_int_equal(number, 0);
    open_doc(&d, "count: 10\n");
    assert_int_equal(strict_int(&d.s, d.mapping, "", "count", 1, 10, &number), 0);
    assert_int_equal(number, 10);
    yaml_file_free(d.file);
}

static void a_number_may_be_whole_or_not(void **state)
{
    double number = 0;
    struct doc d;
    (void)state;

    open_doc(&d, "a: 0.5\nb: 2\nc: 2.01\nd: two\n");
    assert_int_equal(strict_number(&d.s, d.mapping, "", "a", 0, 2, &number), 0);
    assert_float_equal(number, 0.5, 0);
    assert_int_equal(strict_number(&d.s, d.mapping, "", "b", 0, 2, &number), 0);
    assert_float_equal(number, 2, 0);
    assert_int_equal(strict_number(&d.s, d.mapping, "", "c", 0, 2, &number), -EINVAL);
    assert_string_equal(d.err.text, "a.yaml:3: c takes a number from 0 to 2, not 2.01");
    assert_int_equal(strict_number(&d.s, d.mapping, "", "d", 0, 2, &number), -EINVAL);
    assert_float_equal(number, 2, 0);
    yaml_file_free(d.file);
}

static void a_quantity_is_written_as_in_manifests(void **state)
{
    int64_t milli = 0;
    struct doc d;
    (void)state;

    open_doc(&d, "a: 250m\nb: 2\nc: 3\nd: lots\n");
    assert_int_equal(strict_quantity(&d.s, d.mapping, "", "a", 0, 2000, &milli), 0);
    assert_int_equal(milli, 250);
    assert_int_equal(strict_quantity(&d.s, d.mapping, "", "b", 0, 2000, &milli), 0);
    assert_int_equal(milli, 2000);
    assert_int_equal(strict_quantity(&d.s, d.mapping, "", "c", 1, 2000, &milli), -EINVAL);
    assert_string_equal(d.err.text, "a.yaml:3: c takes a quantity from 1m to 2, not 3");
    assert_int_equal(strict_quantity(&d.s, d.mapping, "", "d", 1, 2000, &milli), -EINVAL);
    assert_int_equal(milli, 2000);
    yaml_file_free(d.file);
}

static void a_choice_is_one_of_the_names(void **state)
{
    static const char *const names[] = {"one", "two", "three", NULL};
    struct doc d;
    int choice = 7;
    (void)state;

    open_doc(&d, "a: two\nb: four\nc: 3\n");
    assert_int_equal(strict_choice(&d.s, d.mapping, "", "absent", names, &choice), 0);
    assert_int_equal(choice, 7);
    assert_int_equal(strict_choice(&d.s, d.mapping, "", "a", names, &choice), 0);
    assert_int_equal(choice, 1);
    assert_int_equal(strict_choice(&d.s, d.mapping, "", "b", names, &choice), -EINVAL);
    assert_string_equal(d.err.text, "a.yaml:2: b takes one, two or three, not 'four'");
    assert_int_equal(strict_choice(&d.s, d.mapping, "", "c", names, &choice), -EINVAL);
    assert_string_equal(d.err.text, "a.yaml:3: c takes one, two or three, not 3");
    assert_int_equal(choice, 1);
    yaml_file_free(d.file);
}

static void a_bool_is_true_or_false(void **state)
{
    struct doc d;
    bool yes = true;
    (void)state;

    open_doc(&d, "a: false\nb: 1\n");
    assert_int_equal(strict_bool(&d.s, d.mapping, "", "absent", &yes), 0);
    assert_true(yes);
    assert_int_equal(strict_bool(&d.s, d.mapping, "", "a", &yes), 0);
    assert_false(yes);
    assert_int_equal(strict_bool(&d.s, d.mapping, "x", "b", &yes), -EINVAL);
    assert_non_null(strstr(d.err.text, "x.b takes true or false"));
    yaml_file_free(d.file);
}

static void a_copy_outlives_the_document(void **state)
{
    struct doc d;
    char *text = NULL;
    (void)state;

    open_doc(&d, "a: word\nb: 1\n");
    assert_int_equal(strict_copy(&d.s, d.mapping, "", "absent", 4, &text), 0);
    assert_null(text);
    assert_int_equal(strict_copy(&d.s, d.mapping, "", "b", 4, &text), -EINVAL);
    assert_int_equal(strict_copy(&d.s, d.mapping, "", "a", 3, &text), -EINVAL);
    assert_int_equal(strict_copy(&d.s, d.mapping, "", "a", 4, &text), 0);
    yaml_file_free(d.file);
    assert_string_equal(text, "word");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_mapping_with_the_members_it_knows),
        cmocka_unit_test(refuses_what_is_unknown_missing_or_no_mapping),
        cmocka_unit_test(an_absent_member_leaves_the_default),
        cmocka_unit_test(a_text_is_a_string_with_a_length),
        cmocka_unit_test(a_choice_is_one_of_the_names),
        cmocka_unit_test(a_bool_is_true_or_false),
        cmocka_unit_test(a_copy_outlives_the_document),
        cmocka_unit_test(a_duration_has_a_unit_and_a_range),
        cmocka_unit_test(a_whole_number_has_no_fraction_and_a_range),
        cmocka_unit_test(a_number_may_be_whole_or_not),
        cmocka_unit_test(a_quantity_is_written_as_in_manifests),
    };
    return cmocka_run_group_tests_name("strict", tests, NULL, NULL);
}
