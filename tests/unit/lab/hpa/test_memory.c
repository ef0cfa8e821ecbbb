// SPDX-License-Identifier: MIT
#include "world.h"

#include "kube/jpath.h"

#include "kube/fail_alloc.h"

#include <errno.h>

#define FULL                                                                                       \
    "'maxReplicas':10,'metrics':[" CPU(                                                            \
        "50") ",{'type':'External','external':{'metric':{'name':"                                  \
              "'q','selector':{'matchLabels':{'b':'1','a':'2'},'matchExpressions':[{'key':'t','"   \
              "operator':"                                                                         \
              "'In','values':['x']}]}},'target':{'type':'Value','value':5}}}],'behavior':{'"       \
              "scaleUp':{"                                                                         \
              "'policies':[{'type':'Pods','value':4,'periodSeconds':60}]}}"

static void parsing_releases_all_whichever_allocation_fails(void **state)
{
    json_t *object = world_object(FULL);
    bool failed = true;
    (void)state;

    for (long n = 0; failed; n++) {
        struct hpa_spec_error bad;
        struct hpa_spec *spec = NULL;
        fail_alloc_at(n);
        int r = hpa_spec_parse(object, &spec, &bad);
        failed = fail_alloc_stop();
        assert_int_equal(r, failed ? -ENOMEM : 0);
        hpa_spec_free(spec);
    }
    json_decref(object);
}

static void a_run_that_fails_changes_no_history(void **state)
{
    bool failed = true;
    (void)state;

    for (long n = 0; failed; n++) {
        struct world w;
        world_begin(&w, FULL);
        world_pods(&w, 4);
        world_usage(&w, 0, 75);
        world_value(&w, 1, 1000);
        w.answers[1].error = "stale";
        fail_alloc_at(n);
        int r = hpa_evaluate(w.hpa, w.spec, &w.in, &w.d);
        failed = fail_alloc_stop();
        if (r == 0) { /* at most a text is lost */
            hpa_commit(w.hpa, w.spec, &w.d, NULL, w.in.now_ns);
            assert_int_equal(w.d.desired, 6);
        } else {
            assert_int_equal(r, -ENOMEM);
            w.in.spec_replicas = 5; /* were 4 remembered, it would be in the record */
            assert_int_equal(hpa_evaluate(w.hpa, w.spec, &w.in, &w.d), 0);
            json_t *record = hpa_record(w.hpa, w.spec, &w.in, &w.d, NULL);
            json_t *first = json_array_get(jpath(record, "stabilisation.down.recommendations"), 0);
            assert_int_equal(json_integer_value(json_object_get(first, "value")), 5);
            json_decref(record);
        }
        world_end(&w);
    }
}

static void json_is_whole_or_null(void **state)
{
    struct world w;
    bool failed = true;
    (void)state;

    world_begin(&w, FULL);
    world_pods(&w, 4);
    world_usage(&w, 0, 75);
    world_value(&w, 1, 1000);
    w.pods[3].deleted = true;
    (void)world_step(&w);
    json_t *whole = hpa_record(w.hpa, w.spec, &w.in, &w.d, NULL);
    json_t *status = hpa_status(w.spec, &w.d, NULL, T0);
    for (long n = 0; failed; n++) {
        fail_alloc_at(n);
        json_t *r = hpa_record(w.hpa, w.spec, &w.in, &w.d, NULL);
        json_t *s = hpa_status(w.spec, &w.d, status, T0);
        failed = fail_alloc_stop();
        assert_true(r ? json_equal(r, whole) : failed);
        assert_true(s ? json_equal(s, status) : failed);
        json_decref(r);
        json_decref(s);
    }
    json_decref(whole);
    json_decref(status);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing_releases_all_whichever_allocation_fails),
        cmocka_unit_test(a_run_that_fails_changes_no_history),
        cmocka_unit_test(json_is_whole_or_null),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
