// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "lab/labclock.h"
#include "lab/scrape/scrape.h"
#include "lab/scrape/targets.h"
#include "lab/store.h"
#include "metrics/registry.h"

#include <string.h>

static struct labclock labclock;
static struct store *store;
static struct metrics *metrics;
static struct scrape scrape;

static int open_all(void **state)
{
    (void)state;
    labclock = labclock_start(1);
    store = store_new(&labclock);
    metrics = metrics_new();
    scrape_init(&scrape, metrics, store);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    metrics_free(metrics);
    store_free(store);
    return 0;
}

static void put(enum kind_id kind, const char *text)
{
    json_auto_t *object = json_loads(text, 0, NULL);

    assert_non_null(object);
    assert_int_equal(store_put(store, kind, object), 0);
}

static bool has(const char *line)
{
    scoped(buf_done) struct buf out = {.max = MIB};

    assert_int_equal(metrics_write(metrics, METRICS_TEXT, &out), 0);
    return out.data && strstr(out.data, line);
}

static void assert_has(const char *line)
{
    if (!has(line))
        fail_msg("there is no %s", line);
}

#define HPA "namespace=\"default\",horizontalpodautoscaler=\"web\""

static void an_autoscaler_shows_its_bounds_targets_and_conditions(void **state)
{
    (void)state;
    put(KIND_HPA,
        "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\","
        "\"kind\":\"Deployment\",\"name\":\"shop\"},\"maxReplicas\":9,\"metrics\":[{\"type\":"
        "\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"averageUtilization\":50}}},"
        "{\"type\":\"External\",\"external\":{\"metric\":{\"name\":\"depth\"},\"target\":{"
        "\"averageValue\":\"2500m\"}}}]},\"status\":{\"currentReplicas\":3,\"desiredReplicas\":4,"
        "\"currentMetrics\":[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"current\":{"
        "\"averageUtilization\":61,\"averageValue\":\"122m\"}}}],\"conditions\":[{\"type\":"
        "\"ScalingLimited\",\"status\":\"False\"}]}}");
    assert_has("kube_horizontalpodautoscaler_info{" HPA ",scaletargetref_api_version=\"apps/v1\","
               "scaletargetref_kind=\"Deployment\",scaletargetref_name=\"shop\"} 1\n");
    assert_has("_spec_min_replicas{" HPA "} 1\n");
    assert_has("_spec_max_replicas{" HPA "} 9\n");
    assert_has("_status_current_replicas{" HPA "} 3\n");
    assert_has("_status_desired_replicas{" HPA "} 4\n");
    assert_has("_spec_target_metric{" HPA
               ",metric_name=\"cpu\",metric_target_type=\"utilization\"} 50\n");
    assert_has("_spec_target_metric{" HPA
               ",metric_name=\"depth\",metric_target_type=\"average\"} 2.5\n");
    assert_has("_status_target_metric{" HPA
               ",metric_name=\"cpu\",metric_target_type=\"average\"} 0.122\n");
    assert_has("_status_condition{" HPA ",condition=\"ScalingLimited\",status=\"false\"} 1\n");
    assert_has("_status_condition{" HPA ",condition=\"ScalingLimited\",status=\"true\"} 0\n");
}

#define POD "namespace=\"default\",pod=\"web-1\""

static void a_pod_shows_its_phase_and_resources_and_is_gone_when_it_is(void **state)
{
    (void)state;
    put(KIND_POD, "{\"metadata\":{\"name\":\"web-1\"},\"spec\":{\"containers\":[{\"name\":\"c\","
                  "\"resources\":{\"requests\":{\"cpu\":\"200m\",\"memory\":\"1Mi\"}}}]},"
                  "\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"restartCount\":2}],"
                  "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
    assert_has("kube_pod_status_phase{" POD ",phase=\"Running\"} 1\n");
    assert_has("kube_pod_status_phase{" POD ",phase=\"Failed\"} 0\n");
    assert_has("kube_pod_status_ready{" POD ",condition=\"true\"} 1\n");
    assert_has("kube_pod_container_status_restarts_total{" POD ",container=\"c\"} 2\n");
    assert_has("kube_pod_container_resource_requests{" POD
               ",container=\"c\",resource=\"cpu\",unit=\"core\"} 0.2\n");
    assert_has("kube_pod_container_resource_requests{" POD
               ",container=\"c\",resource=\"memory\",unit=\"byte\"} 1048576\n");
    assert_int_equal(store_delete(store, KIND_POD, "default", "web-1"), 0);
    assert_false(has("web-1"));
}

static void usage_counts_on_from_the_containers_start(void **state)
{
    (void)state;
    put(KIND_POD_METRICS,
        "{\"metadata\":{\"name\":\"web-1\",\"annotations\":{\"swell.dev/cpu-seconds\":\"12.5\","
        "\"swell.dev/cpu-throttled-seconds\":\"0.25\"}},\"containers\":[{\"name\":\"c\",\"usage\":{"
        "\"cpu\":\"1\",\"memory\":\"2Ki\"}}]}");
    assert_has("container_cpu_usage_seconds_total{" POD ",container=\"c\"} 12.5\n");
    assert_has("container_cpu_cfs_throttled_seconds_total{" POD ",container=\"c\"} 0.25\n");
    assert_has("container_memory_working_set_bytes{" POD ",container=\"c\"} 2048\n");
}

static void a_deployment_shows_what_it_wants_and_has(void **state)
{
    (void)state;
    put(KIND_DEPLOYMENT, "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":3},\"status\":{"
                         "\"replicas\":2,\"readyReplicas\":1}}");
    assert_has("kube_deployment_spec_replicas{namespace=\"default\",deployment=\"web\"} 3\n");
    assert_has("kube_deployment_status_replicas{namespace=\"default\",deployment=\"web\"} 2\n");
    assert_has(
        "kube_deployment_status_replicas_ready{namespace=\"default\",deployment=\"web\"} 1\n");
}

static void a_running_pod_with_a_port_named_http_is_a_target(void **state)
{
    static const struct http_request request = {.method = "GET"};
    (void)state;

    put(KIND_POD, "{\"metadata\":{\"name\":\"web-1\"},\"spec\":{\"containers\":[{\"name\":\"c\","
                  "\"ports\":[{\"name\":\"http\",\"containerPort\":81}]}]},"
                  "\"status\":{\"phase\":\"Running\",\"podIP\":\"127.1.1.1\"}}");
    put(KIND_POD, "{\"metadata\":{\"name\":\"web-2\"},\"spec\":{\"containers\":[{\"name\":\"c\","
                  "\"ports\":[{\"name\":\"http\",\"containerPort\":81}]}]},"
                  "\"status\":{\"phase\":\"Pending\",\"podIP\":\"127.1.1.2\"}}");
    put(KIND_POD, "{\"metadata\":{\"name\":\"job\"},\"spec\":{\"containers\":[{\"name\":\"c\"}]},"
                  "\"status\":{\"phase\":\"Running\",\"podIP\":\"127.1.1.3\"}}");
    struct http_reply reply = targets_routes[0].serve(store, &request);
    json_auto_t *targets = json_loadb(reply.body, reply.body_len, 0, NULL);
    assert_int_equal(json_array_size(targets), 1);
    assert_string_equal(jpath_str(json_array_get(targets, 0), "targets[0]", ""), "127.1.1.1:81");
    assert_string_equal(jpath_str(json_array_get(targets, 0), "labels.pod", ""), "web-1");
    http_reply_done(&reply);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_autoscaler_shows_its_bounds_targets_and_conditions),
        TEST(a_pod_shows_its_phase_and_resources_and_is_gone_when_it_is),
        TEST(usage_counts_on_from_the_containers_start),
        TEST(a_deployment_shows_what_it_wants_and_has),
        TEST(a_running_pod_with_a_port_named_http_is_a_target),
    };
    json_object_seed(0);
    return cmocka_run_group_tests_name("scrape", tests, NULL, NULL);
}
