// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/pod_list.h"

#include <string.h>

/* "uid=name@host ..." of the pods in an object. */
static const char *shown(json_t *(*keep)(const json_t *object), const char *text, const char *port)
{
    static char all[1024];
    struct pod_list list = {0};
    json_error_t where;
    json_t *object = json_loads(text, 0, &where);
    size_t len = 0;

    if (!object)
        fail_msg("%s: %s", text, where.text);
    json_t *kept = keep(object);
    assert_int_equal(pod_list_add(&list, kept, port), 0);
    pod_list_sort(&list);
    all[0] = '\0';
    for (size_t i = 0; i < list.count; i++)
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s=%s@%s", i ? " " : "",
                                list.items[i].uid, list.items[i].name, list.items[i].host);
    json_decref(object);
    json_decref(kept);
    pod_list_done(&list);
    return all;
}

#define SLICE(ports, endpoints) "{\"ports\": [" ports "], \"endpoints\": [" endpoints "]}"
#define ENDPOINT(name, address, more)                                                              \
    "{\"targetRef\": {\"kind\": \"Pod\", \"name\": \"" name "\", \"uid\": \"u-" name               \
    "\"}, \"addresses\": [\"" address "\"]" more "}"
#define HTTP "{\"name\": \"http\", \"port\": 80}"
#define STATS "{\"name\": \"stats\", \"port\": 9090}"

static void of_a_slice_those_that_are_ready_count(void **state)
{
    (void)state;
    assert_string_equal(
        shown(pod_list_keep_slice,
              SLICE(HTTP,
                    ENDPOINT("b", "10.0.0.2", "") "," ENDPOINT(
                        "a", "10.0.0.1",
                        ", \"conditions\": {\"ready\": true}") "," ENDPOINT("c", "10.0.0.3",
                                                                            ", \"conditions\": "
                                                                            "{\"ready\": false}")),
              NULL),
        "u-a=a@10.0.0.1:80 u-b=b@10.0.0.2:80");
    assert_string_equal(shown(pod_list_keep_slice,
                              SLICE(HTTP, "{\"addresses\": [\"10.0.0.9\"]},"
                                          "{\"targetRef\": {\"kind\": \"Node\", \"name\": \"n\"}, "
                                          "\"addresses\": [\"10.0.0.9\"]}"),
                              NULL),
                        "");
}

static void a_port_is_a_number_or_a_name_or_the_only_one(void **state)
{
    static const char two[] = SLICE(HTTP "," STATS, ENDPOINT("a", "10.0.0.1", ""));
    (void)state;

    assert_string_equal(shown(pod_list_keep_slice, two, "stats"), "u-a=a@10.0.0.1:9090");
    assert_string_equal(shown(pod_list_keep_slice, two, "8080"), "u-a=a@10.0.0.1:8080");
    assert_string_equal(shown(pod_list_keep_slice, two, NULL), "u-a=a@");
    assert_string_equal(shown(pod_list_keep_slice, two, "other"), "u-a=a@");
}

static void a_pod_of_two_families_is_there_once(void **state)
{
    (void)state;
    assert_string_equal(
        shown(pod_list_keep_slice,
              SLICE(HTTP, ENDPOINT("a", "fd00::1", "") "," ENDPOINT("a", "10.0.0.1", "")), NULL),
        "u-a=a@10.0.0.1:80");
    assert_string_equal(shown(pod_list_keep_slice, SLICE(HTTP, ENDPOINT("a", "fd00::1", "")), NULL),
                        "u-a=a@[fd00::1]:80");
}

static void what_is_no_address_is_no_pod(void **state)
{
    (void)state;
    assert_string_equal(
        shown(pod_list_keep_slice, SLICE(HTTP, ENDPOINT("a", "evil.example/x@", "")), NULL), "");
    assert_string_equal(shown(pod_list_keep_slice, SLICE(HTTP, ENDPOINT("a", "", "")), NULL), "");
    assert_string_equal(shown(pod_list_keep_slice, "[]", NULL), "");
}

#define POD(metadata, status)                                                                      \
    "{\"metadata\": {\"name\": \"web\", \"uid\": \"u\"" metadata "}, \"spec\": {\"containers\": "  \
    "[{}, {\"ports\": [{\"name\": \"http\", \"containerPort\": 80}]}]}, \"status\": {" status "}}"
#define READY                                                                                      \
    "\"podIP\": \"10.0.0.1\", \"conditions\": [{\"type\": \"Initialized\", \"status\": "           \
    "\"True\"}, {\"type\": \"Ready\", \"status\": \"True\"}]"

static void of_pods_those_that_are_ready_and_stay_count(void **state)
{
    (void)state;
    assert_string_equal(shown(pod_list_keep_pod, POD("", READY), "http"), "u=web@10.0.0.1:80");
    assert_string_equal(shown(pod_list_keep_pod,
                              POD(", \"deletionTimestamp\": \"2026-11-21T10:00:00Z\"", READY),
                              "http"),
                        "");
    assert_string_equal(shown(pod_list_keep_pod, POD("", "\"podIP\": \"10.0.0.1\""), "http"), "");
    assert_string_equal(
        shown(pod_list_keep_pod,
              POD("", "\"conditions\": [{\"type\": \"Ready\", \"status\": \"True\"}]"), "http"),
        "");
    assert_string_equal(shown(pod_list_keep_pod,
                              POD("", "\"podIP\": \"10.0.0.1\", \"conditions\": [{\"type\": "
                                      "\"Ready\", \"status\": \"False\"}]"),
                              "http"),
                        "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_slice_those_that_are_ready_count),
        cmocka_unit_test(a_port_is_a_number_or_a_name_or_the_only_one),
        cmocka_unit_test(a_pod_of_two_families_is_there_once),
        cmocka_unit_test(what_is_no_address_is_no_pod),
        cmocka_unit_test(of_pods_those_that_are_ready_and_stay_count),
    };
    return cmocka_run_group_tests_name("pod_list", tests, NULL, NULL);
}
