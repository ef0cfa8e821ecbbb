// SPDX-License-Identifier: MIT
/* autoscaler: runs lab/hpa for each HorizontalPodAutoscaler as kube-controller-manager does: reads
 * scale, pods and metrics at each sync period, lets it decide, writes scale, status, events, and
 * the decision record as a ScalingDecision object. Control thread. */
#ifndef LAB_AUTOSCALER_H
#define LAB_AUTOSCALER_H

#include <stdint.h>

struct autoscaler;
struct env;
struct err;

/* Starts one evaluation per HPA of the store and sync period (control time). The first comes one
 * period after the start, as with a controller that finds the object. */
int autoscaler_new(struct env *env, uint64_t sync_period_ns, struct autoscaler **ret,
                   struct err *err);
void autoscaler_free(struct autoscaler *a);

#endif
