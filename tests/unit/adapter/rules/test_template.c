// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/rules/template.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

static const char *const fields[] = {"Series",  "LabelMatchers", "LabelValuesByName",
                                     "GroupBy", "GroupBySlice",  NULL};

static const char *const group_by[] = {"pod", "container"};
static const struct value_pair pairs[] = {{"namespace", "shop"}, {"pod", "web-1|web-2"}};

static int run(const char *text, const char *matchers, struct buf *out, struct err *err)
{
    const struct value values[] = {
        value_text("http_requests_total"),
        value_text(matchers),
        {.kind = VALUE_MAP, .pairs = pairs, .count = 2},
        value_text("pod,container"),
        {.kind = VALUE_LIST, .items = group_by, .count = 2},
    };
    struct template *t = NULL;
    int r = template_parse(text, fields, &t, err);

    if (r == 0)
        r = template_run(t, values, out, err);
    template_free(t);
    return r;
}

struct expectation {
    const char *text, *expected;
};

static void expect(const struct expectation *cases, size_t count, const char *matchers)
{
    for (size_t i = 0; i < count; i++) {
        scoped(buf_done) struct buf out = {.max = 2000};
        struct err err = {0};
        if (run(cases[i].text, matchers, &out, &err) < 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        if (strcmp(out.data ? out.data : "", cases[i].expected) != 0)
            fail_msg("%s gives '%s', not '%s'", cases[i].text, out.data, cases[i].expected);
    }
}

static void fills_in_fields_as_go_prints_them(void **state)
{
    static const struct expectation cases[] = {
        {"sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)",
         "sum(rate(http_requests_total{pod=\"a\"}[2m])) by (pod,container)"},
        {"<< .Series >>", "http_requests_total"},
        {"<<.GroupBySlice>>", "[pod container]"},
        {"<<.LabelValuesByName>>", "map[namespace:shop pod:web-1|web-2]"},
        {"<<.LabelValuesByName.pod>>", "web-1|web-2"},
        {"<<.LabelValuesByName.absent>>|", "|"},
        {"<<index .LabelValuesByName \"namespace\">>", "shop"},
        {"<<index .LabelValuesByName \"absent\">>|", "|"},
        {"<<index .GroupBySlice 1>>", "container"},
        {"<<$.Series>>", "http_requests_total"},
        {"no action, a < b > c", "no action, a < b > c"},
        {"", ""},
    };
    (void)state;

    expect(cases, ARRAY_LEN(cases), "pod=\"a\"");
}

static void branches_and_repeats(void **state)
{
    static const struct expectation cases[] = {
        {"<<range .GroupBySlice>>[<<.>>]<<end>>", "[pod][container]"},
        {"<<range $i, $l := .GroupBySlice>><<if $i>>,<<end>><<$l>>=<<$i>><<end>>",
         "pod=0,container=1"},
        {"<<range $k, $v := .LabelValuesByName>><<$k>>:<<$v>>;<<end>>",
         "namespace:shop;pod:web-1|web-2;"},
        {"<<range $l := .GroupBySlice>><<$.Series>>/<<$l>> <<end>>",
         "http_requests_total/pod http_requests_total/container "},
        {"<<range .GroupBySlice>><<.>><<break>><<end>>", "pod"},
        {"<<range .GroupBySlice>><<if eq . \"pod\">><<continue>><<end>><<.>><<end>>", "container"},
        {"<<range slice .GroupBySlice 2>>x<<else>>none<<end>>", "none"},
        {"<<if .LabelValuesByName.pod>>a<<else>>b<<end>>", "a"},
        {"<<if .LabelValuesByName.x>>a<<else if eq .Series \"y\">>b<<else>>c<<end>>", "c"},
        {"<<with .LabelValuesByName.pod>><<.>><<else>>none<<end>>", "web-1|web-2"},
        {"<<with $x := .LabelValuesByName.y>><<$x>><<else>>none<<end>>", "none"},
        {"<<with .LabelValuesByName>><<.namespace>><<end>>", "shop"},
        {"<<$n := \"\">><<range .GroupBySlice>><<$n = .>><<end>><<$n>>", "container"},
        {"<<$n := 1>><<if true>><<$n := 2>><<$n>><<end>><<$n>>", "21"},
        {"a <</* said */>>b", "a b"},
        {"a <<- .GroupBy ->> b", "apod,containerb"},
        {"a <<- /* trims */ ->> b", "ab"},
    };
    (void)state;

    expect(cases, ARRAY_LEN(cases), "pod=\"a\"");
}

static void has_the_functions_of_go(void **state)
{
    static const struct expectation cases[] = {
        {"<<len .GroupBySlice>> <<len .Series>>", "2 19"},
        {"<<.Series | len>>", "19"},
        {"<<slice .Series 0 4>>", "http"},
        {"<<print .Series 1 2 \"a\">>", "http_requests_total1 2a"},
        {"<<println 1 .GroupBySlice>>", "1 [pod container]\n"},
        {"<<printf \"%s{%d}%% %q %v\" .Series 3 \"a\\\"b\" true>>",
         "http_requests_total{3}% \"a\\\"b\" true"},
        {"<<\"%s!\" | printf `%s` | print>>", "%s!"},
        {"<<or .LabelValuesByName.x .Series>>", "http_requests_total"},
        {"<<and .Series \"\" .GroupBy>>|", "|"},
        {"<<not .Series>> <<eq 1 2 1>> <<ne 1 2>> <<lt 1 2>> <<le 2 2>> <<gt 1 2>> <<ge 1 2>>",
         "false true true true true false false"},
        {"<<if and (gt (len .GroupBySlice) 1) (eq (index .GroupBySlice 0) `pod`)>>y<<end>>", "y"},
        {"<<(index .GroupBySlice 0)>> <<(.LabelValuesByName).pod>>", "pod web-1|web-2"},
        {"<<\"\\x41\\t\\n\">>", "A\t\n"},
    };
    (void)state;

    expect(cases, ARRAY_LEN(cases), "pod=\"a\"");
}

static void leaves_out_a_comma_that_would_stand_alone(void **state)
{
    static const struct expectation cases[] = {
        {"x{<<.LabelMatchers>>,a=\"b\"}", "x{a=\"b\"}"},
        {"x{<<.LabelMatchers>> , a=\"b\"}", "x{ a=\"b\"}"},
        {"x{a=\"b\",<<.LabelMatchers>>,c=\"d\"}", "x{a=\"b\",c=\"d\"}"},
        {"x{a=\"b\",<<.LabelMatchers>>}", "x{a=\"b\",}"}, /* which PromQL takes */
        {"x{<<.LabelMatchers>>}", "x{}"},
        {"f(<<.LabelMatchers>>, 1)", "f(, 1)"},
        {"x{<<.LabelMatchers>><<.GroupBy>>,a}", "x{pod,container,a}"},
    };
    (void)state;

    expect(cases, ARRAY_LEN(cases), "");
}

static void refuses_what_it_does_not_understand(void **state)
{
    static const struct expectation cases[] = {
        {"<<.Serie>>", "in <<.Serie>>: there is no field .Serie"},
        {"<<$.Serie>>", "in <<$.Serie>>: there is no field .Serie"},
        {"<<.Series", "in <<.Series>>: it has no >>"},
        {"<<if .Series>>a", "in <<if .Series>>: it has no <<end>>"},
        {"a<<end>>", "in <<end>>: there is nothing that it belongs to"},
        {"<<if 1>><<else>><<else>><<end>>", "in <<else>>: there is a second else"},
        {"<<>>", "in <<>>: a value is missing"},
        {"<<$x>>", "in <<$x>>: there is no variable $x"},
        {"<<if 1>><<$x := 1>><<else>><<$x>><<end>>", "in <<$x>>: there is no variable $x"},
        {"<<$x = 1>>", "in <<$x = 1>>: there is no variable $x"},
        {"<<$x, $y := .GroupBySlice>>",
         "in <<$x, $y := .GroupBySlice>>: only range declares two variables"},
        {"<<join .GroupBySlice>>", "in <<join .GroupBySlice>>: there is no function 'join'"},
        {"<<index .GroupBySlice>>",
         "in <<index .GroupBySlice>>: index takes 2 to 2 arguments, not 1"},
        {"<<.Series 1>>", "in <<.Series 1>>: only a function takes arguments"},
        {"<<(.Series>>", "in <<(.Series>>: a parenthesis is not closed"},
        {"<<.Series)>>", "in <<.Series)>>: unexpected ')>>'"},
        {"<<\"a>>", "in <<\"a>>: a text has no end"},
        {"<<1.5>>", "in <<1.5>>: numbers are whole and have at most 18 digits"},
        {"<<break>>", "in <<break>>: it is outside of a range"},
        {"<<template \"x\">>",
         "in <<template \"x\">>: template is not for rules: a query is one template"},
        {"<<.>>", "'.' alone cannot be printed"},
        {"<<.Series.x>>", "a text has no field .x"},
        {"<<index .GroupBySlice 2>>", "index 2 is outside of a list of 2"},
        {"<<range .Series>><<end>>", "range over a text"},
        {"<<printf \"%d\" .Series>>",
         "printf: %d does not print a text (there are %s %v %d %q %%)"},
        {"<<printf \"%s\">>", "printf: '%s' asks for more than it is given"},
        {"<<eq .Series 1>>", "a text cannot be compared with a number"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scoped(buf_done) struct buf out = {.max = 2000};
        struct err err = {0};
        assert_int_equal(run(cases[i].text, "", &out, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].expected);
    }
}

static void ends_at_its_limits(void **state)
{
    scoped(buf_done) struct buf out = {.max = 10};
    scoped(buf_done) struct buf deep = {.max = 2000};
    struct err err = {0};
    (void)state;

    assert_int_equal(run("<<.Series>>", "", &out, &err), -E2BIG);
    assert_string_equal(err.text, "it makes more than 10 bytes");
    for (int i = 0; i < 40; i++)
        assert_int_equal(buf_puts(&deep, "<<if 1>>"), 0);
    assert_int_equal(run(deep.data, "", &out, &err), -EINVAL);
    assert_non_null(strstr(err.text, "nested more than 32 deep"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_fields_as_go_prints_them),
        cmocka_unit_test(branches_and_repeats),
        cmocka_unit_test(has_the_functions_of_go),
        cmocka_unit_test(leaves_out_a_comma_that_would_stand_alone),
        cmocka_unit_test(refuses_what_it_does_not_understand),
        cmocka_unit_test(ends_at_its_limits),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
