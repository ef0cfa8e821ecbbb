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
    struct err *request_errors;    /* two a pod */
    struct hpa_sample *samples[2]; /* by enum hpa_resource */
    size_t pod_count, sample_counts[2];
};

/* Takes both arrays. 0 or -ENOMEM. */
int observed_init(struct observed *o, json_t *pods, json_t *metrics);
void observed_done(struct observed *o);

#endif
