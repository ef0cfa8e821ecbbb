// SPDX-License-Identifier: MIT
#include "unit.h"

#include "rules_fixture.h"

#include "base/clock.h"
#include "base/scoped.h"

#include <errno.h>

#define QUERY "  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n"
#define PODS "  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}\n"

static void reads_every_field_of_the_three_sections(void **state)
{
    struct rules rules = {0};
    (void)state;

    open_rules("\"rules\":\n"
               "- \"seriesQuery\": 'a{pod!=\"\"}'\n"
               "  \"seriesFilters\": [{is: ^a}, {\"isNot\": _bucket$}]\n"
               "  \"resources\":\n"
               "    template: 'kube_<<.Group>>_<<.Resource>>'\n"
               "    overrides: {shop: {group: shop.io, resource: basket}}\n"
               "  name: {matches: '^(.*)_total$', as: '${1}_rate'}\n" QUERY "externalRules:\n"
               "- seriesQuery: b\n"
               "  name:\n" /* null */
               "  resources: {namespaced: false}\n"
               "  metricsQuery: b{<<.LabelMatchers>>}\n"
               "resourceRules:\n"
               "  cpu:\n"
               "    containerQuery: c{<<.LabelMatchers>>}\n"
               "    containerLabel: container\n"
               "    resources: {overrides: {ns: {resource: namespace}, p: {resource: pod}}}\n"
               "  window: 5m\n",
               &rules);
    assert_int_equal(rules.custom_count, 1);
    assert_string_equal(rules.custom[0].shown_as, "rules[0]");
    assert_string_equal(rules.custom[0].series_query, "a{pod!=\"\"}");
    assert_int_equal(rules.custom[0].filter_count, 2);
    assert_string_equal(rules.custom[0].labels.overrides[0].group, "shop.io");
    assert_int_equal(rules.external_count, 1);
    assert_false(rules.external[0].labels.namespaced);
    assert_true(rules.has_resource_rules);
    assert_string_equal(rules.cpu.pod_label, "p");
    assert_string_equal(rules.cpu.namespace_label, "ns");
    assert_int_equal(rules.window_ns, 300 * NS_PER_S);
    assert_int_equal(rules.warnings.len, 0);
    rules_done(&rules);
}

static void names_metrics_by_filters_matches_and_as(void **state)
{
    static const struct {
        const char *rule, *series, *name; /* NULL: not of the rule */
    } cases[] = {
        {"  name: {matches: '^container_(.*)_total$'}\n", "container_cpu_total", "cpu"},
        {"  name: {matches: '^container_(.*)_total$'}\n", "node_cpu_total", NULL},
        {"  name: {matches: '^(.*)_total$', as: '${1}_per_second'}\n", "a_total", "a_per_second"},
        {"  name: {as: cheesy}\n", "cheddar", "cheesy"},
        {"  name: {as: 7}\n", "cheddar", "7"},
        {"  name: {matches: ^a}\n", "abc", "a"},
        {"", "abc", "abc"},
        {"  seriesFilters: [{isNot: '_seconds_total$'}]\n", "a_seconds_total", NULL},
        {"  seriesFilters: [{isNot: '_seconds_total$'}]\n", "a_total", "a_total"},
        {"  seriesFilters: [{is: ^a}, {is: b$}]\n", "ab", "ab"},
        {"  seriesFilters: [{is: ^a}, {is: b$}]\n", "ac", NULL},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scoped(buf_done) struct buf text = {.max = 1000}, name = {.max = 100};
        struct rules rules = {0};
        assert_int_equal(
            buf_printf(&text, "rules:\n- seriesQuery: x\n%s" PODS QUERY, cases[i].rule), 0);
        open_rules(text.data, &rules);
        int r = rule_name_series(&rules.custom[0], cases[i].series, &name);
        assert_int_equal(r, cases[i].name != NULL);
        if (cases[i].name)
            assert_string_equal(name.data, cases[i].name);
        rules_done(&rules);
    }
}

static void refuses_a_file_with_line_and_field(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"rules: 1\n", "r.yaml:1: rules takes a list of at most 1000"},
        {"rules:\n- seriesQuery: a\n" PODS, "r.yaml:2: rules[0].metricsQuery is missing"},
        {"rules:\n-\n" PODS QUERY, "r.yaml:3: rules[0].seriesQuery is missing"},
        {"rules:\n- seriesQuery: a\n  seriesquery: b\n" QUERY,
         "r.yaml:3: there is no field 'seriesquery' in rules[0]"},
        {"rules:\n- seriesQuery: true\n" QUERY,
         "r.yaml:2: rules[0].seriesQuery takes a text: put it in quotes"},
        {"rules:\n- seriesQuery: a\n  metricsQuery: <<.Serie>>\n",
         "r.yaml:3: rules[0].metricsQuery: in <<.Serie>>: there is no field .Serie"},
        {"rules:\n- seriesQuery: a\n  metricsQuery: <<index .GroupBySlice 4>>\n",
         "r.yaml:3: rules[0].metricsQuery: index 4 is outside of a list of 1"},
        {"externalRules:\n- seriesQuery: a\n  metricsQuery: <<index .GroupBySlice 0>>\n",
         "r.yaml:3: externalRules[0].metricsQuery: index 0 is outside of a list of 0"},
        {"rules:\n- seriesQuery: a\n  seriesFilters: [{is: (}]\n" QUERY,
         "r.yaml:3: rules[0].seriesFilters[0].is: '(' is no regular expression: missing closing "
         "parenthesis at character 2"},
        {"rules:\n- seriesQuery: a\n  seriesFilters: [{is: a, isNot: b}]\n" QUERY,
         "r.yaml:3: rules[0].seriesFilters[0] takes one of is and isNot"},
        {"rules:\n- seriesQuery: a\n  seriesFilters: [{}]\n" QUERY,
         "r.yaml:3: rules[0].seriesFilters[0] takes one of is and isNot"},
        {"rules:\n- seriesQuery: a\n  name: {matches: '(a)(b)'}\n" QUERY,
         "r.yaml:3: rules[0].name.as is missing: name.matches has several groups"},
        {"rules:\n- seriesQuery: a\n  resources: {template: 'kube_<<.Group>>'}\n" QUERY,
         "r.yaml:3: rules[0].resources.template must contain <<.Resource>>"},
        {"rules:\n- seriesQuery: a\n  resources: {template: '<<.Name>>'}\n" QUERY,
         "r.yaml:3: rules[0].resources.template: in <<.Name>>: there is no field .Name"},
        {"rules:\n- seriesQuery: a\n  resources: {overrides: {pod: {}}}\n" QUERY,
         "r.yaml:3: rules[0].resources.overrides.pod.resource is missing"},
        {"rules:\n- seriesQuery: a\n  resources: {namespaced: 1}\n" QUERY,
         "r.yaml:3: rules[0].resources.namespaced takes true or false"},
        {"resourceRules: {cpu: {containerQuery: '<<'}}\n",
         "r.yaml:1: resourceRules.cpu.containerQuery: in <<>>: a value is missing"},
        {"resourceRules:\n  cpu: {nodeQuery: a}\n",
         "r.yaml:2: resourceRules.cpu.resources names no label of nodes"},
        {"resourceRules: {window: soon}\n",
         "r.yaml:1: resourceRules.window takes a duration from 1s to 24h0m0s, not 'soon'"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rules rules = {0};
        struct err err = {0};
        assert_int_equal(read_rules(cases[i].text, &rules, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].expected);
        rules_done(&rules);
    }
}

static void warns_about_what_works_but_is_hardly_meant(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"rules:\n- seriesQuery: a\n  name: {matches: '(a)', as: $1_x}\n" PODS QUERY,
         "r.yaml:3: name.as: name.matches has no group '1_x', so it is always empty (${1}_x is the "
         "first group and _x)\n"},
        {"rules:\n- seriesQuery: a\n  resources: {overrides: {pod: {resource: pod}, pod_name: "
         "{resource: pods}}}\n" QUERY,
         "r.yaml:3: label 'pod_name' is left out: another label is already the name of pods\n"},
        {"rules:\n- seriesQuery: a\n" QUERY,
         "r.yaml:2: resources is missing: no label names an object, so the rule serves nothing\n"},
        {"resourceRules:\n  cpu: {containerQuery: a, resources: {template: <<.Resource>>}}\n",
         "r.yaml:2: containerLabel is missing: all containers of a pod are one\n"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rules rules = {0};
        open_rules(cases[i].text, &rules);
        assert_string_equal(rules.warnings.data, cases[i].expected);
        rules_done(&rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field_of_the_three_sections),
        cmocka_unit_test(names_metrics_by_filters_matches_and_as),
        cmocka_unit_test(refuses_a_file_with_line_and_field),
        cmocka_unit_test(warns_about_what_works_but_is_hardly_meant),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
