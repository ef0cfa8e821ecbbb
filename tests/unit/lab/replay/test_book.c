// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "script.h"

/* The code of the next answer; 0: none. */
static int take(struct book *b, const char *key)
{
    const struct answer *a = book_take(b, key);

    return a ? a->code : 0;
}

static void a_list_is_used_up_in_turn_and_its_last_repeats(void **state)
{
    struct script s = script_new(WITH_STEPS(
        STEP("15", "'/a':[{'code':201},{'code':202},{'code':203}],'/b':{'code':204}") "," STEP(
            "30", "")));
    struct book *b = book_new();
    (void)state;

    assert_int_equal(book_turn(b, &s.scenario->steps[0]), 0);
    assert_int_equal(take(b, "/a"), 201);
    assert_int_equal(book_look(b, "/a")->code, 201); /* looking is not asking */
    assert_int_equal(take(b, "/b"), 204);
    assert_int_equal(take(b, "/a"), 202);
    assert_int_equal(take(b, "/a"), 203);
    assert_int_equal(take(b, "/a"), 203);
    assert_int_equal(book_turn(b, &s.scenario->steps[1]), 0);
    assert_int_equal(take(b, "/a"), 201); /* a step begins anew */
    book_free(b);
    script_free(&s);
}

static void answers_stay_until_given_anew_or_withdrawn(void **state)
{
    struct script s =
        script_new(WITH_STEPS(STEP("15", "'/a':{'code':201},'/b':{'code':202}") "," STEP(
            "30", "'/a':null,'/b':{'code':"
                  "203}") "," STEP("45", "'/a':[]")));
    struct book *b = book_new();
    (void)state;

    assert_int_equal(book_turn(b, &s.scenario->steps[0]), 0);
    assert_int_equal(take(b, "/c"), 0);
    assert_int_equal(take(b, "/a"), 201);
    assert_int_equal(book_turn(b, &s.scenario->steps[1]), 0);
    assert_int_equal(take(b, "/a"), 0);
    assert_int_equal(take(b, "/b"), 203);
    assert_int_equal(book_turn(b, &s.scenario->steps[2]), 0);
    assert_int_equal(take(b, "/a"), 0);
    assert_int_equal(take(b, "/b"), 203);
    book_free(b);
    script_free(&s);
}

static void the_same_text_again_stays_the_same_answer(void **state)
{
    struct script s = script_new(WITH_STEPS(
        STEP("15", "'/a':{'x':1}") "," STEP("30", "'/a':{'x':1}") "," STEP("45", "'/a':{'x':2}")));
    struct book *b = book_new();
    (void)state;

    assert_int_equal(book_turn(b, &s.scenario->steps[0]), 0);
    const struct answer *first = book_take(b, "/a");
    assert_int_equal(book_turn(b, &s.scenario->steps[1]), 0);
    assert_ptr_equal(book_take(b, "/a"), first);
    assert_int_equal(book_turn(b, &s.scenario->steps[2]), 0);
    assert_ptr_not_equal(book_take(b, "/a"), first);
    book_free(b);
    script_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_used_up_in_turn_and_its_last_repeats),
        cmocka_unit_test(answers_stay_until_given_anew_or_withdrawn),
        cmocka_unit_test(the_same_text_again_stays_the_same_answer),
    };
    return cmocka_run_group_tests_name("book", tests, NULL, NULL);
}
