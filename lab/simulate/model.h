// SPDX-License-Identifier: MIT
/* model: a Deployment's pods at work, as a fluid: requests come in, each costs CPU, ready pods
 * share them evenly, what they cannot do waits.
 *
 * A pod's life: without a place on a node it is Pending; placed, it is Pending for start_up (image,
 * process), then runs for readiness_delay without being ready, then serves until it is removed,
 * which is at once. Pods stand in the order of their age, so those that serve are the first ones,
 * and the ones that a ReplicaSet would remove first (not ready, then young) are the last.
 *
 * Pods are sampled as metrics-server does: at whole multiples of the resolution, with the mean
 * since the sampling before as value, so a pod has a sample from its second sampling on. A sampling
 * is seen delay later.
 *
 * Time is nanoseconds since the start of the simulation; what the HPA sees has MODEL_EPOCH_NS
 * added. All of a step costs the same whatever the number of pods. One thread. */
#ifndef LAB_SIMULATE_MODEL_H
#define LAB_SIMULATE_MODEL_H

#include "lab/hpa/hpa.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_EPOCH_NS (UINT64_C(1767225600) * UINT64_C(1000000000)) /* 2026-01-01T00:00:00Z */
#define MODEL_PODS_MAX 10000

struct nodes;

struct service { /* how one pod works. CPU is in cores (CPU seconds per second). */
    double cpu_per_request_s;
    double idle_cores;    /* used by a ready pod that does nothing */
    double warm_up_cores; /* used between start_up and ready */
    double limit_cores;   /* used at most by a ready pod */
    uint64_t start_up_ns, readiness_delay_ns;
    uint64_t timeout_ns; /* requests that would wait longer give up; 0: they are patient */
};

struct sampling { /* when and how the pods are sampled */
    uint64_t resolution_ns, delay_ns;
};

/* What one HPA metric can ask of the model. */
enum model_quantity {
    MODEL_CPU,     /* cores; per pod only */
    MODEL_RATE,    /* requests per second: arriving; per pod: served */
    MODEL_BACKLOG, /* requests that wait; per pod: an even share */
};

struct model_flow { /* of one step; totals, not rates */
    double arrived, served, lost;
    double cpu_s;   /* used by ready pods */
    double pod_cpu; /* cores that one ready pod uses */
};

struct model;

/* All are copied but nodes, which may be NULL (there is always a place). request_milli is what a
 * pod takes of a node; requests, one per metric of the HPA, is borrowed for the model's life. New
 * in *ret, or -ENOMEM. */
struct model_setup {
    struct service service;
    struct sampling sampling;
    struct nodes *nodes;
    int64_t request_milli;
    const struct hpa_request *requests;
};

int model_new(const struct model_setup *setup, struct model **ret);
void model_free(struct model *m);

/* Adds pods that have been ready for an hour, as many as find a place; the others are Pending. For
 * the start. 0 or -ENOMEM. */
int model_begin(struct model *m, size_t replicas);

/* Adds pods or removes the last ones. 0, or -ENOMEM with the pods as they were. */
int model_scale(struct model *m, size_t replicas, uint64_t now_ns);

/* What happens at one moment, before time goes on: pods find places, start, become ready; and the
 * sampling that is due. Moments come in order. */
void model_advance(struct model *m, uint64_t now_ns);

/* Lets requests in at a rate for a step. */
struct model_flow model_serve(struct model *m, double rate, uint64_t step_ns);

/* What is so at this moment. */
double model_backlog(const struct model *m);
size_t model_replicas(const struct model *m);
size_t model_placed(const struct model *m); /* have a place on a node */
size_t model_ready(const struct model *m);
double model_capacity(const struct model *m); /* requests per second that ready pods can serve */

/* ---- as the HPA sees it; valid until the model changes ---- */

const struct hpa_pod *model_pods(const struct model *m);

/* The answer to a metric that wants a sample a pod. Fills samples (room for model_replicas). */
struct hpa_answer model_samples(const struct model *m, enum model_quantity quantity,
                                uint64_t now_ns, struct hpa_sample *samples);

/* The answer to a metric that wants one value, which is stored in *value. */
struct hpa_answer model_value(const struct model *m, enum model_quantity quantity, uint64_t now_ns,
                              int64_t *value);

#endif
