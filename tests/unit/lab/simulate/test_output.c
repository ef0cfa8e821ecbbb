// SPDX-License-Identifier: MIT
#include "scenario.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "lab/simulate/output.h"

#include <errno.h>

struct result {
    struct scenario s;
    struct run *run;
};

/* Two minutes in which nothing has to change. */
static void begin(struct result *r, const char *more)
{
    char workload[300];

    (void)snprintf(workload, sizeof(workload),
                   "load: [{constant: 20}], service: {cpuPerRequest: 10ms}%s", more);
    scenario_begin(&r->s, SCENARIO_CPU, "");
    assert_int_equal(run_simulation(scenario_plan("duration: 2m\n", workload), r->s.hpas,
                                    r->s.deployments, (struct change_listener){0}, &r->run, NULL),
                     0);
}

static void end(struct result *r)
{
    run_free(r->run);
    scenario_end(&r->s);
}

static void a_table_has_a_row_a_workload(void **state)
{
    scoped(buf_done) struct buf out = {.max = 64 * KIB};
    struct result r;
    (void)state;

    begin(&r, "");
    assert_int_equal(output_table(r.run, &out), 0);
    assert_string_equal(
        out.data,
        "T: 2m0s\n\n"
        "workload  pod-hours  over target %  waiting %  longest wait s  utilization %  most pods  "
        "ups  downs  oscillations  pending pod-hours  requests  lost\n"
        "web            0.07           0.00       0.00             0.0           50.0          2  "
        "  0      0             0               0.00      2400     0\n");
    end(&r);
}

static void csv_has_a_row_a_point(void **state)
{
    scoped(buf_done) struct buf out = {.max = 64 * KIB};
    struct result r;
    (void)state;

    begin(&r, ", name: \"a, \\\"b\\\"\"");
    assert_int_equal(output_csv(r.run, &out), 0);
    const char *start =
        "seconds,workload,requests_per_second,replicas_wanted,replicas_granted,pods_ready,"
        "utilization_percent,backlog\n"
        "0,\"a, \"\"b\"\"\",20,2,2,2,50,0\n"
        "15,\"a, \"\"b\"\"\",20,2,2,2,50,0\n";
    assert_memory_equal(out.data, start, strlen(start));
    end(&r);
}

static void json_has_figures_and_course(void **state)
{
    scoped(buf_done) struct buf out = {.max = 64 * KIB};
    struct result r;
    (void)state;

    begin(&r, "");
    assert_int_equal(output_json(r.run, &out), 0);
    json_auto_t *json = json_loads(out.data, 0, NULL);
    const json_t *workload = json_array_get(json_object_get(json, "workloads"), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "version")), 1);
    assert_int_equal(json_array_size(json_object_get(workload, "course")), 8);
    assert_float_equal(json_real_value(json_object_get(json_object_get(workload, "figures"),
                                                       "utilizationPercent")),
                       50, 1e-6);
    end(&r);
}

static void the_chart_names_its_curves(void **state)
{
    static const char *const names[] = {">load<", ">pods wanted<", ">pods granted<",
                                        ">utilization %<", ">target 50 %<"};
    scoped(buf_done) struct buf out = {.max = 256 * KIB};
    struct result r;
    struct course course;
    (void)state;

    begin(&r, "");
    assert_int_equal(run_course(r.run, NULL, &course), 0);
    assert_int_equal(output_svg(r.run, &course, &out), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(strstr(out.data, names[i]));
    assert_null(strstr(out.data, ">backlog<")); /* there was none */
    series_done(&course.series);
    end(&r);
}

static void a_buffer_that_is_too_small_is_said(void **state)
{
    struct result r;
    struct course course;
    (void)state;

    begin(&r, "");
    assert_int_equal(run_course(r.run, NULL, &course), 0);
    for (size_t max = 0; max < 300; max += 50) {
        scoped(buf_done) struct buf out = {.max = max};
        assert_int_equal(output_table(r.run, &out), -E2BIG);
        buf_clear(&out);
        assert_int_equal(output_csv(r.run, &out), -E2BIG);
        buf_clear(&out);
        assert_int_equal(output_json(r.run, &out), -E2BIG);
        buf_clear(&out);
        assert_int_equal(output_svg(r.run, &course, &out), -E2BIG);
    }
    series_done(&course.series);
    end(&r);
}

static void a_trade_off_stands_side_by_side(void **state)
{
    const struct figures figures[] = {{.seconds = 100, .pod_s = 3600, .over_s = 10},
                                      {.seconds = 100, .pod_s = 7200, .over_s = 5}};
    struct sweep sweep = {0};
    const struct trade_off t = {"T", &sweep, figures, 2};
    scoped(buf_done) struct buf out = {.max = 64 * KIB};
    (void)state;

    assert_int_equal(sweep_add(&sweep, "hpa.spec.maxReplicas=5,10", NULL), 0);
    assert_int_equal(output_trade_off_table(&t, &out), 0);
    assert_non_null(strstr(out.data, "\nmaxReplicas=5        1.00          10.00 "));
    assert_non_null(strstr(out.data, "\nmaxReplicas=10       2.00           5.00 "));
    buf_clear(&out);
    assert_int_equal(output_trade_off_csv(&t, &out), 0);
    assert_non_null(strstr(out.data, "hpa.spec.maxReplicas,podHours,overTargetPercent,"));
    assert_non_null(strstr(out.data, "\n10,2,5,0,"));
    buf_clear(&out);
    assert_int_equal(output_trade_off_json(&t, &out), 0);
    json_auto_t *json = json_loads(out.data, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "variants")), 2);
    buf_clear(&out);
    assert_int_equal(output_trade_off_svg(&t, &out), 0);
    assert_non_null(strstr(out.data, ">10</text>"));
    sweep_done(&sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_has_a_row_a_workload),
        cmocka_unit_test(csv_has_a_row_a_point),
        cmocka_unit_test(json_has_figures_and_course),
        cmocka_unit_test(the_chart_names_its_curves),
        cmocka_unit_test(a_buffer_that_is_too_small_is_said),
        cmocka_unit_test(a_trade_off_stands_side_by_side),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
