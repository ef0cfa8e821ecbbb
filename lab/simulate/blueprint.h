// SPDX-License-Identifier: MIT
/* blueprint: what all copies of a simulated workload have in common, made of the plan's entry and
 * the manifests: the HPA's spec, what a pod requests, what each metric means in the model. Does not
 * change once made: any thread. */
#ifndef LAB_SIMULATE_BLUEPRINT_H
#define LAB_SIMULATE_BLUEPRINT_H

#include "lab/hpa/hpa.h"
#include "lab/simulate/plan.h"

struct err;

enum metric_base { METRIC_PER_READY_POD, METRIC_PER_REPLICA, METRIC_WHOLE };

struct metric_meaning {
    enum model_quantity quantity;
    enum metric_base base;
    double over; /* above this it is over its target and tolerance */
};

struct blueprint {
    const struct plan_workload *workload; /* borrowed */
    struct service service;               /* with its limit */
    struct hpa_spec *spec;
    struct metric_meaning *meanings; /* one per metric of the spec */
    struct hpa_request *requests;    /* the same */
    struct err *request_errors;      /* the same */
    int64_t request_milli;           /* cpu of a pod; 0 without a request */
    size_t replicas;                 /* to begin with */
    double target_percent;           /* cpu utilization that the HPA aims at; 0: it does not */
};

/* hpas and deployments are arrays of objects as manifests have them. New in *ret. -EINVAL with a
 * sentence that names workload, object and field; -ENOMEM. */
int blueprint_new(const struct plan_workload *workload, const json_t *hpas,
                  const json_t *deployments, struct blueprint **ret, struct err *err);
void blueprint_free(struct blueprint *b);

#endif
