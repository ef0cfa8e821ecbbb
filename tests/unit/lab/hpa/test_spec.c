// SPDX-License-Identifier: MIT
#include "world.h"

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

static struct hpa_metric *first_metric(struct hpa_spec **ret_spec, const char *metric)
{
    char rest[2048];

    (void)snprintf(rest, sizeof(rest), "'maxReplicas':10,'metrics':[%s]", metric);
    *ret_spec = parse(rest);
    return &(*ret_spec)->metrics[0];
}

static void reads_a_resource_of_any_name(void **state)
{
    struct hpa_spec *s;
    const struct hpa_metric *m =
        first_metric(&s, "{'type':'Resource','resource':{'name':'example.com/gpu','target':{'type':"
                         "'AverageValue','averageValue':2}}}");
    (void)state;

    assert_int_equal(m->source, HPA_RESOURCE);
    assert_int_equal(m->resource, HPA_OTHER_RESOURCE);
    assert_string_equal(m->name, "example.com/gpu");
    assert_int_equal(m->target, 2000);
    assert_string_equal(m->description, "example.com/gpu resource");
    hpa_spec_free(s);
}

static void reads_a_container_resource_metric(void **state)
{
    struct hpa_spec *s;
    const struct hpa_metric *m = first_metric(
        &s, "{'type':'ContainerResource','containerResource':{'name':'cpu','container':'web',"
            "'target':{'type':'Utilization','averageUtilization':60}}}");
    (void)state;

    assert_int_equal(m->source, HPA_CONTAINER_RESOURCE);
    assert_int_equal(m->resource, HPA_CPU);
    assert_string_equal(m->container, "web");
    assert_int_equal(m->target, 60);
    assert_string_equal(m->description,
                        "cpu container resource utilization (percentage of request)");
    hpa_spec_free(s);
}

static void reads_a_pods_metric(void **state)
{
    struct hpa_spec *s;
    const struct hpa_metric *m =
        first_metric(&s, "{'type':'Pods','pods':{'metric':{'name':'rps','selector':{'matchLabels':"
                         "{'verb':'GET'}}},'target':{'type':'AverageValue','averageValue':'1k'}}}");
    (void)state;

    assert_int_equal(m->source, HPA_PODS);
    assert_int_equal(m->form, HPA_AVERAGE_VALUE);
    assert_int_equal(m->target, 1000000);
    assert_string_equal(m->selector, "verb=GET");
    assert_string_equal(m->description, "pods metric rps");
    hpa_spec_free(s);
}

#define OBJECT(target)                                                                             \
    "{'type':'Object','object':{'describedObject':{'apiVersion':'networking.k8s.io/v1','kind':"    \
    "'Ingress','name':'main'},'metric':{'name':'hits'},'target':{" target "}}}"

static void reads_an_object_metric(void **state)
{
    struct hpa_spec *s;
    const struct hpa_metric *m = first_metric(&s, OBJECT("'type':'Value','value':'10k'"));
    (void)state;

    assert_int_equal(m->source, HPA_OBJECT);
    assert_int_equal(m->form, HPA_VALUE);
    assert_string_equal(m->object.api_version, "networking.k8s.io/v1");
    assert_string_equal(m->object.kind, "Ingress");
    assert_string_equal(m->object.name, "main");
    assert_string_equal(m->description, "Ingress metric hits");
    assert_null(m->refused);
    hpa_spec_free(s);
}

static void the_type_of_an_object_target_must_agree_with_its_member(void **state)
{
    struct hpa_spec *s;
    const struct hpa_metric *m = first_metric(&s, OBJECT("'type':'Value','averageValue':'10k'"));
    (void)state;

    assert_int_equal(m->form, HPA_NO_FORM);
    assert_string_equal(m->refused, "invalid object metric source: neither a value target nor an "
                                    "average value target was set");
    hpa_spec_free(s);
}

static void a_target_that_does_not_fit_wraps_as_the_controllers(void **state)
{
    struct hpa_spec *s;
    const struct hpa_metric *m = first_metric(&s, OBJECT("'type':'Value','value':'10P'"));
    (void)state;

    assert_int_equal(m->target, 0);
    hpa_spec_free(s);
}

#define SELECTOR(selector)                                                                         \
    "{'type':'External','external':{'metric':{'name':'q','selector':" selector "},'target':{"      \
    "'type':'Value','value':'1'}}}"

static void a_bad_selector_is_described_in_the_controllers_words(void **state)
{
    static const struct {
        const char *metric, *says;
    } rows[] = {
        {SELECTOR("{'matchExpressions':[{'key':'a','operator':'Near'}]}"),
         "\"Near\" is not a valid label selector operator"},
        {SELECTOR("{'matchExpressions':[{'key':'a','operator':'In'}]}"),
         "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"},
        {SELECTOR("{'matchExpressions':[{'key':'a','operator':'Exists','values':['x']}]}"),
         "values: Invalid value: [\"x\"]: values set must be empty for exists and does not exist"},
        {SELECTOR("{'matchLabels':{'a':'b c'}}"),
         "values[0][a]: Invalid value: \"b c\": a valid label must be an empty string or consist "
         "of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
         "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
         "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
        {SELECTOR("{'matchExpressions':[{'key':'','operator':'NotIn'}]}"),
         "[key: Invalid value: \"\": name part must be non-empty; name part must consist of "
         "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
         "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
         "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'), values: Invalid value: null: for 'in', "
         "'notin' operators, values set can't be empty]"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hpa_spec *s;
        assert_string_equal(first_metric(&s, rows[i].metric)->refused, rows[i].says);
        hpa_spec_free(s);
    }
}

static void values_of_a_metric_selector_stay_twice(void **state)
{
    struct hpa_spec *s;
    const struct hpa_metric *m = first_metric(
        &s, SELECTOR("{'matchExpressions':[{'key':'a','operator':'In','values':['y','x','y']}]}"));
    (void)state;

    assert_string_equal(m->selector, "a in (x,y,y)");
    hpa_spec_free(s);
}

#define METRIC(text) "'maxReplicas':10,'metrics':[" text "]"
#define RESOURCE(text) METRIC("{'type':'Resource','resource':{" text "}}")
#define UP(text) "'maxReplicas':10,'behavior':{'scaleUp':{" text "}}"
#define POLICY(text) UP("'policies':[{" text "}]")

static void refuses_members_of_a_wrong_type(void **state)
{
    static const struct {
        const char *rest, *says;
    } rows[] = {
        {"'maxReplicas':'5'", "spec.maxReplicas: must be a whole number"},
        {"'maxReplicas':5.5", "spec.maxReplicas: must be a whole number"},
        {"'maxReplicas':5000000000", "spec.maxReplicas: must fit 32 bits, is 5000000000"},
        {"'maxReplicas':2,'metrics':{}", "spec.metrics: must be a list"},
        {METRIC("5"), "spec.metrics[0]: must be an object"},
        {RESOURCE("'name':5"), "spec.metrics[0].resource.name: must be a string"},
        {METRIC(QUEUE("'averageValue':'five'")),
         "spec.metrics[0].external.target.averageValue: must be a quantity such as 5, 200m or 1Gi"},
        {METRIC(SELECTOR("{'matchLabels':{'a':5}}")),
         "spec.metrics[0].external.metric.selector: matchLabels.'a' must be a string"},
        {"'maxReplicas':2,'behavior':5", "spec.behavior: must be an object"},
        {UP("'tolerance':'ten'"),
         "spec.behavior.scaleUp.tolerance: must be a quantity such as 5, 200m or 1Gi"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hpa_spec_error bad;
        struct hpa_spec *spec = NULL;
        json_t *object = world_object(rows[i].rest);
        assert_int_equal(hpa_spec_parse(object, &spec, &bad), -EINVAL);
        assert_string_equal(bad.err.text, rows[i].says);
        assert_int_equal(hpa_spec_parse_unchecked(object, &spec, &bad), -EINVAL);
        assert_string_equal(bad.err.text, rows[i].says);
        assert_null(spec);
        json_decref(object);
    }
}

static void what_nobody_checked_is_read_all_the_same(void **state)
{
    struct hpa_spec_error bad;
    struct hpa_spec *s = NULL;
    json_t *object = world_json(
        "{'spec':{'minReplicas':0,'maxReplicas':-1,'metrics':[{'type':'Bogus'},{'type':'Resource',"
        "'resource':{'name':'cpu','target':{'type':'Utilization'}}},null],'behavior':{'scaleUp':{"
        "'stabilizationWindowSeconds':-5,'tolerance':'-1','selectPolicy':'Some','policies':[{"
        "'type':'Odd'}]},'scaleDown':{'policies':[]}}}}");
    (void)state;

    assert_int_equal(hpa_spec_parse_unchecked(object, &s, &bad), 0);
    assert_int_equal(s->min, 0);
    assert_int_equal(s->max, -1);
    assert_string_equal(s->namespace, "default");
    assert_int_equal(s->metrics[0].source, HPA_UNKNOWN_SOURCE);
    assert_string_equal(s->metrics[0].refused, "unknown metric source type \"Bogus\"");
    assert_string_equal(s->metrics[1].refused,
                        "invalid resource metric source: neither an average utilization target nor "
                        "an average value (usage) target was set");
    assert_string_equal(s->metrics[2].refused, "unknown metric source type \"\"");
    assert_int_equal(s->up.window_s, -5);
    assert_true(s->up.tolerance == -1);
    assert_int_equal(s->up.select, HPA_SELECT_MAX);
    assert_int_equal(s->up.policies[0].type, HPA_POLICY_UNKNOWN);
    assert_int_equal(s->down.policy_count, 0);
    hpa_spec_free(s);
    json_decref(object);
}

static void refuses_what_is_no_hpa(void **state)
{
    static const struct {
        const char *path, *value, *says;
    } rows[] = {
        {"kind", "Deployment", "kind: must be HorizontalPodAutoscaler, is 'Deployment'"},
        {"apiVersion", "autoscaling/v2beta2",
         "apiVersion: must be autoscaling/v2 or autoscaling/v1, is 'autoscaling/v2beta2'"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_what_is_absent),
        cmocka_unit_test(min_and_max_may_be_equal),
        cmocka_unit_test(an_empty_behavior_gets_both_directions),
        cmocka_unit_test(given_policies_replace_the_default_ones),
        cmocka_unit_test(reads_an_external_metric),
        cmocka_unit_test(a_bad_metric_selector_is_the_metrics_trouble),
        cmocka_unit_test(reads_a_resource_of_any_name),
        cmocka_unit_test(reads_a_container_resource_metric),
        cmocka_unit_test(reads_a_pods_metric),
        cmocka_unit_test(reads_an_object_metric),
        cmocka_unit_test(the_type_of_an_object_target_must_agree_with_its_member),
        cmocka_unit_test(a_target_that_does_not_fit_wraps_as_the_controllers),
        cmocka_unit_test(a_bad_selector_is_described_in_the_controllers_words),
        cmocka_unit_test(values_of_a_metric_selector_stay_twice),
        cmocka_unit_test(refuses_members_of_a_wrong_type),
        cmocka_unit_test(what_nobody_checked_is_read_all_the_same),
        cmocka_unit_test(refuses_what_is_no_hpa),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
