// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "script.h"

#include <errno.h>

static void reads_flags_and_keeps_the_defaults_of_the_others(void **state)
{
    struct script s =
        script_new("{" HPA_OF_WEB ",'controller':{'horizontal-pod-autoscaler-tolerance':0.25,"
                   "'horizontal-pod-autoscaler-downscale-stabilization':'1m30s',"
                   "'horizontal-pod-autoscaler-sync-period':'1s','unknown':[]},'steps':null}");
    (void)state;

    assert_float_equal(s.scenario->settings.tolerance, 0.25, 0);
    assert_int_equal(s.scenario->settings.downscale_window_ns, UINT64_C(90000000000));
    assert_int_equal(s.scenario->settings.cpu_initialization_ns, UINT64_C(300000000000));
    assert_int_equal(s.scenario->step_count, 0);
    script_free(&s);
}

static void others_are_in_the_namespace_of_the_first(void **state)
{
    struct script s = script_new(
        "{'hpa':{'metadata':{'name':'a','namespace':'shop'},'spec':{'maxReplicas':1}},"
        "'otherHpas':[{'metadata':{'name':'b'},'spec':{'maxReplicas':1}}],"
        "'steps':[{'time':'2026-01-01T00:00:15.5Z','hpa':{'metadata':{'name':'a'},'spec':{"
        "'maxReplicas':7}}}]}");
    (void)state;

    assert_string_equal(s.scenario->others[0].spec->namespace, "shop");
    assert_string_equal(s.scenario->steps[0].hpa.spec->namespace, "shop");
    assert_int_equal(s.scenario->steps[0].hpa.spec->max, 7);
    assert_int_equal(s.scenario->steps[0].time_ns % 1000000000, 500000000);
    script_free(&s);
}

static void says_which_member_is_wrong(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"[]", "must be an object, not []"},
        {"{", "unexpected end of JSON input"},
        {"{} x", "invalid character 'x' after top-level value"},
        {"{'steps':[]}", "hpa: is missing"},
        {"{'hpa':5}", "hpa: must be an object"},
        {"{'name':5}", "name: must be a string, not 5"},
        {"{'steps':{}}", "steps: must be a list, not {}"},
        {"{'steps':[{'time':1}]}", "steps: [0]: time: must be a string, not 1"},
        {"{'steps':[{'time':'noon'}]}", "steps: [0]: time: 'noon' is no RFC 3339 time"},
        {"{'steps':[{}]}", "steps: [0]: time: is missing"},
        {"{'steps':[" STEP("15", "") "," STEP("15", "") "]}",
         "steps: [1]: time: 2026-01-01T00:00:15Z is not after 2026-01-01T00:00:15Z"},
        {"{'steps':[{'restart':1}]}", "steps: [0]: restart: must be true or false, not 1"},
        {"{'steps':[" STEP("15", "'/a':7") "]}",
         "steps: [0]: responses: /a: must be an answer (an object), a list of answers or null, "
         "not 7"},
        {"{'steps':[" STEP("15", "'/a':{'code':'x'}") "]}",
         "steps: [0]: responses: /a: code: must be a number from 100 to 999, not \"x\""},
        {"{'controller':{'horizontal-pod-autoscaler-initial-readiness-delay':'soon'}}",
         "controller: horizontal-pod-autoscaler-initial-readiness-delay: 'soon' is no duration"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        scoped(free_at) char *text = quoted(rows[i].text);
        struct scenario *s = NULL;
        struct err err = {0};
        assert_int_equal(scenario_parse((struct json_text){text, strlen(text)}, &s, &err), -EINVAL);
        if (strncmp(err.text, rows[i].error, strlen(rows[i].error)) != 0)
            fail_msg("%s: %s", rows[i].text, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_flags_and_keeps_the_defaults_of_the_others),
        cmocka_unit_test(others_are_in_the_namespace_of_the_first),
        cmocka_unit_test(says_which_member_is_wrong),
    };
    return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
