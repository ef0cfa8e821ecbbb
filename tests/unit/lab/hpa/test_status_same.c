// SPDX-License-Identifier: MIT
#include "world.h"

static bool same(const char *a, const char *b)
{
    json_t *x = a ? world_json(a) : NULL, *y = b ? world_json(b) : NULL;
    const bool one_way = hpa_status_same(x, y), other_way = hpa_status_same(y, x);

    assert_int_equal(one_way, other_way);
    json_decref(x);
    json_decref(y);
    return one_way;
}

static void absent_is_as_good_as_empty(void **state)
{
    (void)state;

    assert_true(same(NULL, "{}"));
    assert_true(same("{'currentReplicas':0,'conditions':[],'lastScaleTime':null}", "{}"));
    assert_true(
        same("{'conditions':[{'type':'A','message':''}]}", "{'conditions':[{'type':'A'}]}"));
    assert_false(same("{'observedGeneration':0}", "{}"));
}

static void quantities_and_times_are_compared_by_value(void **state)
{
    (void)state;

    assert_true(same("{'currentMetrics':[{'current':{'averageValue':'1500m'}}]}",
                     "{'currentMetrics':[{'current':{'averageValue':1.5}}]}"));
    assert_false(same("{'currentMetrics':[{'current':{'averageValue':'1500m'}}]}",
                      "{'currentMetrics':[{'current':{'averageValue':'1501m'}}]}"));
    assert_false(same("{'currentMetrics':[{'current':{'value':'0'}}]}",
                      "{'currentMetrics':[{'current':{}}]}"));
    assert_true(same("{'lastScaleTime':'2026-01-01T01:00:00+01:00'}",
                     "{'lastScaleTime':'2026-01-01T00:00:00Z'}"));
    assert_false(same("{'lastScaleTime':'2026-01-01T00:00:00Z'}", "{}"));
}

static void what_differs_differs(void **state)
{
    (void)state;

    assert_false(same("{'currentReplicas':1}", "{'currentReplicas':2}"));
    assert_false(same("{'conditions':[{'type':'A'}]}", "{}"));
    assert_false(same("{'conditions':[{'type':'A'},{'type':'B'}]}",
                      "{'conditions':[{'type':'B'},{'type':'A'}]}"));
    assert_false(same("{'currentMetrics':[{'type':''}]}", "{}"));
    assert_false(same("{'currentMetrics':[{'external':{'metric':{'selector':{}}}}]}",
                      "{'currentMetrics':[{'external':{'metric':{}}}]}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_is_as_good_as_empty),
        cmocka_unit_test(quantities_and_times_are_compared_by_value),
        cmocka_unit_test(what_differs_differs),
    };
    return cmocka_run_group_tests_name("status_same", tests, NULL, NULL);
}
