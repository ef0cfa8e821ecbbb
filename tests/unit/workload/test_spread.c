// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "workload/spread.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define DRAWS 200000

struct figures {
    double mean, deviation;
};

static struct spread parsed(const char *text)
{
    struct spread s = {0};
    struct err err = {0};

    if (spread_parse("--cpu-spread", text, &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static struct figures figures_of(const char *text)
{
    struct spread s = parsed(text);
    struct dice dice = {.seed = 1};
    double sum = 0, squares = 0;

    for (int i = 0; i < DRAWS; i++) {
        double factor = spread_factor(&s, &dice);
        assert_true(factor >= 0 && isfinite(factor));
        sum += factor;
        squares += factor * factor;
    }
    double mean = sum / DRAWS;
    return (struct figures){mean, sqrt(squares / DRAWS - mean * mean)};
}

static void a_constant_cost_is_its_mean(void **state)
{
    struct figures f = figures_of("constant");
    (void)state;

    assert_float_equal(f.mean, 1, 0);
    assert_float_equal(f.deviation, 0, 0);
}

static void an_exponential_cost_deviates_by_its_mean(void **state)
{
    struct figures f = figures_of("exponential");
    (void)state;

    assert_float_equal(f.mean, 1, 0.01);
    assert_float_equal(f.deviation, 1, 0.02);
}

static void a_lognormal_cost_keeps_its_mean_too(void **state)
{
    struct figures f = figures_of("lognormal:0.5");
    (void)state;

    assert_float_equal(f.mean, 1, 0.01);
    assert_float_equal(f.deviation, sqrt(exp(0.25) - 1), 0.02);
}

static void refuses_what_is_no_spread(void **state)
{
    static const char *const wrong[] = {"",
                                        "normal",
                                        "lognormal",
                                        "lognormal:",
                                        "lognormal:0",
                                        "lognormal:-1",
                                        "lognormal:9",
                                        "lognormal:nan",
                                        "exponential:2"};
    (void)state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct spread s = {.sigma = 3};
        struct err err = {0};
        assert_int_equal(spread_parse("--cpu-spread", wrong[i], &s, &err), -EINVAL);
        assert_float_equal(s.sigma, 3, 0);
        assert_non_null(strstr(err.text, "--cpu-spread takes constant, exponential or "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_cost_is_its_mean),
        cmocka_unit_test(an_exponential_cost_deviates_by_its_mean),
        cmocka_unit_test(a_lognormal_cost_keeps_its_mean_too),
        cmocka_unit_test(refuses_what_is_no_spread),
    };
    return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
