// SPDX-License-Identifier: MIT
#include "scenario.h"

#include "lab/simulate/run.h"

#include <errno.h>

#define HOUR "duration: 1h\n"
#define SERVICE "service: {cpuPerRequest: 10ms}"

static struct run *run_with(struct scenario *s, struct plan *plan, struct change_listener listener)
{
    struct run *r = NULL;
    struct err e = {0};

    if (run_simulation(plan, s->hpas, s->deployments, listener, &r, &e) < 0)
        fail_msg("%s", e.text);
    return r;
}

static struct run *run(struct scenario *s, const char *head, const char *workload)
{
    return run_with(s, scenario_plan(head, workload), (struct change_listener){0});
}

static const struct point *last_point(const struct run *r)
{
    const struct series *s = &r->workloads[0].series;

    return &s->points[s->count - 1];
}

/* 60 requests of 10 ms are 0.6 cores; 50 % of 200m is 0.1 a pod. */
static void a_steady_load_ends_at_the_target(void **state)
{
    struct scenario s;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *r = run(&s, HOUR, "load: [{constant: 60}], " SERVICE);
    assert_float_equal(last_point(r)->granted, 6, 0);
    assert_float_equal(last_point(r)->ready, 6, 0);
    assert_float_equal(last_point(r)->wanted, 6, 0);
    assert_float_equal(series_utilization_percent(&r->workloads[0].series, 239), 50, 1e-6);
    assert_float_equal(r->total.arrived, 216000, 1e-3);
    assert_float_equal(r->total.served, 216000, 1e-3);
    assert_float_equal(r->total.seconds, 3600, 1e-6);
    run_free(r);
    scenario_end(&s);
}

static void a_backlog_scales_a_worker_and_is_worked_off(void **state)
{
    struct scenario s;
    (void)state;

    scenario_begin(&s, SCENARIO_BACKLOG, "");
    struct run *r = run(&s, HOUR,
                        "load: [{steps: [{at: 0s, rate: 200}, {at: 10m, rate: 0}]}], " SERVICE
                        ", metrics: {waiting: backlog}");
    assert_true(r->total.replicas_max > 4);
    assert_true(r->total.backlog_max > 1000);
    assert_float_equal(r->total.served, 120000, 1e-3);
    assert_float_equal(last_point(r)->granted, 1, 0);
    run_free(r);
    scenario_end(&s);
}

static void nobody_asks_for_more_than_max(void **state)
{
    struct scenario s;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *r = run(&s, HOUR,
                        "load: [{constant: 1000}], service: {cpuPerRequest: 10ms, "
                        "timeout: 10s}");
    assert_int_equal(r->total.replicas_max, 10);
    assert_true(last_point(r)->wanted > 10);
    assert_true(r->total.lost > 0);
    const double left = r->total.arrived - r->total.served - r->total.lost;
    assert_float_equal(left, last_point(r)->backlog, 1e-3);
    assert_float_equal(figures_over_percent(&r->total), 100, 1e-6);
    run_free(r);
    scenario_end(&s);
}

static void pods_without_room_are_pending(void **state)
{
    struct scenario s;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *r =
        run(&s, HOUR "nodes: {count: 2, cpu: 500m}\n", "load: [{constant: 60}], " SERVICE);
    assert_float_equal(last_point(r)->ready, 4, 0);
    assert_true(last_point(r)->granted > 4);
    assert_true(r->total.pending_s > 0);
    run_free(r);
    scenario_end(&s);
}

static void copies_run_each_on_its_own_and_their_load_is_spread(void **state)
{
    static const char load[] = "load: [{steps: [{at: 0s, rate: 10}]}], " SERVICE;
    struct scenario s;
    char more[200];
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    (void)snprintf(more, sizeof(more), "%s, copies: 3, spread: 1h", load);
    struct run *one = run(&s, HOUR, load), *three = run(&s, HOUR, more);
    assert_float_equal(three->total.seconds, 3 * 3600, 1e-3);
    /* The second begins half an hour later, the third at the very end. */
    const double half_more = 1.5 * one->total.arrived;
    assert_float_equal(three->total.arrived, half_more, 1e-3);
    run_free(one);
    run_free(three);
    scenario_end(&s);
}

/* Time without a shared node must not make a difference to how it is run. */
static void room_for_all_is_as_good_as_no_nodes(void **state)
{
    static const char load[] =
        "load: [{ramp: {from: 5, to: 90, at: 5m, over: 20m}}], noise: 0.1, copies: 2, " SERVICE;
    struct scenario s;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *alone = run(&s, HOUR, load),
               *together = run(&s, HOUR "nodes: {count: 20, cpu: 64}\n", load);
    assert_memory_equal(&alone->total, &together->total, sizeof(alone->total));
    run_free(alone);
    run_free(together);
    scenario_end(&s);
}

static void the_seed_decides_what_the_noise_is(void **state)
{
    static const char load[] = "load: [{constant: 50}], noise: 0.5, " SERVICE;
    struct scenario s;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *a = run(&s, HOUR "seed: 1\n", load), *b = run(&s, HOUR "seed: 1\n", load),
               *c = run(&s, HOUR "seed: 2\n", load);
    assert_float_equal(a->total.arrived, b->total.arrived, 0);
    assert_true(a->total.arrived != c->total.arrived);
    run_free(a);
    run_free(b);
    run_free(c);
    scenario_end(&s);
}

static void the_memory_does_not_grow_with_time(void **state)
{
    struct scenario s;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *r = run(&s, "duration: 168h\nstep: 15s\n", "load: [{constant: 20}], " SERVICE);
    assert_true(r->workloads[0].series.count <= SERIES_POINTS_MAX);
    run_free(r);
    scenario_end(&s);
}

struct seen {
    int count;
    int32_t last;
};

static void count_change(void *arg, const struct blueprint *b, size_t copy, uint64_t at_ns,
                         const struct hpa_decision *d)
{
    struct seen *seen = arg;

    assert_string_equal(b->workload->name, "web");
    assert_int_equal(copy, 0);
    assert_true(at_ns > 0);
    assert_int_not_equal(d->current, d->desired);
    seen->count++;
    seen->last = d->desired;
}

static void every_change_is_told(void **state)
{
    struct scenario s;
    struct seen seen = {0};
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *r = run_with(&s, scenario_plan(HOUR, "load: [{constant: 60}], " SERVICE),
                             (struct change_listener){count_change, &seen});
    assert_int_equal(seen.count, (int)(r->total.ups + r->total.downs));
    assert_int_equal(seen.last, 6);
    run_free(r);
    scenario_end(&s);
}

static void a_course_is_of_one_workload_or_of_all(void **state)
{
    struct scenario s;
    struct course c;
    (void)state;

    scenario_begin(&s, SCENARIO_CPU, "");
    struct run *r = run(&s, HOUR, "load: [{constant: 60}], " SERVICE);
    assert_int_equal(run_course(r, NULL, &c), 0);
    assert_string_equal(c.name, "web");
    assert_float_equal(c.target_percent, 50, 0);
    assert_float_equal(series_rate(&c.series, 0), 60, 1e-6);
    series_done(&c.series);
    assert_int_equal(run_course(r, "shop", &c), -ENOENT);
    run_free(r);
    scenario_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_load_ends_at_the_target),
        cmocka_unit_test(a_backlog_scales_a_worker_and_is_worked_off),
        cmocka_unit_test(nobody_asks_for_more_than_max),
        cmocka_unit_test(pods_without_room_are_pending),
        cmocka_unit_test(copies_run_each_on_its_own_and_their_load_is_spread),
        cmocka_unit_test(room_for_all_is_as_good_as_no_nodes),
        cmocka_unit_test(the_seed_decides_what_the_noise_is),
        cmocka_unit_test(the_memory_does_not_grow_with_time),
        cmocka_unit_test(every_change_is_told),
        cmocka_unit_test(a_course_is_of_one_workload_or_of_all),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
