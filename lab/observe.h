// SPDX-License-Identifier: MIT
/* observe: turns API objects into what lab/hpa reads: pods and resource samples as plain arrays.
 * Control thread. */
#ifndef LAB_OBSERVE_H
#define LAB_OBSERVE_H

#include "lab/hpa/hpa.h"

#include <jansson.h>

struct observed {           /* {0}; observed_done releases; everything lives as long as it */
    json_t *pods, *metrics; /* arrays of Pod and PodMetrics */
    struct hpa_pod *pod_rows;
    size_t pod_count;

    /* One per metric of the spec, for each pod. */
    struct hpa_request *requests;
    struct err *request_errors;

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
