// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/config.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define SOURCE "  source: {http: {url: 'http://q/x', valuePath: x}}\n"

static void reads_a_metric_with_its_defaults(void **state)
{
    static const char text[] =
        "customMetrics:\n"
        "- name: rps\n  namespace: shop\n" SOURCE
        "- name: rps\n  resource: deployment.apps\n  objectLabel: app\n"
        "  namespaceLabel: ns\n" SOURCE "- name: load\n  resource: nodes\n  interval: 1s\n" SOURCE;
    struct adapter_config c = {0};
    struct err err = {0};
    (void)state;

    if (config_parse("c.yaml", text, strlen(text), &c, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(c.custom.count, 3);
    const struct custom_metric *m = c.custom.items;
    assert_string_equal(m[0].resource.plural, "pods");
    assert_string_equal(m[0].object_label, "pod");
    assert_string_equal(m[0].namespace, "shop");
    assert_null(m[0].namespace_label);
    assert_string_equal(m[1].resource.kind, "Deployment");
    assert_string_equal(m[1].object_label, "app");
    assert_string_equal(m[1].namespace_label, "ns");
    assert_false(m[2].resource.namespaced);
    assert_true(custom_metric_is_of(&m[1], "deployments.apps"));
    assert_true(custom_metric_is_of(&m[1], "deployment"));
    assert_false(custom_metric_is_of(&m[1], "deployments.extensions"));
    assert_false(custom_metric_is_of(&m[1], "deploy"));
    config_done(&c);
}

static void refuses_what_cannot_be(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"customMetrics: 1\n", "c.yaml:1: customMetrics takes a list of at most 1000 metrics"},
        {"customMetrics:\n- name: rps\n" SOURCE,
         "c.yaml:2: customMetrics[0] takes namespaceLabel or namespace: pods have namespaces"},
        {"customMetrics:\n- name: rps\n  resource: node\n  namespace: a\n" SOURCE,
         "c.yaml:2: customMetrics[0] takes no namespace: nodes have none"},
        {"customMetrics:\n- name: Rps\n  namespace: a\n" SOURCE,
         "c.yaml:2: customMetrics[0].name takes lower-case letters, digits and . _ : - after a "
         "letter or digit, not 'Rps'"},
        {"customMetrics:\n- name: rps\n  namespace: a\n  maxAge: 1s\n" SOURCE,
         "c.yaml:4: customMetrics[0].maxAge is 1s but one interval and one timeout are 7s: a "
         "healthy source would expire"},
        {"customMetrics:\n- name: rps\n  namespace: a\n" SOURCE
         "- name: rps\n  namespaceLabel: b\n" SOURCE,
         "c.yaml:5: rps of pods is there twice (the first is on line 2)"},
        {"customMetrics:\n- name: rps\n  namespace: a\n  combine: sum\n" SOURCE,
         "c.yaml:4: there is no field 'combine' in customMetrics[0]"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct adapter_config c = {0};
        struct err err = {0};
        assert_int_equal(config_parse("c.yaml", cases[i].text, strlen(cases[i].text), &c, &err),
                         -EINVAL);
        assert_string_equal(err.text, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_metric_with_its_defaults),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests_name("config_custom", tests, NULL, NULL);
}
