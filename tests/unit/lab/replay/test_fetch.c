// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "lab/replay/fetch.h"
#include "script.h"

static struct hpa_metric metric(enum hpa_source source, const char *name)
{
    return (struct hpa_metric){.source = source,
                               .form = HPA_AVERAGE_VALUE,
                               .name = (char *)(uintptr_t)name,
                               .selector = (char *)(uintptr_t) "tier in (a,b)"};
}

static struct hpa_metric object_metric(const char *api_version, const char *kind)
{
    struct hpa_metric m = metric(HPA_OBJECT, "m");

    m.object = (struct hpa_object){(char *)(uintptr_t)api_version, (char *)(uintptr_t)kind,
                                   (char *)(uintptr_t) "main"};
    return m;
}

/* The error of the answer; "" when there is none. */
static const char *fetch(struct asking *a, struct hpa_metric *m)
{
    const struct hpa_spec spec = {
        .namespace = (char *)(uintptr_t) "shop", .metrics = m, .metric_count = 1};
    struct discovered discovered = {0};
    struct fetched f = {0};

    assert_int_equal(fetch_metric(&a->client, &discovered, &spec, 0, "app=web", &f), 0);
    const char *error = f.answer.error ? f.answer.error : "";
    fetched_done(&f);
    return error;
}

#define CUSTOM "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/"
#define TIER "metricLabelSelector=tier+in+%28a%2Cb%29"

#define SERVICE CUSTOM "services/main/m?" TIER
#define OLD_SERVICE "/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/services/main/m?" TIER

static void asks_where_the_real_controller_does(void **state)
{
    struct {
        struct hpa_metric metric;
        const char *key;
    } rows[] = {
        {metric(HPA_RESOURCE, "cpu"),
         "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dweb"},
        {metric(HPA_PODS, "a:b"), CUSTOM "pods/%2A/a:b?labelSelector=app%3Dweb&" TIER},
        {metric(HPA_EXTERNAL, "Queue_Depth"),
         "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/"
         "queue_depth?labelSelector=tier+in+%28a%2Cb%29"},
        {metric(HPA_EXTERNAL, "A|\xc3\xb6"),
         "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/"
         "a%7C%C3%B6?labelSelector=tier+in+%28a%2Cb%29"},
        {object_metric("v1", "Service"), CUSTOM "services/main/m?" TIER},
        {object_metric("apps/v9", "Deployment"), CUSTOM "deployments.apps/main/m?" TIER},
        {object_metric("v1", "Namespace"), CUSTOM "metrics/m?" TIER},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char responses[512], error[512];
        /* A failure names the address. */
        (void)snprintf(responses, sizeof(responses), "'%s':{'error':'down'}", rows[i].key);
        (void)snprintf(error, sizeof(error), "Get \"http://localhost%s\": down", rows[i].key);
        struct asking a = asking_new(responses);
        assert_string_equal(fetch(&a, &rows[i].metric), error);
        asking_free(&a);
    }
}

static void asks_for_the_version_that_is_preferred_or_comes_first(void **state)
{
    static const struct {
        const char *apis, *error;
    } rows[] = {
        {"{'groups':[{'name':'custom.metrics.k8s.io','preferredVersion':{'groupVersion':"
         "'custom.metrics.k8s.io/v1beta1'}}]}",
         "Get \"http://localhost/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/services/main/"
         "m?" TIER "\": old"},
        {"{'groups':[{'name':'custom.metrics.k8s.io','preferredVersion':{'groupVersion':"
         "'custom.metrics.k8s.io/v1'},'versions':[{'groupVersion':'custom.metrics.k8s.io/v1'},"
         "{'groupVersion':'custom.metrics.k8s.io/v1beta2'}]}]}",
         "Get \"http://localhost" CUSTOM "services/main/m?" TIER "\": new"},
        {"{'groups':[{'name':'custom.metrics.k8s.io'}]}",
         "no known available metric versions found"},
        {"{}", "no custom metrics API (custom.metrics.k8s.io) registered"},
        {"{'code':503,'body':{'kind':'Status','apiVersion':'v1','status':'Failure','message':'m'}}",
         "the server is currently unable to handle the request"},
        {"{'error':'EOF'}", "Get \"http://localhost/apis?timeout=32s\": EOF"},
    };
    struct hpa_metric m = object_metric("v1", "Service");
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char responses[1024];
        (void)snprintf(responses, sizeof(responses),
                       "'/apis':%s,'%s':{'error':'new'},'%s':{'error':'old'}", rows[i].apis,
                       SERVICE, OLD_SERVICE);
        struct asking a = asking_new(responses);
        assert_string_equal(fetch(&a, &m), rows[i].error);
        asking_free(&a);
    }
}

static void says_what_is_wrong_with_an_answer(void **state)
{
    struct {
        struct hpa_metric metric;
        const char *body, *error;
    } rows[] = {
        {object_metric("v1", "Service"),
         "{'kind':'MetricValueList','apiVersion':'custom.metrics.k8s.io/v1beta1','items':[]}",
         "the custom metrics API server returned 0 results when we asked for exactly one"},
        {object_metric("v1", "Service"),
         "{'kind':'MetricValue','apiVersion':'custom.metrics.k8s.io/v1beta1'}",
         "the custom metrics API server didn't return MetricValueList, the type is "
         "*v1beta2.MetricValue"},
        {object_metric("v1", "Service"),
         "{'kind':'MetricValueList','apiVersion':'custom.metrics.k8s.io/v1beta2','items':[{"
         "'value':'zz'}]}",
         "quantities must match the regular expression "
         "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
        {object_metric("v1", "Service"),
         "{'kind':'MetricValueList','apiVersion':'custom.metrics.k8s.io/v1beta2','items':{}}",
         "json: cannot unmarshal object into Go struct field MetricValueList.items of type "
         "[]v1beta2.MetricValue"},
        {object_metric("v1", "Service"),
         "{'kind':'MetricValueList','apiVersion':'custom.metrics.k8s.io/v1beta2','items':[{"
         "'value':'1kk'}]}",
         "unable to parse quantity's suffix"},
        {object_metric("example.com/v1", "Unheard"), "null",
         "unable to map kind Unheard.example.com to resource: no matches for kind \"Unheard\" in "
         "group \"example.com\""},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char responses[512];
        (void)snprintf(responses, sizeof(responses), "'%s':%s", SERVICE, rows[i].body);
        struct asking a = asking_new(responses);
        assert_string_equal(fetch(&a, &rows[i].metric), rows[i].error);
        asking_free(&a);
    }
}

static void asks_for_nothing_when_the_metric_is_refused(void **state)
{
    struct asking a = asking_new("");
    struct hpa_metric m = metric(HPA_EXTERNAL, "q");
    (void)state;

    m.refused = (char *)(uintptr_t) "bad selector";
    assert_string_equal(fetch(&a, &m), "");
    m.refused = NULL;
    m.name = (char *)(uintptr_t) "a/b";
    assert_string_equal(fetch(&a, &m), "invalid resource \"a/b\": [may not contain '/']");
    asking_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_where_the_real_controller_does),
        cmocka_unit_test(asks_for_the_version_that_is_preferred_or_comes_first),
        cmocka_unit_test(says_what_is_wrong_with_an_answer),
        cmocka_unit_test(asks_for_nothing_when_the_metric_is_refused),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
