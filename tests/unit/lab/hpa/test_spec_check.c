// SPDX-License-Identifier: MIT
/* The texts are those that ValidateHorizontalPodAutoscaler of v1.36.3 gave for these objects. */
#include "world.h"

#include <errno.h>

#define METRIC(text) "'maxReplicas':10,'metrics':[" text "]"
#define RESOURCE(text) METRIC("{'type':'Resource','resource':{" text "}}")
#define CONTAINER(text)                                                                            \
    METRIC("{'type':'ContainerResource','containerResource':{'target':{'type':'Utilization',"      \
           "'averageUtilization':1}," text "}}")
#define NAMED(name)                                                                                \
    METRIC("{'type':'Pods','pods':{'metric':{'name':'" name                                        \
           "'},'target':{'type':'AverageValue','averageValue':1}}}")
#define OBJECT(described, target)                                                                  \
    METRIC("{'type':'Object','object':{'describedObject':{" described                              \
           "},'metric':{'name':'hits'},'target':{" target "}}}")
#define UP(text) "'maxReplicas':10,'behavior':{'scaleUp':{" text "}}"
#define POLICY(text) UP("'policies':[{" text "}]")

static void expect(const json_t *object, const char *path, const char *text)
{
    struct hpa_spec_error bad;
    struct hpa_spec *spec = NULL;
    int r = hpa_spec_parse(object, &spec, &bad);

    hpa_spec_free(spec);
    if (!path) {
        if (r < 0)
            fail_msg("refused: %s", bad.err.text);
        return;
    }
    assert_int_equal(r, -EINVAL);
    assert_string_equal(bad.err.text, text);
    assert_string_equal(bad.path, path);
    assert_true(bad.count >= 1);
}

/* says NULL: it is taken. */
struct row {
    const char *rest, *path, *says;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[512];
        json_t *object = world_object(rows[i].rest);
        (void)snprintf(text, sizeof(text), "%s: %s", rows[i].path ? rows[i].path : "",
                       rows[i].says ? rows[i].says : "");
        expect(object, rows[i].path, text);
        json_decref(object);
    }
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void refuses_bounds_as_the_api_does(void **state)
{
    static const struct row rows[] = {
        {"'minReplicas':0,'maxReplicas':2,'metrics':[" QUEUE("'averageValue':5") "]",
         "spec.minReplicas", "Invalid value: 0: must be greater than or equal to 1"},
        {"'minReplicas':3,'maxReplicas':2", "spec.maxReplicas",
         "Invalid value: 2: must be greater than or equal to `minReplicas`"},
        {"'minReplicas':2,'maxReplicas':2", NULL, NULL},
    };
    (void)state;

    CHECK(rows);
}

static void several_complaints_come_at_once(void **state)
{
    json_t *object = world_object("'minReplicas':3");
    (void)state;

    expect(object, "spec.maxReplicas",
           "[spec.maxReplicas: Required value: must be set and greater than 0, spec.maxReplicas: "
           "Invalid value: 0: must be greater than or equal to `minReplicas`]");
    json_decref(object);

    object = world_object("'minReplicas':0,'maxReplicas':2");
    expect(object, "spec.minReplicas",
           "[spec.minReplicas: Invalid value: 0: must be greater than or equal to 1, spec.metrics: "
           "Forbidden: must specify at least one Object or External metric to support scaling to "
           "zero replicas]");
    json_decref(object);
}

static void refuses_metric_types_as_the_api_does(void **state)
{
    static const struct row rows[] = {
        {METRIC(CPU("50") ",{'type':'CPU'}"), "spec.metrics[1].type",
         "Unsupported value: \"CPU\": supported values: \"ContainerResource\", \"External\", "
         "\"Object\", \"Pods\", \"Resource\""},
        {METRIC("{'type':'Resource'}"), "spec.metrics[0].resource",
         "Required value: must populate information for the given metric source"},
        {METRIC("{'type':'Object','object':{'describedObject':{'kind':'Service','name':'s'},"
                "'metric':{'name':'m'},'target':{'type':'Value','value':1}},'pods':{}}"),
         "spec.metrics[0].pods", "Forbidden: must populate the given metric source only"},
    };
    (void)state;

    CHECK(rows);
}

static void refuses_resources_as_the_api_does(void **state)
{
    static const struct row rows[] = {
        {RESOURCE("'name':'','target':{'type':'AverageValue','averageValue':1}"),
         "spec.metrics[0].resource.name", "Required value: must specify a resource name"},
        {RESOURCE("'name':'any/thing/goes','target':{'type':'Value','averageValue':1}"), NULL,
         NULL},
        {RESOURCE("'name':'cpu','target':{'type':'Some','averageValue':1}"),
         "spec.metrics[0].resource.target.type",
         "Invalid value: \"Some\": must be either Utilization, Value, or AverageValue"},
        {RESOURCE("'name':'cpu','target':{'type':'Utilization'}"),
         "spec.metrics[0].resource.target.averageUtilization",
         "Required value: must set either a target raw value or a target utilization"},
        {RESOURCE("'name':'cpu','target':{'type':'Utilization','averageUtilization':0}"),
         "spec.metrics[0].resource.target.averageUtilization",
         "Invalid value: 0: must be greater than 0"},
        {RESOURCE("'name':'cpu','target':{'type':'Utilization','averageUtilization':1,"
                  "'averageValue':1}"),
         "spec.metrics[0].resource.target.averageValue",
         "Forbidden: may not set both a target raw value and a target utilization"},
    };
    (void)state;

    CHECK(rows);
}

static void refuses_containers_as_the_api_does(void **state)
{
    static const struct row rows[] = {
        {CONTAINER("'name':'cpu','container':'app'"), NULL, NULL},
        {CONTAINER("'name':'hugepages-2Mi','container':'app'"), NULL, NULL},
        {CONTAINER("'name':'example.com/gpu','container':'app'"), NULL, NULL},
        {CONTAINER("'name':'pods','container':'app'"), "spec.metrics[0].containerResource.name",
         "Invalid value: \"pods\": must be a standard resource for containers"},
        {CONTAINER("'name':'requests.example.com/gpu','container':'app'"),
         "spec.metrics[0].containerResource.name",
         "Invalid value: \"requests.example.com/gpu\": doesn't follow extended resource name "
         "standard"},
        {CONTAINER("'name':'cpu'"), "spec.metrics[0].containerResource.container",
         "Required value: must specify a container"},
        {CONTAINER("'name':'cpu','container':'a.b'"), "spec.metrics[0].containerResource.container",
         "Invalid value: \"a.b\": must not contain dots"},
        {CONTAINER("'name':'cpu','container':'App'"), "spec.metrics[0].containerResource.container",
         "Invalid value: \"App\": a lowercase RFC 1123 label must consist of lower case "
         "alphanumeric characters or '-', and must start and end with an alphanumeric character "
         "(e.g. 'my-name',  or '123-abc', regex used for validation is "
         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"},
    };
    (void)state;

    CHECK(rows);
}

static void refuses_metric_names_as_the_api_does(void **state)
{
    static const struct row rows[] = {
        {NAMED(""), "spec.metrics[0].pods.metric.name",
         "Required value: must specify a metric name"},
        {NAMED("a/b"), "spec.metrics[0].pods.metric.name",
         "Invalid value: \"a/b\": may not contain '/'"},
        {NAMED("a%b"), "spec.metrics[0].pods.metric.name",
         "Invalid value: \"a%b\": may not contain '%'"},
        {NAMED(".."), "spec.metrics[0].pods.metric.name", "Invalid value: \"..\": may not be '..'"},
        {NAMED("..."), NULL, NULL},
    };
    (void)state;

    CHECK(rows);
}

static void refuses_targets_as_the_api_does(void **state)
{
    static const struct row rows[] = {
        {OBJECT("'kind':'Service','name':'s'", "'type':'Value','value':1,'averageValue':1"), NULL,
         NULL}, /* the controller will say what it makes of that */
        {OBJECT("'kind':'Service','name':'s'", "'type':'Value'"),
         "spec.metrics[0].object.target.averageValue",
         "Required value: must set either a target value or averageValue"},
        {OBJECT("'name':'s'", "'type':'Value','value':1"),
         "spec.metrics[0].object.describedObject.kind", "Required value"},
        {OBJECT("'apiVersion':'a/b/c','kind':'Service','name':'s'", "'type':'Value','value':1"),
         "spec.metrics[0].object.describedObject.apiVersion",
         "Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c"},
        {METRIC(QUEUE("'averageValue':'-1'")), "spec.metrics[0].external.target.averageValue",
         "Invalid value: \"-1\": must be positive"},
        {METRIC(QUEUE("'averageValue':'-1Ki'")), "spec.metrics[0].external.target.averageValue",
         "Invalid value: \"-1Ki\": must be positive"},
        {METRIC(QUEUE("'averageValue':5,'value':5")), "spec.metrics[0].external.target.value",
         "Forbidden: may not set both a target value for metric and a per-pod target"},
        {METRIC("{'type':'External','external':{'metric':{'name':'q','selector':{"
                "'matchExpressions':[{'key':'','operator':'Near'}]}},'target':{'type':'Value',"
                "'value':1}}}"),
         NULL, NULL}, /* selectors are not looked at */
    };
    (void)state;

    CHECK(rows);
}

static void refuses_behavior_as_the_api_does(void **state)
{
    static const struct row rows[] = {
        {UP("'stabilizationWindowSeconds':3600"), NULL, NULL},
        {UP("'stabilizationWindowSeconds':3601"),
         "spec.behavior.scaleUp.stabilizationWindowSeconds",
         "Invalid value: 3601: must be less than or equal to 3600"},
        {UP("'stabilizationWindowSeconds':-1"), "spec.behavior.scaleUp.stabilizationWindowSeconds",
         "Invalid value: -1: must be greater than or equal to zero"},
        {UP("'selectPolicy':'Most'"), "spec.behavior.scaleUp.selectPolicy",
         "Unsupported value: \"Most\": supported values: \"Disabled\", \"Max\", \"Min\""},
        {UP("'policies':[]"), "spec.behavior.scaleUp.policies",
         "Required value: must specify at least one Policy"},
        {UP("'tolerance':'-0.1'"), "spec.behavior.scaleUp.tolerance",
         "Invalid value: \"-100m\": must be greater than or equal to 0"},
        {UP("'tolerance':1000"), NULL, NULL},
        {POLICY("'type':'Pod','value':1,'periodSeconds':1"),
         "spec.behavior.scaleUp.policies[0].type",
         "Unsupported value: \"Pod\": supported values: \"Percent\", \"Pods\""},
        {POLICY("'type':'Pods','periodSeconds':5"), "spec.behavior.scaleUp.policies[0].value",
         "Invalid value: 0: must be greater than zero"},
        {POLICY("'type':'Pods','value':1,'periodSeconds':0"),
         "spec.behavior.scaleUp.policies[0].periodSeconds",
         "Invalid value: 0: must be greater than zero"},
        {POLICY("'type':'Pods','value':1,'periodSeconds':1801"),
         "spec.behavior.scaleUp.policies[0].periodSeconds",
         "Invalid value: 1801: must be less than or equal to 1800"},
    };
    (void)state;

    CHECK(rows);
}

static void expect_with(const char *member, const char *json, const char *path, const char *says)
{
    json_t *object = world_object("'maxReplicas':2");
    char text[512];
    json_t *holder = strcmp(member, "metadata") == 0 ? object : json_object_get(object, "spec");

    json_object_set_new(holder, member, world_json(json));
    (void)snprintf(text, sizeof(text), "%s: %s", path ? path : "", says ? says : "");
    expect(object, path, text);
    json_decref(object);
}

static void the_target_needs_a_group_unless_it_has_none(void **state)
{
    (void)state;

    expect_with("scaleTargetRef", "{'apiVersion':'v1','kind':'Deployment','name':'w'}",
                "spec.scaleTargetRef.apiVersion",
                "Invalid value: \"v1\": apiVersion must specify API group");
    expect_with("scaleTargetRef", "{'kind':'Deployment','name':'w'}",
                "spec.scaleTargetRef.apiVersion",
                "Invalid value: \"\": apiVersion must specify API group");
    expect_with("scaleTargetRef", "{'apiVersion':'v1','kind':'ReplicationController','name':'w'}",
                NULL, NULL);
    expect_with("scaleTargetRef", "{'apiVersion':'apps/v1','name':'w'}", "spec.scaleTargetRef.kind",
                "Required value");
    expect_with("scaleTargetRef", "{'apiVersion':'apps/v1','kind':'Deployment','name':'..'}",
                "spec.scaleTargetRef.name", "Invalid value: \"..\": may not be '..'");
}

static void the_object_has_a_name(void **state)
{
    (void)state;

    expect_with("metadata", "{'name':'a.b-1'}", NULL, NULL);
    expect_with("metadata", "{}", "metadata.name",
                "Required value: name or generateName is required");
    expect_with("metadata", "{'name':'Web'}", "metadata.name",
                "Invalid value: \"Web\": a lowercase RFC 1123 subdomain must consist of lower case "
                "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
                "character (e.g. 'example.com', regex used for validation is "
                "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bounds_as_the_api_does),
        cmocka_unit_test(several_complaints_come_at_once),
        cmocka_unit_test(refuses_metric_types_as_the_api_does),
        cmocka_unit_test(refuses_resources_as_the_api_does),
        cmocka_unit_test(refuses_containers_as_the_api_does),
        cmocka_unit_test(refuses_metric_names_as_the_api_does),
        cmocka_unit_test(refuses_targets_as_the_api_does),
        cmocka_unit_test(refuses_behavior_as_the_api_does),
        cmocka_unit_test(the_target_needs_a_group_unless_it_has_none),
        cmocka_unit_test(the_object_has_a_name),
    };
    return cmocka_run_group_tests_name("spec_check", tests, NULL, NULL);
}
