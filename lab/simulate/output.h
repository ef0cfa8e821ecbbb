// SPDX-License-Identifier: MIT
/* output: what a simulation found, for people and programs: as table, CSV, JSON and SVG chart.
 *
 * One run is told with its course over time; the variants of a sweep side by side, pod-hours
 * against time over target. The same result gives the same bytes. Functions append to out and
 * return 0, -E2BIG beyond its maximum, or -ENOMEM. One thread. */
#ifndef LAB_SIMULATE_OUTPUT_H
#define LAB_SIMULATE_OUTPUT_H

#include "lab/simulate/run.h"
#include "lab/simulate/sweep.h"

struct buf;

struct trade_off { /* the variants of a sweep; figures has one element for each */
    const char *title;
    const struct sweep *sweep;
    const struct figures *figures;
    size_t count;
};

/* A row for each figure, as table, CSV and JSON have it. */
struct output_figure {
    const char *heading; /* "pod-hours" */
    const char *member;  /* "podHours" */
    int decimals;        /* in the table */
    double (*value)(const struct figures *f);
};

#define OUTPUT_FIGURES 12
extern const struct output_figure output_figures[OUTPUT_FIGURES];

/* What a variant sets: "stabilizationWindowSeconds=60, maxReplicas=10", "60, 10", and of all of
 * them "stabilizationWindowSeconds, maxReplicas". Return text. */
char *output_variant(const struct trade_off *t, size_t variant, char *text, size_t size);
char *output_values(const struct trade_off *t, size_t variant, char *text, size_t size);
char *output_fields(const struct trade_off *t, char *text, size_t size);

int output_table(const struct run *r, struct buf *out);
int output_csv(const struct run *r, struct buf *out); /* the courses: a row a point and workload */
int output_json(const struct run *r, struct buf *out);
int output_svg(const struct run *r, const struct course *c, struct buf *out);

int output_trade_off_table(const struct trade_off *t, struct buf *out);
int output_trade_off_csv(const struct trade_off *t, struct buf *out);
int output_trade_off_json(const struct trade_off *t, struct buf *out);
int output_trade_off_svg(const struct trade_off *t, struct buf *out);

/* One change of a scale: "0:05:15 web 2 -> 4: sentence". copies: how many there are of it. */
int output_change(const struct blueprint *b, size_t copy, uint64_t at_ns,
                  const struct hpa_decision *d, struct buf *out);

#endif
