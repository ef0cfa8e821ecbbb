// SPDX-License-Identifier: MIT
#include "history.h"

#include "kube/jpath.h"
#include "lab/why/table.h"
#include "lab/why/tell.h"

#define MOVED ",'rescale':true"

static void what_stays_for_the_same_reason_is_told_once(void **state)
{
    struct runs runs;
    struct told told;
    (void)state;

    history_read(RECORD("00", "1", "4", "stepLimit", MOVED) RECORD("10", "4", "4", "tolerance", "")
                     RECORD("20", "4", "4", "tolerance", "") RECORD("30", "4", "4", "metric", "")
                         RECORD("40", "4", "5", "metric", MOVED),
                 &runs);
    tell_run(&runs.all[0], told_begin(&told));
    told_end(&told, "shop/web: 5 decisions in 40 seconds: 2 changes, at most 5 replicas, 5 at the "
                    "end\n"
                    "    0:00        1 → 4  so\n"
                    "                       (step 0, stepLimit) \n"
                    "    0:10            4  so\n"
                    "                       (step 1, tolerance) \n"
                    "                       ... and 1 more like it, until 0:20\n"
                    "    0:30            4  so\n"
                    "                       (step 3, metric) \n"
                    "    0:40        4 → 5  so\n"
                    "                       (step 4, metric) \n");
    runs_done(&runs);
}

static void times_are_told_from_the_start_of_the_run(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } rows[] = {{0, "0:00"}, {75, "1:15"}, {3599, "59:59"}, {3600, "1:00:00"}, {90061, "25:01:01"}};
    const struct step first = {.time_ns = 1000};
    const struct run run = {.steps = (struct step *)(uintptr_t)&first, .count = 1};
    char text[OFFSET_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct step step = {.time_ns = 1000 + rows[i].seconds * UINT64_C(1000000000)};
        assert_string_equal(tell_offset(&run, &step, text), rows[i].text);
    }
}

static void a_change_is_an_arrow(void **state)
{
    static const struct {
        const char *record, *text;
    } rows[] = {{"{\"current\":1,\"result\":4}", "1 → 4"},
                {"{\"current\":4,\"result\":4}", "4"},
                {"{\"current\":4}", "?"}};
    char text[CHANGE_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *record = json_loads(rows[i].record, 0, NULL);
        assert_string_equal(tell_change(record, text), rows[i].text);
        json_decref(record);
    }
}

static void a_record_of_wrong_types_is_told_without_harm(void **state)
{
    struct runs runs;
    struct told told;
    (void)state;

    history_read("{'version':1,'time':'2026-01-01T00:00:00Z','sentence':[],'metrics':[7,[],{'pods':"
                 "{},'ratio':'x','value':{}}],'stabilisation':[],'limit':3,'recommendation':{},"
                 "'conditions':'c','events':[[]],'hpa':1,'target':2}",
                 &runs);
    FILE *out = told_begin(&told);
    tell_run(&runs.all[0], out);
    tell_step(&runs.all[0], &runs.all[0].steps[0], out);
    table_run(&runs.all[0], out);
    table_step(&runs.all[0], &runs.all[0].steps[0], out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(told.text, "Result: ?"));
    free(told.text);
    runs_done(&runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_for_the_same_reason_is_told_once),
        cmocka_unit_test(times_are_told_from_the_start_of_the_run),
        cmocka_unit_test(a_change_is_an_arrow),
        cmocka_unit_test(a_record_of_wrong_types_is_told_without_harm),
    };
    return cmocka_run_group_tests_name("tell", tests, NULL, NULL);
}
