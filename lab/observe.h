// SPDX-License-Identifier: MIT
/* observe: turns API objects into what lab/hpa reads: pods, samples and values as plain arrays. One
 * thread. */
#ifndef LAB_OBSERVE_H
#define LAB_OBSERVE_H

#include "lab/hpa/hpa.h"
#include "lab/hpa/texts.h"

#include <jansson.h>

struct observed_pods { /* {0}; observed_pods_done releases */
    struct hpa_pod *rows;
    size_t count;
    struct hpa_request *requests; /* one per metric of the spec, for each pod */
    struct texts errors;
};

/* A list of Pod objects, which must live as long. 0 or -ENOMEM. */
int observe_pods(struct observed_pods *o, const struct hpa_spec *spec, const json_t *pods);
void observed_pods_done(struct observed_pods *o);

/* What a list of PodMetrics says to a metric that asks for a resource. ret has room for one sample
 * per element; returns how many there are. Names are borrowed from the list. */
size_t observe_usage(const json_t *pod_metrics, const struct hpa_metric *metric,
                     struct hpa_sample *ret);

/* The same of MetricValues (custom metrics) about pods. */
size_t observe_pod_values(const json_t *metric_values, struct hpa_sample *ret);

/* The values of MetricValues or ExternalMetricValues, one per element. 0, or -EINVAL when one has
 * no valid value. */
int observe_values(const json_t *metric_values, int64_t *ret, struct err *err);

/* Pods and PodMetrics together. */
struct observed {           /* {0}; observed_done releases; everything lives as long as it */
    json_t *pods, *metrics; /* arrays of Pod and PodMetrics */
    struct observed_pods pod_rows;

    /* One row per metric of the spec. */
    struct hpa_sample *samples;
    size_t *sample_counts;
};

/* Reads for this spec. Takes both arrays. 0 or -ENOMEM. */
int observed_init(struct observed *o, const struct hpa_spec *spec, json_t *pods, json_t *metrics);
void observed_done(struct observed *o);

/* What PodMetrics say to metric i, which asks for a resource. */
struct hpa_answer observed_answer(const struct observed *o, size_t i);

#endif
