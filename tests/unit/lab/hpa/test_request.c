// SPDX-License-Identifier: MIT
#include "world.h"

#include <errno.h>

#define POD(containers, init)                                                                      \
    "{'metadata':{'name':'web-1'},'spec':{'containers':[" containers "],'initContainers':[" init   \
    "]}}"
#define ASKS(name, cpu) "{'name':'" name "','resources':{'requests':{'cpu':" cpu "}}}"

static int ask(const char *text, int64_t *ret, struct err *err)
{
    char name[] = "cpu";
    json_t *pod = world_json(text);
    int r = hpa_pod_request(pod, &(struct hpa_metric){.name = name}, ret, err);

    json_decref(pod);
    return r;
}

static void adds_containers_and_sidecars(void **state)
{
    int64_t milli = 0;
    (void)state;

    assert_int_equal(ask(POD(ASKS("a", "'200m'") "," ASKS("b", "1"), ""), &milli, NULL), 0);
    assert_int_equal(milli, 1200);
    assert_int_equal(ask(POD(ASKS("a", "'200m'"),
                             "{'name':'once'},{'name':'side','restartPolicy':'Always','resources':"
                             "{'requests':{'cpu':'50m'}}}"),
                         &milli, NULL),
                     0);
    assert_int_equal(milli, 250);
}

static void names_the_container_without_a_request(void **state)
{
    int64_t milli = 7;
    struct err err;
    (void)state;

    assert_int_equal(ask(POD(ASKS("a", "'200m'") ",{'name':'log'}", ""), &milli, &err), -ENOENT);
    assert_string_equal(err.text, "missing request for cpu in container log of Pod web-1");
    assert_int_equal(milli, 7);
    assert_int_equal(ask(POD(ASKS("a", "'much'"), ""), &milli, &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_containers_and_sidecars),
        cmocka_unit_test(names_the_container_without_a_request),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
