// SPDX-License-Identifier: MIT
/* status: conditions, events and their texts, which are part of the observable interface: kubectl
 * shows them and people search for them.
 *
 * Source: horizontal.go, reconcileAutoscaler and normalizeDesiredReplicas. One thread. */
#ifndef LAB_HPA_STATUS_H
#define LAB_HPA_STATUS_H

#include "lab/hpa/combine.h"
#include "lab/hpa/state.h"

void status_scale_failed(struct hpa *hpa, const char *error, struct hpa_decision *d);
void status_scale_read(struct hpa_decision *d);
void status_disabled(struct hpa_decision *d);

/* A selector that is empty (ambiguous NULL) or shared. Returns the error. */
const char *status_selector_failed(struct hpa *hpa, const char *ambiguous, struct hpa_decision *d);

void status_metric_failed(struct hpa *hpa, const struct hpa_result *result, struct hpa_decision *d);

/* All of it failed, for the reason of the first metric. Returns the error. */
const char *status_metrics_failed(struct hpa *hpa, const struct hpa_spec *spec,
                                  const struct combined *c, struct hpa_decision *d);
void status_metrics_valid(const struct hpa_metric *winner, struct hpa_decision *d);
void status_compute_failed(struct hpa *hpa, const char *error, struct hpa_decision *d);

void status_stabilised(struct hpa_decision *d);
void status_limited(struct hpa_decision *d);

void status_written(struct hpa *hpa, struct hpa_decision *d);
void status_write_failed(struct hpa *hpa, const char *error, struct hpa_decision *d);

/* The status could not be written. */
void status_not_kept(struct hpa *hpa, const char *error, struct hpa_decision *d);

#endif
