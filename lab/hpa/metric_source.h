// SPDX-License-Identifier: MIT
/* metric_source: the kinds of metric behind metric.h. */
#ifndef LAB_HPA_METRIC_SOURCE_H
#define LAB_HPA_METRIC_SOURCE_H

#include "lab/hpa/metric.h"

/* Each fills ret with a proposal, or ret->cause with what went wrong and ret->error with the whole
 * text. */
void metric_resource(const struct metric_run *run, size_t i, struct hpa_result *ret);
void metric_external(const struct metric_run *run, size_t i, struct hpa_result *ret);

#endif
