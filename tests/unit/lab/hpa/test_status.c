// SPDX-License-Identifier: MIT
#include "world.h"

#include "kube/jpath.h"

#define OLD                                                                                        \
    "{'currentReplicas':2,'desiredReplicas':2,'observedGeneration':1,'lastScaleTime':"             \
    "'2020-01-01T00:00:00Z','currentMetrics':[{'type':''}],'conditions':[{'type':'ScaledToZero',"  \
    "'status':'False','reason':'x','message':'x','lastTransitionTime':'2020-01-01T00:00:00Z'},"    \
    "{'type':'AbleToScale','status':'True','reason':'ReadyForNewScale','message':'x',"             \
    "'lastTransitionTime':'2020-01-01T00:00:00Z'}]}"

static json_t *status_of(struct world *w)
{
    json_auto_t *old = world_json(OLD);
    json_auto_t *as_it_was = json_deep_copy(old);
    json_t *status = hpa_status(w->spec, &w->d, old, w->in.now_ns);

    assert_true(json_equal(old, as_it_was));
    assert_non_null(status);
    return status;
}

static void expect(json_t *status, const char *path, const char *text)
{
    assert_string_equal(jpath_str(status, path, "(none)"), text);
}

static void replaces_counts_and_keeps_the_times_of_conditions(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 2);
    world_usage(&w, 0, 90);
    assert_int_equal(world_step(&w), 4);
    json_t *s = status_of(&w);
    assert_int_equal(jpath_int(s, "currentReplicas", -1), 2);
    assert_int_equal(jpath_int(s, "desiredReplicas", -1), 4);
    assert_null(jpath(s, "observedGeneration"));
    expect(s, "lastScaleTime", "2023-11-14T22:13:20Z");
    expect(s, "conditions[0].type", "AbleToScale"); /* ScaledToZero is taken away */
    expect(s, "conditions[0].reason", "SucceededRescale");
    expect(s, "conditions[0].lastTransitionTime", "2020-01-01T00:00:00Z");
    expect(s, "conditions[1].type", "ScalingActive");
    expect(s, "conditions[1].lastTransitionTime", "2023-11-14T22:13:20Z");
    expect(s, "conditions[2].type", "ScalingLimited");
    expect(s, "conditions[2].status", "False");
    assert_int_equal(jpath_int(s, "currentMetrics[0].resource.current.averageUtilization", -1), 90);
    expect(s, "currentMetrics[0].resource.current.averageValue", "90m");
    json_decref(s);
    world_end(&w);
}

static void a_run_without_a_scale_changes_one_condition(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10");
    w.in.scale_error = "gone";
    (void)world_step(&w);
    json_t *s = status_of(&w);
    assert_int_equal(jpath_int(s, "currentReplicas", -1), 2);
    assert_int_equal(json_array_size(jpath(s, "currentMetrics")), 1);
    assert_int_equal(json_array_size(jpath(s, "conditions")), 2);
    expect(s, "conditions[1].reason", "FailedGetScale");
    expect(s, "conditions[1].lastTransitionTime", "2023-11-14T22:13:20Z");
    expect(s, "lastScaleTime", "2020-01-01T00:00:00Z");
    json_decref(s);
    world_end(&w);
}

static void a_write_that_fails_again_moves_the_time_of_its_condition(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10");
    world_pods(&w, 11);
    assert_int_equal(hpa_evaluate(w.hpa, w.spec, &w.in, &w.d), 0);
    hpa_commit(w.hpa, w.spec, &w.d, "conflict", w.in.now_ns);
    json_t *old = world_json("{'conditions':[{'type':'AbleToScale','status':'False','reason':"
                             "'FailedUpdateScale','lastTransitionTime':'2020-01-01T00:00:00Z'}]}");
    json_t *s = hpa_status(w.spec, &w.d, old, w.in.now_ns);
    expect(s, "conditions[0].status", "False");
    expect(s, "conditions[0].reason", "FailedUpdateScale");
    expect(s, "conditions[0].lastTransitionTime", "2023-11-14T22:13:20Z"); /* it was True */
    json_decref(s);
    json_decref(old);
    world_end(&w);
}

static void a_failed_run_keeps_the_previous_wish(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "," QUEUE("'averageValue':5") "]");
    world_pods(&w, 7);
    world_usage(&w, 0, 10);
    w.answers[1].error = "stale";
    (void)world_step(&w);
    json_t *s = status_of(&w);
    assert_int_equal(jpath_int(s, "currentReplicas", -1), 7);
    assert_int_equal(jpath_int(s, "desiredReplicas", -1), 2);
    expect(s, "currentMetrics[0].type", "Resource");
    expect(s, "currentMetrics[1].type", "");
    expect(s, "lastScaleTime", "2020-01-01T00:00:00Z");
    json_decref(s);
    world_end(&w);
}

static void a_correction_has_no_metrics(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10");
    w.in.spec_replicas = 12;
    (void)world_step(&w);
    json_t *s = status_of(&w);
    assert_int_equal(jpath_int(s, "desiredReplicas", -1), 10);
    assert_null(jpath(s, "currentMetrics"));
    json_decref(s);
    world_end(&w);
}

static void a_first_status_needs_no_old_one(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 2);
    world_usage(&w, 0, 50);
    (void)world_step(&w);
    json_t *s = hpa_status(w.spec, &w.d, NULL, w.in.now_ns);
    assert_int_equal(json_array_size(jpath(s, "conditions")), 3);
    assert_null(jpath(s, "lastScaleTime"));
    json_decref(s);
    world_end(&w);
}

static void quantities_have_the_apis_form(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[{'type':'Resource','resource':{'name':'memory',"
                    "'target':{'type':'AverageValue','averageValue':'1Mi'}}}," QUEUE(
                        "'averageValue':5") "," QUEUE("'value':5") "]");
    world_pods(&w, 2);
    world_usage(&w, 0, INT64_C(1536) * 1024 * 1000);
    world_value(&w, 1, 3000);
    world_value(&w, 2, 12000000);
    (void)world_step(&w);
    json_t *all = hpa_current_metrics(w.spec, &w.d);
    expect(all, "[0].resource.current.averageValue", "1536Ki");
    expect(all, "[1].external.current.averageValue", "1500m");
    expect(all, "[1].external.metric.name", "queue_depth");
    expect(all, "[2].external.current.value", "12k");
    json_decref(all);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_counts_and_keeps_the_times_of_conditions),
        cmocka_unit_test(a_run_without_a_scale_changes_one_condition),
        cmocka_unit_test(a_write_that_fails_again_moves_the_time_of_its_condition),
        cmocka_unit_test(a_failed_run_keeps_the_previous_wish),
        cmocka_unit_test(a_correction_has_no_metrics),
        cmocka_unit_test(a_first_status_needs_no_old_one),
        cmocka_unit_test(quantities_have_the_apis_form),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
