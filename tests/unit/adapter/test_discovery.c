// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/api/discovery.h"
#include "base/scoped.h"

#include <jansson.h>
#include <string.h>

#define AGGREGATED(v) "application/json;g=apidiscovery.k8s.io;v=" v ";as=APIGroupDiscoveryList"
#define EXTERNAL "/apis/external.metrics.k8s.io/v1beta1"
#define CUSTOM "/apis/custom.metrics.k8s.io/"

static const struct resource pods = {"", "v1", "pods", "pod", "Pod", true};
static const struct resource namespaces = {"", "v1", "namespaces", "namespace", "Namespace", false};
static const struct resource deployments = {"apps",       "v1",         "deployments",
                                            "deployment", "Deployment", true};

static struct metric_conflicts conflicts[PASS_GROUPS];

static struct discovery *make(bool has_resource_metrics)
{
    static const char *const externals[] = {"depth", "lag"};
    static const struct discovery_object_metric objects[] = {
        {"rps", &pods}, {"rps", &namespaces}, {"rps", &deployments}, {"errors", &pods}};
    struct discovery *d = discovery_new();

    assert_int_equal(
        discovery_set(d, &(struct discovery_input){externals, 2, objects, 4, has_resource_metrics},
                      conflicts),
        0);
    return d;
}

static struct http_reply get(struct discovery *d, const char *path, const char *header,
                             const char *value)
{
    const struct http_routes routes = {discovery_routes, discovery_route_count, d};
    const struct http_pair headers = {header, value};
    struct http_request request = {
        .method = "GET", .path = path, .headers = &headers, .header_count = header != NULL};

    return http_routes_serve(&routes, 1, &request);
}

/* New. */
static json_t *body(struct discovery *d, const char *path, const char *accept)
{
    struct http_reply reply = get(d, path, accept ? "Accept" : NULL, accept);

    assert_int_equal(reply.status, 200);
    json_t *doc = json_loadb(reply.body, reply.body_len, 0, NULL);
    assert_non_null(doc);
    http_reply_done(&reply);
    return doc;
}

static void same(json_t *got, const char *expected)
{
    json_t *want = json_loads(expected, 0, NULL);

    assert_non_null(want);
    if (!json_equal(got, want))
        fail_msg("got %s, expected %s", json_dumps(got, JSON_COMPACT), expected);
    json_decref(want);
    json_decref(got);
}

#define ENTRY(name, namespaced, kind)                                                              \
    "{\"name\":\"" name "\",\"singularName\":\"\",\"namespaced\":" namespaced ",\"kind\":\"" kind  \
    "\",\"verbs\":[\"get\"]}"

static void lists_metrics_with_the_objects_that_they_are_about(void **state)
{
    struct discovery *d = make(false);
    (void)state;

    same(body(d, EXTERNAL, NULL),
         "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\","
         "\"groupVersion\":\"external.metrics.k8s.io/v1beta1\",\"resources\":[" ENTRY(
             "depth", "true", "ExternalMetricValueList") "," ENTRY("lag", "true",
                                                                   "ExternalMetricValueList") "]}");
    same(
        body(d, CUSTOM "v1beta2/", NULL),
        "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\","
        "\"groupVersion\":\"custom.metrics.k8s.io/v1beta2\",\"resources\":[" ENTRY("pods/rps", "true", "MetricValueList") "," ENTRY(
            "namespaces/rps", "false",
            "MetricValueList") "," ENTRY("deployments.apps/rps", "true",
                                         "MetricValueList") "," ENTRY("pods/errors", "true",
                                                                      "MetricValueList") "]}");
    json_t *first = body(d, CUSTOM "v1beta1", NULL);
    assert_string_equal(json_string_value(json_object_get(first, "groupVersion")),
                        "custom.metrics.k8s.io/v1beta1");
    json_decref(first);
    discovery_free(d);
}

static void names_groups_with_their_preferred_version(void **state)
{
    struct discovery *d = make(false);
    (void)state;

    same(body(d, CUSTOM, NULL),
         "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",\"name\":\"custom.metrics.k8s.io\","
         "\"versions\":[{\"groupVersion\":\"custom.metrics.k8s.io/v1beta2\","
         "\"version\":\"v1beta2\"},{\"groupVersion\":\"custom.metrics.k8s.io/v1beta1\","
         "\"version\":\"v1beta1\"}],\"preferredVersion\":{\"groupVersion\":"
         "\"custom.metrics.k8s.io/v1beta2\",\"version\":\"v1beta2\"}}");
    json_t *groups = body(d, "/apis", "application/json");
    assert_string_equal(json_string_value(json_object_get(groups, "kind")), "APIGroupList");
    assert_int_equal(json_array_size(json_object_get(groups, "groups")), 2);
    json_decref(groups);
    discovery_free(d);
}

static void aggregates_all_of_it_when_asked(void **state)
{
    struct discovery *d = make(false);
    json_t *v2 = body(d, "/apis", AGGREGATED("v2"));
    json_t *custom = json_array_get(json_object_get(v2, "items"), 1);
    json_t *version = json_array_get(json_object_get(custom, "versions"), 0);
    (void)state;

    assert_string_equal(json_string_value(json_object_get(v2, "apiVersion")),
                        "apidiscovery.k8s.io/v2");
#define KIND                                                                                       \
    "{\"group\":\"custom.metrics.k8s.io\",\"version\":\"v1beta2\",\"kind\":\"MetricValueList\"}"
#define SUB(name) "{\"subresource\":\"" name "\",\"responseKind\":" KIND ",\"verbs\":[\"get\"]}"
#define PARENT(name, scope, subs)                                                                  \
    "{\"resource\":\"" name "\",\"scope\":\"" scope "\",\"singularResource\":\"\","                \
    "\"responseKind\":" KIND ",\"verbs\":[],\"subresources\":[" subs "]}"
    same(json_incref(version),
         "{\"version\":\"v1beta2\",\"freshness\":\"Current\",\"resources\":[" PARENT(
             "pods", "Namespaced",
             SUB("rps") "," SUB("errors")) "," PARENT("namespaces", "Cluster",
                                                      SUB("rps")) "," PARENT("deployments.apps",
                                                                             "Namespaced",
                                                                             SUB("rps")) "]}");
    json_decref(v2);
    discovery_free(d);
}

static void aggregates_for_older_api_servers_under_another_name(void **state)
{
    struct discovery *d = make(false);
    json_t *v2 = body(d, "/apis", AGGREGATED("v2"));
    json_t *beta = body(d, "/apis", AGGREGATED("v2beta1") ",application/json;q=0.9");
    struct http_reply reply = get(d, "/apis", "Accept", AGGREGATED("v2"));
    char etag[40];
    (void)state;

    assert_string_equal(json_string_value(json_object_get(beta, "apiVersion")),
                        "apidiscovery.k8s.io/v2beta1");
    assert_true(json_equal(json_object_get(v2, "items"), json_object_get(beta, "items")));
    json_decref(beta);
    json_decref(v2);
    (void)snprintf(etag, sizeof(etag), "%s", reply.headers[0].value);
    http_reply_done(&reply);
    reply = get(d, "/apis", "Accept", AGGREGATED("v2beta1"));
    assert_string_equal(reply.content_type, AGGREGATED("v2beta1"));
    assert_string_not_equal(reply.headers[0].value, etag);
    assert_int_equal(strlen(reply.headers[0].value), strlen(etag) + 2);
    http_reply_done(&reply);
    discovery_free(d);
}

static void answers_with_the_type_that_was_asked_for(void **state)
{
    struct discovery *d = make(false);
    struct http_reply reply = get(d, "/apis", "Accept", AGGREGATED("v2"));
    (void)state;

    assert_string_equal(reply.content_type, AGGREGATED("v2"));
    assert_string_equal(reply.headers[1].name, "Vary");
    http_reply_done(&reply);
    reply = get(d, EXTERNAL, "Accept", "application/vnd.kubernetes.protobuf");
    assert_int_equal(reply.status, 406);
    http_reply_done(&reply);
    discovery_free(d);
}

static void knows_what_the_client_has(void **state)
{
    struct discovery *d = make(false), *other = make(true);
    struct http_reply first = get(d, "/apis", NULL, NULL);
    char etag[40];
    (void)state;

    assert_string_equal(first.headers[0].name, "ETag");
    (void)snprintf(etag, sizeof(etag), "%s", first.headers[0].value);
    struct http_reply again = get(d, "/apis", "If-None-Match", etag);
    assert_int_equal(again.status, 304);
    assert_int_equal(again.body_len, 0);
    struct http_reply changed = get(other, "/apis", "If-None-Match", etag);
    assert_int_equal(changed.status, 200);
    http_reply_done(&first);
    http_reply_done(&again);
    http_reply_done(&changed);
    discovery_free(d);
    discovery_free(other);
}

static void is_never_an_empty_list(void **state)
{
    struct discovery *d = discovery_new();
    struct http_reply none = get(d, EXTERNAL, NULL, NULL);
    (void)state;

    assert_int_equal(none.status, 503); /* nothing was made yet */
    http_reply_done(&none);
    assert_int_equal(discovery_set(d, &(struct discovery_input){0}, conflicts), 0);
    json_t *external = body(d, EXTERNAL, NULL), *custom = body(d, CUSTOM "v1beta1", NULL);
    assert_int_equal(json_array_size(json_object_get(external, "resources")), 1);
    assert_int_equal(json_array_size(json_object_get(custom, "resources")), 1);
    json_decref(external);
    json_decref(custom);
    discovery_free(d);
}

static void has_resource_metrics_only_where_there_are_some(void **state)
{
    struct discovery *without = make(false), *with = make(true);
    struct http_reply missing = get(without, "/apis/metrics.k8s.io/v1beta1", NULL, NULL);
    (void)state;

    assert_int_equal(missing.status, 404);
    http_reply_done(&missing);
    json_t *list = body(with, "/apis/metrics.k8s.io/v1beta1", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "resources")), 2);
    json_decref(list);
    discovery_free(without);
    discovery_free(with);
}

/* The names in a plain list, with spaces between; a "*" marks what has no namespaces. */
static char *names(struct discovery *d, const char *path, const char *header, const char *value,
                   char text[500])
{
    struct http_reply reply = get(d, path, header, value);
    json_auto_t *doc = json_loadb(reply.body, reply.body_len, 0, NULL);
    size_t i, len = 0;
    json_t *entry;

    text[0] = '\0';
    json_array_foreach (json_object_get(doc, "resources"), i, entry)
        len += (size_t)snprintf(text + len, 500 - len, "%s%s%s", i ? " " : "",
                                json_string_value(json_object_get(entry, "name")),
                                json_is_true(json_object_get(entry, "namespaced")) ? "" : "*");
    http_reply_done(&reply);
    return text;
}

static const struct other_metric other_externals[] = {
    {"age", true}, {"lag", true}, {"age", true}, {"depth", true}};
static const struct other_metric other_customs[] = {
    {"pods/rps", true},     {"pods/wrong_scope", false},
    {"services/rps", true}, {"services/wrong_scope", false},
    {"nodes/load", false},  {"namespaces/jobs", false}};

static struct discovery *make_with_others(void)
{
    static const char *const externals[] = {"depth", "lag"};
    static const struct discovery_object_metric objects[] = {{"rps", &pods}, {"rps", &namespaces}};
    static const struct other_metrics others[] = {{4, 0, other_externals}, {6, 0, other_customs}};
    const struct discovery_input input = {externals, 2,     objects,
                                          2,         false, {&others[0], &others[1]}};
    struct discovery *d = discovery_new();

    assert_int_equal(discovery_set(d, &input, conflicts), 0);
    return d;
}

static void lists_another_adapters_metrics_behind_ours(void **state)
{
    struct discovery *d = make_with_others();
    char text[500];
    (void)state;

    assert_string_equal(names(d, EXTERNAL, NULL, NULL, text), "depth lag age");
    assert_int_equal(conflicts[PASS_EXTERNAL].count, 2);
    assert_string_equal(conflicts[PASS_EXTERNAL].names, "lag, depth");
    assert_string_equal(names(d, CUSTOM "v1beta1", NULL, NULL, text),
                        "pods/rps namespaces/rps* services/rps nodes/load* namespaces/jobs*");
    assert_int_equal(conflicts[PASS_CUSTOM].count, 1);
    assert_string_equal(conflicts[PASS_CUSTOM].names, "pods/rps");
    discovery_free(d);
}

static void another_adapter_is_shown_our_own_only(void **state)
{
    struct discovery *d = make_with_others();
    char text[500];
    (void)state;

    assert_string_equal(names(d, EXTERNAL, "Via", "1.1 swell-adapter", text), "depth lag");
    assert_string_equal(names(d, CUSTOM "v1beta2", "Via", "1.1 swell-adapter", text),
                        "pods/rps namespaces/rps*");
    assert_string_equal(names(d, EXTERNAL, "Via", "1.1 squid", text), "depth lag age");
    discovery_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_metrics_with_the_objects_that_they_are_about),
        cmocka_unit_test(names_groups_with_their_preferred_version),
        cmocka_unit_test(aggregates_all_of_it_when_asked),
        cmocka_unit_test(aggregates_for_older_api_servers_under_another_name),
        cmocka_unit_test(answers_with_the_type_that_was_asked_for),
        cmocka_unit_test(knows_what_the_client_has),
        cmocka_unit_test(is_never_an_empty_list),
        cmocka_unit_test(has_resource_metrics_only_where_there_are_some),
        cmocka_unit_test(lists_another_adapters_metrics_behind_ours),
        cmocka_unit_test(another_adapter_is_shown_our_own_only),
    };
    return cmocka_run_group_tests_name("discovery", tests, NULL, NULL);
}
