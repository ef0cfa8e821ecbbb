// SPDX-License-Identifier: MIT
/* family: what scrape.c needs of each file that fills series. */
#ifndef LAB_SCRAPE_FAMILY_H
#define LAB_SCRAPE_FAMILY_H

#include "lab/kinds.h"
#include "metrics/registry.h"

#include <jansson.h>

struct family {
    enum kind_id kind;
    void (*fill)(struct metrics *metrics, const json_t *object); /* for each object of the kind */
    const struct metric_desc *descs;
    size_t count;
};

extern const struct family series_of_hpas, series_of_deployments, series_of_pods, series_of_usage;

/* Sets the series of d with these label values. */
#define SERIES_SET(metrics, d, value, ...)                                                         \
    metric_set(metrics_series(metrics, d, __VA_ARGS__), (double)(value))

#endif
