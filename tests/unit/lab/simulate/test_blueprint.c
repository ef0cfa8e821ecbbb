// SPDX-License-Identifier: MIT
#include "scenario.h"

#include "lab/simulate/blueprint.h"
#include "lab/simulate/field.h"

#include <errno.h>
#include <math.h>

#define SERVICE "load: [{constant: 1}], service: {cpuPerRequest: 10ms}"

static int make(const struct scenario *s, const char *workload, struct blueprint **ret,
                struct plan **ret_plan, struct err *err)
{
    *ret_plan = scenario_plan("duration: 1h\n", workload);
    return blueprint_new(&(*ret_plan)->workloads[0], s->hpas, s->deployments, ret, err);
}

static void takes_request_limit_and_size_from_the_deployment(void **state)
{
    struct scenario s;
    struct blueprint *b = NULL;
    struct plan *plan;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    assert_int_equal(make(&s, SERVICE, &b, &plan, NULL), 0);
    assert_int_equal(b->request_milli, 200);
    assert_float_equal(b->service.limit_cores, 0.5, 0);
    assert_int_equal(b->replicas, 2);
    assert_float_equal(b->target_percent, 50, 0);
    assert_int_equal(b->meanings[0].base, METRIC_PER_READY_POD);
    assert_float_equal(b->meanings[0].over, 0.11, 1e-9); /* 50 % of 200m, and a tenth */
    blueprint_free(b);
    plan_free(plan);
    scenario_end(&s);
}

static void the_tolerance_of_scaling_up_says_when_it_is_over_target(void **state)
{
    struct scenario s;
    struct blueprint *b = NULL;
    struct plan *plan;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, ", behavior: {scaleUp: {tolerance: 500m}}");
    assert_int_equal(make(&s, SERVICE, &b, &plan, NULL), 0);
    assert_float_equal(b->meanings[0].over, 0.15, 1e-9);
    blueprint_free(b);
    plan_free(plan);
    scenario_end(&s);
}

static void other_metrics_are_what_the_plan_says(void **state)
{
    struct scenario s;
    struct blueprint *b = NULL;
    struct plan *plan;
    (void)state;

    scenario_begin(&s, SCENARIO_BACKLOG, "");
    assert_int_equal(make(&s, SERVICE ", metrics: {waiting: backlog}", &b, &plan, NULL), 0);
    assert_int_equal(b->meanings[0].quantity, MODEL_BACKLOG);
    assert_int_equal(b->meanings[0].base, METRIC_PER_REPLICA);
    assert_float_equal(b->meanings[0].over, 11, 1e-9);
    assert_float_equal(b->target_percent, 0, 0);
    blueprint_free(b);
    plan_free(plan);
    scenario_end(&s);
}

/* The HPA then fails as the real one does, and is never over a target that it cannot know. */
static void a_pod_without_a_request_gives_the_controllers_error(void **state)
{
    struct scenario s;
    struct blueprint *b = NULL;
    struct plan *plan;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    assert_int_equal(field_set(json_array_get(s.deployments, 0),
                               "spec.template.spec.containers[0].resources.requests.cpu",
                               json_null(), NULL),
                     0);
    assert_int_equal(make(&s, SERVICE, &b, &plan, NULL), 0);
    assert_non_null(b->requests[0].error);
    assert_int_equal(b->request_milli, 0);
    assert_true(isinf(b->meanings[0].over));
    blueprint_free(b);
    plan_free(plan);
    scenario_end(&s);
}

static void refuses_what_it_cannot_simulate(void **state)
{
    static const struct {
        const char *metrics, *path, *value, *workload, *message;
    } cases[] = {
        {SCENARIO_CPU, "metadata.name", "shop", SERVICE,
         "workload web: there is no Deployment web in namespace default"},
        {SCENARIO_CPU, NULL, NULL, SERVICE ", namespace: other",
         "workload web: there is no Deployment web in namespace other"},
        {SCENARIO_BACKLOG, NULL, NULL, SERVICE,
         "HorizontalPodAutoscaler web asks for metric waiting; the metrics of workload web do not "
         "say what it is (rate or backlog)"},
        {"{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: "
         "1Gi}}}",
         NULL, NULL, SERVICE, "HorizontalPodAutoscaler web: the model has no memory, only cpu"},
        {SCENARIO_CPU, "spec.template.spec.containers[0].resources.limits.cpu", "none", SERVICE,
         "workload web: not every container of Deployment web has limits.cpu, so its service needs "
         "cpuLimit"},
        {SCENARIO_CPU, NULL, NULL,
         "load: [{constant: 1}], service: {cpuPerRequest: 10ms, idleCpu: 500m}",
         "workload web: with idleCpu 0.5 of cpuLimit 0.5 no CPU is left for requests"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scenario s;
        struct blueprint *b = NULL;
        struct plan *plan;
        struct err e = {0};
        scenario_begin(&s, cases[i].metrics, "");
        if (cases[i].path) {
            json_auto_t *value = json_string(cases[i].value);
            assert_int_equal(
                field_set(json_array_get(s.deployments, 0), cases[i].path, value, NULL), 0);
        }
        assert_int_equal(make(&s, cases[i].workload, &b, &plan, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].message);
        plan_free(plan);
        scenario_end(&s);
    }
}

static void a_field_that_the_api_refuses_is_named(void **state)
{
    struct scenario s;
    struct blueprint *b = NULL;
    struct plan *plan;
    struct err e = {0};
    json_auto_t *value = json_integer(3601);
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    assert_int_equal(field_set(json_array_get(s.hpas, 0),
                               "spec.behavior.scaleDown.stabilizationWindowSeconds", value, NULL),
                     0);
    assert_int_equal(make(&s, SERVICE, &b, &plan, &e), -EINVAL);
    assert_non_null(strstr(e.text, "spec.behavior.scaleDown.stabilizationWindowSeconds"));
    plan_free(plan);
    scenario_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_request_limit_and_size_from_the_deployment),
        cmocka_unit_test(the_tolerance_of_scaling_up_says_when_it_is_over_target),
        cmocka_unit_test(other_metrics_are_what_the_plan_says),
        cmocka_unit_test(a_pod_without_a_request_gives_the_controllers_error),
        cmocka_unit_test(refuses_what_it_cannot_simulate),
        cmocka_unit_test(a_field_that_the_api_refuses_is_named),
    };
    return cmocka_run_group_tests_name("blueprint", tests, NULL, NULL);
}
