// SPDX-License-Identifier: MIT
#include "history.h"

#include "lab/why/diff.h"

#define STEP(s, result, rule, window)                                                              \
    RECORD(s, "4", result, rule, ",'stabilisation':{'down':{'seconds':" window "}},'max':9")

static void expect(const char *a, const char *b, const char *expected)
{
    struct runs x, y;
    struct told told;

    history_read(a, &x);
    history_read(b, &y);
    diff_runs(&x.all[0], "a", &y.all[0], "b", told_begin(&told));
    told_end(&told, expected);
    runs_done(&x);
    runs_done(&y);
}

static void equal_runs_have_no_difference_whenever_they_were(void **state)
{
    (void)state;
    expect(STEP("01", "4", "tolerance", "60"), STEP("09", "4", "tolerance", "60"),
           "shop/web: 1 step, no difference\n");
}

static void runs_part_where_the_result_differs(void **state)
{
    (void)state;
    expect(STEP("01", "4", "tolerance", "60") STEP("16", "4", "scaleDownWindow", "60"),
           STEP("01", "4", "tolerance", "30") STEP("16", "2", "metric", "30"),
           "shop/web: they part at step 1\n"
           "  a, 0:15: 4, by rule scaleDownWindow: so\n"
           "  b, 0:15: 4 → 2, by rule metric: so\n"
           "  In figures, the cause first:\n"
           "    stabilisation.down.seconds: 60 against 30\n"
           "    result: 4 against 2\n"
           "    rule: \"scaleDownWindow\" against \"metric\"\n"
           "  Figures differ already from step 0 on:\n"
           "    stabilisation.down.seconds: 60 against 30\n");
}

static void figures_may_differ_without_consequence(void **state)
{
    (void)state;
    expect(STEP("01", "4", "tolerance", "60"), RECORD("01", "4", "4", "tolerance", ""),
           "shop/web: 1 step, the same decisions; the figures differ from step 0 on\n"
           "    stabilisation: {\"down\":{\"seconds\":60}} against nothing\n"
           "    max: 9 against nothing\n");
}

static void a_run_may_be_shorter(void **state)
{
    (void)state;
    expect(STEP("01", "4", "tolerance", "60") STEP("02", "4", "tolerance", "60"),
           STEP("01", "4", "tolerance", "60"),
           "shop/web: 1 step, no difference\n"
           "  a has 2 steps, b has 1.\n");
    expect(STEP("01", "4", "tolerance", "60"),
           "{'step':7,'record':" STEP("01", "4", "tolerance", "60") "}",
           "shop/web: no step has the same number in both\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_runs_have_no_difference_whenever_they_were),
        cmocka_unit_test(runs_part_where_the_result_differs),
        cmocka_unit_test(figures_may_differ_without_consequence),
        cmocka_unit_test(a_run_may_be_shorter),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
