// SPDX-License-Identifier: MIT
#include "scenario.h"

#include "base/clock.h"
#include "lab/simulate/closed_loop.h"

struct world {
    struct scenario s;
    struct plan *plan;
    struct blueprint *blueprint;
    struct series series;
    struct closed_loop *loop;
    uint64_t first_change_ns;
};

static void note_first(void *arg, const struct blueprint *b, size_t copy, uint64_t at_ns,
                       const struct hpa_decision *d)
{
    struct world *w = arg;

    (void)b;
    (void)copy;
    (void)d;
    if (!w->first_change_ns)
        w->first_change_ns = at_ns;
}

static void begin(struct world *w, const char *head, const char *workload)
{
    *w = (struct world){0};
    scenario_begin(&w->s, SCENARIO_CPU, "");
    w->plan = scenario_plan(head, workload);
    assert_int_equal(
        blueprint_new(&w->plan->workloads[0], w->s.hpas, w->s.deployments, &w->blueprint, NULL), 0);
    assert_int_equal(series_init(&w->series, w->plan->duration_ns, w->plan->sync_period_ns), 0);
    const struct closed_loop_setup setup = {.plan = w->plan,
                                            .blueprint = w->blueprint,
                                            .series = &w->series,
                                            .listener = {note_first, w}};
    assert_int_equal(closed_loop_new(&setup, &w->loop), 0);
}

static const struct figures *play(struct world *w)
{
    for (uint64_t i = 0; i < w->plan->duration_ns / w->plan->step_ns; i++)
        assert_int_equal(closed_loop_step(w->loop), 0);
    return closed_loop_figures(w->loop);
}

static void end(struct world *w)
{
    closed_loop_free(w->loop);
    series_done(&w->series);
    blueprint_free(w->blueprint);
    plan_free(w->plan);
    scenario_end(&w->s);
}

static void the_first_evaluation_is_one_period_after_the_start(void **state)
{
    struct world w;
    (void)state;

    begin(&w, "duration: 5m\nsyncPeriod: 20s\n",
          "load: [{constant: 90}], service: {cpuPerRequest: 10ms}");
    play(&w);
    assert_int_equal(w.first_change_ns, 20 * NS_PER_S);
    end(&w);
}

static void late_metrics_make_late_decisions(void **state)
{
    struct world w;
    (void)state;

    begin(&w, "duration: 5m\nsampling: {delay: 40s}\n",
          "load: [{constant: 90}], service: {cpuPerRequest: 10ms}");
    play(&w);
    assert_int_equal(w.first_change_ns, 60 * NS_PER_S); /* 15 + 40 s, at the next evaluation */
    end(&w);
}

static void a_workload_without_load_shrinks_to_min_after_the_window(void **state)
{
    struct world w;
    (void)state;

    begin(&w, "duration: 10m\n", "load: [{constant: 0}], service: {cpuPerRequest: 10ms}");
    const struct figures *f = play(&w);
    assert_int_equal(w.first_change_ns, 330 * NS_PER_S); /* 5 minutes after the first, and beyond */
    assert_int_equal(f->downs, 1);
    assert_float_equal(f->over_s, 0, 0);
    assert_float_equal(w.series.points[w.series.count - 1].granted, 1, 0);
    end(&w);
}

static void every_stretch_has_its_point(void **state)
{
    struct world w;
    (void)state;

    begin(&w, "duration: 100s\n", "load: [{constant: 10}], service: {cpuPerRequest: 10ms}");
    play(&w);
    assert_int_equal(w.series.count, 7);
    assert_float_equal(w.series.points[0].arrived, 150, 1e-9);
    assert_float_equal(w.series.points[6].arrived, 100, 1e-9); /* the rest: 10 s */
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_evaluation_is_one_period_after_the_start),
        cmocka_unit_test(late_metrics_make_late_decisions),
        cmocka_unit_test(a_workload_without_load_shrinks_to_min_after_the_window),
        cmocka_unit_test(every_stretch_has_its_point),
    };
    return cmocka_run_group_tests_name("closed_loop", tests, NULL, NULL);
}
