// SPDX-License-Identifier: MIT
/* What ContainerResource, Pods and Object do differently from Resource and External. */
#include "world.h"

#include "kube/jpath.h"

#define CONTAINER(target)                                                                          \
    "{'type':'ContainerResource','containerResource':{'name':'cpu','container':'app','target':{"   \
    "'type':'Utilization'," target "}}}"
#define RPS                                                                                        \
    "{'type':'Pods','pods':{'metric':{'name':'rps'},'target':{'type':'AverageValue',"              \
    "'averageValue':'10'}}}"
#define HITS(target)                                                                               \
    "{'type':'Object','object':{'describedObject':{'apiVersion':'networking.k8s.io/v1','kind':"    \
    "'Ingress','name':'main'},'metric':{'name':'hits'},'target':{" target "}}}"
#define HITS_VALUE HITS("'type':'Value','value':'20'")
#define HITS_AVERAGE HITS("'type':'AverageValue','averageValue':'5'")

static void begin(struct world *w, const char *metric, int pods)
{
    char rest[1024];

    (void)snprintf(rest, sizeof(rest), "'maxReplicas':1000,'metrics':[%s]", metric);
    world_begin(w, rest);
    world_pods(w, pods);
}

static void a_container_is_judged_like_a_pod(void **state)
{
    struct world w;
    (void)state;

    begin(&w, CONTAINER("'averageUtilization':50"), 2);
    world_usage(&w, 0, 90);
    assert_int_equal(world_step(&w), 4);
    assert_string_equal(w.d.events[0].message,
                        "New size: 4; reason: cpu container resource utilization (percentage of "
                        "request) above target");
    w.pods[0].ready = HPA_READY_FALSE; /* readiness matters: it is cpu */
    w.pods[0].ready_changed_ns = w.pods[0].start_ns;
    (void)world_step(&w);
    assert_int_equal(w.d.results[0].unready, 1);
    world_end(&w);
}

static void readiness_does_not_matter_to_a_pods_metric(void **state)
{
    struct world w;
    (void)state;

    begin(&w, RPS, 4);
    w.pods[0].ready = HPA_READY_FALSE;
    w.pods[0].ready_changed_ns = w.pods[0].start_ns;
    w.pods[1].ready = HPA_READY_ABSENT;
    world_usage(&w, 0, 20000);
    (void)world_step(&w);
    assert_int_equal(w.d.results[0].ready, 4);
    assert_int_equal(w.d.results[0].value, 20000);
    assert_int_equal(w.d.results[0].proposal, 8);
    world_end(&w);
}

static void a_missing_pod_of_a_pods_metric_counts_as_the_target(void **state)
{
    static const int64_t milli[] = {2000, 2000, 2000};
    struct world w;
    (void)state;

    begin(&w, RPS, 4);
    world_samples(&w, 0, 3, milli);
    (void)world_step(&w);
    /* (3 * 2 + 10) / 4 = 4 of 10 */
    assert_true(w.d.results[0].ratio == 0.2);
    assert_true(w.d.results[0].final_ratio == 0.4);
    assert_int_equal(w.d.results[0].proposal, 2);
    world_end(&w);
}

static int32_t object(const char *metric, int64_t milli, int32_t status_size,
                      struct hpa_result *ret)
{
    struct world w;

    begin(&w, metric, 4);
    w.pods[3].ready = HPA_READY_FALSE;
    w.in.status_replicas = status_size;
    world_value(&w, 0, milli);
    (void)world_step(&w);
    *ret = w.d.results[0];
    world_end(&w);
    return ret->proposal;
}

static void an_object_value_is_shared_by_the_pods_that_are_ready(void **state)
{
    static const struct {
        int64_t milli;
        int32_t proposal;
    } rows[] = {
        {40000, 6}, /* 2 * 3 ready pods, though the scale says 4 */
        {22000, 4}, /* within: the scale's size */
        {0, 0},     {-20000, -3}, {INT64_MAX, INT32_MAX},
    };
    struct hpa_result r;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (object(HITS_VALUE, rows[i].milli, 4, &r) != rows[i].proposal)
            fail_msg("row %zu: proposal %d", i, r.proposal);
}

static void an_object_average_is_of_the_scales_status_and_has_no_cap(void **state)
{
    static const struct {
        int64_t milli;
        int32_t status_size, proposal;
        int64_t average;
    } rows[] = {
        {47000, 4, 10, 11750},
        {22000, 4, 4, 5500},
        {22000, 5, 5, 4400},
        {-10000, 4, -2, -2500}, /* no overflow is suspected */
        {INT64_MAX, 4, INT32_MIN, INT64_C(2305843009213693952)},
    };
    struct hpa_result r;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (object(HITS_AVERAGE, rows[i].milli, rows[i].status_size, &r) != rows[i].proposal ||
            r.average != rows[i].average)
            fail_msg("row %zu: proposal %d, average %lld", i, r.proposal, (long long)r.average);
}

/* The event's text, and the one of the whole run. */
static void expect_failure(struct world *w, const char *reason, const char *error,
                           const char *whole)
{
    char message[640];

    (void)world_step(w);
    assert_string_equal(w->d.events[0].reason, reason);
    assert_string_equal(w->d.events[0].message, error);
    (void)snprintf(message, sizeof(message),
                   "invalid metrics (1 invalid out of 1), first error is: %s%s", whole, error);
    assert_string_equal(w->d.error, message);
    (void)snprintf(message, sizeof(message), "the HPA was unable to compute the replica count: %s",
                   error);
    assert_string_equal(world_condition(w, "ScalingActive")->message, message);
}

static void container_failures_have_the_controllers_words(void **state)
{
    struct world w;
    (void)state;

    begin(&w, CONTAINER("'averageUtilization':50"), 2);
    w.answers[0].error = "timeout";
    expect_failure(&w, "FailedGetContainerResourceMetric",
                   "failed to get cpu utilization: unable to get metrics for resource cpu: unable "
                   "to fetch metrics from resource metrics API: timeout",
                   "failed to get app container metric value: ");
    world_end(&w);
}

static void pods_failures_have_the_controllers_words(void **state)
{
    struct world w;
    (void)state;

    begin(&w, RPS, 2);
    w.answers[0].error = "timeout";
    expect_failure(&w, "FailedGetPodsMetric",
                   "unable to get metric rps: unable to fetch metrics from custom metrics API: "
                   "timeout",
                   "failed to get pods metric value: ");
    w.answers[0].error = NULL;
    expect_failure(&w, "FailedGetPodsMetric",
                   "unable to get metric rps: no metrics returned from custom metrics API",
                   "failed to get pods metric value: ");
    world_usage(&w, 0, 20000);
    w.in.pod_count = 0;
    expect_failure(&w, "FailedGetPodsMetric",
                   "no pods returned by selector while calculating replica count",
                   "failed to get pods metric value: ");
    world_end(&w);
}

static void object_failures_have_the_controllers_words(void **state)
{
    struct world w;
    (void)state;

    begin(&w, HITS_VALUE, 2);
    w.answers[0].error = "timeout";
    expect_failure(&w, "FailedGetObjectMetric",
                   "unable to get metric hits: Ingress on shop main/unable to fetch metrics from "
                   "custom metrics API: timeout",
                   "failed to get object metric value: ");
    world_value(&w, 0, 99000);
    w.in.pod_count = 0;
    expect_failure(&w, "FailedGetObjectMetric",
                   "unable to calculate ready pods: no pods returned by selector while calculating "
                   "replica count",
                   "failed to get object metric value: ");
    world_end(&w);

    begin(&w, HITS_AVERAGE, 2);
    w.answers[0].error = "timeout";
    expect_failure(&w, "FailedGetObjectMetric",
                   "unable to get metric hits: Ingress on shop main/unable to fetch metrics from "
                   "custom metrics API: timeout",
                   "failed to get object metric value: failed to get hits object metric: ");
    world_end(&w);
}

static void begin_unchecked(struct world *w, const char *metric)
{
    char rest[1024];
    struct hpa_spec_error bad;

    begin(w, CPU("50"), 2);
    (void)snprintf(rest, sizeof(rest), "'maxReplicas':10,'metrics':[%s]", metric);
    json_t *object = world_object(rest);
    hpa_spec_free(w->spec);
    assert_int_equal(hpa_spec_parse_unchecked(object, &w->spec, &bad), 0);
    json_decref(object);
}

static void a_refused_metric_fails_without_looking_at_its_answer(void **state)
{
    struct world w;
    (void)state;

    begin_unchecked(&w, HITS("'type':'Value','averageValue':'5'"));
    w.answers[0].error = "nobody asked";
    expect_failure(&w, "FailedGetObjectMetric",
                   "invalid object metric source: neither a value target nor an average value "
                   "target was set",
                   "failed to get object metric value: ");
    world_end(&w);

    begin_unchecked(&w, "{'type':'Bogus'}");
    expect_failure(&w, "InvalidMetricSourceType", "unknown metric source type \"Bogus\"", "");
    world_end(&w);

    begin_unchecked(&w, "{'type':'External','external':{'metric':{'name':'q'}}}");
    expect_failure(&w, "FailedGetExternalMetric",
                   "invalid external metric source: neither a value target nor an average value "
                   "target was set",
                   "failed to get q external metric value: ");
    world_end(&w);

    begin_unchecked(&w, "{'type':'External','external':{'metric':{'name':'q','selector':{"
                        "'matchExpressions':[{'key':'a','operator':'Near'}]}},'target':{"
                        "'averageValue':'5'}}}");
    expect_failure(&w, "FailedGetExternalMetric", "\"Near\" is not a valid label selector operator",
                   "failed to get q external metric value: failed to get q external metric: ");
    world_end(&w);
}

static void the_record_of_a_metric_without_a_target_has_none(void **state)
{
    struct world w;
    (void)state;

    begin_unchecked(&w, "{'type':'Bogus'}");
    (void)world_step(&w);
    json_t *record = hpa_record(w.hpa, w.spec, &w.in, &w.d, NULL);
    const json_t *metric = json_array_get(json_object_get(record, "metrics"), 0);
    assert_non_null(metric);
    assert_null(json_object_get(metric, "form"));
    assert_null(json_object_get(metric, "target"));
    json_decref(record);
    world_end(&w);
}

static void growing_to_nothing_has_no_metric_to_name(void **state)
{
    struct world w;
    struct hpa_spec_error bad;
    (void)state;

    begin(&w, HITS_VALUE, 1);
    json_t *object = world_object("'minReplicas':-9,'maxReplicas':9,'metrics':[" HITS_VALUE "]");
    hpa_spec_free(w.spec);
    assert_int_equal(hpa_spec_parse_unchecked(object, &w.spec, &bad), 0);
    w.in.spec_replicas = -5;
    world_value(&w, 0, 0);
    assert_int_equal(world_step(&w), 0);
    assert_string_equal(w.d.events[0].message, "New size: 0; reason:  above target");
    json_decref(object);
    world_end(&w);
}

static json_t *current_of(const char *metric, int64_t milli)
{
    struct world w;

    begin(&w, metric, 2);
    world_value(&w, 0, milli);
    if (w.spec->metrics[0].source != HPA_OBJECT)
        world_usage(&w, 0, milli);
    (void)world_step(&w);
    json_t *all = hpa_current_metrics(w.spec, &w.d);
    world_end(&w);
    return all;
}

static void expect_current(const char *metric, int64_t milli, const char *json)
{
    json_t *all = current_of(metric, milli), *expected = world_json(json);

    if (!json_equal(all, expected)) {
        char *text = json_dumps(all, JSON_COMPACT);
        fail_msg("%s", text);
    }
    json_decref(all);
    json_decref(expected);
}

static void the_status_shows_each_source_in_its_own_member(void **state)
{
    (void)state;

    expect_current(CONTAINER("'averageUtilization':50"), 90,
                   "[{'type':'ContainerResource','containerResource':{'name':'cpu','container':"
                   "'app','current':{'averageUtilization':90,'averageValue':'90m'}}}]");
    expect_current(RPS, 12000000,
                   "[{'type':'Pods','pods':{'metric':{'name':'rps'},'current':{'averageValue':"
                   "'12k'}}}]");
    expect_current(HITS_VALUE, 1500,
                   "[{'type':'Object','object':{'metric':{'name':'hits'},'describedObject':{"
                   "'apiVersion':'networking.k8s.io/v1','kind':'Ingress','name':'main'},'current':"
                   "{'value':'1500m'}}}]");
    expect_current(HITS_AVERAGE, 1500,
                   "[{'type':'Object','object':{'metric':{'name':'hits'},'describedObject':{"
                   "'apiVersion':'networking.k8s.io/v1','kind':'Ingress','name':'main'},'current':"
                   "{'averageValue':'750m'}}}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_is_judged_like_a_pod),
        cmocka_unit_test(readiness_does_not_matter_to_a_pods_metric),
        cmocka_unit_test(a_missing_pod_of_a_pods_metric_counts_as_the_target),
        cmocka_unit_test(an_object_value_is_shared_by_the_pods_that_are_ready),
        cmocka_unit_test(an_object_average_is_of_the_scales_status_and_has_no_cap),
        cmocka_unit_test(container_failures_have_the_controllers_words),
        cmocka_unit_test(pods_failures_have_the_controllers_words),
        cmocka_unit_test(object_failures_have_the_controllers_words),
        cmocka_unit_test(a_refused_metric_fails_without_looking_at_its_answer),
        cmocka_unit_test(the_record_of_a_metric_without_a_target_has_none),
        cmocka_unit_test(growing_to_nothing_has_no_metric_to_name),
        cmocka_unit_test(the_status_shows_each_source_in_its_own_member),
    };
    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
