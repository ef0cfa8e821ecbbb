// SPDX-License-Identifier: MIT
#include "kube_stub.h"
#include "shifted_clock.h"

#include "adapter/resources.h"

static struct resources *resources;
static struct catalogue *catalogue;
static const char *groups; /* the answer to /apis; NULL: it fails. Guarded by stub.lock */

#define LIST(items) "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[" items "]}"
#define GROUP_OF(name, newer, older)                                                               \
    "{\"metadata\":{\"name\":\"" name                                                              \
    "\"},\"versions\":[{\"version\":\"v2\",\"resources\":[" newer                                  \
    "]},{\"version\":\"v1\",\"resources\":[" older "]}]}"
#define GROUP(name, resources) GROUP_OF(name, resources, "")
#define RESOURCE(plural, singular, kind, scope)                                                    \
    "{\"resource\":\"" plural "\",\"singularResource\":\"" singular "\",\"scope\":\"" scope        \
    "\",\"responseKind\":{\"kind\":\"" kind "\"}}"
#define OXEN RESOURCE("oxen", "ox", "Ox", "Cluster")
#define FARMS RESOURCE("farms", "", "Farm", "Namespaced")

static json_t *answer(const char *method, const char *path, const json_t *body, int *status)
{
    const char *text = strcmp(path, "/api") == 0 ? LIST(GROUP("", "")) : groups;
    (void)method;
    (void)body;

    if (!text)
        *status = 404;
    return text ? json_loads(text, 0, NULL) : NULL;
}

static int start(void **state)
{
    (void)state;
    stub_start(answer);
    resources = resources_new(stub.kube);
    assert_non_null(resources);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    stub_stop();
    resources_free(resources);
    catalogue_free(catalogue);
    catalogue = NULL;
    return 0;
}

static void run(void)
{
    (void)resources_run(resources);
}

static size_t wanted;

/* While an answer is on its way there is nothing to do for two minutes; then it is less. */
static bool is_answered(void)
{
    return stub_asked("GET /apis") >= wanted && resources_run(resources) < 120 * NS_PER_S;
}

/* Has it ask once more, and takes what is known then. */
static void ask_with(const char *what)
{
    pthread_mutex_lock(&stub.lock);
    groups = what;
    pthread_mutex_unlock(&stub.lock);
    wanted = stub_asked("GET /apis") + 1;
    clock_go_on(200 * NS_PER_S);
    stub_until("the answer", is_answered, run);
    catalogue_free(catalogue);
    catalogue = resources_copy(resources);
}

static void custom_resources_have_the_names_and_the_scope_that_the_cluster_says(void **state)
{
    (void)state;
    ask_with(LIST(GROUP("farm.io", OXEN "," FARMS)));
    const struct resource *ox = catalogue_find(catalogue, "farm.io", "oxen");
    assert_non_null(ox);
    assert_ptr_equal(catalogue_find(catalogue, "", "ox"), ox);
    assert_string_equal(ox->version, "v2");
    assert_string_equal(ox->kind, "Ox");
    assert_false(ox->namespaced);
    const struct resource *farm = catalogue_find(catalogue, "farm.io", "farm");
    assert_string_equal(farm->plural, "farms");
    assert_true(farm->namespaced);
    assert_non_null(catalogue_find(catalogue, "apps", "deployments"));
}

static void what_is_built_in_is_corrected(void **state)
{
    (void)state;
    ask_with(LIST(GROUP("apps", RESOURCE("deployments", "deployment", "Deployment", "Cluster"))));
    assert_false(catalogue_find(catalogue, "apps", "deployments")->namespaced);
    assert_string_equal(catalogue_find(catalogue, "apps", "deployments")->version, "v2");
}

static void the_preferred_version_counts_where_a_resource_has_several(void **state)
{
    (void)state;
    ask_with(LIST(GROUP_OF("farm.io", OXEN, OXEN "," FARMS)));
    assert_string_equal(catalogue_find(catalogue, "farm.io", "oxen")->version, "v2");
    assert_string_equal(catalogue_find(catalogue, "farm.io", "farms")->version, "v1");
}

static void metrics_are_no_objects(void **state)
{
    (void)state;
    ask_with(LIST(
        GROUP("external.metrics.k8s.io",
              RESOURCE("queue_depth", "", "ExternalMetricValueList",
                       "Namespaced")) "," GROUP("metrics.k8s.io",
                                                RESOURCE("x", "", "PodMetrics", "Namespaced"))));
    assert_null(catalogue_find(catalogue, "", "queue_depth"));
    assert_null(catalogue_find(catalogue, "", "x"));
}

static void the_same_again_is_nothing_new(void **state)
{
    (void)state;
    ask_with(LIST(GROUP("farm.io", OXEN)));
    uint64_t generation = resources_generation(resources);
    ask_with(LIST(GROUP("farm.io", OXEN)));
    assert_int_equal(resources_generation(resources), generation);
    ask_with(LIST(GROUP("farm.io", OXEN "," FARMS)));
    assert_int_not_equal(resources_generation(resources), generation);
}

static void what_was_learnt_stays_when_a_server_is_away(void **state)
{
    (void)state;
    ask_with(LIST(GROUP("farm.io", OXEN)));
    ask_with(LIST(GROUP("farm.io", "")));
    assert_false(catalogue_find(catalogue, "farm.io", "oxen")->namespaced);
    ask_with(NULL);
    assert_false(catalogue_find(catalogue, "farm.io", "oxen")->namespaced);
    ask_with(LIST(GROUP("farm.io", FARMS))); /* and it goes on asking */
    assert_non_null(catalogue_find(catalogue, "farm.io", "farms"));
}

static void without_a_usable_answer_there_is_what_every_cluster_has(void **state)
{
    static const char *const texts[] = {
        "{\"kind\":\"APIGroupList\",\"groups\":[]}",
        "[]",
        LIST("1,null,{},{\"metadata\":{\"name\":\"x\"},\"versions\":[1]}"),
        LIST(GROUP("x", "1,{},{\"resource\":\"a\"},{\"resource\":1,\"responseKind\":[]}")),
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ask_with(texts[i]);
        assert_non_null(catalogue_find(catalogue, "", "pods"));
        assert_null(catalogue_find(catalogue, "x", "a"));
    }
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(custom_resources_have_the_names_and_the_scope_that_the_cluster_says),
        each(what_is_built_in_is_corrected),
        each(the_preferred_version_counts_where_a_resource_has_several),
        each(metrics_are_no_objects),
        each(the_same_again_is_nothing_new),
        each(what_was_learnt_stays_when_a_server_is_away),
        each(without_a_usable_answer_there_is_what_every_cluster_has),
    };
    return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
