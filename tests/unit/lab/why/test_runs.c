// SPDX-License-Identifier: MIT
#include "history.h"

#include <errno.h>

static void lines_of_one_scenario_are_one_run(void **state)
{
    struct runs runs;
    (void)state;

    history_read("{'name':'a','step':4,'record':" RECORD(
                     "01", "1", "2", "metric", "") "}\n"
                                                   "{'name':'b','step':0,'record':" RECORD(
                                                       "02", "1", "2", "metric",
                                                       "") "}\n\n"
                                                           "{'name':'a','step':5,'record':" RECORD(
                                                               "03", "1", "2", "metric", "") "}",
                 &runs);
    assert_int_equal(runs.count, 2);
    assert_string_equal(runs.all[0].title, "a, shop/web");
    assert_int_equal(runs.all[0].count, 2);
    assert_int_equal(runs.all[0].steps[1].number, 5);
    assert_int_equal(runs.all[0].steps[1].time_ns - runs.all[0].steps[0].time_ns, 2000000000);
    assert_ptr_equal(runs_find(&runs, "b, shop/web"), &runs.all[1]);
    assert_null(runs_find(&runs, "b"));
    runs_done(&runs);
}

static void a_report_counts_the_steps_of_each_scene(void **state)
{
    struct runs runs;
    (void)state;

    history_read(
        "{'scenes':[{'name':'x','decisions':[" RECORD("01", "1", "2", "metric", "") "," RECORD(
            "02", "1", "2", "metric",
            "") "]},{'name':'y','decisions':[" RECORD("03", "1", "2", "metric", "") "]}]}",
        &runs);
    assert_int_equal(runs.count, 2);
    assert_int_equal(runs.all[0].steps[1].number, 1);
    assert_int_equal(runs.all[1].steps[0].number, 0);
    runs_done(&runs);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "'f' holds no decision"},
        {" \n\t", "'f' holds no decision"},
        {"{'scenes':[]}", "'f' holds no decision"},
        {RECORD("01", "1", "1", "metric", "") "\n\n{'step':1}",
         "'f' line 3: this step has no record: run evaluate with --record"},
        {"{'record':{}}", "'f' line 1: this is no decision record"},
        {"\n{'sentence':'','version':7}", "'f' line 2: the record has version 7, known is 1"},
        {"{'sentence':'','version':1}", "'f' line 1: the record's time is not RFC 3339"},
        {"\n[\n1,,2]", "'f' line 3: unexpected token near ','"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct runs runs;
        struct err err = {0};
        assert_int_equal(history_parse(rows[i].text, &runs, &err), -EINVAL);
        assert_string_equal(err.text, rows[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_one_scenario_are_one_run),
        cmocka_unit_test(a_report_counts_the_steps_of_each_scene),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
    };
    return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
