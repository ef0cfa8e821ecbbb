// SPDX-License-Identifier: MIT
/* metric_source: the kinds of metric behind metric.h. */
#ifndef LAB_HPA_METRIC_SOURCE_H
#define LAB_HPA_METRIC_SOURCE_H

#include "lab/hpa/metric.h"

/* Each fills ret with a proposal, or ret->cause with what went wrong and ret->error with the whole
 * text. */

/* One value a pod: Resource, ContainerResource, Pods. */
void metric_pods(const struct metric_run *run, size_t i, struct hpa_result *ret);

/* One value for the whole workload: Object, External. */
void metric_whole(const struct metric_run *run, size_t i, struct hpa_result *ret);

/* What is wrong when the selector matches nothing. */
extern const char metric_no_pods[];

#endif
