// SPDX-License-Identifier: MIT
#include "world.h"

#include <errno.h>

#define ALPHA "autoscaling.alpha.kubernetes.io/"

/* An autoscaling/v1 object; the annotations are JSON texts, or NULL. New. */
static json_t *v1_object(const char *rest, const char *metrics, const char *behavior)
{
    json_t *object = world_object(rest);
    json_t *annotations = json_object();

    json_object_set_new(object, "apiVersion", json_string("autoscaling/v1"));
    json_object_set_new(json_object_get(object, "metadata"), "annotations", annotations);
    if (metrics)
        json_object_set_new(annotations, ALPHA "metrics", json_string(metrics));
    if (behavior)
        json_object_set_new(annotations, ALPHA "behavior", json_string(behavior));
    return object;
}

static struct hpa_spec *parse(const char *rest, const char *metrics, const char *behavior)
{
    struct hpa_spec_error bad;
    struct hpa_spec *spec = NULL;
    json_t *object = v1_object(rest, metrics, behavior);

    if (hpa_spec_parse(object, &spec, &bad) < 0)
        fail_msg("%s", bad.err.text);
    json_decref(object);
    return spec;
}

static void cpu_has_a_member_of_its_own(void **state)
{
    struct hpa_spec *s =
        parse("'maxReplicas':10,'minReplicas':3,'targetCPUUtilizationPercentage':70", NULL, NULL);
    (void)state;

    assert_int_equal(s->min, 3);
    assert_int_equal(s->metric_count, 1);
    assert_string_equal(s->metrics[0].name, "cpu");
    assert_int_equal(s->metrics[0].form, HPA_UTILIZATION);
    assert_int_equal(s->metrics[0].target, 70);
    assert_false(s->has_behavior);
    hpa_spec_free(s);
}

static void the_default_is_the_same(void **state)
{
    struct hpa_spec *s = parse("'maxReplicas':10", NULL, NULL);
    (void)state;

    assert_int_equal(s->metrics[0].target, 80);
    hpa_spec_free(s);
}

static void metrics_of_the_annotation_come_first(void **state)
{
    struct hpa_spec *s = parse(
        "'maxReplicas':10,'targetCPUUtilizationPercentage':70",
        "[{\"type\":\"Pods\",\"pods\":{\"metricName\":\"rps\",\"targetAverageValue\":\"10\"}},"
        "{\"type\":\"Object\",\"object\":{\"target\":{\"kind\":\"Service\",\"name\":\"s\"},"
        "\"metricName\":\"hits\",\"targetValue\":\"0\",\"averageValue\":\"5\"}},"
        "{\"type\":\"External\",\"external\":{\"metricName\":\"q\",\"metricSelector\":"
        "{\"matchLabels\":{\"a\":\"b\"}},\"targetValue\":\"20\"}},"
        "{\"type\":\"Resource\",\"resource\":{\"name\":\"memory\",\"targetAverageValue\":\"1Gi\"}},"
        "{\"type\":\"ContainerResource\",\"containerResource\":{\"name\":\"cpu\",\"container\":"
        "\"app\",\"targetAverageUtilization\":60}}]",
        NULL);
    (void)state;

    assert_int_equal(s->metric_count, 6);
    assert_int_equal(s->metrics[0].target, 10000);
    assert_string_equal(s->metrics[1].object.kind, "Service");
    assert_int_equal(s->metrics[1].form, HPA_AVERAGE_VALUE);
    assert_string_equal(s->metrics[2].selector, "a=b");
    assert_int_equal(s->metrics[2].form, HPA_VALUE);
    assert_int_equal(s->metrics[3].resource, HPA_MEMORY);
    assert_string_equal(s->metrics[4].container, "app");
    assert_int_equal(s->metrics[5].target, 70);
    hpa_spec_free(s);
}

static void an_annotation_that_cannot_be_read_is_none(void **state)
{
    struct hpa_spec *s = parse("'maxReplicas':10", "{broken", "[1");
    (void)state;

    assert_int_equal(s->metric_count, 1);
    assert_false(s->has_behavior);
    hpa_spec_free(s);
}

static void behavior_stands_in_an_annotation_with_capitals(void **state)
{
    struct hpa_spec *s =
        parse("'maxReplicas':10", NULL,
              "{\"ScaleUp\":{\"StabilizationWindowSeconds\":30,\"SelectPolicy\":\"Min\","
              "\"Policies\":[{\"Type\":\"Pods\",\"Value\":4,\"PeriodSeconds\":15}],"
              "\"Tolerance\":null},\"ScaleDown\":null}");
    (void)state;

    assert_true(s->has_behavior);
    assert_int_equal(s->up.window_s, 30);
    assert_int_equal(s->up.select, HPA_SELECT_MIN);
    assert_int_equal(s->up.policy_count, 1);
    assert_int_equal(s->down.policies[0].value, 100);
    hpa_spec_free(s);
}

static void refuses_with_paths_of_the_newer_form(void **state)
{
    struct hpa_spec_error bad;
    struct hpa_spec *spec = NULL;
    json_t *object = v1_object("'maxReplicas':10,'targetCPUUtilizationPercentage':0", NULL,
                               "{\"ScaleUp\":{\"SelectPolicy\":\"Max\"}}");
    (void)state;

    assert_int_equal(hpa_spec_parse(object, &spec, &bad), -EINVAL);
    assert_string_equal(bad.err.text,
                        "[spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: "
                        "must be greater than 0, spec.behavior.scaleUp.policies: Required value: "
                        "must specify at least one Policy]");
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_has_a_member_of_its_own),
        cmocka_unit_test(the_default_is_the_same),
        cmocka_unit_test(metrics_of_the_annotation_come_first),
        cmocka_unit_test(an_annotation_that_cannot_be_read_is_none),
        cmocka_unit_test(behavior_stands_in_an_annotation_with_capitals),
        cmocka_unit_test(refuses_with_paths_of_the_newer_form),
    };
    return cmocka_run_group_tests_name("spec_v1", tests, NULL, NULL);
}
