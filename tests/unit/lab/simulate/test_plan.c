// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "kube/yaml.h"
#include "lab/simulate/plan.h"

#include <errno.h>
#include <string.h>

#define HEAD "title: T\nduration: 1h\nworkloads:\n- deployment: web\n"
#define SERVICE "  service: {cpuPerRequest: 10ms}\n"
#define LOAD "  load: [{constant: 1}]\n"

static int make(const char *text, struct plan **ret, struct err *err)
{
    struct yaml_file *file = NULL;
    int r = yaml_parse("simulation.yaml", text, strlen(text), &file, err);

    assert_int_equal(r, 0);
    r = plan_make(file, yaml_document(file, 0), NULL, ret, err);
    yaml_file_free(file);
    return r;
}

static struct plan *must_make(const char *text)
{
    struct plan *p = NULL;
    struct err e = {0};

    if (make(text, &p, &e) < 0)
        fail_msg("%s", e.text);
    return p;
}

static void what_is_left_out_has_a_default(void **state)
{
    struct plan *p = must_make(HEAD LOAD SERVICE);
    const struct plan_workload *w = &p->workloads[0];
    (void)state;

    assert_int_equal(p->step_ns, NS_PER_S);
    assert_int_equal(p->sync_period_ns, 15 * NS_PER_S);
    assert_int_equal(p->sampling.resolution_ns, 15 * NS_PER_S);
    assert_int_equal(p->sampling.delay_ns, 0);
    assert_int_equal(p->seed, 1);
    assert_int_equal(p->node_count, 0);
    assert_string_equal(w->name, "web");
    assert_string_equal(w->namespace, "default");
    assert_int_equal(w->copies, 1);
    assert_int_equal(w->service.start_up_ns, 5 * NS_PER_S);
    assert_float_equal(w->service.limit_cores, 0, 0);
    assert_int_equal(w->service.timeout_ns, 0);
    plan_free(p);
}

static void everything_can_be_said(void **state)
{
    struct plan *p = must_make(
        "title: T\nduration: 2h\nstep: 5s\nsyncPeriod: 30s\nseed: 9\n"
        "sampling: {resolution: 1m, delay: 10s}\nnodes: {count: 3, cpu: 3500m}\nworkloads:\n"
        "- {deployment: web, namespace: shop, name: front, copies: 4, spread: 1h, noise: 0.1,\n"
        "   load: [{constant: 2}, {steps: [{at: 0s, rate: 1}, {at: 5m, rate: 3}]},\n"
        "     {ramp: {from: 1, to: 2, at: 1m, over: 2m}},\n"
        "     {diurnal: {low: 1, high: 2, peakAt: 14h}},\n"
        "     {flashCrowd: {peak: 9, at: 1m, rise: 2m, hold: 3m, halfLife: 4m}}],\n"
        "   service: {cpuPerRequest: 20ms, cpuLimit: 2, idleCpu: 5m, warmUpCpu: 500m, startUp: "
        "1s,\n"
        "     readinessDelay: 2s, timeout: 3s},\n"
        "   metrics: {waiting: backlog, rps: rate}}\n");
    const struct plan_workload *w = &p->workloads[0];
    (void)state;

    assert_int_equal(p->node_count, 3);
    assert_int_equal(p->node_cpu_milli, 3500);
    assert_string_equal(w->name, "front");
    assert_int_equal(w->copies, 4);
    assert_int_equal(w->load.count, 5);
    assert_float_equal(w->load.parts[3].diurnal.period_s, 86400, 0);
    assert_float_equal(w->load.parts[4].flash_crowd.half_life_s, 240, 0);
    assert_float_equal(w->service.cpu_per_request_s, 0.02, 1e-12);
    assert_float_equal(w->service.limit_cores, 2, 0);
    assert_float_equal(w->service.warm_up_cores, 0.5, 0);
    assert_int_equal(w->service.timeout_ns, 3 * NS_PER_S);
    assert_int_equal(w->metric_count, 2);
    assert_int_equal(w->metrics[0].quantity, MODEL_BACKLOG);
    assert_int_equal(w->metrics[1].quantity, MODEL_RATE);
    plan_free(p);
}

static void refuses_with_file_line_and_member(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"title: T\nduration: 1h\nspeed: 2\n",
         "simulation.yaml:3: there is no field 'speed' in the configuration"},
        {"title: T\nduration: 1h\nworkloads: []\n",
         "simulation.yaml:3: workloads takes a list of 1 to 1000"},
        {"duration: 1h\n", "simulation.yaml:1: title is missing"},
        {"title: T\nduration: 1h\nstep: 7s\nworkloads: []\n",
         "simulation.yaml:2: duration (1h0m0s) is not a whole number of steps of 7s"},
        {"title: T\nduration: 1h\nsyncPeriod: 7s\nstep: 5s\nworkloads: []\n",
         "simulation.yaml:3: syncPeriod (7s) is not a whole number of steps of 5s"},
        {HEAD SERVICE, "simulation.yaml:4: workloads[0].load is missing"},
        {HEAD SERVICE "  load: {constant: 1}\n",
         "simulation.yaml:6: workloads[0].load takes a list of 1 to 8 parts"},
        {HEAD SERVICE "  load:\n  - {sine: 1}\n",
         "simulation.yaml:7: workloads[0].load[0] takes one of constant, steps, ramp, diurnal, "
         "flashCrowd and trace"},
        {HEAD SERVICE "  load:\n  - constant: 1\n  - {constant: 1, ramp: 2}\n",
         "simulation.yaml:8: workloads[0].load[1] takes one of constant, steps, ramp, diurnal, "
         "flashCrowd and trace"},
        {HEAD SERVICE "  load: [{constant: -1}]\n",
         "simulation.yaml:6: workloads[0].load[0].constant takes a rate from 0 to 1e+09 per "
         "second"},
        {HEAD SERVICE "  load:\n  - steps:\n    - {at: 5s, rate: 1}\n    - {at: 5s, rate: 2}\n",
         "simulation.yaml:9: workloads[0].load[0].steps[1] is not later than the step before it"},
        {HEAD SERVICE "  load:\n  - diurnal: {low: 1, high: 2}\n",
         "simulation.yaml:7: workloads[0].load[0].diurnal.peakAt is missing"},
        {HEAD SERVICE "  load:\n  - trace: {file: a.csv}\n",
         "simulation.yaml:7: workloads[0].load[0].trace: there is no folder to read traces from"},
        {HEAD LOAD "  service: {}\n",
         "simulation.yaml:6: workloads[0].service.cpuPerRequest is missing"},
        {HEAD LOAD "  service: {cpuPerRequest: 0s}\n",
         "simulation.yaml:6: workloads[0].service.cpuPerRequest takes a duration from 1\xc2\xb5s "
         "to "
         "1h0m0s, not '0s'"},
        {HEAD LOAD SERVICE "  metrics: {depth: length}\n",
         "simulation.yaml:7: workloads[0].metrics.depth takes rate or backlog"},
        {HEAD LOAD SERVICE "  noise: 2\n",
         "simulation.yaml:7: workloads[0].noise takes a number from 0 to 1, not 2"},
        {HEAD LOAD SERVICE "- deployment: web\n" LOAD SERVICE,
         "simulation.yaml:7: there is already a workload named 'web'"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan *p = NULL;
        struct err e = {0};
        assert_int_equal(make(cases[i].text, &p, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_a_default),
        cmocka_unit_test(everything_can_be_said),
        cmocka_unit_test(refuses_with_file_line_and_member),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
