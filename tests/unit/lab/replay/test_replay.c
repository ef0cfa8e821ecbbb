// SPDX-License-Identifier: MIT
/* The rules themselves are tested by tests/vectors. */
#include "unit.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "lab/replay/replay.h"
#include "script.h"

#include <errno.h>

struct playing {
    struct script script;
    struct replay *replay;
};

static struct playing playing_new(const char *text)
{
    struct playing p = {.script = script_new(text)};

    assert_int_equal(replay_new(p.script.scenario, &p.replay), 0);
    return p;
}

static void playing_free(struct playing *p)
{
    replay_free(p->replay);
    script_free(&p->script);
}

static json_t *next(struct playing *p, bool record)
{
    scoped(buf_done) struct buf line = {.max = MIB};

    assert_int_equal(replay_step(p->replay, record, &line), 0);
    return json_loadb(line.data, line.len, 0, NULL);
}

#define TWO_WANT(value) "'" SCALE_OF_WEB "':" SCALE_WITH_2 ",'" Q_OF_DEFAULT "':" Q_IS(value)

static void says_what_a_step_did(void **state)
{
    struct playing p = playing_new(WITH_STEPS(STEP("15", TWO_WANT("4"))));
    json_auto_t *line = next(&p, false);
    struct buf more = {.max = MIB};
    (void)state;

    assert_string_equal(jpath_str(line, "time", ""), "2026-01-01T00:00:15Z");
    assert_int_equal(jpath_int(line, "step", -1), 0);
    assert_true(jpath_bool(line, "rescaled", false));
    assert_int_equal(jpath_int(line, "scaleTo", 0), 4);
    assert_int_equal(jpath_int(line, "desiredReplicas", 0), 4);
    assert_string_equal(jpath_str(line, "events[0].reason", ""), "SuccessfulRescale");
    assert_string_equal(jpath_str(line, "status.lastScaleTime", ""), "2026-01-01T00:00:15Z");
    assert_null(jpath(line, "record"));
    assert_int_equal(replay_step(p.replay, false, &more), -ENOENT);
    playing_free(&p);
}

static void adds_the_record_when_it_is_wanted(void **state)
{
    struct playing p = playing_new(WITH_STEPS(STEP("15", TWO_WANT("4"))));
    json_auto_t *line = next(&p, true);
    (void)state;

    assert_true(json_is_object(jpath(line, "record")));
    playing_free(&p);
}

static void a_write_that_fails_leaves_no_trace_in_the_result(void **state)
{
    struct playing p = playing_new(WITH_STEPS(
        STEP("15", TWO_WANT("4") ",'PUT " SCALE_OF_WEB "':{'code':500},'PUT /apis/autoscaling/v2/"
                                 "namespaces/default/horizontalpodautoscalers/web/status':{'code':"
                                 "409}")));
    json_auto_t *line = next(&p, false);
    (void)state;

    assert_false(jpath_bool(line, "rescaled", true));
    assert_null(jpath(line, "scaleTo"));
    assert_int_equal(jpath_int(line, "desiredReplicas", -1), 0);
    assert_int_equal(json_array_size(jpath(line, "status.conditions")), 0);
    assert_string_equal(jpath_str(line, "events[0].reason", ""), "FailedRescale");
    assert_string_equal(jpath_str(line, "events[1].reason", ""), "FailedUpdateStatus");
    playing_free(&p);
}

static void a_restart_forgets_and_a_new_object_does_not(void **state)
{
    const char *steps[] = {"'restart':true", "'hpa':{'metadata':{'name':'web'},'spec':{"
                                             "'maxReplicas':9,'scaleTargetRef':{'apiVersion':"
                                             "'apps/v1','kind':'Deployment','name':'web'},"
                                             "'metrics':[{'type':'External','external':{'metric':"
                                             "{'name':'q'},'target':{'type':'AverageValue',"
                                             "'averageValue':'1'}}}]}}"};
    (void)state;

    for (int i = 0; i < 2; i++) {
        char text[4096];
        (void)snprintf(text, sizeof(text),
                       WITH_STEPS(STEP("15", TWO_WANT("4")) ",{'time':'2026-01-01T00:00:30Z',%s,"
                                                            "'responses':{'" Q_OF_DEFAULT
                                                            "':" Q_IS("2") "}}"),
                       steps[i]);
        struct playing p = playing_new(text);
        json_decref(next(&p, false));
        json_auto_t *line = next(&p, false);
        /* It wants 2 and has 2; who remembers that 4 was wanted grows. */
        assert_int_equal(jpath_bool(line, "rescaled", false), i == 1);
        playing_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_a_step_did),
        cmocka_unit_test(adds_the_record_when_it_is_wanted),
        cmocka_unit_test(a_write_that_fails_leaves_no_trace_in_the_result),
        cmocka_unit_test(a_restart_forgets_and_a_new_object_does_not),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
