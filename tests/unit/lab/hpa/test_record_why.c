// SPDX-License-Identifier: MIT
/* What stands under the sentence, and the rule, for each way in which a decision comes about. */
#include "world.h"

#include "kube/jpath.h"

#define QUEUE_HPA "'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]"

static void says(struct world *w, const char *rule, const char *why)
{
    json_t *record = hpa_record(w->hpa, w->spec, &w->in, &w->d, NULL);

    assert_non_null(record);
    assert_string_equal(jpath_str(record, "rule", ""), rule);
    assert_string_equal(jpath_str(record, "why", ""), why);
    json_decref(record);
}

/* A queue that wants value pods of the size 5 each, after seconds. */
static void step(struct world *w, uint64_t seconds, int32_t wanted)
{
    w->in.now_ns += seconds * S;
    world_value(w, 0, INT64_C(5000) * wanted);
    w->in.spec_replicas = w->in.status_replicas = world_step(w);
}

static void a_ratio_within_tolerance_moves_nothing(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 2);
    world_usage(&w, 0, 52);
    (void)world_step(&w);
    says(&w, "tolerance", "Nothing moves between 45 % and 55 %.");
    world_end(&w);
}

static void up_does_not_wait_and_down_looks_back(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 4);
    step(&w, 0, 6);
    says(&w, "metric", "Scaling up does not wait.");
    step(&w, 301, 3);
    says(&w, "metric", "For 5 minutes it has not wanted more.");
    world_end(&w);
}

static void a_window_says_when_it_lets_go(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 10);
    step(&w, 0, 10);
    step(&w, 250, 3);
    says(&w, "scaleDownWindow",
         "queue_depth is 15, target 5 per pod: that makes 3. In 50 seconds it may shrink, unless "
         "it wants "
         "as many "
         "again.");
    world_end(&w);

    world_begin(&w, "'maxReplicas':10,'metrics':[" QUEUE(
                        "'averageValue':5") "],'behavior':{"
                                            "'scaleUp':{'stabilizationWindowSeconds':60}}");
    world_pods(&w, 2);
    step(&w, 0, 9);
    step(&w, 20, 9);
    says(&w, "scaleUpWindow",
         "queue_depth is 45, target 5 per pod: that makes 9. In 40 seconds it may grow, unless it "
         "wants as "
         "few "
         "again.");
    world_end(&w);
}

#define POLICIES(up, down)                                                                         \
    "'maxReplicas':100,'metrics':[" QUEUE(                                                         \
        "'averageValue':5") "],'behavior':{'scaleUp':{" up                                         \
                            "},'scaleDown':{'stabilizationWindowSeconds':0," down "}}"
#define POLICY(type, value, period)                                                                \
    "'policies':[{'type':'" type "','value':" value ",'periodSeconds':" period "}]"

static void a_policy_says_what_is_used_and_when_it_comes_back(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, POLICIES(POLICY("Pods", "3", "60"), POLICY("Percent", "50", "60")));
    world_pods(&w, 4);
    step(&w, 0, 20);
    says(&w, "scaleUpPolicies", "scaleUp policy: 3 pods in 1 minute.");
    step(&w, 15, 20);
    says(&w, "scaleUpPolicies",
         "scaleUp policy: 3 pods in 1 minute, 3 used; 3 come back in 45 seconds.");
    step(&w, 60, 1);
    says(&w, "scaleDownPolicies", "scaleDown policy: 50 % in 1 minute (from 7: to 3).");
    step(&w, 50, 1);
    says(&w, "scaleDownPolicies",
         "scaleDown policy: 50 % in 1 minute (from 7: to 3), 4 used; 4 come back in 10 seconds.");
    world_end(&w);
}

static void a_direction_may_be_disabled(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, POLICIES("'selectPolicy':'Disabled'", "'selectPolicy':'Disabled'"));
    world_pods(&w, 4);
    step(&w, 0, 20);
    says(&w, "scaleUpPolicies", "scaleUp.selectPolicy is Disabled.");
    step(&w, 301, 1);
    says(&w, "scaleDownPolicies", "scaleDown.selectPolicy is Disabled.");
    world_end(&w);
}

static void without_behavior_one_step_doubles(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 3);
    step(&w, 0, 9);
    says(&w, "stepLimit", "One step at most doubles the pods, or goes to 4.");
    world_end(&w);
}

static void bounds_say_what_it_would_have_been(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'minReplicas':2,'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]");
    world_pods(&w, 8);
    step(&w, 0, 14);
    says(&w, "maxReplicas", "Without that bound it would be 14.");
    step(&w, 301, 1);
    says(&w, "minReplicas", "Without that bound it would be 1.");
    w.in.spec_replicas = 12;
    (void)world_step(&w);
    says(&w, "aboveMax", "Outside min..max no metric is read, and no window or policy waits.");
    w.in.spec_replicas = 1;
    (void)world_step(&w);
    says(&w, "belowMin", "Outside min..max no metric is read, and no window or policy waits.");
    world_end(&w);
}

static void uncounted_pods_are_named_with_their_reason(void **state)
{
    struct world w;
    int64_t milli[] = {80, 80};
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 5);
    w.pods[2].phase = w.pods[3].phase = HPA_PENDING;
    world_samples(&w, 0, 2, milli);
    (void)world_step(&w);
    says(&w, "uncountedPods",
         "The ratio is 1.6 without them, 0.64 with a cautious guess for them. web-2 is pending, "
         "web-3 is pending, and 1 more.");
    world_end(&w);
}

static void pods_that_bring_the_ratio_into_tolerance_are_why_it_stays(void **state)
{
    struct world w;
    int64_t milli[] = {60, 60, 60, 60, 60};
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 6); /* 60 % of 5 pods is 50 % of 6 */
    world_samples(&w, 0, 5, milli);
    (void)world_step(&w);
    says(&w, "uncountedPods",
         "The ratio is 1.2 without them, 1 with a cautious guess for them. web-5 has no sample.");
    milli[0] = milli[1] = milli[2] = milli[3] = milli[4] = 52;
    world_samples(&w, 0, 5, milli);
    (void)world_step(&w);
    says(&w, "uncountedPods",
         "The ratio is 1.04 without them, 0.86 with a cautious guess for them. web-5 has no "
         "sample.");
    world_end(&w);
}

static void failures_say_what_was_tried(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 4);
    w.answers[0].error = "value is 40 s old";
    (void)world_step(&w);
    says(&w, "failedMetric",
         "FailedGetExternalMetric: unable to get external metric shop/queue_depth/nil: unable to "
         "fetch metrics from external metrics API: value is 40 s old");
    w.in.selector = "";
    (void)world_step(&w);
    says(&w, "selector", "The scale's selector says which pods are its own.");
    w.in.spec_replicas = 0;
    (void)world_step(&w);
    says(&w, "disabled", "No metric is read until somebody sets 1 replica or more.");
    w.in.scale_error = "not found";
    (void)world_step(&w);
    says(&w, "noScale", "Looked for Deployment web in namespace shop.");
    world_end(&w);
}

static void a_write_that_failed_is_tried_again(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 4);
    world_value(&w, 0, 30000);
    assert_int_equal(hpa_evaluate(w.hpa, w.spec, &w.in, &w.d), 0);
    hpa_commit(w.hpa, w.spec, &w.d, "conflict", w.in.now_ns);
    says(&w, "notWritten", "The next look tries again.");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ratio_within_tolerance_moves_nothing),
        cmocka_unit_test(up_does_not_wait_and_down_looks_back),
        cmocka_unit_test(a_window_says_when_it_lets_go),
        cmocka_unit_test(a_policy_says_what_is_used_and_when_it_comes_back),
        cmocka_unit_test(a_direction_may_be_disabled),
        cmocka_unit_test(without_behavior_one_step_doubles),
        cmocka_unit_test(bounds_say_what_it_would_have_been),
        cmocka_unit_test(uncounted_pods_are_named_with_their_reason),
        cmocka_unit_test(pods_that_bring_the_ratio_into_tolerance_are_why_it_stays),
        cmocka_unit_test(failures_say_what_was_tried),
        cmocka_unit_test(a_write_that_failed_is_tried_again),
    };
    return cmocka_run_group_tests_name("record_why", tests, NULL, NULL);
}
