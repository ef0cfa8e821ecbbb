// SPDX-License-Identifier: MIT
#include "scenario.h"

#include "kube/jpath.h"
#include "lab/simulate/sweep.h"

#include <errno.h>

static struct sweep sweep_of(const char *first, const char *second)
{
    struct sweep s = {0};

    assert_int_equal(sweep_add(&s, first, NULL), 0);
    if (second)
        assert_int_equal(sweep_add(&s, second, NULL), 0);
    return s;
}

static void every_combination_is_a_variant(void **state)
{
    struct sweep s = sweep_of("hpa.spec.maxReplicas=1,2,3", "simulation.seed=7,8");
    size_t count = 0;
    (void)state;

    assert_int_equal(sweep_variants(&s, &count, NULL), 0);
    assert_int_equal(count, 6);
    assert_int_equal(json_integer_value(sweep_value(&s, 0, 0)), 1);
    assert_int_equal(json_integer_value(sweep_value(&s, 0, 1)), 7);
    assert_int_equal(json_integer_value(sweep_value(&s, 1, 0)), 1);
    assert_int_equal(json_integer_value(sweep_value(&s, 1, 1)), 8);
    assert_int_equal(json_integer_value(sweep_value(&s, 5, 0)), 3);
    sweep_done(&s);
}

static void values_are_what_they_would_be_in_a_manifest(void **state)
{
    struct sweep s = sweep_of("simulation.x=5,5s,null,'5'", NULL);
    (void)state;

    assert_true(json_is_integer(sweep_value(&s, 0, 0)));
    assert_string_equal(json_string_value(sweep_value(&s, 1, 0)), "5s");
    assert_true(json_is_null(sweep_value(&s, 2, 0)));
    assert_string_equal(json_string_value(sweep_value(&s, 3, 0)), "5");
    sweep_done(&s);
}

static void nothing_set_is_one_variant(void **state)
{
    const struct sweep s = {0};
    size_t count = 0;
    (void)state;

    assert_int_equal(sweep_variants(&s, &count, NULL), 0);
    assert_int_equal(count, 1);
}

static void sets_the_fields_of_a_variant(void **state)
{
    struct scenario c;
    json_auto_t *plan = json_object();
    struct sweep s =
        sweep_of("hpa/web.spec.behavior.scaleDown.stabilizationWindowSeconds=60,300",
                 "deployment.spec.template.spec.containers[0].resources.requests.cpu=100m");
    (void)state;

    scenario_begin(&c, SCENARIO_CPU, "");
    const struct sweep_objects objects = {plan, c.hpas, c.deployments};
    assert_int_equal(sweep_apply(&s, 1, &objects, NULL), 0);
    assert_int_equal(jpath_int(json_array_get(c.hpas, 0),
                               "spec.behavior.scaleDown.stabilizationWindowSeconds", 0),
                     300);
    assert_string_equal(jpath_str(json_array_get(c.deployments, 0),
                                  "spec.template.spec.containers[0].resources.requests.cpu", ""),
                        "100m");
    sweep_done(&s);
    scenario_end(&c);
}

static void refuses_what_is_no_setting(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"hpa.spec.maxReplicas", "--set hpa.spec.maxReplicas: FIELD=VALUE[,VALUE...] is expected"},
        {"pod.spec=1", "--set pod.spec=1: a field begins with hpa., hpa/NAME., deployment., "
                       "deployment/NAME. or simulation."},
        {"hpa=1", "--set hpa=1: a field begins with hpa., hpa/NAME., deployment., "
                  "deployment/NAME. or simulation."},
        {"hpa.x=1,,2", "--set hpa.x=1,,2: '' is no number, word or text"},
        {"hpa.x={a: 1}", "--set hpa.x={a: 1}: '{a: 1}' is no number, word or text"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sweep s = {0};
        struct err e = {0};
        assert_int_equal(sweep_add(&s, cases[i].text, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].message);
        assert_int_equal(s.count, 0);
    }
}

static void a_misspelt_field_is_an_error_and_never_without_effect(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"hpa.spec.maxReplica=5",
         "--set hpa.spec.maxReplica: hpa of web has no field spec.maxReplica"},
        {"hpa.spec.behavior.scaleDown.stabilisationWindowSeconds=5",
         "--set hpa.spec.behavior.scaleDown.stabilisationWindowSeconds: hpa of web has no field "
         "spec.behavior.scaleDown.stabilisationWindowSeconds"},
        {"hpa.spec.metrics[1].type=x",
         "--set hpa.spec.metrics[1].type: hpa of web has no field spec.metrics[1].type"},
        {"hpa/shop.spec.maxReplicas=5",
         "--set hpa/shop.spec.maxReplicas: there is no hpa named shop"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scenario c;
        struct err e = {0};
        struct sweep s = sweep_of(cases[i].text, NULL);
        scenario_begin(&c, SCENARIO_CPU, "");
        const struct sweep_objects objects = {NULL, c.hpas, c.deployments};
        assert_int_equal(sweep_apply(&s, 0, &objects, &e), -EINVAL);
        assert_string_equal(e.text, cases[i].message);
        sweep_done(&s);
        scenario_end(&c);
    }
}

static void the_number_of_variants_has_a_limit(void **state)
{
    struct sweep s =
        sweep_of("simulation.a=1,2,3,4,5,6,7,8,9,10,11", "simulation.b=1,2,3,4,5,6,7,8,9,10");
    size_t count;
    struct err e = {0};
    (void)state;

    assert_int_equal(sweep_variants(&s, &count, &e), -E2BIG);
    assert_string_equal(e.text, "--set: more than 100 combinations");
    sweep_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_is_a_variant),
        cmocka_unit_test(values_are_what_they_would_be_in_a_manifest),
        cmocka_unit_test(nothing_set_is_one_variant),
        cmocka_unit_test(sets_the_fields_of_a_variant),
        cmocka_unit_test(refuses_what_is_no_setting),
        cmocka_unit_test(a_misspelt_field_is_an_error_and_never_without_effect),
        cmocka_unit_test(the_number_of_variants_has_a_limit),
    };
    return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
