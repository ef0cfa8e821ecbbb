// SPDX-License-Identifier: MIT
#include "world.h"

#define CPU_HPA "'maxReplicas':10,'metrics':[" CPU("50") "]"
#define QUEUE_HPA "'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]"

static void says(struct world *w, const char *sentence)
{
    char text[HPA_SENTENCE_MAX];

    assert_string_equal(hpa_sentence(w->spec, &w->d, text), sentence);
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
    says(&w, "CPU is 122 % of what 4 pods request, target 50 %: 4 × 2.44 = 9.76, so 10 pods; "
             "one step may go to 8");
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
    says(&w, "queue_depth is 47, target 5 per pod: within 10 %, stays at 10");
    w.in.now_ns += 250 * S;
    world_value(&w, 0, 15000);
    (void)world_step(&w);
    says(&w, "wants 3, stays at 10: 4 minutes 10 seconds ago it still wanted 10, and scaling down "
             "waits 5 minutes");
    world_end(&w);

    world_begin(&w, "'maxReplicas':10,'metrics':[" QUEUE(
                        "'averageValue':5") "],'behavior':{"
                                            "'scaleUp':{'stabilizationWindowSeconds':60}}");
    world_pods(&w, 2);
    world_value(&w, 0, 47000);
    (void)world_step(&w);
    w.in.now_ns += 20 * S;
    (void)world_step(&w);
    says(&w,
         "wants 10, stays at 2: 20 seconds ago it only wanted 2, and scaling up waits 1 minute");
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
    says(&w, "queue_depth is 47.5, target 5 per pod: 9.5, so 10 pods");
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

static void says_what_the_policies_allow(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':100,'metrics':[" QUEUE(
                        "'averageValue':1") "],'behavior':{"
                                            "'scaleUp':{'policies':[{'type':'Pods','value':3,"
                                            "'periodSeconds':60}]},'scaleDown':{"
                                            "'stabilizationWindowSeconds':0,'policies':[{'type':"
                                            "'Percent','value':50,'periodSeconds':60}]}}");
    world_pods(&w, 4);
    world_value(&w, 0, 20000);
    w.in.spec_replicas = world_step(&w);
    says(&w, "queue_depth is 20, target 1 per pod: 20 pods; the policies allow 7 now");
    w.in.now_ns += 15 * S;
    (void)world_step(&w);
    says(&w, "queue_depth is 20, target 1 per pod: 20 pods; the policies allow no more than 7 now");
    w.in.now_ns += 60 * S;
    world_value(&w, 0, 1000);
    (void)world_step(&w);
    says(&w, "queue_depth is 1, target 1 per pod: 1 pod; the policies allow no fewer than 3 now");
    world_end(&w);
}

static void says_which_bound_stopped_it(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'minReplicas':3,'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]");
    world_pods(&w, 4);
    world_value(&w, 0, 5000);
    w.in.now_ns += 301 * S;
    (void)world_step(&w); /* the size that was found holds for 5 minutes */
    says(&w, "wants 1, stays at 4: it has just been found at 4, and scaling down waits 5 "
             "minutes");
    w.in.now_ns += 301 * S;
    (void)world_step(&w);
    says(&w, "queue_depth is 5, target 5 per pod: 1 pod; minReplicas is 3");
    world_value(&w, 0, 70000);
    (void)world_step(&w);
    w.in.now_ns += 15 * S;
    world_value(&w, 0, 5000);
    w.in.spec_replicas = 10;
    (void)world_step(&w);
    says(&w, "wants 1, is held at 14: 15 seconds ago it still wanted 14, and scaling down waits 5 "
             "minutes; maxReplicas is 10");
    world_end(&w);
}

static void says_how_much_memory_and_of_which_kind(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[{'type':'Resource','resource':{'name':'memory',"
                    "'target':{'type':'AverageValue','averageValue':'100Mi'}}}]");
    world_pods(&w, 2);
    world_usage(&w, 0, INT64_C(157286400) * 1000);
    (void)world_step(&w);
    says(&w, "memory is 150.0 MiB per pod, target 100.0 MiB: 2 × 1.5 = 3 pods");
    world_end(&w);
}

static void says_what_stands_in_for_pods_that_are_not_counted(void **state)
{
    struct world w;
    int64_t busy[] = {200, 200, 200}, calm[] = {10, 10, 10};
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 5);
    w.pods[4].phase = HPA_PENDING;
    world_samples(&w, 0, 3, busy);
    (void)world_step(&w);
    says(&w, "CPU is 200 % of what 3 pods request, target 50 %, 2 more pods taken as idle: 5 × 2.4 "
             "= 12 pods; maxReplicas is 10");
    w.in.now_ns += 301 * S;
    world_samples(&w, 0, 3, calm);
    (void)world_step(&w);
    says(&w, "CPU is 10 % of what 3 pods request, target 50 %, 1 more pod taken as busy: 4 × 0.64 "
             "= 2.56, so 3 pods");
    world_end(&w);
}

static void says_which_selector_is_wrong(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, CPU_HPA);
    world_pods(&w, 2);
    w.in.selector = "";
    (void)world_step(&w);
    says(&w, "selector is required; stays at 2");
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
        cmocka_unit_test(says_what_the_policies_allow),
        cmocka_unit_test(says_which_bound_stopped_it),
        cmocka_unit_test(says_how_much_memory_and_of_which_kind),
        cmocka_unit_test(says_what_stands_in_for_pods_that_are_not_counted),
        cmocka_unit_test(says_which_selector_is_wrong),
    };
    return cmocka_run_group_tests_name("sentence", tests, NULL, NULL);
}
