// SPDX-License-Identifier: MIT
/* process: process_* series, named as the Prometheus client libraries name them. */
#ifndef METRICS_PROCESS_H
#define METRICS_PROCESS_H

#include "metrics/registry.h"

/* Registers a collector that reads /proc/self at each scrape. */
void metrics_add_process(struct metrics *m);

extern const struct metric_desc *const process_metric_descs[];
extern const size_t process_metric_desc_count;

#endif
