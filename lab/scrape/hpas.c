// SPDX-License-Identifier: MIT
#include "kube/jpath.h"
#include "kube/quantity.h"
#include "lab/scrape/family.h"

#include <string.h>

#define OF_HPA "namespace", "horizontalpodautoscaler"

enum {
    INFO,
    MIN,
    MAX,
    TARGET,
    CURRENT_METRIC,
    CURRENT,
    DESIRED,
    CONDITION,
    COUNT,
};

static const struct metric_desc descs[COUNT] = {
    [INFO] = {"kube_horizontalpodautoscaler_info",
              METRIC_GAUGE,
              "Always 1; the labels say what it scales.",
              {OF_HPA, "scaletargetref_api_version", "scaletargetref_kind", "scaletargetref_name"}},
    [MIN] = {"kube_horizontalpodautoscaler_spec_min_replicas",
             METRIC_GAUGE,
             "Replicas that an autoscaler may go down to.",
             {OF_HPA}},
    [MAX] = {"kube_horizontalpodautoscaler_spec_max_replicas",
             METRIC_GAUGE,
             "Replicas that an autoscaler may go up to.",
             {OF_HPA}},
    [TARGET] = {"kube_horizontalpodautoscaler_spec_target_metric",
                METRIC_GAUGE,
                "Target of a metric; its type is value, average, or utilization in percent.",
                {OF_HPA, "metric_name", "metric_target_type"}},
    [CURRENT_METRIC] = {"kube_horizontalpodautoscaler_status_target_metric",
                        METRIC_GAUGE,
                        "What the autoscaler last read of a metric.",
                        {OF_HPA, "metric_name", "metric_target_type"}},
    [CURRENT] = {"kube_horizontalpodautoscaler_status_current_replicas",
                 METRIC_GAUGE,
                 "Replicas that the autoscaler last saw.",
                 {OF_HPA}},
    [DESIRED] = {"kube_horizontalpodautoscaler_status_desired_replicas",
                 METRIC_GAUGE,
                 "Replicas that the autoscaler last asked for.",
                 {OF_HPA}},
    [CONDITION] =
        {"kube_horizontalpodautoscaler_status_condition",
         METRIC_GAUGE,
         "1 for the status (true, false, unknown) that a condition has, 0 for the others.",
         {OF_HPA, "condition", "status"}},
};

struct hpa {
    struct metrics *metrics;
    const char *ns, *name;
};

/* The member that a metric's type goes by: "Resource" is in resource. */
static const json_t *source_of(const json_t *metric)
{
    static const char *const members[][2] = {{"Resource", "resource"},
                                             {"ContainerResource", "containerResource"},
                                             {"Pods", "pods"},
                                             {"Object", "object"},
                                             {"External", "external"}};
    const char *type = jpath_str(metric, "type", "");

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (strcmp(members[i][0], type) == 0)
            return json_object_get(metric, members[i][1]);
    return NULL;
}

static void set_amount(const struct hpa *h, const struct metric_desc *d, const char *metric,
                       const char *type, const json_t *amount)
{
    int64_t milli;

    if (amount && quantity_from_json(amount, &milli) == 0)
        SERIES_SET(h->metrics, d, (double)milli / 1000, h->ns, h->name, metric, type);
}

/* side is "target" of a spec or "current" of a status. */
static void set_metrics(const struct hpa *h, const struct metric_desc *d, const json_t *metrics,
                        const char *side)
{
    const json_t *row;
    size_t i;

    json_array_foreach (metrics, i, row) {
        const json_t *source = source_of(row);
        const json_t *amounts = json_object_get(source, side);
        const char *name = jpath_str(source, "metric.name", jpath_str(source, "name", ""));

        set_amount(h, d, name, "value", json_object_get(amounts, "value"));
        set_amount(h, d, name, "average", json_object_get(amounts, "averageValue"));
        set_amount(h, d, name, "utilization", json_object_get(amounts, "averageUtilization"));
    }
}

static void set_conditions(const struct hpa *h, const json_t *conditions)
{
    static const char *const statuses[][2] = {
        {"True", "true"}, {"False", "false"}, {"Unknown", "unknown"}};
    const json_t *row;
    size_t i;

    json_array_foreach (conditions, i, row)
        for (size_t k = 0; k < 3; k++)
            SERIES_SET(h->metrics, &descs[CONDITION],
                       strcmp(jpath_str(row, "status", ""), statuses[k][0]) == 0, h->ns, h->name,
                       jpath_str(row, "type", ""), statuses[k][1]);
}

static void fill(struct metrics *metrics, const json_t *object)
{
    const struct hpa h = {metrics, jpath_str(object, "metadata.namespace", ""),
                          jpath_str(object, "metadata.name", "")};
    const json_t *target = jpath(object, "spec.scaleTargetRef");

    SERIES_SET(metrics, &descs[INFO], 1, h.ns, h.name, jpath_str(target, "apiVersion", ""),
               jpath_str(target, "kind", ""), jpath_str(target, "name", ""));
    SERIES_SET(metrics, &descs[MIN], jpath_int(object, "spec.minReplicas", 1), h.ns, h.name);
    SERIES_SET(metrics, &descs[MAX], jpath_int(object, "spec.maxReplicas", 0), h.ns, h.name);
    SERIES_SET(metrics, &descs[CURRENT], jpath_int(object, "status.currentReplicas", 0), h.ns,
               h.name);
    SERIES_SET(metrics, &descs[DESIRED], jpath_int(object, "status.desiredReplicas", 0), h.ns,
               h.name);
    set_metrics(&h, &descs[TARGET], jpath(object, "spec.metrics"), "target");
    set_metrics(&h, &descs[CURRENT_METRIC], jpath(object, "status.currentMetrics"), "current");
    set_conditions(&h, jpath(object, "status.conditions"));
}

const struct family series_of_hpas = {KIND_HPA, fill, descs, COUNT};
