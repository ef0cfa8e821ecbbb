// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/auth/attributes.h"
#include "base/scoped.h"

#include <string.h>

#define EXTERNAL "/apis/external.metrics.k8s.io/v1beta1"
#define CUSTOM "/apis/custom.metrics.k8s.io/v1beta2"

/* What Kubernetes' own resolver makes of these paths: verb, namespace, resource, name, subresource;
 * "" for the verb's rest when it is no resource. */
static const struct {
    const char *method, *path, *verb, *namespace, *resource, *name, *subresource;
} cases[] = {
    {"GET", EXTERNAL "/namespaces/ns/depth", "list", "ns", "depth", "", ""},
    {"HEAD", EXTERNAL "/namespaces/ns/depth/", "list", "ns", "depth", "", ""},
    {"POST", EXTERNAL "/namespaces/ns/depth", "create", "ns", "depth", "", ""},
    {"DELETE", EXTERNAL "/namespaces/ns/depth", "deletecollection", "ns", "depth", "", ""},
    {"GET", CUSTOM "/namespaces/ns/pods/*/rps", "get", "ns", "pods", "*", "rps"},
    {"GET", CUSTOM "/namespaces/ns/deployments.apps/web/rps", "get", "ns", "deployments.apps",
     "web", "rps"},
    {"GET", CUSTOM "/nodes/n/rps", "get", "", "nodes", "n", "rps"},
    {"GET", CUSTOM "/namespaces/ns/metrics/rps", "get", "ns", "metrics", "rps", ""},
    {"GET", "/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods", "list", "ns", "pods", "", ""},
    {"GET", "/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods/p", "get", "ns", "pods", "p", ""},
    {"GET", "/apis/metrics.k8s.io/v1beta1/nodes", "list", "", "nodes", "", ""},
    {"GET", CUSTOM "/namespaces/ns", "get", "ns", "namespaces", "ns", ""},
    {"GET", CUSTOM "/namespaces", "list", "", "namespaces", "", ""},
    {"GET", CUSTOM "/namespaces/ns/status", "get", "ns", "namespaces", "ns", "status"},
    {"GET", EXTERNAL, "get", NULL, "", "", ""},
    {"GET", EXTERNAL "/", "get", NULL, "", "", ""},
    {"GET", "/apis", "get", NULL, "", "", ""},
    {"HEAD", "/metrics", "head", NULL, "", "", ""},
    {"PATCH", "/", "patch", NULL, "", "", ""},
};

static void are_what_kubernetes_makes_of_the_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct http_request r = {.method = cases[i].method, .path = cases[i].path};
        struct attributes a;

        attributes_of(&r, &a);
        assert_int_equal(a.is_resource, cases[i].namespace != NULL);
        assert_string_equal(a.verb, cases[i].verb);
        assert_string_equal(a.namespace, cases[i].namespace ? cases[i].namespace : "");
        assert_string_equal(a.resource, cases[i].resource);
        assert_string_equal(a.name, cases[i].name);
        assert_string_equal(a.subresource, cases[i].subresource);
    }
}

static void a_watch_is_not_a_list(void **state)
{
    const struct http_pair yes = {"watch", "true"}, no = {"watch", "0"};
    struct http_request r = {
        .method = "GET", .path = EXTERNAL "/namespaces/ns/depth", .query = &yes, .query_count = 1};
    struct attributes a;
    (void)state;

    attributes_of(&r, &a);
    assert_string_equal(a.verb, "watch");
    r.query = &no;
    attributes_of(&r, &a);
    assert_string_equal(a.verb, "list");
}

static void become_json(void **state)
{
    const struct http_request resource = {.method = "GET",
                                          .path = CUSTOM "/namespaces/ns/pods/*/rps"};
    const struct http_request path = {.method = "GET", .path = "/metrics"};
    struct attributes a;
    (void)state;

    attributes_of(&resource, &a);
    json_auto_t *json = attributes_to_json(&a);
    scoped(free_at) char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"resourceAttributes\":{\"group\":\"custom.metrics.k8s.io\","
                              "\"name\":\"*\",\"namespace\":\"ns\",\"resource\":\"pods\","
                              "\"subresource\":\"rps\",\"verb\":\"get\",\"version\":\"v1beta2\"}}");
    attributes_of(&path, &a);
    json_auto_t *plain = attributes_to_json(&a);
    scoped(free_at) char *plain_text = json_dumps(plain, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(plain_text,
                        "{\"nonResourceAttributes\":{\"path\":\"/metrics\",\"verb\":\"get\"}}");
}

static void a_refusal_says_what_to_allow_whom(void **state)
{
    const struct http_request resource = {.method = "GET", .path = EXTERNAL "/namespaces/ns/depth"};
    const struct http_request path = {.method = "GET", .path = "/metrics"};
    struct attributes a;
    char text[900];
    (void)state;

    attributes_of(&resource, &a);
    assert_string_equal(attributes_forbidden(&a, "bob", text, sizeof(text)),
                        "depth.external.metrics.k8s.io is forbidden: User \"bob\" cannot list "
                        "resource \"depth\" in API group \"external.metrics.k8s.io\" in the "
                        "namespace \"ns\"");
    attributes_of(&path, &a);
    assert_string_equal(attributes_forbidden(&a, "bob", text, sizeof(text)),
                        "forbidden: User \"bob\" cannot get path \"/metrics\"");
}

static void what_is_too_long_for_a_name_is_no_resource(void **state)
{
    char path[ATTRIBUTE_MAX_BYTES + 100];
    struct http_request r = {.method = "GET", .path = path};
    struct attributes a;
    (void)state;

    (void)snprintf(path, sizeof(path), "%s/namespaces/ns/%0*d", EXTERNAL, ATTRIBUTE_MAX_BYTES, 0);
    attributes_of(&r, &a);
    assert_false(a.is_resource);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_what_kubernetes_makes_of_the_path),
        cmocka_unit_test(a_watch_is_not_a_list),
        cmocka_unit_test(become_json),
        cmocka_unit_test(a_refusal_says_what_to_allow_whom),
        cmocka_unit_test(what_is_too_long_for_a_name_is_no_resource),
    };
    return cmocka_run_group_tests_name("attributes", tests, NULL, NULL);
}
