// SPDX-License-Identifier: MIT
/* registry: counters, gauges and histograms, and their text exposition.
 *
 *     static const struct metric_desc jobs_total = {
 *         "swell_jobs_total", METRIC_COUNTER, "Jobs finished, by outcome.", {"queue", "outcome"}};
 *     metric_add(metrics_series(m, &jobs_total, "orders", "done"), 1);
 *
 * Names follow Prometheus' rules: base units, counters end in _total. Sources: the text format
 * 0.0.4 and OpenMetrics 1.0. A family is known by the address of its descriptor and appears once it
 * has a series. Any thread. */
#ifndef METRICS_REGISTRY_H
#define METRICS_REGISTRY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct metrics;
struct metric;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_LABELS_MAX 6

struct metric_desc { /* static: the registry keeps the pointer */
    const char *name;
    enum metric_type type;
    const char *help;
    const char *labels[METRIC_LABELS_MAX + 1]; /* ends with NULL */
    const double *buckets;                     /* histograms: ascending upper bounds without +Inf */
    size_t bucket_count;
    bool exemplars; /* histograms: keep the newest traced observation of each bucket */
};

#define METRICS_SERIES_MAX 10000 /* in one registry; what comes after is not kept */

struct metrics *metrics_new(void); /* NULL when out of memory */
void metrics_free(struct metrics *m);

/* The series of d with these label values (as many as d has labels; then NULL), made at its first
 * use. Lives as long as the registry. NULL when out of memory or beyond METRICS_SERIES_MAX, which
 * the functions below accept. */
struct metric *metrics_find(struct metrics *m, const struct metric_desc *d,
                            const char *const *label_values);
#define metrics_series(m, d, ...)                                                                  \
    metrics_find(m, d, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

void metric_add(struct metric *s, double by); /* counters: by >= 0; gauges: any */
void metric_set(struct metric *s, double to); /* gauges; counters that mirror another count */
void metric_observe(struct metric *s, double value); /* histograms */
/* The same for something that belongs to a trace (traceparent.h): with exemplars it is shown beside
 * its bucket, which only OpenMetrics can. */
void metric_observe_traced(struct metric *s, double value, const char *trace_id);
double metric_value(const struct metric *s); /* counters and gauges; 0 for NULL */

/* Removes all series of d; pointers to them are dead. For families that a collect function below
 * fills anew at each scrape. */
void metrics_clear(struct metrics *m, const struct metric_desc *d);

/* fn runs at the start of every metrics_write, to set what is only known then. At most 8. */
void metrics_on_collect(struct metrics *m, void (*fn)(void *arg), void *arg);

enum metrics_format { METRICS_TEXT, METRICS_OPENMETRICS };

/* Appends the exposition. 0, -E2BIG or -ENOMEM. */
int metrics_write(struct metrics *m, enum metrics_format format, struct buf *out);

/* The metrics part of --help. */
void metrics_help(const struct metric_desc *const *descs, size_t count, FILE *out);

#endif
