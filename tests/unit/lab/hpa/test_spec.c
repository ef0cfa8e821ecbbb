// SPDX-License-Identifier: MIT
#include "world.h"

#include "lab/hpa/spec_parts.h"

#include <errno.h>
#include <math.h>

static struct hpa_spec *parse(const char *rest)
{
    struct hpa_spec_error bad;
    struct hpa_spec *spec = NULL;
    json_t *object = world_object(rest);

    if (hpa_spec_parse(object, &spec, &bad) < 0)
        fail_msg("%s", bad.err.text);
    json_decref(object);
    return spec;
}

static void defaults_what_is_absent(void **state)
{
    struct hpa_spec *s = parse("'maxReplicas':10");
    (void)state;

    assert_string_equal(s->namespace, "shop");
    assert_string_equal(s->name, "web");
    assert_string_equal(s->target_kind, "Deployment");
    assert_int_equal(s->min, 1);
    assert_int_equal(s->max, 10);
    assert_int_equal(s->metric_count, 1);
    assert_string_equal(s->metrics[0].name, "cpu");
    assert_int_equal(s->metrics[0].form, HPA_UTILIZATION);
    assert_int_equal(s->metrics[0].target, 80);
    assert_false(s->has_behavior);
    assert_true(isnan(s->up.tolerance));
    hpa_spec_free(s);
}

static void min_and_max_may_be_equal(void **state)
{
    struct hpa_spec *s = parse("'minReplicas':2,'maxReplicas':2");
    (void)state;

    assert_int_equal(s->min, s->max);
    hpa_spec_free(s);
}

static void an_empty_behavior_gets_both_directions(void **state)
{
    struct hpa_spec *s = parse("'maxReplicas':10,'behavior':{}");
    (void)state;

    assert_true(s->has_behavior);
    assert_int_equal(s->up.window_s, 0);
    assert_true(s->down.default_window);
    assert_int_equal(s->up.policy_count, 2);
    assert_int_equal(s->up.policies[0].type, HPA_POLICY_PODS);
    assert_int_equal(s->up.policies[0].value, 4);
    assert_int_equal(s->up.policies[1].type, HPA_POLICY_PERCENT);
    assert_int_equal(s->up.policies[1].value, 100);
    assert_int_equal(s->down.policy_count, 1);
    assert_int_equal(s->down.policies[0].period_s, 15);
    assert_int_equal(s->down.select, HPA_SELECT_MAX);
    hpa_spec_free(s);
}

static void given_policies_replace_the_default_ones(void **state)
{
    struct hpa_spec *s = parse("'maxReplicas':10,'behavior':{'scaleUp':{'selectPolicy':'Min',"
                               "'tolerance':'0.35','policies':[{'type':'Pods','value':1,"
                               "'periodSeconds':60}]},'scaleDown':{'stabilizationWindowSeconds':0,"
                               "'tolerance':0}}");
    (void)state;

    assert_int_equal(s->up.policy_count, 1);
    assert_int_equal(s->up.policies[0].period_s, 60);
    assert_int_equal(s->up.select, HPA_SELECT_MIN);
    assert_true(s->up.tolerance == 0.35000000000000003);
    assert_int_equal(s->down.window_s, 0);
    assert_true(s->down.tolerance == 0);
    hpa_spec_free(s);
}

static void reads_an_external_metric(void **state)
{
    struct hpa_spec *s =
        parse("'maxReplicas':10,'metrics':[{'type':'External','external':{'metric':{'name':"
              "'queue_depth','selector':{'matchLabels':{'queue':'q1','app':'x'},"
              "'matchExpressions':[{'key':'tier','operator':'In','values':['z','a']}]}},"
              "'target':{'type':'Value','averageValue':'2500m'}}}]");
    const struct hpa_metric *m = &s->metrics[0];
    (void)state;

    assert_int_equal(m->form, HPA_AVERAGE_VALUE); /* the field decides, not target.type */
    assert_int_equal(m->target, 2500);
    assert_string_equal(m->selector, "app=x,queue=q1,tier in (a,z)");
    assert_string_equal(m->description,
                        "external metric queue_depth(&LabelSelector{MatchLabels:map[string]string{"
                        "app: x,queue: q1,},MatchExpressions:[]LabelSelectorRequirement{"
                        "LabelSelectorRequirement{Key:tier,Operator:In,Values:[z a],},},})");
    assert_null(m->refused);
    hpa_spec_free(s);
}

static void a_bad_metric_selector_is_the_metrics_trouble(void **state)
{
    struct hpa_spec *s =
        parse("'maxReplicas':10,'metrics':[{'type':'External','external':{'metric':{'name':'q',"
              "'selector':{'matchExpressions':[{'key':'a','operator':'Near'}]}},'target':{'type':"
              "'Value','value':'1'}}}]");
    (void)state;

    assert_non_null(s->metrics[0].refused);
    hpa_spec_free(s);
}

#define METRIC(text) "'maxReplicas':10,'metrics':[" text "]"
#define RESOURCE(text) METRIC("{'type':'Resource','resource':{" text "}}")
#define UP(text) "'maxReplicas':10,'behavior':{'scaleUp':{" text "}}"
#define POLICY(text) UP("'policies':[{" text "}]")

static void refuses_with_the_fields_path(void **state)
{
    static const struct {
        const char *rest, *path, *says;
        int code;
    } rows[] = {
        {"'minReplicas':3", "spec.maxReplicas", "is required", -EINVAL},
        {"'maxReplicas':0", "spec.maxReplicas", "must be >= 1, is 0", -EINVAL},
        {"'maxReplicas':'5'", "spec.maxReplicas", "must be a whole number", -EINVAL},
        {"'maxReplicas':5000000000", "spec.maxReplicas", "must be <= 2147483647, is 5000000000",
         -EINVAL},
        {"'minReplicas':3,'maxReplicas':2", "spec.maxReplicas", "must be >= minReplicas (3), is 2",
         -EINVAL},
        {"'minReplicas':0,'maxReplicas':2", "spec.minReplicas", "must be >= 1, is 0", -EINVAL},
        {"'maxReplicas':2,'metrics':{}", "spec.metrics", "must be a list", -EINVAL},
        {METRIC("5"), "spec.metrics[0]", "must be an object", -EINVAL},
        {METRIC(CPU("50") ",{'type':'CPU'}"), "spec.metrics[1].type",
         "must be Resource, ContainerResource, Pods, Object or External, is 'CPU'", -EINVAL},
        {METRIC("{'type':'Pods','pods':{}}"), "spec.metrics[0].type",
         "metric type Pods is not supported yet; Resource and External are", -ENOTSUP},
        {METRIC("{'type':'Object','object':{}}"), "spec.metrics[0].type",
         "metric type Object is not supported yet; Resource and External are", -ENOTSUP},
        {METRIC("{'type':'ContainerResource'}"), "spec.metrics[0].type",
         "metric type ContainerResource is not supported yet; Resource and External are", -ENOTSUP},
        {METRIC("{'type':'Resource'}"), "spec.metrics[0].resource",
         "is required in a metric of this type", -EINVAL},
        {METRIC("{'type':'Resource','resource':{},'pods':{}}"), "spec.metrics[0].pods",
         "must not be set in a metric that has 'resource'", -EINVAL},
        {RESOURCE("'name':''"), "spec.metrics[0].resource.name", "is required", -EINVAL},
        {RESOURCE("'name':'gpu'"), "spec.metrics[0].resource.name",
         "resource 'gpu' is not supported yet; cpu and memory are", -ENOTSUP},
        {RESOURCE("'name':'cpu'"), "spec.metrics[0].resource.target.type",
         "is required: Utilization, Value or AverageValue", -EINVAL},
        {RESOURCE("'name':'cpu','target':{'type':'Some'}"), "spec.metrics[0].resource.target.type",
         "must be Utilization, Value or AverageValue, is 'Some'", -EINVAL},
        {RESOURCE("'name':'cpu','target':{'type':'Utilization'}"),
         "spec.metrics[0].resource.target.averageUtilization",
         "averageUtilization or averageValue must be set", -EINVAL},
        {RESOURCE("'name':'cpu','target':{'type':'Utilization','averageUtilization':0}"),
         "spec.metrics[0].resource.target.averageUtilization", "must be >= 1, is 0", -EINVAL},
        {RESOURCE("'name':'cpu','target':{'type':'Utilization','averageUtilization':1,"
                  "'averageValue':1}"),
         "spec.metrics[0].resource.target.averageValue",
         "must not be set together with averageUtilization", -EINVAL},
        {METRIC(QUEUE("'averageValue':'-1'")), "spec.metrics[0].external.target.averageValue",
         "must be greater than 0", -EINVAL},
        {METRIC(QUEUE("'averageValue':'five'")), "spec.metrics[0].external.target.averageValue",
         "must be a quantity such as 5, 200m or 1Gi", -EINVAL},
        {METRIC(QUEUE("'averageValue':5,'value':5")), "spec.metrics[0].external.target.value",
         "must not be set together with averageValue", -EINVAL},
        {METRIC("{'type':'External','external':{'metric':{'name':'a/b'}}}"),
         "spec.metrics[0].external.metric.name",
         "must not be '.' or '..' nor have '/' or '%' in it, is 'a/b'", -EINVAL},
        {"'maxReplicas':2,'behavior':5", "spec.behavior", "must be an object", -EINVAL},
        {UP("'stabilizationWindowSeconds':3601"),
         "spec.behavior.scaleUp.stabilizationWindowSeconds", "must be <= 3600, is 3601", -EINVAL},
        {UP("'selectPolicy':'Most'"), "spec.behavior.scaleUp.selectPolicy",
         "must be Max, Min or Disabled, is 'Most'", -EINVAL},
        {UP("'policies':[]"), "spec.behavior.scaleUp.policies", "must have at least one policy",
         -EINVAL},
        {UP("'tolerance':'-0.1'"), "spec.behavior.scaleUp.tolerance", "must not be negative",
         -EINVAL},
        {UP("'tolerance':'ten'"), "spec.behavior.scaleUp.tolerance",
         "must be a quantity such as 0.05", -EINVAL},
        {POLICY("'type':'Pod'"), "spec.behavior.scaleUp.policies[0].type",
         "must be Pods or Percent, is 'Pod'", -EINVAL},
        {POLICY("'type':'Pods','periodSeconds':5"), "spec.behavior.scaleUp.policies[0].value",
         "is required", -EINVAL},
        {POLICY("'type':'Pods','value':0"), "spec.behavior.scaleUp.policies[0].value",
         "must be >= 1, is 0", -EINVAL},
        {POLICY("'type':'Pods','value':1,'periodSeconds':1801"),
         "spec.behavior.scaleUp.policies[0].periodSeconds", "must be <= 1800, is 1801", -EINVAL},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hpa_spec_error bad;
        struct hpa_spec *spec = NULL;
        json_t *object = world_object(rows[i].rest);
        char whole[600];

        (void)snprintf(whole, sizeof(whole), "%s: %s", rows[i].path, rows[i].says);
        assert_int_equal(hpa_spec_parse(object, &spec, &bad), rows[i].code);
        assert_string_equal(bad.path, rows[i].path);
        assert_string_equal(bad.err.text, whole);
        assert_null(spec);
        json_decref(object);
    }
}

static void refuses_what_is_no_hpa(void **state)
{
    static const struct {
        const char *path, *value, *says;
    } rows[] = {
        {"kind", "Deployment", "kind: must be HorizontalPodAutoscaler, is 'Deployment'"},
        {"apiVersion", "autoscaling/v1", "apiVersion: must be autoscaling/v2, is 'autoscaling/v1'"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hpa_spec_error bad;
        struct hpa_spec *spec = NULL;
        json_t *object = world_object("'maxReplicas':2");
        json_object_set_new(object, rows[i].path, json_string(rows[i].value));
        assert_int_equal(hpa_spec_parse(object, &spec, &bad), -EINVAL);
        assert_string_equal(bad.err.text, rows[i].says);
        json_decref(object);
    }
}

static int with_target(const char *target, struct hpa_spec_error *bad)
{
    json_t *object = world_object("'maxReplicas':2");
    struct hpa_spec *spec = NULL;

    json_object_set_new(json_object_get(object, "spec"), "scaleTargetRef", world_json(target));
    int r = hpa_spec_parse(object, &spec, bad);
    hpa_spec_free(spec);
    json_decref(object);
    return r;
}

static void the_target_needs_a_group_unless_it_has_none(void **state)
{
    struct hpa_spec_error bad;
    (void)state;

    assert_int_equal(with_target("{'apiVersion':'v1','kind':'Deployment','name':'w'}", &bad),
                     -EINVAL);
    assert_string_equal(bad.err.text, "spec.scaleTargetRef.apiVersion: must name group and version "
                                      "such as apps/v1, is 'v1'");
    assert_int_equal(
        with_target("{'apiVersion':'v1','kind':'ReplicationController','name':'w'}", &bad), 0);
    assert_int_equal(with_target("{'apiVersion':'apps/v1','name':'w'}", &bad), -EINVAL);
    assert_string_equal(bad.path, "spec.scaleTargetRef.kind");
    assert_int_equal(with_target("{'apiVersion':'apps/v1','kind':'Deployment','name':'..'}", &bad),
                     -EINVAL);
    assert_string_equal(bad.path, "spec.scaleTargetRef.name");
}

static void a_tolerance_is_mantissa_times_power_of_ten(void **state)
{
    static const struct {
        const char *json;
        double value;
    } rows[] = {
        {"'0.35'", 0.35000000000000003},
        {"'0.1'", 0.1},
        {"'100m'", 0.1},
        {"0.25", 0.25},
        {"'2'", 2},
        {"'1e-2'", 0.01},
        {"'0'", 0},
        {"3", 3},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[64];
        double value = -1;
        (void)snprintf(text, sizeof(text), "[%s]", rows[i].json);
        json_t *list = world_json(text);
        assert_int_equal(spec_quantity_double(json_array_get(list, 0), &value), 0);
        if (value != rows[i].value)
            fail_msg("%s: %.17g", rows[i].json, value);
        json_decref(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_what_is_absent),
        cmocka_unit_test(min_and_max_may_be_equal),
        cmocka_unit_test(an_empty_behavior_gets_both_directions),
        cmocka_unit_test(given_policies_replace_the_default_ones),
        cmocka_unit_test(reads_an_external_metric),
        cmocka_unit_test(a_bad_metric_selector_is_the_metrics_trouble),
        cmocka_unit_test(refuses_with_the_fields_path),
        cmocka_unit_test(refuses_what_is_no_hpa),
        cmocka_unit_test(the_target_needs_a_group_unless_it_has_none),
        cmocka_unit_test(a_tolerance_is_mantissa_times_power_of_ten),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
