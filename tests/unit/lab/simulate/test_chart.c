// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "lab/simulate/chart.h"

#include <errno.h>
#include <string.h>

static void ticks_are_round_and_reach_the_largest_value(void **state)
{
    static const struct {
        double largest, top, step;
    } cases[] = {{320, 400, 200}, {300, 300, 100}, {0.7, 1, 0.5},
                 {0, 1, 0.5},     {38, 40, 20},    {60, 60, 20}};
    double step;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_float_equal(chart_round_up(cases[i].largest, 3, &step), cases[i].top, 1e-9);
        assert_float_equal(step, cases[i].step, 1e-9);
    }
}

static void a_scale_may_run_upside_down(void **state)
{
    const struct chart_scale s = {0, 10, 500, 100};
    (void)state;

    assert_float_equal(chart_at(&s, 0), 500, 0);
    assert_float_equal(chart_at(&s, 10), 100, 0);
    assert_float_equal(chart_at(&s, 5), 300, 0);
}

static double value_at(const void *data, size_t i)
{
    return ((const double *)data)[i];
}

static void a_curve_is_cut_at_the_top_of_its_scale(void **state)
{
    scoped(buf_done) struct buf out = {.max = 4 * KIB};
    struct chart c = {.out = &out};
    const struct chart_scale x = {0, 2, 0, 200}, y = {0, 10, 100, 0};
    const double values[] = {5, 50};
    (void)state;

    chart_curve(&c, &(struct chart_curve){.x = &x,
                                          .y = &y,
                                          .value = value_at,
                                          .data = values,
                                          .count = 2,
                                          .colour = CHART_BLUE,
                                          .width = 4,
                                          .steps = 1});
    assert_int_equal(c.error, 0);
    assert_non_null(strstr(out.data, "d=\"M0.0 50.0H100.0L100.0 0.0H200.0\""));
}

static void text_is_escaped(void **state)
{
    scoped(buf_done) struct buf out = {.max = 4 * KIB};
    struct chart c = {.out = &out};
    (void)state;

    chart_text(&c, &(struct chart_text){0, 0, 30, CHART_START, CHART_INK, 0}, "%s", "<a> & \x01");
    assert_non_null(strstr(out.data, ">&lt;a> &amp; </text>"));
}

static void the_first_failure_is_kept(void **state)
{
    scoped(buf_done) struct buf out = {.max = 10};
    struct chart c = {.out = &out};
    (void)state;

    chart_begin(&c, "T");
    chart_end(&c);
    assert_int_equal(c.error, -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_and_reach_the_largest_value),
        cmocka_unit_test(a_scale_may_run_upside_down),
        cmocka_unit_test(a_curve_is_cut_at_the_top_of_its_scale),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(the_first_failure_is_kept),
    };
    return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
