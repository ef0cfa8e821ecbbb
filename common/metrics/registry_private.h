// SPDX-License-Identifier: MIT
/* registry_private: the registry's memory, shared by registry.c and exposition.c. */
#ifndef METRICS_REGISTRY_PRIVATE_H
#define METRICS_REGISTRY_PRIVATE_H

#include "metrics/registry.h"
#include "metrics/traceparent.h"

#include <pthread.h>

#define METRICS_COLLECTORS_MAX 8

struct exemplar {
    char trace_id[TRACE_ID_SIZE]; /* "": there is none */
    double value;
    uint64_t wall_ns;
};

struct exemplars {
    pthread_mutex_t lock;     /* guards all */
    struct exemplar newest[]; /* of each bucket */
};

struct metric {
    const struct metric_desc *desc;
    struct metric *next;
    char *labels[METRIC_LABELS_MAX];
    _Atomic double value;        /* counters and gauges; histograms: the sum */
    _Atomic uint64_t *buckets;   /* histograms: not cumulative; the last one is +Inf */
    struct exemplars *exemplars; /* NULL: the descriptor wants none */
};

struct metric_family {
    const struct metric_desc *desc;
    struct metric_family *next;
    struct metric *first, **last;
};

struct metrics_collector {
    void (*fn)(void *arg);
    void *arg;
};

struct metrics {
    pthread_mutex_t lock; /* guards families and series lists; values are atomic */
    struct metric_family *first, **last;
    size_t series_count;
    pthread_mutex_t collect_lock; /* one scrape at a time runs the collectors */
    struct metrics_collector collectors[METRICS_COLLECTORS_MAX]; /* set up before threads */
    size_t collector_count;
};

#endif
