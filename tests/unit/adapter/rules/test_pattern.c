// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/rules/pattern.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

static struct pattern *make(const char *text)
{
    struct pattern *p = NULL;
    struct err err = {0};

    if (pattern_new(text, &p, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return p;
}

static void matches_anywhere_in_a_name_as_go_does(void **state)
{
    static const struct {
        const char *pattern, *text;
        int matches;
    } cases[] = {
        {"^container_.*_total$", "container_cpu_total", 1},
        {"^container_.*_total$", "container_cpu_total\n", 0},
        {"_total", "a_total_b", 1},
        {"^(?i)HTTP", "http_requests", 1},
        {"^[[:alpha:]]+$", "abc1", 0},
        {"\\d{2,}", "a12", 1},
        {"a.b", "a\nb", 0},
        {"^(?P<kind>[a-z]+)_x$", "ab_x", 1},
        {"^\\pL+$", "a\xc3\xa9", 1},
        {"", "anything", 1},
        {".", "\xff", 0}, /* not UTF-8 */
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pattern *p = make(cases[i].pattern);
        if (pattern_matches(p, cases[i].text) != cases[i].matches)
            fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].text);
        pattern_free(p);
    }
}

static void expands_as_go_does(void **state)
{
    static const struct {
        const char *pattern, *form, *expected;
    } cases[] = {
        {"^(.*)_total$", "${1}_per_second", "http_requests_per_second"},
        {"^(.*)_total$", "$1", "http_requests"},
        {"^(.*)_total$", "$1_per_second", ""}, /* a group of that name */
        {"^(.*)_total$", "$1-a", "http_requests-a"},
        {"^(.*)_total$", "$0", "http_requests_total"},
        {"^(?P<name>.*)_total$", "x_$name", "x_http_requests"},
        {"^(?P<name>.*)_total$", "${name}s", "http_requestss"},
        {"^(?P<name>.*)_total$", "$names", ""},
        {"requests", "<$0>", "<requests>"},
        {"(x)?_", "[$1]", "[]"}, /* took no part */
        {".*", "$$1", "$1"},
        {".*", "100$", "100$"},
        {".*", "$ a", "$ a"},
        {".*", "${", "${"},
        {".*", "${a", "${a"},
        {".*", "${a b}", "${a b}"},
        {"(h)", "$01", ""}, /* a name, not a number */
        {"(h)", "$9", ""},
        {"(h)", "plain", "plain"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scoped(buf_done) struct buf text = {.max = 100};
        struct pattern *p = make(cases[i].pattern);
        assert_int_equal(pattern_expand(p, "http_requests_total", cases[i].form, &text), 0);
        if (strcmp(text.data ? text.data : "", cases[i].expected) != 0)
            fail_msg("'%s' gives '%s'", cases[i].form, text.data);
        pattern_free(p);
    }
}

static void expands_nothing_where_nothing_matches(void **state)
{
    scoped(buf_done) struct buf text = {.max = 100};
    struct pattern *p = make("^b");
    (void)state;

    assert_int_equal(pattern_expand(p, "abc", "x", &text), -ENOENT);
    assert_int_equal(text.len, 0);
    pattern_free(p);
}

static void says_what_is_wrong_with_an_expression(void **state)
{
    struct pattern *p = NULL;
    struct err err = {0};
    char long_text[PATTERN_MAX_BYTES + 2];
    (void)state;

    assert_int_equal(pattern_new("^(a", &p, &err), -EINVAL);
    assert_string_equal(err.text, "'^(a' is no regular expression: missing closing parenthesis at "
                                  "character 4");
    assert_int_equal(pattern_new("a\\Cb", &p, &err), -EINVAL);
    memset(long_text, 'a', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(pattern_new(long_text, &p, &err), -EINVAL);
    assert_null(p);
}

static void gives_up_on_what_would_take_forever(void **state)
{
    struct pattern *p = make("^(a+)+$");
    (void)state;

    assert_int_equal(pattern_matches(p, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), -ELOOP);
    pattern_free(p);
}

static void knows_which_groups_there_are(void **state)
{
    struct pattern *p = make("^(a)(?P<rest>.*)$");
    char name[64] = "";
    (void)state;

    assert_int_equal(pattern_groups(p), 2);
    assert_false(pattern_unknown_group(p, "$0 ${1} $rest $$3 100$", name, sizeof(name)));
    assert_true(pattern_unknown_group(p, "${1} $1_total", name, sizeof(name)));
    assert_string_equal(name, "1_total");
    assert_true(pattern_unknown_group(p, "$3", name, sizeof(name)));
    assert_string_equal(name, "3");
    pattern_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_anywhere_in_a_name_as_go_does),
        cmocka_unit_test(expands_as_go_does),
        cmocka_unit_test(expands_nothing_where_nothing_matches),
        cmocka_unit_test(says_what_is_wrong_with_an_expression),
        cmocka_unit_test(gives_up_on_what_would_take_forever),
        cmocka_unit_test(knows_which_groups_there_are),
    };
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
