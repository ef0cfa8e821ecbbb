// SPDX-License-Identifier: MIT
/* workers: threads that each take a job from a source, burn its CPU, and say that it is done. */
#ifndef WORKLOAD_WORKERS_H
#define WORKLOAD_WORKERS_H

#include "metrics/registry.h"
#include "workload/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct service;
struct workers;

#define WORKERS_MAX 64

struct workers_config {
    const struct source_kind *kind;
    struct source_config source; /* checked; what it points to lives as long as the workers */
    size_t count;                /* 1 to WORKERS_MAX: jobs at a time */
    double fail_rate;        /* this part of the jobs fails after its work, for demonstrations */
    struct service *service; /* ready while the newest call to the source succeeded */
};

/* -ENOMEM or -EAGAIN with a sentence. */
int workers_start(struct workers **ret, const struct workers_config *config, struct err *err);

/* Takes no more jobs and waits until those in hand are finished. When timeout_ns is over, work
 * stops and the rest is given back. False when a job could be neither finished nor given back: it
 * comes back when its lease runs out. */
bool workers_drain(struct workers *w, uint64_t timeout_ns);

void workers_free(struct workers *w); /* drains with no time left when nobody did */

#define WORKERS_METRICS 3
extern const struct metric_desc *const workers_metrics[WORKERS_METRICS];

#endif
