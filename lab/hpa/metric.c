// SPDX-License-Identifier: MIT
#include "lab/hpa/metric.h"

#include "lab/hpa/metric_source.h"

bool tolerance_within(const struct tolerance *t, double ratio)
{
    return t->low <= ratio && ratio <= t->high;
}

void metric_evaluate(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    *ret = (struct hpa_result){0};
    switch (run->spec->metrics[i].source) {
    case HPA_RESOURCE:
        metric_resource(run, i, ret);
        break;
    case HPA_EXTERNAL:
        metric_external(run, i, ret);
        break;
    case HPA_CONTAINER_RESOURCE:
    case HPA_PODS:
    case HPA_OBJECT:
    case HPA_UNKNOWN_SOURCE:
        ret->error = ret->cause = "not built yet";
        ret->reason = "InvalidMetricSourceType";
        break;
    }
}
