// SPDX-License-Identifier: MIT
/* state: what is inside struct hpa, for the files of this folder. One thread. */
#ifndef LAB_HPA_STATE_H
#define LAB_HPA_STATE_H

#include "lab/hpa/hpa.h"
#include "lab/hpa/limit.h"
#include "lab/hpa/pods.h"
#include "lab/hpa/stabilise.h"
#include "lab/hpa/texts.h"

struct hpa {
    struct hpa_settings settings;

    /* What the controller remembers. */
    struct recommendations recommendations;
    struct changes up, down;

    /* Working memory of the last evaluation, which its decision points into. */
    struct pods pods;
    struct hpa_result *results;
    size_t results_size;
    struct hpa_event *events; /* room for one a metric and EVENTS_EXTRA */
    struct texts texts;
};

/* FailedGetScale or a selector's, FailedComputeMetricsReplicas, the rescale, FailedUpdateStatus. */
#define EVENTS_EXTRA 4

/* The windows in force. */
uint64_t state_up_window_ns(const struct hpa_spec *spec);
uint64_t state_down_window_ns(const struct hpa *hpa, const struct hpa_spec *spec);

#endif
