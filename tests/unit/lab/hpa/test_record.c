// SPDX-License-Identifier: MIT
#include "world.h"

#include "kube/jpath.h"

#define QUEUE_HPA "'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]"

static json_t *record_of(const struct world *w)
{
    json_t *record = hpa_record(w->hpa, w->spec, &w->in, &w->d, NULL);

    assert_non_null(record);
    return record;
}

/* Compares one part of the record with JSON that has ' for ". */
static void expect(const json_t *record, const char *path, const char *expected)
{
    json_t *json = world_json(expected);
    const json_t *part = jpath(record, path);

    if (!json_equal(part, json)) {
        char *text = json_dumps(part, JSON_ENCODE_ANY | JSON_SORT_KEYS);
        fail_msg("%s is %s", path, text ? text : "absent");
    }
    json_decref(json);
}

static void it_says_what_was_looked_at(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'minReplicas':2," QUEUE_HPA);
    world_pods(&w, 4);
    world_value(&w, 0, 30000);
    (void)world_step(&w);
    json_t *r = record_of(&w);
    assert_int_equal(jpath_int(r, "version", 0), 1);
    assert_string_equal(jpath_str(r, "time", ""), "2023-11-14T22:13:20.000000Z");
    expect(r, "hpa", "{'namespace':'shop','name':'web'}");
    expect(r, "target", "{'apiVersion':'apps/v1','kind':'Deployment','name':'web'}");
    expect(r, "tolerance", "[0.9,1.1]");
    assert_int_equal(jpath_int(r, "min", -1), 2);
    assert_int_equal(jpath_int(r, "max", -1), 10);
    assert_int_equal(jpath_int(r, "current", -1), 4);
    assert_int_equal(jpath_int(r, "statusReplicas", -1), 4);
    assert_string_equal(jpath_str(r, "outcome", ""), "decided");
    json_decref(r);
    world_end(&w);
}

static void it_says_of_each_pod_whether_it_counted_and_why_not(void **state)
{
    struct world w;
    int64_t milli[] = {100, 100, 100, 100};
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 5);
    w.in.spec_replicas = 4;
    w.pods[3].deleted = true;
    world_samples(&w, 0, 4, milli);
    w.samples[0][3].pod = "stranger";
    w.pods[2].phase = HPA_PENDING;
    (void)world_step(&w);
    json_t *r = record_of(&w);
    expect(r, "metrics[0].counts", "{'counted':2,'unready':1,'missing':1,'ignored':1,'unknown':1}");
    expect(r, "metrics[0].pods",
           "[{'name':'web-0','class':'counted','rule':'counted','usage':'100m','request':'100m'},"
           "{'name':'web-1','class':'counted','rule':'counted','usage':'100m','request':'100m'},"
           "{'name':'web-2','class':'unready','rule':'pending','usage':'100m','request':'100m',"
           "'standIn':'0'},"
           "{'name':'web-3','class':'ignored','rule':'deleted','request':'100m'},"
           "{'name':'web-4','class':'missing','rule':'noSample','request':'100m','standIn':'0'},"
           "{'name':'stranger','class':'unknown','rule':'noPod','usage':'100m'}]");
    assert_string_equal(jpath_str(r, "metrics[0].usage", ""), "200m");
    assert_string_equal(jpath_str(r, "metrics[0].requests", ""), "200m");
    json_decref(r);
    world_end(&w);
}

static void it_says_how_the_ratio_became_a_number(void **state)
{
    struct world w;
    int64_t milli[] = {100, 100};
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("30") "]");
    world_pods(&w, 3);
    world_samples(&w, 0, 2, milli);
    (void)world_step(&w);
    json_t *r = record_of(&w);
    assert_string_equal(jpath_str(r, "metrics[0].name", ""), "cpu");
    assert_string_equal(jpath_str(r, "metrics[0].type", ""), "Resource");
    assert_string_equal(jpath_str(r, "metrics[0].form", ""), "Utilization");
    assert_int_equal(jpath_int(r, "metrics[0].target", -1), 30);
    assert_int_equal(jpath_int(r, "metrics[0].value", -1), 100);
    assert_string_equal(jpath_str(r, "metrics[0].average", ""), "100m");
    assert_true(jpath_double(r, "metrics[0].ratio", 0) == 100.0 / 30);
    assert_true(jpath_double(r, "metrics[0].finalRatio", 0) == 66.0 / 30); /* 200 of 300 */
    assert_false(jpath_bool(r, "metrics[0].withinTolerance", true));
    assert_int_equal(jpath_int(r, "metrics[0].multiplier", -1), 3);
    assert_int_equal(jpath_int(r, "metrics[0].proposal", -1), 7);
    assert_true(jpath_bool(r, "metrics[0].wins", false));
    assert_int_equal(jpath_int(r, "recommendation", -1), 7);
    expect(r, "limit", "{'step':6,'reason':'ScaleUpLimit','result':6}");
    assert_int_equal(jpath_int(r, "result", -1), 6);
    json_decref(r);
    world_end(&w);
}

static void a_window_lists_what_stands_in_it_youngest_first(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 6);
    world_value(&w, 0, 30000); /* 6 */
    (void)world_step(&w);
    w.in.now_ns += 15 * S;
    world_value(&w, 0, 20000); /* 4 */
    (void)world_step(&w);
    w.in.now_ns += 10 * S;
    world_value(&w, 0, 5000); /* 1 */
    (void)world_step(&w);
    json_t *r = record_of(&w);
    expect(r, "stabilisation",
           "{'held':'down','result':6,'down':{'seconds':300.0,'highest':6,'recommendations':["
           "{'value':4,'ageSeconds':10.0,'leavesInSeconds':290.0,'holds':false},"
           "{'value':6,'ageSeconds':25.0,'leavesInSeconds':275.0,'holds':true},"
           "{'value':6,'ageSeconds':25.0,'leavesInSeconds':275.0,'holds':true}]}}");
    json_decref(r);
    w.in.now_ns += 290 * S; /* 4 is just 300 s old: inside, without behavior */
    (void)world_step(&w);
    r = record_of(&w);
    assert_int_equal(jpath_int(r, "stabilisation.down.highest", -1), 4);
    assert_int_equal(json_array_size(jpath(r, "stabilisation.down.recommendations")), 2);
    json_decref(r);
    world_end(&w);
}

static void with_behavior_there_are_two_windows_and_their_ends_are_outside(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA ",'behavior':{'scaleUp':{'stabilizationWindowSeconds':20},"
                              "'scaleDown':{'stabilizationWindowSeconds':60}}");
    world_pods(&w, 2);
    world_value(&w, 0, 15000);
    (void)world_step(&w);
    w.in.now_ns += 20 * S;
    (void)world_step(&w);
    json_t *r = record_of(&w);
    expect(r, "stabilisation",
           "{'up':{'seconds':20.0,'lowest':3,'recommendations':[]},"
           "'down':{'seconds':60.0,'highest':3,'recommendations':["
           "{'value':3,'ageSeconds':20.0,'leavesInSeconds':40.0,'holds':false},"
           "{'value':2,'ageSeconds':20.0,'leavesInSeconds':40.0,'holds':false}]},'result':3}");
    json_decref(r);
    world_end(&w);
}

static void policies_are_shown_as_the_evaluation_saw_them(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':100,'metrics':[" QUEUE(
                        "'averageValue':5") "],'behavior':{'scaleUp':{'selectPolicy':'Min',"
                                            "'policies':[{'type':'Pods','value':4,"
                                            "'periodSeconds':60},{'type':'Percent','value':100,"
                                            "'periodSeconds':15}]}}");
    world_pods(&w, 5);
    world_value(&w, 0, 500000);
    w.in.spec_replicas = world_step(&w);
    json_t *r = record_of(&w);
    expect(r, "limit.up",
           "{'select':'Min','bound':9,'policies':[{'type':'Pods','value':4,'periodSeconds':60,"
           "'start':5,'limit':9,'used':0,'comesBack':[]},{'type':'Percent','value':100,"
           "'periodSeconds':15,'start':5,'limit':10,'used':0,'comesBack':[]}]}");
    json_decref(r);
    w.in.now_ns += 30 * S;
    (void)world_step(&w);
    r = record_of(&w);
    expect(r, "limit.up",
           "{'select':'Min','bound':9,'policies':[{'type':'Pods','value':4,'periodSeconds':60,"
           "'start':5,'limit':9,'used':4,'comesBack':[{'replicas':4,'inSeconds':30.0}]},{'type':"
           "'Percent','value':100,'periodSeconds':15,'start':9,'limit':18,'used':0,'comesBack':[]"
           "}]}");
    expect(r, "limit.down",
           "{'select':'Max','bound':0,'policies':[{'type':'Percent','value':100,'periodSeconds':"
           "15,'start':9,'limit':0,'used':0,'comesBack':[]}]}");
    assert_string_equal(jpath_str(r, "limit.reason", ""), "ScaleUpLimit");
    json_decref(r);
    world_end(&w);
}

static void a_condition_that_is_new_says_what_it_was(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 6);
    world_value(&w, 0, 30000);
    (void)world_step(&w);
    json_t *r = record_of(&w);
    expect(r, "conditions[2]",
           "{'type':'ScalingLimited','status':'False','reason':'DesiredWithinRange','message':"
           "'the desired count is within the acceptable range','was':{}}");
    json_t *status = hpa_status(w.spec, &w.d, NULL, T0);
    json_decref(r);
    r = hpa_record(w.hpa, w.spec, &w.in, &w.d, status);
    assert_null(jpath(r, "conditions[2].was"));
    json_decref(r);
    w.answers[0].error = "down";
    (void)world_step(&w);
    r = hpa_record(w.hpa, w.spec, &w.in, &w.d, status);
    expect(r, "conditions[1].was", "{'status':'True','reason':'ValidMetricFound'}");
    assert_string_equal(jpath_str(r, "events[0].reason", ""), "FailedGetExternalMetric");
    assert_string_equal(jpath_str(r, "metrics[0].error.cause", ""), "down");
    json_decref(r);
    json_decref(status);
    world_end(&w);
}

static void a_write_that_failed_leaves_the_size(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, QUEUE_HPA);
    world_pods(&w, 4);
    world_value(&w, 0, 30000);
    assert_int_equal(hpa_evaluate(w.hpa, w.spec, &w.in, &w.d), 0);
    hpa_commit(w.hpa, w.spec, &w.d, "conflict", w.in.now_ns);
    json_t *r = record_of(&w);
    assert_string_equal(jpath_str(r, "outcome", ""), "notWritten");
    assert_int_equal(jpath_int(r, "result", -1), 4);
    assert_int_equal(jpath_int(r, "limit.result", -1), 6);
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
    json_t *r = record_of(&w);
    assert_null(jpath(r, "metrics[0].ratio"));
    json_decref(r);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_was_looked_at),
        cmocka_unit_test(it_says_of_each_pod_whether_it_counted_and_why_not),
        cmocka_unit_test(it_says_how_the_ratio_became_a_number),
        cmocka_unit_test(a_window_lists_what_stands_in_it_youngest_first),
        cmocka_unit_test(with_behavior_there_are_two_windows_and_their_ends_are_outside),
        cmocka_unit_test(policies_are_shown_as_the_evaluation_saw_them),
        cmocka_unit_test(a_condition_that_is_new_says_what_it_was),
        cmocka_unit_test(a_write_that_failed_leaves_the_size),
        cmocka_unit_test(an_infinite_ratio_is_left_out),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
