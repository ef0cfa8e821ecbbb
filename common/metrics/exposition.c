// SPDX-License-Identifier: MIT
#include "metrics/registry_private.h"

#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    struct buf *out;
    enum metrics_format format;
    int failed; /* the first error of buf, or 0 */
};

static void put(struct writer *w, const char *text)
{
    if (w->failed == 0)
        w->failed = buf_puts(w->out, text);
}

/* HELP escapes \ and newline, label values also the quote; OpenMetrics escapes all three in both.
 */
static void put_escaped(struct writer *w, const char *text, bool quotes)
{
    for (const char *c = text; *c && w->failed == 0; c++) {
        if (*c == '\\')
            put(w, "\\\\");
        else if (*c == '\n')
            put(w, "\\n");
        else if (*c == '"' && quotes)
            put(w, "\\\"");
        else
            w->failed = buf_append(w->out, c, 1);
    }
}

/* The shortest text that reads back as the same double. */
static void put_number(struct writer *w, double value)
{
    char text[40];

    if (isnan(value)) {
        put(w, "NaN");
        return;
    }
    if (isinf(value)) {
        put(w, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put(w, text);
}

/* OpenMetrics wants canonical floats in le: "1.0", not "1". */
static void put_bound(struct writer *w, double bound)
{
    size_t start = w->out->len;

    put_number(w, bound);
    if (w->format == METRICS_OPENMETRICS && w->failed == 0 &&
        !strpbrk(w->out->data + start, ".eIN"))
        put(w, ".0");
}

static void put_labels(struct writer *w, const struct metric *s, const double *bound)
{
    bool open = false;

    for (size_t i = 0; s->desc->labels[i]; i++, open = true) {
        put(w, open ? "," : "{");
        put(w, s->desc->labels[i]);
        put(w, "=\"");
        put_escaped(w, s->labels[i], true);
        put(w, "\"");
    }
    if (bound) {
        put(w, open ? ",le=\"" : "{le=\"");
        put_bound(w, *bound);
        put(w, "\"");
        open = true;
    }
    put(w, open ? "} " : " ");
}

/* A sample without the end of its line. */
static void put_value(struct writer *w, const struct metric *s, const char *suffix,
                      const double *bound, double value)
{
    put(w, s->desc->name);
    put(w, suffix);
    put_labels(w, s, bound);
    put_number(w, value);
}

static void put_sample(struct writer *w, const struct metric *s, const char *suffix,
                       const double *bound, double value)
{
    put_value(w, s, suffix, bound, value);
    put(w, "\n");
}

/* Its time has milliseconds: more digits than a double can hold are of no use to anybody. */
static void put_exemplar(struct writer *w, const struct metric *s, size_t bucket)
{
    char time[32];

    if (!s->exemplars || w->format != METRICS_OPENMETRICS)
        return;
    pthread_mutex_lock(&s->exemplars->lock);
    const struct exemplar e = s->exemplars->newest[bucket];
    pthread_mutex_unlock(&s->exemplars->lock);
    if (!e.trace_id[0])
        return;
    put(w, " # {trace_id=\"");
    put(w, e.trace_id);
    put(w, "\"} ");
    put_number(w, e.value);
    (void)snprintf(time, sizeof(time), " %.3f", (double)e.wall_ns / (double)NS_PER_S);
    put(w, time);
}

static void put_histogram(struct writer *w, const struct metric *s)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= s->desc->bucket_count; i++) {
        double bound = i < s->desc->bucket_count ? s->desc->buckets[i] : INFINITY;
        count += s->buckets[i];
        put_value(w, s, "_bucket", &bound, (double)count);
        put_exemplar(w, s, i);
        put(w, "\n");
    }
    put_sample(w, s, "_sum", NULL, s->value);
    put_sample(w, s, "_count", NULL, (double)count);
}

static void put_header(struct writer *w, const struct metric_desc *d)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    char name[256];
    size_t len = (size_t)snprintf(name, sizeof(name), "%s", d->name);

    /* In OpenMetrics the family has no _total, only its sample does. */
    if (w->format == METRICS_OPENMETRICS && d->type == METRIC_COUNTER && len > 6 &&
        strcmp(name + len - 6, "_total") == 0)
        name[len - 6] = '\0';
    put(w, "# HELP ");
    put(w, name);
    put(w, " ");
    put_escaped(w, d->help, w->format == METRICS_OPENMETRICS);
    put(w, "\n# TYPE ");
    put(w, name);
    put(w, " ");
    put(w, types[d->type]);
    put(w, "\n");
}

static void put_family(struct writer *w, const struct metric_family *f)
{
    if (!f->first)
        return;
    put_header(w, f->desc);
    for (const struct metric *s = f->first; s; s = s->next) {
        if (f->desc->type == METRIC_HISTOGRAM)
            put_histogram(w, s);
        else
            put_sample(w, s, "", NULL, s->value);
    }
}

int metrics_write(struct metrics *m, enum metrics_format format, struct buf *out)
{
    struct writer w = {.out = out, .format = format};

    pthread_mutex_lock(&m->collect_lock);
    for (size_t i = 0; i < m->collector_count; i++)
        m->collectors[i].fn(m->collectors[i].arg);

    pthread_mutex_lock(&m->lock);
    for (const struct metric_family *f = m->first; f; f = f->next)
        put_family(&w, f);
    pthread_mutex_unlock(&m->lock);
    pthread_mutex_unlock(&m->collect_lock);

    if (format == METRICS_OPENMETRICS)
        put(&w, "# EOF\n");
    return w.failed;
}
