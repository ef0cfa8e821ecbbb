// SPDX-License-Identifier: MIT
#include "unit.h"

#include "script.h"

static void tells_bodies_codes_and_failures_apart(void **state)
{
    struct script s = script_new(WITH_STEPS(
        STEP("15", "'/body':{'a': 1},'/coded':{'code':503,'body':{'b':2}},'/text':{'code':200,"
                   "'body':'<\\u0061>'},'/none':{'code':404},'/down':{'error':'EOF'},"
                   "'/kind':{'kind':'Status','code':500,'error':'x'},'/gone':null")));
    const struct response *r = s.scenario->steps[0].responses.all;
    (void)state;

    assert_int_equal(s.scenario->steps[0].responses.count, 7);
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

static void an_answer_that_is_given_again_is_that_of_before(void **state)
{
    struct script s = script_new(WITH_STEPS(STEP("15", "'/a':{'x':1},'/b':{'x':1}") "," STEP(
        "30", "'/a': {'x':1},'/b':{'x':12}") "," STEP("45", "'/a':{'x':1}")));
    const struct step *steps = s.scenario->steps;
    (void)state;

    assert_null(steps[0].responses.all[0].same);
    assert_ptr_equal(steps[1].responses.all[0].same, &steps[0].responses.all[0]);
    assert_null(steps[1].responses.all[1].same);
    assert_int_equal(steps[1].responses.all[1].count, 1);
    assert_ptr_equal(steps[2].responses.all[0].same, &steps[0].responses.all[0]);
    script_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_bodies_codes_and_failures_apart),
        cmocka_unit_test(an_answer_that_is_given_again_is_that_of_before),
    };
    return cmocka_run_group_tests_name("responses", tests, NULL, NULL);
}
