// SPDX-License-Identifier: MIT
/* exposition_reader: reads what a /metrics page says, line by line.
 *
 * Sources: Prometheus' text format 0.0.4, and of OpenMetrics 1.0 what differs (units, exemplars,
 * the _total and _created names of counters); names in quotes are not read. Any thread. */
#ifndef METRICS_EXPOSITION_READER_H
#define METRICS_EXPOSITION_READER_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define EXPOSITION_LABELS_MAX 64
#define EXPOSITION_TEXTS_MAX 16384 /* bytes of a line's name and labels */

struct exposition_label {
    const char *name, *value; /* the value is unescaped */
};

struct exposition_sample {
    const char *name;
    const struct exposition_label *labels;
    size_t label_count;
    bool only_grows; /* a counter, or a part of a histogram or summary that counts */
    double value;
};

/* sample and what it points to end with the call. A negative result ends the reading. */
typedef int exposition_sample_fn(void *arg, const struct exposition_sample *sample);

/* Calls fn with every sample in the text. 0; -EINVAL with "line 7: ..." , which repeats nothing of
 * it; or what fn returned. */
int exposition_read(const char *text, size_t len, exposition_sample_fn *fn, void *arg,
                    struct err *err);

/* Calls fn with the series that a text such as jobs_total{queue="a"} names; its value is 0. The
 * whole text must be one. -EINVAL, or what fn returned. */
int exposition_read_series(const char *text, exposition_sample_fn *fn, void *arg);

#endif
