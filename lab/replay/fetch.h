// SPDX-License-Identifier: MIT
/* fetch: asks the metrics APIs for what an HPA's metrics want, as the controller does. Source:
 * podautoscaler/metrics/client.go of Kubernetes v1.36, the clients of k8s.io/metrics v0.36.
 * One thread. */
#ifndef LAB_REPLAY_FETCH_H
#define LAB_REPLAY_FETCH_H

#include "lab/hpa/hpa.h"
#include "lab/replay/client.h"
#include "lab/replay/usage.h"

struct discovered { /* {0} at the start of a step: the version of custom.metrics.k8s.io */
    const char *version;
};

struct fetched { /* {0}; fetched_done releases */
    struct hpa_answer answer;
    struct usage usage;
    struct hpa_sample *samples;
    int64_t *values;
};

/* Asks for metric i of the spec, whose pods the selector (canonical) matches; not for one that is
 * refused. What comes is valid as long as the client's book and texts. 0 or -ENOMEM. */
int fetch_metric(struct client *c, struct discovered *discovered, const struct hpa_spec *spec,
                 size_t i, const char *selector, struct fetched *ret);
void fetched_done(struct fetched *f);

#endif
