// SPDX-License-Identifier: MIT
#include "world.h"

#include "base/err.h"

#include <errno.h>

#define POD(containers, init)                                                                      \
    "{'metadata':{'name':'web-1'},'spec':{'containers':[" containers "],'initContainers':[" init   \
    "]}}"
#define POD_LEVEL(requests, rest)                                                                  \
    "{'metadata':{'name':'web-1'},'spec':{'resources':{'requests':{" requests "}}," rest "}}"
#define ASKS(name, cpu) "{'name':'" name "','resources':{'requests':{'cpu':" cpu "}}}"
#define SIDECAR(name, cpu)                                                                         \
    "{'name':'" name "','restartPolicy':'Always','resources':{'requests':{'cpu':" cpu "}}}"

static int ask_for(const char *resource, const char *container, const char *text, int64_t *ret,
                   struct err *err)
{
    char name[64], of[64];
    struct hpa_metric metric = {.name = name, .container = container ? of : NULL};
    json_t *pod = world_json(text);

    (void)snprintf(name, sizeof(name), "%s", resource);
    (void)snprintf(of, sizeof(of), "%s", container ? container : "");
    int r = hpa_pod_request(pod, &metric, ret, err);
    json_decref(pod);
    return r;
}

static int64_t cpu(const char *text)
{
    int64_t milli = -1;
    struct err err = {0};

    if (ask_for("cpu", NULL, text, &milli, &err) < 0)
        fail_msg("%s", err.text);
    return milli;
}

static void adds_containers_and_sidecars(void **state)
{
    (void)state;

    assert_int_equal(cpu(POD(ASKS("a", "'200m'") "," ASKS("b", "1"), "")), 1200);
    assert_int_equal(cpu(POD(ASKS("a", "'200m'"), "{'name':'once'}," SIDECAR("side", "'50m'"))),
                     250);
}

static void each_container_is_rounded_by_itself(void **state)
{
    (void)state;

    assert_int_equal(cpu(POD(ASKS("a", "'0.0001'") "," ASKS("b", "'0.0001'"), "")), 2);
}

static void names_the_container_without_a_request(void **state)
{
    int64_t milli = 7;
    struct err err;
    (void)state;

    assert_int_equal(
        ask_for("cpu", NULL, POD(ASKS("a", "'200m'") ",{'name':'log'}", ""), &milli, &err),
        -ENOENT);
    assert_string_equal(err.text, "missing request for cpu in container log of Pod web-1");
    assert_int_equal(ask_for("example.com/gpu", NULL, POD(ASKS("a", "'200m'"), ""), &milli, &err),
                     -ENOENT);
    assert_string_equal(err.text,
                        "missing request for example.com/gpu in container a of Pod web-1");
    assert_int_equal(milli, 7);
}

static void takes_the_named_container_alone(void **state)
{
    static const char pod[] =
        POD("{'name':'log'}," ASKS("web", "'200m'"), "{'name':'once'}," SIDECAR("side", "'50m'"));
    int64_t milli = 7;
    struct err err;
    (void)state;

    assert_int_equal(ask_for("cpu", "web", pod, &milli, NULL), 0);
    assert_int_equal(milli, 200);
    assert_int_equal(ask_for("cpu", "side", pod, &milli, NULL), 0);
    assert_int_equal(milli, 50);
    assert_int_equal(ask_for("cpu", "log", pod, &milli, &err), -ENOENT);
    assert_string_equal(err.text, "missing request for cpu in container log of Pod web-1");
    assert_int_equal(ask_for("cpu", "once", pod, &milli, &err), -ENOENT); /* it has ended */
    assert_string_equal(err.text, "container once not found in Pod web-1");
}

static void a_request_of_the_pod_replaces_those_of_its_containers(void **state)
{
    (void)state;

    assert_int_equal(cpu(POD_LEVEL("'cpu':'2'", "'containers':[" ASKS("a", "'200m'") "]")), 2000);
    assert_int_equal(cpu(POD_LEVEL("'cpu':'2'", "'containers':[{'name':'a'}]")), 2000);
}

static void a_named_container_is_asked_whatever_its_pod_requests(void **state)
{
    int64_t milli = 7;
    (void)state;

    assert_int_equal(ask_for("cpu", "a",
                             POD_LEVEL("'cpu':'2'", "'containers':[" ASKS("a", "'200m'") "]"),
                             &milli, NULL),
                     0);
    assert_int_equal(milli, 200);
}

static void requests_of_the_pod_for_another_resource_count_as_the_scheduler_does(void **state)
{
    (void)state;

    /* a missing request counts nothing */
    assert_int_equal(
        cpu(POD_LEVEL("'memory':'1Gi'", "'containers':[" ASKS("a", "'200m'") ",{'name':'b'}]")),
        200);
    /* starting needs more than running: 100m of the sidecar before it, and its own 500m */
    assert_int_equal(
        cpu(POD_LEVEL(
            "'memory':'1Gi'",
            "'containers':[" ASKS("a", "'200m'") "],'initContainers':[" SIDECAR(
                "s", "'100m'") "," ASKS("once", "'500m'") "," SIDECAR("t", "'100m'") "]")),
        600);
    /* only cpu, memory and huge pages can be requested by a pod as a whole */
    assert_int_equal(cpu(POD_LEVEL("'example.com/gpu':'1'", "'containers':[" ASKS("a", "'1'") "]")),
                     1000);
}

static void overhead_counts_with_requests_of_the_pod_only(void **state)
{
    (void)state;

    assert_int_equal(cpu(POD_LEVEL("'cpu':'2'", "'overhead':{'cpu':'250m'},'containers':[]")),
                     2250);
    assert_int_equal(cpu("{'spec':{'overhead':{'cpu':'250m'},'containers':[" ASKS("a", "1") "]}}"),
                     1000);
    assert_int_equal(
        cpu(POD_LEVEL("'memory':'1Gi'", "'overhead':{'cpu':'250m'},'containers':[{'name':'a'}]")),
        250);
}

static void the_sum_of_a_pod_is_rounded_once(void **state)
{
    (void)state;

    assert_int_equal(
        cpu(POD_LEVEL("'memory':'1Gi'",
                      "'containers':[" ASKS("a", "'0.0001'") "," ASKS("b", "'0.0001'") "]")),
        1);
}

static void fails_where_the_whole_pod_does_not_name_the_resource(void **state)
{
    int64_t milli;
    struct err err;
    (void)state;

    assert_int_equal(ask_for("cpu", NULL,
                             POD_LEVEL("'memory':'1Gi'", "'containers':[{'name':'a'}]"), &milli,
                             &err),
                     -ENOENT);
    assert_string_equal(err.text, "missing pod-level request for cpu in Pod web-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_containers_and_sidecars),
        cmocka_unit_test(each_container_is_rounded_by_itself),
        cmocka_unit_test(names_the_container_without_a_request),
        cmocka_unit_test(takes_the_named_container_alone),
        cmocka_unit_test(a_request_of_the_pod_replaces_those_of_its_containers),
        cmocka_unit_test(a_named_container_is_asked_whatever_its_pod_requests),
        cmocka_unit_test(requests_of_the_pod_for_another_resource_count_as_the_scheduler_does),
        cmocka_unit_test(overhead_counts_with_requests_of_the_pod_only),
        cmocka_unit_test(the_sum_of_a_pod_is_rounded_once),
        cmocka_unit_test(fails_where_the_whole_pod_does_not_name_the_resource),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
