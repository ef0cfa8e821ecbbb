// SPDX-License-Identifier: MIT
#include "world.h"

#include "kube/jpath.h"

#define CPU_HPA "'maxReplicas':10,'metrics':[" CPU("50") "]"
#define QUEUE_HPA "'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]"

static void says(struct world *w, const char *sentence)
{
    char text[HPA_SENTENCE_MAX];

    assert_string_equal(hpa_sentence(w->spec, &w->d, text), sentence);
    json_t *record = hpa_record(w->hpa, w->spec, &w->in, &w->d);
    assert_non_null(record);
    assert_string_equal(jpath_str(record, "sentence", ""), sentence);
    json_decref(record);
}

static void says_how_cpu_became_pods(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 2);
    world_usage(&w, 0, 100);
    (void)world_step(&w);
    says(&w, "CPU is 100 % of what 2 pods request, target 50 %: 2 × 2 = 4 pods");
    world_pods(&w, 4);
    world_usage(&w, 0, 122);
    (void)world_step(&w);
    says(&w, "CPU is 122 % of what 4 pods request, target 50 %: 4 × 2.44 = 10 pods; one step may "
             "go to 8");
    world_usage(&w, 0, 300);
    w.in.spec_replicas = 8;
    (void)world_step(&w);
    says(&w,
         "CPU is 300 % of what 4 pods request, target 50 %: 4 × 6 = 24 pods; maxReplicas is 10");
    world_pods(&w, 1);
    world_usage(&w, 0, 52);
    w.in.now_ns += 3600 * S;
    (void)world_step(&w);
    says(&w, "CPU is 52 % of what 1 pod requests, target 50 %: within 10 %, stays at 1");
    world_end(&w);
}

static void says_why_it_waits(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 10);
    world_value(&w, 0, 47000);
    (void)world_step(&w);
    says(&w, "queue_depth is 47, 5 per pod: within 10 %, stays at 10");
    w.in.now_ns += 250 * S;
    world_value(&w, 0, 15000);
    (void)world_step(&w);
    says(&w, "wants 3, stays at 10: 4 min 10 s ago it still wanted 10, and scaling down waits 5 "
             "min");
    world_end(&w);

    world_begin(&w, "'maxReplicas':10,'metrics':[" QUEUE(
                        "'averageValue':5") "],'behavior':{"
                                            "'scaleUp':{'stabilizationWindowSeconds':60}}");
    world_pods(&w, 2);
    world_value(&w, 0, 47000);
    (void)world_step(&w);
    w.in.now_ns += 20 * S;
    (void)world_step(&w);
    says(&w, "wants 10, stays at 2: 20 s ago it only wanted 2, and scaling up waits 1 min");
    world_end(&w);
}

static void says_what_the_queue_needs(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 6);
    world_value(&w, 0, 47500);
    (void)world_step(&w);
    says(&w, "queue_depth is 47.5, 5 per pod: 10 pods");
    world_respec(&w, "'maxReplicas':10,'metrics':[" QUEUE("'value':20") "]");
    world_value(&w, 0, 30000);
    w.in.now_ns += 301 * S;
    (void)world_step(&w);
    says(&w, "queue_depth is 30, target 20: 6 × 1.5 = 9 pods");
    world_end(&w);
}

static void says_what_is_wrong(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "," QUEUE("'averageValue':5") "]");
    world_pods(&w, 4);
    world_usage(&w, 0, 10);
    w.answers[1].error = "value is 40 s old";
    (void)world_step(&w);
    says(&w, "no metrics for queue_depth: value is 40 s old; nothing shrinks while a metric is "
             "unknown");
    world_usage(&w, 0, 75);
    (void)world_step(&w);
    says(&w, "CPU is 75 % of what 4 pods request, target 50 %: 4 × 1.5 = 6 pods; queue_depth is "
             "unknown");
    assert_int_equal(hpa_evaluate(w.hpa, w.spec, &w.in, &w.d), 0);
    hpa_commit(w.hpa, w.spec, &w.d, "conflict", w.in.now_ns);
    says(&w, "CPU is 75 % of what 4 pods request, target 50 %: 4 × 1.5 = 6 pods; queue_depth is "
             "unknown; could not be written: conflict");
    w.in.scale_error = "not found";
    (void)world_step(&w);
    says(&w, "cannot read the scale of Deployment web: not found");
    world_end(&w);
}

static void says_what_was_corrected(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'minReplicas':2,'maxReplicas':10");
    w.in.spec_replicas = 12;
    (void)world_step(&w);
    says(&w, "12 pods are more than maxReplicas: goes to 10 at once");
    w.in.spec_replicas = 1;
    (void)world_step(&w);
    says(&w, "1 pod is fewer than minReplicas: goes to 2 at once");
    w.in.spec_replicas = 0;
    (void)world_step(&w);
    says(&w, "scaling is off while web has 0 replicas");
    world_end(&w);
}

static void says_that_unready_pods_hold_it(void **state)
{
    struct world w;
    int64_t milli[] = {80, 80};
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 4);
    w.pods[2].phase = w.pods[3].phase = HPA_PENDING;
    world_samples(&w, 0, 2, milli);
    (void)world_step(&w);
    says(&w, "CPU is 80 % of what 2 pods request, target 50 %: stays at 4, because 2 pods are not "
             "ready or not measured yet");
    world_end(&w);
}

static void a_long_sentence_is_cut_between_characters(void **state)
{
    char error[600], text[HPA_SENTENCE_MAX];
    struct world w;
    (void)state;

    for (size_t i = 0; i + 2 < sizeof(error); i += 2)
        memcpy(error + i, "×", 3);
    world_begin(&w, CPU_HPA);
    for (int shift = 0; shift < 2; shift++) {
        w.in.scale_error = error;
        memcpy(error, shift ? "abc" : "ab×", shift ? 3 : 4);
        if (shift)
            error[3] = 'd';
        (void)world_step(&w);
        json_t *json = json_string(hpa_sentence(w.spec, &w.d, text));
        assert_non_null(json); /* jansson refuses broken UTF-8 */
        json_decref(json);
    }
    world_end(&w);
}

static void the_record_has_every_number(void **state)
{
    struct world w;
    int64_t milli[] = {100, 100, 100};
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 5);
    w.in.spec_replicas = 4;
    w.pods[3].deleted = true;
    world_samples(&w, 0, 3, milli);
    w.pods[2].phase = HPA_PENDING;
    (void)world_step(&w);
    json_t *r = hpa_record(w.hpa, w.spec, &w.in, &w.d);
    assert_string_equal(jpath_str(r, "time", ""), "2023-11-14T22:13:20.000000Z");
    assert_string_equal(jpath_str(r, "outcome", ""), "decided");
    assert_string_equal(jpath_str(r, "target.name", ""), "web");
    assert_int_equal(jpath_int(r, "target.current", -1), 4);
    assert_int_equal(jpath_int(r, "min", -1), 1);
    assert_int_equal(jpath_int(r, "max", -1), 10);
    assert_string_equal(jpath_str(r, "metrics[0].name", ""), "cpu");
    assert_int_equal(jpath_int(r, "metrics[0].target", -1), 50);
    assert_int_equal(jpath_int(r, "metrics[0].value", -1), 100);
    assert_true(jpath_double(r, "metrics[0].ratio", 0) == 2.0);
    assert_true(jpath_double(r, "metrics[0].finalRatio", 0) == 1.0); /* 200 of 400 */
    assert_true(jpath_double(r, "metrics[0].tolerance[0]", 0) == 0.9);
    assert_int_equal(jpath_int(r, "metrics[0].podsCounted", -1), 2);
    assert_string_equal(jpath_str(r, "metrics[0].podsUnready[0]", ""), "web-2");
    assert_string_equal(jpath_str(r, "metrics[0].podsIgnored[0]", ""), "web-3");
    assert_string_equal(jpath_str(r, "metrics[0].podsMissing[0]", ""), "web-4");
    assert_int_equal(jpath_int(r, "metrics[0].proposal", -1), 4);
    assert_true(jpath_bool(r, "metrics[0].wins", false));
    assert_int_equal(jpath_int(r, "recommendation", -1), 4);
    assert_string_equal(jpath_str(r, "limit.reason", ""), "DesiredWithinRange");
    assert_int_equal(jpath_int(r, "result", -1), 4);
    json_decref(r);
    world_end(&w);
}

static void the_record_shows_which_recommendation_holds(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 6);
    world_value(&w, 0, 30000);
    (void)world_step(&w);
    w.in.now_ns += 290 * S;
    world_value(&w, 0, 5000);
    (void)world_step(&w);
    w.in.now_ns += 15 * S;
    (void)world_step(&w);
    json_t *r = hpa_record(w.hpa, w.spec, &w.in, &w.d);
    assert_int_equal(json_array_size(jpath(r, "recommendations")), 2); /* 305 s is too old */
    assert_int_equal(jpath_int(r, "result", -1), 1);
    json_decref(r);

    world_end(&w);
    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 6);
    world_value(&w, 0, 30000);
    (void)world_step(&w);
    w.in.now_ns += 15 * S;
    world_value(&w, 0, 5000);
    (void)world_step(&w);
    r = hpa_record(w.hpa, w.spec, &w.in, &w.d);
    assert_int_equal(jpath_int(r, "recommendations[1].value", -1), 6);
    assert_true(jpath_bool(r, "recommendations[1].holds", false));
    assert_true(jpath_double(r, "recommendations[1].ageSeconds", -1) == 15.0);
    assert_false(jpath_bool(r, "recommendations[2].holds", true));
    json_decref(r);
    world_end(&w);
}

static void an_infinite_ratio_is_left_out(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 2);
    w.in.status_replicas = 0;
    world_value(&w, 0, 10000);
    (void)world_step(&w);
    json_t *r = hpa_record(w.hpa, w.spec, &w.in, &w.d);
    assert_non_null(r);
    assert_null(jpath(r, "metrics[0].ratio"));
    json_decref(r);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_how_cpu_became_pods),
        cmocka_unit_test(says_why_it_waits),
        cmocka_unit_test(says_what_the_queue_needs),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(says_what_was_corrected),
        cmocka_unit_test(says_that_unready_pods_hold_it),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(the_record_has_every_number),
        cmocka_unit_test(the_record_shows_which_recommendation_holds),
        cmocka_unit_test(an_infinite_ratio_is_left_out),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
