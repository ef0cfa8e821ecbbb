// SPDX-License-Identifier: MIT
/* pods: brings samples and pods together and puts every pod in a class.
 *
 * Source: replica_calculator.go, groupPods. Samples are found by pod name; the usual case, both
 * lists in the same order, costs one comparison a sample. One thread. */
#ifndef LAB_HPA_PODS_H
#define LAB_HPA_PODS_H

#include "lab/hpa/hpa.h"

#define POD_WITHOUT_SAMPLE SIZE_MAX

struct pods { /* working memory, kept between evaluations; {0} is ready to use */
    const struct hpa_pod *list;
    size_t count;
    const struct hpa_sample *samples;
    size_t *sample_of; /* of each pod: index into samples, or POD_WITHOUT_SAMPLE */
    size_t *by_name;   /* pods in the order of their names; filled when first needed */
    size_t *strangers; /* samples of pods that are not in the list */
    uint8_t *classes;  /* metric_count rows of count: enum hpa_class */
    size_t stranger_count;
    bool sorted;
    size_t size, strangers_size, classes_size;
};

enum pod_rule { /* what puts a pod into its class, in the order in which they are tried */
                POD_DELETED,
                POD_HAS_FAILED,
                POD_PENDING,
                POD_NO_SAMPLE,
                POD_NO_READY_CONDITION,
                POD_NO_START_TIME,
                POD_STARTING,         /* not ready, within the cpu-initialization-period */
                POD_SAMPLE_TOO_EARLY, /* within that period: it reaches back behind the last change
                                         of Ready */
                POD_NEVER_READY,      /* not ready, and has not been since soon after its start */
                POD_COUNTED,
};

/* Makes room for this input; what is below does not fail. 0 or -ENOMEM. */
int pods_begin(struct pods *p, const struct hpa_spec *spec, const struct hpa_input *in);
void pods_done(struct pods *p);

/* Finds the samples of one metric. Afterwards strangers has one entry for each unknown pod. */
void pods_match(struct pods *p, const struct hpa_answer *answer);

/* Classifies the pods for metric i of the spec and fills ret->classes and its counts. cpu:
 * readiness matters. */
void pods_classify(struct pods *p, const struct hpa_settings *settings, uint64_t now_ns, bool cpu,
                   size_t i, struct hpa_result *ret);

/* The rule for pod i, and the class that it leads to. sample: NULL when the pod has none. */
enum pod_rule pod_rule(const struct hpa_pod *pod, const struct hpa_sample *sample,
                       const struct hpa_settings *settings, uint64_t now_ns, bool cpu);
enum hpa_class pod_class(enum pod_rule rule);

/* Pods that run and are ready, which is all that the Value forms ask. */
int64_t pods_ready_now(const struct pods *p);

#endif
