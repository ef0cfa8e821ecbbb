// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/rules/query_text.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define RATE "sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)"

static const char *const one[] = {"web-1"};
static const char *const two[] = {"web-1", "web-2"};
static const char *const dotted[] = {"dot.v1", "a\"b"};

static const struct query_input by_name = {.series = "s",
                                           .namespace_label = "ns",
                                           .namespace = "shop",
                                           .object_label = "pod",
                                           .names = one,
                                           .name_count = 1};

static int ask(const char *query, const char *selector, struct query_input in, struct buf *out,
               struct err *err)
{
    struct template *t = NULL;
    struct selector *s = NULL;

    assert_int_equal(template_parse(query, query_fields, &t, err), 0);
    assert_int_equal(selector_parse(selector, &s, err), 0);
    in.selector = s;
    int r = query_text(t, &in, out, err);
    selector_free(s);
    template_free(t);
    return r;
}

static void makes(const char *query, const char *selector, struct query_input in,
                  const char *expected)
{
    scoped(buf_done) struct buf out = {.max = QUERY_TEXT_MAX_BYTES};
    struct err err = {0};

    if (ask(query, selector, in, &out, &err) < 0)
        fail_msg("%s: %s", selector, err.text);
    assert_string_equal(out.data, expected);
}

static void refuses(const char *query, const char *selector, struct query_input in,
                    const char *expected)
{
    scoped(buf_done) struct buf out = {.max = QUERY_TEXT_MAX_BYTES};
    struct err err = {0};

    assert_int_equal(ask(query, selector, in, &out, &err), -EINVAL);
    assert_string_equal(err.text, expected);
}

static struct query_input several(const char *const *names)
{
    struct query_input in = by_name;

    in.names = names;
    in.name_count = 2;
    return in;
}

static void asks_for_the_selector_then_the_namespace_then_the_object(void **state)
{
    (void)state;
    makes(RATE, "", by_name, "sum(rate(s{ns=\"shop\",pod=\"web-1\"}[2m])) by (pod)");
    makes(RATE, "", several(two), "sum(rate(s{ns=\"shop\",pod=~\"web-1|web-2\"}[2m])) by (pod)");
    makes(RATE, "verb=GET,code!=500", by_name,
          "sum(rate(s{code!=\"500\",verb=\"GET\",ns=\"shop\",pod=\"web-1\"}[2m])) by (pod)");
}

static void writes_every_operator_as_prometheus_adapter_does(void **state)
{
    const struct query_input in = {.series = "s"};
    (void)state;

    makes("<<.LabelMatchers>>", "a=x", in, "a=\"x\"");
    makes("<<.LabelMatchers>>", "a==x", in, "a=\"x\"");
    makes("<<.LabelMatchers>>", "a!=x", in, "a!=\"x\"");
    makes("<<.LabelMatchers>>", "a in (x)", in, "a=~\"x\"");
    makes("<<.LabelMatchers>>", "a in (y,x)", in, "a=~\"x|y\"");
    makes("<<.LabelMatchers>>", "a notin (x)", in, "a!~\"x\"");
    makes("<<.LabelMatchers>>", "a notin (y,x)", in, "a!~\"x|y\"");
    makes("<<.LabelMatchers>>", "a", in, "a!=\"\"");
    makes("<<.LabelMatchers>>", "!a", in, "a=\"\"");
    makes("<<.LabelMatchers>>", "a=", in, "a=\"\"");
    makes("x{<<.LabelMatchers>>,b=\"c\"}", "", in, "x{b=\"c\"}");
}

static void gives_values_and_groups_to_the_template(void **state)
{
    struct query_input in = several(two);
    (void)state;

    makes("<<index .LabelValuesByName \"pod\">> <<.LabelValuesByName.ns>>", "", in,
          "web-1|web-2 shop");
    makes("<<.LabelValuesByName>>", "z=1,b in (x,y)", in, "map[b:x|y ns:shop pod:web-1|web-2 z:1]");
    in.also_by = "container";
    makes("<<.GroupBy>> <<.GroupBySlice>>", "", in, "pod,container [pod container]");
    makes("[<<.GroupBy>><<.GroupBySlice>>]", "", (struct query_input){.series = "s"}, "[[]]");
}

static void escapes_what_would_mean_something_else(void **state)
{
    struct query_input quoted = by_name;
    (void)state;

    makes("<<.LabelMatchers>>", "", several(dotted), "ns=\"shop\",pod=~\"dot\\\\.v1|a\\\"b\"");
    makes("<<.LabelMatchers>>", "v in (1.2)", (struct query_input){0}, "v=~\"1\\\\.2\"");
    makes("<<.LabelMatchers>>", "v=1.2", (struct query_input){0}, "v=\"1.2\"");
    quoted.names = &dotted[1];
    makes("<<.LabelValuesByName.pod>>", "", quoted, "a\\\"b");
    quoted.names = (const char *const[]){"a\\\n"};
    makes("<<.LabelMatchers>>", "", quoted, "ns=\"shop\",pod=\"a\\\\\\x0a\"");
}

static void writes_kubernetes_keys_as_prometheus_labels(void **state)
{
    (void)state;
    makes("<<.LabelMatchers>>", "app.kubernetes.io/part-of=x,0a=y", (struct query_input){0},
          "_0a=\"y\",app_kubernetes_io_part_of=\"x\"");
}

static void does_not_ask_twice_for_namespace_or_object(void **state)
{
    (void)state;
    makes("<<.LabelMatchers>>", "ns=shop,pod in (web-1,x)", by_name, "ns=\"shop\",pod=\"web-1\"");
    refuses("<<.LabelMatchers>>", "ns=other", by_name,
            "the metric selector's 'ns' cannot be: the label is already asked to be the namespace "
            "shop");
    refuses("<<.LabelMatchers>>", "pod!=web-1", by_name,
            "the metric selector's 'pod' cannot be: the label is already asked to be the object's "
            "name");
    refuses("<<.LabelMatchers>>", "pod=web-1", several(two),
            "the metric selector's 'pod' cannot be: the label is already asked to be the object's "
            "name");
}

static void refuses_an_empty_query_and_too_many_objects(void **state)
{
    scoped(buf_done) struct buf out = {.max = QUERY_TEXT_MAX_BYTES};
    struct query_input in = by_name;
    struct err err = {0};
    (void)state;

    refuses("<<if false>>x<<end>>", "", by_name, "the metricsQuery makes an empty query");
    in.name_count = QUERY_OBJECTS_MAX + 1; /* none of them is looked at */
    assert_int_equal(ask("x", "", in, &out, &err), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_selector_then_the_namespace_then_the_object),
        cmocka_unit_test(writes_every_operator_as_prometheus_adapter_does),
        cmocka_unit_test(gives_values_and_groups_to_the_template),
        cmocka_unit_test(escapes_what_would_mean_something_else),
        cmocka_unit_test(writes_kubernetes_keys_as_prometheus_labels),
        cmocka_unit_test(does_not_ask_twice_for_namespace_or_object),
        cmocka_unit_test(refuses_an_empty_query_and_too_many_objects),
    };
    return cmocka_run_group_tests_name("query_text", tests, NULL, NULL);
}
