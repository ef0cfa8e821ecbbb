// SPDX-License-Identifier: MIT
#include "world.h"

/* Whole evaluations: the order of the steps, the history between them, conditions and events. */

#define CPU_HPA "'maxReplicas':10,'metrics':[" CPU("50") "]"
#define QUEUE_HPA "'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]"

static void grows_with_the_controllers_words(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 2);
    world_usage(&w, 0, 90);
    assert_int_equal(world_step(&w), 4);
    assert_int_equal(w.d.outcome, HPA_DECIDED);
    world_expect(&w, "AbleToScale", true, "SucceededRescale");
    world_expect(&w, "ScalingActive", true, "ValidMetricFound");
    world_expect(&w, "ScalingLimited", false, "DesiredWithinRange");
    assert_string_equal(world_condition(&w, "AbleToScale")->message,
                        "the HPA controller was able to update the target scale to 4");
    assert_string_equal(world_condition(&w, "ScalingActive")->message,
                        "the HPA was able to successfully calculate a replica count from cpu "
                        "resource utilization (percentage of request)");
    assert_int_equal(w.d.event_count, 1);
    assert_string_equal(w.d.events[0].type, "Normal");
    assert_string_equal(w.d.events[0].reason, "SuccessfulRescale");
    assert_string_equal(w.d.events[0].message,
                        "New size: 4; reason: cpu resource utilization (percentage of request) "
                        "above target");
    world_end(&w);
}

static void staying_needs_no_write(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 4);
    world_usage(&w, 0, 52);
    assert_int_equal(world_step(&w), 4);
    assert_false(w.d.rescale);
    assert_int_equal(w.d.event_count, 0);
    world_expect(&w, "AbleToScale", true, "ReadyForNewScale");
    world_end(&w);
}

static void a_scale_that_cannot_be_read_stops_the_run(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, CPU_HPA);
    w.in.scale_error = "deployments.apps \"web\" not found";
    w.in.answers = NULL;
    assert_false(hpa_needs_metrics(w.spec, &w.in));
    (void)world_step(&w);
    assert_int_equal(w.d.outcome, HPA_NO_SCALE);
    assert_int_equal(w.d.condition_count, 1);
    world_expect(&w, "AbleToScale", false, "FailedGetScale");
    assert_string_equal(w.d.conditions[0].message,
                        "the HPA controller was unable to get the target's current scale: "
                        "deployments.apps \"web\" not found");
    assert_string_equal(w.d.events[0].reason, "FailedGetScale");
    assert_string_equal(w.d.events[0].message, "deployments.apps \"web\" not found");
    world_end(&w);
}

static void zero_replicas_switch_scaling_off(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, CPU_HPA);
    w.in.answers = NULL;
    assert_int_equal(world_step(&w), 0);
    assert_int_equal(w.d.outcome, HPA_DISABLED);
    assert_false(w.d.rescale);
    world_expect(&w, "AbleToScale", true, "SucceededGetScale");
    world_expect(&w, "ScalingActive", false, "ScalingDisabled");
    world_end(&w);
}

static void bounds_are_corrected_at_once_without_metrics(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'minReplicas':3,'maxReplicas':10");
    w.in.answers = NULL;
    w.in.spec_replicas = 40;
    assert_int_equal(world_step(&w), 10);
    assert_string_equal(w.d.events[0].message,
                        "New size: 10; reason: Current number of replicas above Spec.MaxReplicas");
    assert_int_equal(w.d.condition_count, 1); /* the other two keep their old values */
    w.in.spec_replicas = 1;
    assert_int_equal(world_step(&w), 3);
    assert_string_equal(w.d.events[0].message,
                        "New size: 3; reason: Current number of replicas below Spec.MinReplicas");
    assert_null(w.d.results);
    world_end(&w);
}

static void disabled_policies_do_not_hinder_corrections(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'minReplicas':3,'maxReplicas':10,'behavior':{'scaleUp':{'selectPolicy':"
                    "'Disabled'},'scaleDown':{'selectPolicy':'Disabled'}}");
    w.in.spec_replicas = 40;
    assert_int_equal(world_step(&w), 10);
    w.in.spec_replicas = 1;
    assert_int_equal(world_step(&w), 3);
    world_pods(&w, 3);
    world_usage(&w, 0, 900);
    assert_int_equal(world_step(&w), 3);
    world_expect(&w, "ScalingLimited", true, "ScaleUpLimit");
    world_end(&w);
}

static void corrections_count_in_later_policy_periods(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'minReplicas':3,'maxReplicas':10,'behavior':{'scaleUp':{'policies':[{'type':"
                    "'Pods','value':4,'periodSeconds':60}]}}");
    w.in.spec_replicas = 1;
    assert_int_equal(world_step(&w), 3);
    w.in.now_ns += 15 * S;
    world_pods(&w, 3);
    world_usage(&w, 0, 900);
    assert_int_equal(world_step(&w), 5); /* 1 a minute ago, 4 more */
    world_expect(&w, "ScalingLimited", true, "ScaleUpLimit");
    world_end(&w);
}

static void recommendations_are_kept_raw(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':4,'metrics':[" QUEUE("'averageValue':5") "]");
    world_pods(&w, 2);
    world_value(&w, 0, 400000); /* wants 80, gets 4 */
    assert_int_equal(world_step(&w), 4);
    world_expect(&w, "ScalingLimited", true, "TooManyReplicas");

    world_respec(&w, "'maxReplicas':100,'metrics':[" QUEUE("'averageValue':5") "]");
    w.in.now_ns += 15 * S;
    world_pods(&w, 4);
    world_value(&w, 0, 5000); /* wants 1; the 80 holds, and even grows */
    assert_int_equal(world_step(&w), 8);
    assert_int_equal(w.d.held_value, 80);
    assert_string_equal(w.d.rescale_reason, "All metrics below target");
    world_expect(&w, "ScalingLimited", true, "ScaleUpLimit");
    world_end(&w);
}

static void the_reason_may_be_empty(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 4);
    world_value(&w, 0, 400000);
    (void)world_step(&w);
    w.in.now_ns += 15 * S;
    world_value(&w, 0, 20000); /* wants the 4 that there are */
    assert_int_equal(world_step(&w), 8);
    assert_string_equal(w.d.events[0].message, "New size: 8; reason: ");
    world_end(&w);
}

static void shrinks_5_minutes_after_the_last_higher_wish(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 8);
    world_value(&w, 0, 5000);
    assert_int_equal(world_step(&w), 8); /* the size that was found holds */
    world_expect(&w, "AbleToScale", true, "ScaleDownStabilized");
    for (int i = 1; i <= 20; i++) {
        w.in.now_ns += 15 * S;
        assert_int_equal(world_step(&w), 8);
    }
    w.in.now_ns += 15 * S;
    assert_int_equal(world_step(&w), 1);
    assert_string_equal(w.d.events[0].message, "New size: 1; reason: All metrics below target");
    world_end(&w);
}

static void a_fresh_history_begins_even_without_metrics(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    w.in.spec_replicas = 40;
    assert_int_equal(world_step(&w), 10); /* remembers 40 */
    w.in.now_ns += 15 * S;
    world_pods(&w, 4);
    world_value(&w, 0, 5000);
    assert_int_equal(world_step(&w), 8);
    assert_int_equal(w.d.held_value, 40);
    world_end(&w);
}

static void a_failed_metric_blocks_only_the_way_down(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "," QUEUE("'averageValue':5") "]");
    world_pods(&w, 4);
    world_usage(&w, 0, 10);
    w.answers[1].error = "stale";
    assert_int_equal(world_step(&w), 4);
    assert_int_equal(w.d.outcome, HPA_NO_METRICS);
    world_expect(&w, "ScalingActive", false, "FailedGetExternalMetric");
    assert_string_equal(world_condition(&w, "ScalingActive")->message,
                        "the HPA was unable to compute the replica count: unable to get external "
                        "metric shop/queue_depth/nil: unable to fetch metrics from external "
                        "metrics API: stale");
    world_expect(&w, "AbleToScale", true, "SucceededGetScale");
    assert_int_equal(w.d.event_count, 2);
    assert_string_equal(w.d.events[0].reason, "FailedGetExternalMetric");
    assert_string_equal(w.d.events[1].reason, "FailedComputeMetricsReplicas");
    assert_string_equal(w.d.events[1].message,
                        "invalid metrics (1 invalid out of 2), first error is: failed to get "
                        "queue_depth external metric value: failed to get queue_depth external "
                        "metric: unable to get external metric shop/queue_depth/nil: unable to "
                        "fetch metrics from external metrics API: stale");

    world_usage(&w, 0, 100);
    assert_int_equal(world_step(&w), 8);
    world_expect(&w, "ScalingActive", true, "ValidMetricFound");
    assert_int_equal(w.d.event_count, 2);
    assert_string_equal(w.d.events[0].reason, "FailedGetExternalMetric");
    world_end(&w);
}

static void a_failed_run_leaves_no_recommendation(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 1);
    world_value(&w, 0, 5000);
    (void)world_step(&w);
    w.answers[0].error = "stale";
    w.in.now_ns += 15 * S;
    w.in.spec_replicas = 9;
    (void)world_step(&w);
    w.in.now_ns += 300 * S + 1; /* all before the failed run is out of the window */
    world_value(&w, 0, 5000);
    assert_int_equal(world_step(&w), 1);
    world_end(&w);
}

static void selectors_in_error_fail_the_run(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 2);
    w.in.answers = NULL;
    w.in.selector = "";
    assert_false(hpa_needs_metrics(w.spec, &w.in));
    (void)world_step(&w);
    world_expect(&w, "ScalingActive", false, "InvalidSelector");
    assert_string_equal(w.d.events[0].reason, "SelectorRequired");
    assert_string_equal(w.d.events[1].message, "selector is required");
    w.in.selector = "app=web";
    w.in.ambiguous = "pods by selector app=web are controlled by multiple HPAs: [shop/a shop/b]";
    (void)world_step(&w);
    world_expect(&w, "ScalingActive", false, "AmbiguousSelector");
    assert_string_equal(w.d.events[0].reason, "AmbiguousSelector");
    assert_string_equal(w.d.events[0].message, w.in.ambiguous);
    world_end(&w);
}

static void a_failed_write_stores_no_scale_event(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':100,'metrics':[" CPU(
                        "50") "],'behavior':{'scaleUp':{"
                              "'policies':[{'type':'Pods','value':4,'periodSeconds':60}]}}");
    world_pods(&w, 4);
    world_usage(&w, 0, 900);
    assert_int_equal(hpa_evaluate(w.hpa, w.spec, &w.in, &w.d), 0);
    hpa_commit(w.hpa, w.spec, &w.d, "etcd is slow", w.in.now_ns);
    assert_int_equal(w.d.outcome, HPA_NOT_WRITTEN);
    world_expect(&w, "AbleToScale", false, "FailedUpdateScale");
    assert_string_equal(w.d.events[0].reason, "FailedRescale");
    assert_string_equal(w.d.events[0].message,
                        "New size: 8; reason: cpu resource utilization (percentage of request) "
                        "above target; error: etcd is slow");
    w.in.now_ns += 15 * S;
    assert_int_equal(world_step(&w), 8);
    w.in.now_ns += 15 * S;
    world_pods(&w, 8);
    world_usage(&w, 0, 900);
    assert_int_equal(world_step(&w), 8); /* now it counts */
    world_end(&w);
}

static void tolerances_are_set_for_each_direction(void **state)
{
    struct world w;
    (void)state;

    world_begin(
        &w, "'maxReplicas':10,'metrics':[" CPU(
                "50") "],'behavior':{'scaleUp':{"
                      "'tolerance':'0.5'},'scaleDown':{'tolerance':'0','stabilizationWindowSeconds'"
                      ":0}}");
    world_pods(&w, 4);
    world_usage(&w, 0, 75);
    assert_int_equal(world_step(&w), 4);
    world_usage(&w, 0, 76);
    assert_int_equal(world_step(&w), 7);
    world_usage(&w, 0, 37);
    assert_int_equal(world_step(&w), 3);
    world_respec(&w, "'maxReplicas':20,'metrics':[" CPU(
                         "50") "],'behavior':{'scaleDown':{"
                               "'tolerance':'0','stabilizationWindowSeconds':0}}");
    world_pods(&w, 15);
    world_usage(&w, 0, 46); /* 0.92 would be within the flag's 10 % */
    assert_int_equal(world_step(&w), 14);
    world_end(&w);
}

static void a_negative_wish_is_0(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" QUEUE("'value':5") "]");
    world_pods(&w, 4);
    world_value(&w, 0, -20000);
    (void)world_step(&w);
    assert_int_equal(w.d.results[0].proposal, -16);
    assert_int_equal(w.d.recommendation, 0);
    world_end(&w);
}

static void needs_no_new_memory_from_run_to_run(void **state)
{
    struct world w;
    const struct hpa_result *results;
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 8);
    world_usage(&w, 0, 50);
    (void)world_step(&w);
    results = w.d.results;
    for (int i = 0; i < 1000; i++) {
        w.in.now_ns += 15 * S;
        (void)world_step(&w);
        assert_ptr_equal(w.d.results, results);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_with_the_controllers_words),
        cmocka_unit_test(staying_needs_no_write),
        cmocka_unit_test(a_scale_that_cannot_be_read_stops_the_run),
        cmocka_unit_test(zero_replicas_switch_scaling_off),
        cmocka_unit_test(bounds_are_corrected_at_once_without_metrics),
        cmocka_unit_test(disabled_policies_do_not_hinder_corrections),
        cmocka_unit_test(corrections_count_in_later_policy_periods),
        cmocka_unit_test(recommendations_are_kept_raw),
        cmocka_unit_test(the_reason_may_be_empty),
        cmocka_unit_test(shrinks_5_minutes_after_the_last_higher_wish),
        cmocka_unit_test(a_fresh_history_begins_even_without_metrics),
        cmocka_unit_test(a_failed_metric_blocks_only_the_way_down),
        cmocka_unit_test(a_failed_run_leaves_no_recommendation),
        cmocka_unit_test(selectors_in_error_fail_the_run),
        cmocka_unit_test(a_failed_write_stores_no_scale_event),
        cmocka_unit_test(tolerances_are_set_for_each_direction),
        cmocka_unit_test(a_negative_wish_is_0),
        cmocka_unit_test(needs_no_new_memory_from_run_to_run),
    };
    return cmocka_run_group_tests_name("hpa", tests, NULL, NULL);
}
