// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "script.h"

#include <errno.h>

static void tells_bodies_codes_and_failures_apart(void **state)
{
    struct script s = script_new(WITH_STEPS(
        STEP("15", "'/body':{'a': 1},'/coded':{'code':503,'body':{'b':2}},'/text':{'code':200,"
                   "'body':'<\\u0061>'},'/none':{'code':404},'/down':{'error':'EOF'},"
                   "'/kind':{'kind':'Status','code':500,'error':'x'},'/gone':null")));
    const struct response *r = s.scenario->steps[0].responses;
    (void)state;

    assert_int_equal(s.scenario->steps[0].response_count, 7);
    assert_int_equal(r[0].answers[0].code, 200);
    assert_memory_equal(r[0].answers[0].body.at, "{\"a\": 1}", 8); /* as it was written */
    assert_int_equal(r[1].answers[0].code, 503);
    assert_memory_equal(r[1].answers[0].body.at, "{\"b\":2}", 7);
    assert_int_equal(r[2].answers[0].body.len, 3);
    assert_memory_equal(r[2].answers[0].body.at, "<a>", 3);
    assert_false(r[2].answers[0].good);
    assert_null(r[3].answers[0].body.at);
    assert_string_equal(r[4].answers[0].error, "EOF");
    assert_int_equal(r[5].answers[0].code, 200); /* what has a kind is a body */
    assert_int_equal(r[6].count, 0);
    script_free(&s);
}

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

static void an_answer_that_is_given_again_is_that_of_before(void **state)
{
    struct script s = script_new(WITH_STEPS(STEP("15", "'/a':{'x':1},'/b':{'x':1}") "," STEP(
        "30", "'/a': {'x':1},'/b':{'x':12}") "," STEP("45", "'/a':{'x':1}")));
    const struct step *steps = s.scenario->steps;
    (void)state;

    assert_null(steps[0].responses[0].same);
    assert_ptr_equal(steps[1].responses[0].same, &steps[0].responses[0]);
    assert_null(steps[1].responses[1].same);
    assert_int_equal(steps[1].responses[1].count, 1);
    assert_ptr_equal(steps[2].responses[0].same, &steps[0].responses[0]);
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
        cmocka_unit_test(tells_bodies_codes_and_failures_apart),
        cmocka_unit_test(reads_flags_and_keeps_the_defaults_of_the_others),
        cmocka_unit_test(others_are_in_the_namespace_of_the_first),
        cmocka_unit_test(an_answer_that_is_given_again_is_that_of_before),
        cmocka_unit_test(says_which_member_is_wrong),
    };
    return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
