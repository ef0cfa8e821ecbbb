// SPDX-License-Identifier: MIT
#include "world.h"

#include "lab/hpa/metric.h"

/* Decisions of one metric; the world has no history and wide limits, so the proposal is seen raw.
 */

struct row {
    const char *what;
    const char *metric;
    int pods;
    int64_t milli[6];
    int samples;
    const char *classes; /* one letter a pod: r ready, p pending, d deleted */
    double ratio, final_ratio;
    int64_t value;
    int32_t proposal;
};

#define MEMORY_AVERAGE(v)                                                                          \
    "{'type':'Resource','resource':{'name':'memory','target':{'type':'AverageValue',"              \
    "'averageValue':'" v "'}}}"

static void shape_pods(struct world *w, const char *classes)
{
    for (size_t i = 0; i < w->in.pod_count; i++) {
        if (classes[i] == 'p')
            w->pods[i].phase = HPA_PENDING;
        if (classes[i] == 'd')
            w->pods[i].deleted = true;
    }
}

static void check(const struct row *row)
{
    char rest[512];
    struct world w;

    (void)snprintf(rest, sizeof(rest), "'maxReplicas':100,'metrics':[%s]", row->metric);
    world_begin(&w, rest);
    world_pods(&w, row->pods);
    world_samples(&w, 0, row->samples, row->milli);
    shape_pods(&w, row->classes);
    (void)world_step(&w);

    const struct hpa_result *r = &w.d.results[0];
    if (r->error)
        fail_msg("%s: %s", row->what, r->error);
    if (r->proposal != row->proposal || r->value != row->value || r->ratio - row->ratio > 1e-12 ||
        row->ratio - r->ratio > 1e-12 || r->final_ratio - row->final_ratio > 1e-12 ||
        row->final_ratio - r->final_ratio > 1e-12)
        fail_msg("%s: proposal %d, value %lld, ratio %.15g, %.15g", row->what, r->proposal,
                 (long long)r->value, r->ratio, r->final_ratio);
    world_end(&w);
}

static void utilization(void **state)
{
    static const struct row rows[] = {
        {"grows", CPU("50"), 2, {122, 122}, 2, "rr", 2.44, 2.44, 122, 5},
        {"whole percents first: 49.9 is 49", CPU("50"), 1, {49}, 1, "r", 0.98, 0.98, 49, 1},
        {"at the upper edge", CPU("50"), 4, {55, 55, 55, 55}, 4, "rrrr", 1.1, 1.1, 55, 4},
        {"beyond the upper edge", CPU("50"), 4, {56, 56, 56, 56}, 4, "rrrr", 1.12, 1.12, 56, 5},
        {"at the lower edge", CPU("50"), 4, {45, 45, 45, 45}, 4, "rrrr", 0.9, 0.9, 45, 4},
        {"beyond the lower edge", CPU("50"), 4, {44, 44, 44, 44}, 4, "rrrr", 0.88, 0.88, 44, 4},
        {"shrinks", CPU("50"), 4, {10, 10, 10, 10}, 4, "rrrr", 0.2, 0.2, 10, 1},
        {"idle", CPU("50"), 2, {0, 0}, 2, "rr", 0, 0, 0, 0},
        {"pending are dropped on the way down",
         CPU("50"),
         4,
         {25, 25, 0, 0},
         2,
         "rrpp",
         0.5,
         0.5,
         25,
         1},
        {"pending are 0 on the way up", CPU("50"), 4, {200, 200, 0, 0}, 2, "rrpp", 4, 2, 200, 8},
        {"pending undo the wish to grow", CPU("50"), 4, {80, 80, 0, 0}, 2, "rrpp", 1.6, 0.8, 80, 4},
        {"missing use all their request on the way down",
         CPU("50"),
         4,
         {10, 10, 10, 0},
         3,
         "rrrr",
         0.2,
         0.64,
         10,
         3},
        {"missing undo the wish to shrink",
         CPU("50"),
         4,
         {40, 40, 0, 0},
         2,
         "rrrr",
         0.8,
         1.4,
         40,
         4},
        {"missing use the target if that is more",
         CPU("200"),
         2,
         {100, 0},
         1,
         "rr",
         0.5,
         0.75,
         100,
         2},
        {"missing are 0 on the way up", CPU("50"), 4, {200, 200, 0, 0}, 2, "rrrr", 4, 2, 200, 8},
        {"missing are left out at ratio 1", CPU("50"), 3, {50, 50, 0}, 2, "rrr", 1, 1, 50, 3},
        {"deleted count nowhere", CPU("50"), 3, {100, 100, 900}, 3, "rrd", 2, 2, 100, 4},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i]);
}

static void average_value_of_memory(void **state)
{
    static const struct row rows[] = {
        {"grows", MEMORY_AVERAGE("100"), 2, {244000, 244000}, 2, "rr", 2.44, 2.44, 244000, 5},
        {"mean truncates",
         MEMORY_AVERAGE("100"),
         3,
         {100000, 100000, 100001},
         3,
         "rrr",
         1,
         1,
         100000,
         3},
        {"missing use the target on the way down",
         MEMORY_AVERAGE("100"),
         2,
         {50000, 0},
         1,
         "rr",
         0.5,
         0.75,
         50000,
         2},
        {"pending are 0 on the way up",
         MEMORY_AVERAGE("100"),
         2,
         {400000, 0},
         1,
         "rp",
         4,
         2,
         400000,
         4},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i]);
}

static void multiplies_with_ready_pods_and_not_with_the_scale(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':100,'metrics':[" CPU("50") "]");
    world_pods(&w, 6); /* a rolling update's surge: 6 pods, scale 4 */
    w.in.spec_replicas = 4;
    world_usage(&w, 0, 100);
    (void)world_step(&w);
    assert_int_equal(w.d.results[0].multiplier, 6);
    assert_int_equal(w.d.results[0].proposal, 12);
    world_end(&w);
}

static void more_pods_than_the_scale_has_do_not_turn_a_wish_around(void **state)
{
    int64_t milli[] = {20, 20, 20, 20};
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':100,'metrics':[" CPU("50") "]");
    world_pods(&w, 5);
    w.in.spec_replicas = 2;
    world_samples(&w, 0, 4, milli);
    (void)world_step(&w);
    assert_true(w.d.results[0].final_ratio == 0.72); /* of 5 pods is 4, more than 2 */
    assert_int_equal(w.d.results[0].proposal, 2);
    assert_int_equal(w.d.results[0].multiplier, 0);
    world_end(&w);
}

static void samples_of_unknown_pods_count_in_the_end(void **state)
{
    struct world w;
    int64_t milli[] = {200, 200, 5000};
    (void)state;

    world_begin(&w, "'maxReplicas':100,'metrics':[" CPU("50") "]");
    world_pods(&w, 3);
    w.pods[1].phase = HPA_PENDING;
    world_samples(&w, 0, 3, milli);
    w.samples[0][1].pod = "gone-1";
    w.samples[0][2].pod = "gone-2";
    w.in.pod_count = 2;
    (void)world_step(&w);
    /* 200 of 100; with the pending pod 200 of 200; held: web-0, web-1 and the two unknown */
    assert_true(w.d.results[0].final_ratio == 2.0);
    assert_int_equal(w.d.results[0].multiplier, 4);
    assert_int_equal(w.d.results[0].proposal, 8);
    world_end(&w);
}

static int32_t external(const char *form, const int64_t *values, size_t count, int32_t spec_size,
                        int32_t status_size, struct hpa_result *ret)
{
    char rest[512];
    struct world w;

    (void)snprintf(rest, sizeof(rest), "'maxReplicas':1000,'metrics':[" QUEUE("%s") "]", form);
    world_begin(&w, rest);
    world_pods(&w, 4);
    w.pods[3].ready = HPA_READY_FALSE;
    w.in.spec_replicas = spec_size;
    w.in.status_replicas = status_size;
    w.answers[0] = (struct hpa_answer){.item_count = count, .values = values};
    (void)world_step(&w);
    *ret = w.d.results[0];
    world_end(&w);
    return ret->proposal;
}

static void external_average_value(void **state)
{
    static const struct {
        int64_t values[2];
        size_t count;
        int32_t spec_size, status_size, proposal;
        int64_t average;
    } rows[] = {
        {{47000}, 1, 4, 4, 10, 11750},         /* 47 / 5 */
        {{20000, 27000}, 2, 4, 4, 10, 11750},  /* values are added */
        {{22000}, 1, 4, 4, 4, 5500},           /* 1.1 is within */
        {{22001}, 1, 4, 4, 5, 5501},           /* the average rounds up */
        {{22000}, 1, 4, 5, 5, 4400},           /* the base is the status */
        {{0}, 1, 4, 4, 0, 0},                  /* nothing to do */
        {{47000}, 1, 4, 0, 10, INT64_MIN},     /* ratio is infinite */
        {{0}, 1, 4, 0, 0, INT64_MIN},          /* ratio is NaN */
        {{-1}, 1, 4, 4, INT32_MAX, INT64_MAX}, /* taken for an overflow */
        {{INT64_MAX, 1}, 2, 4, 4, INT32_MAX, INT64_MAX},
    };
    struct hpa_result r;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (external("'averageValue':'5'", rows[i].values, rows[i].count, rows[i].spec_size,
                     rows[i].status_size, &r) != rows[i].proposal ||
            r.average != rows[i].average)
            fail_msg("row %zu: proposal %d, average %lld", i, r.proposal, (long long)r.average);
}

static void external_value(void **state)
{
    static const struct {
        int64_t values[2];
        size_t count;
        int32_t proposal;
    } rows[] = {
        {{40000}, 1, 6}, /* 2 * 3 ready pods, though the scale says 4 */
        {{22000}, 1, 4}, /* within: the scale's size */
        {{18000}, 1, 4}, /* the lower edge */
        {{0}, 1, 0},     {{-20000}, 1, -3}, {{INT64_MAX, INT64_MAX}, 2, INT32_MAX},
    };
    struct hpa_result r;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (external("'value':'20'", rows[i].values, rows[i].count, 4, 4, &r) != rows[i].proposal)
            fail_msg("row %zu: proposal %d", i, r.proposal);
}

static void tolerance_includes_its_ends_and_not_nan(void **state)
{
    const struct tolerance t = {.low = 0.9, .high = 1.1};
    (void)state;

    assert_true(tolerance_within(&t, 0.9));
    assert_true(tolerance_within(&t, 1.1));
    assert_false(tolerance_within(&t, 0.8999999999999999));
    assert_false(tolerance_within(&t, 1.1000000000000003));
    assert_false(tolerance_within(&t, __builtin_nan("")));
}

/* What each failure says, which kubectl shows to a person. */
static void expect_error(struct world *w, const char *reason, const char *error, const char *cause)
{
    (void)world_step(w);
    assert_string_equal(w->d.results[0].error, error);
    assert_string_equal(w->d.results[0].cause, cause);
    assert_string_equal(w->d.results[0].reason, reason);
    assert_string_equal(w->d.events[0].reason, reason);
    assert_string_equal(w->d.events[0].message, error);
    assert_string_equal(w->d.events[0].type, "Warning");
}

static void resource_failures_have_the_controllers_words(void **state)
{
    static const char reason[] = "FailedGetResourceMetric";
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 2);
    w.answers[0].error = "timeout";
    expect_error(&w, reason,
                 "failed to get cpu utilization: unable to get metrics for resource cpu: unable to "
                 "fetch metrics from resource metrics API: timeout",
                 "timeout");
    w.answers[0].error = NULL;
    expect_error(&w, reason,
                 "failed to get cpu utilization: unable to get metrics for resource cpu: no "
                 "metrics returned from resource metrics API",
                 "no metrics returned from resource metrics API");
    world_usage(&w, 0, 50);
    w.pods[0].deleted = true;
    w.pods[1].phase = HPA_PENDING;
    expect_error(&w, reason,
                 "failed to get cpu utilization: did not receive metrics for targeted pods (pods "
                 "might be unready)",
                 "did not receive metrics for targeted pods (pods might be unready)");
    world_pods(&w, 2);
    w.pods[1].deleted = true; /* also of pods that count nowhere */
    w.requests[1][0].error = "missing request for cpu in container c of Pod web-1";
    expect_error(&w, reason,
                 "failed to get cpu utilization: missing request for cpu in container c of Pod "
                 "web-1",
                 "missing request for cpu in container c of Pod web-1");
    w.in.pod_count = 0;
    expect_error(&w, reason,
                 "failed to get cpu utilization: no pods returned by selector while calculating "
                 "replica count",
                 "no pods returned by selector while calculating replica count");
    world_end(&w);
}

static void requests_of_0_have_no_percentage(void **state)
{
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" CPU("50") "]");
    world_pods(&w, 1);
    world_usage(&w, 0, 50);
    w.requests[0][0].milli = 0;
    expect_error(&w, "FailedGetResourceMetric",
                 "failed to get cpu utilization: no metrics returned matched known pods",
                 "no metrics returned matched known pods");
    world_end(&w);
}

static void external_failures_have_the_controllers_words(void **state)
{
    static const char reason[] = "FailedGetExternalMetric";
    struct world w;
    (void)state;

    world_begin(&w, "'maxReplicas':10,'metrics':[" QUEUE("'averageValue':5") "]");
    world_pods(&w, 2);
    w.answers[0].error = "stale";
    expect_error(&w, reason,
                 "unable to get external metric shop/queue_depth/nil: unable to fetch metrics from "
                 "external metrics API: stale",
                 "stale");
    w.answers[0].error = NULL;
    expect_error(&w, reason,
                 "unable to get external metric shop/queue_depth/nil: no metrics returned from "
                 "external metrics API",
                 "no metrics returned from external metrics API");
    world_respec(&w, "'maxReplicas':10,'metrics':[" QUEUE("'value':5") "]");
    world_value(&w, 0, 1000000);
    w.in.pod_count = 0;
    expect_error(&w, reason,
                 "unable to calculate ready pods: no pods returned by selector while calculating "
                 "replica count",
                 "no pods returned by selector while calculating replica count");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utilization),
        cmocka_unit_test(average_value_of_memory),
        cmocka_unit_test(multiplies_with_ready_pods_and_not_with_the_scale),
        cmocka_unit_test(more_pods_than_the_scale_has_do_not_turn_a_wish_around),
        cmocka_unit_test(samples_of_unknown_pods_count_in_the_end),
        cmocka_unit_test(external_average_value),
        cmocka_unit_test(external_value),
        cmocka_unit_test(tolerance_includes_its_ends_and_not_nan),
        cmocka_unit_test(resource_failures_have_the_controllers_words),
        cmocka_unit_test(requests_of_0_have_no_percentage),
        cmocka_unit_test(external_failures_have_the_controllers_words),
    };
    return cmocka_run_group_tests_name("metric", tests, NULL, NULL);
}
