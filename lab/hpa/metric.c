// SPDX-License-Identifier: MIT
#include "lab/hpa/metric.h"

#include "lab/hpa/metric_source.h"

const char metric_no_pods[] = "no pods returned by selector while calculating replica count";

bool tolerance_within(const struct tolerance *t, double ratio)
{
    return t->low <= ratio && ratio <= t->high;
}

static const struct {
    void (*evaluate)(const struct metric_run *run, size_t i, struct hpa_result *ret);
    const char *reason; /* of a failure */
} sources[] = {
    [HPA_RESOURCE] = {metric_pods, "FailedGetResourceMetric"},
    [HPA_CONTAINER_RESOURCE] = {metric_pods, "FailedGetContainerResourceMetric"},
    [HPA_PODS] = {metric_pods, "FailedGetPodsMetric"},
    [HPA_OBJECT] = {metric_whole, "FailedGetObjectMetric"},
    [HPA_EXTERNAL] = {metric_whole, "FailedGetExternalMetric"},
    [HPA_UNKNOWN_SOURCE] = {NULL, "InvalidMetricSourceType"}, /* always refused */
};

void metric_evaluate(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const struct hpa_metric *m = &run->spec->metrics[i];

    *ret = (struct hpa_result){.error = m->refused, .cause = m->refused};
    if (!m->refused)
        sources[m->source].evaluate(run, i, ret);
    if (ret->error)
        ret->reason = sources[m->source].reason;
}
