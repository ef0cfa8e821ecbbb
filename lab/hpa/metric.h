// SPDX-License-Identifier: MIT
/* metric: the desired replicas of one metric.
 *
 * Source: replica_calculator.go and metrics/utilization.go; the texts of errors are those of
 * horizontal.go. Every value is int64 thousandths; sums and products wrap; ratio * count is one
 * double multiplication and then ceil, in this order. One thread. */
#ifndef LAB_HPA_METRIC_H
#define LAB_HPA_METRIC_H

#include "lab/hpa/hpa.h"
#include "lab/hpa/pods.h"
#include "lab/hpa/texts.h"

struct tolerance {
    double low, high;
};

struct metric_run { /* what the metrics of one evaluation share */
    const struct hpa_settings *settings;
    const struct hpa_spec *spec;
    const struct hpa_input *in;
    struct tolerance tolerance;
    struct pods *pods;
    struct texts *texts;
};

/* Both ends are inside; NaN is not. */
bool tolerance_within(const struct tolerance *t, double ratio);

/* Metric i of the spec. What went wrong is in ret->error. */
void metric_evaluate(const struct metric_run *run, size_t i, struct hpa_result *ret);

/* What a pod that is not counted is taken to use, against the metric's own wish to move: missing
 * pods hold a scale-down back, missing and unready ones a scale-up. False when it stays out. */
bool metric_stand_in(const struct hpa_metric *m, const struct hpa_result *r, enum hpa_class class,
                     int64_t request_milli, int64_t *ret_milli);

#endif
