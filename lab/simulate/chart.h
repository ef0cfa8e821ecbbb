// SPDX-License-Identifier: MIT
/* chart: the strokes that an SVG chart is made of, large and of high contrast, for people in the
 * last row of a lecture hall. Coordinates are those of a 1600 by 900 page. The first failure is
 * kept and everything after it left out. One thread. */
#ifndef LAB_SIMULATE_CHART_H
#define LAB_SIMULATE_CHART_H

#include <stddef.h>

struct buf;

#define CHART_WIDTH 1600
#define CHART_HEIGHT 900
#define CHART_TICKS_MAX 12

/* On white: each at least 7:1, but for the grid. */
#define CHART_INK "#111111"
#define CHART_GRID "#d0d0d0"
#define CHART_BLUE "#003f8a"
#define CHART_ORANGE "#9a3d00"
#define CHART_GREEN "#0b5722"
#define CHART_RED "#a0001c"

struct chart { /* {.out = ...} is ready to use */
    struct buf *out;
    int error; /* of the first thing that failed */
};

struct chart_scale {       /* from values to a coordinate */
    double from, to;       /* values */
    double at_from, at_to; /* where they stand */
};

enum chart_anchor { CHART_START, CHART_MIDDLE, CHART_END };

struct chart_text {
    double x, y; /* of the base line */
    int size;    /* of the letters */
    enum chart_anchor anchor;
    const char *colour;
    int bold;
};

double chart_at(const struct chart_scale *s, double value);

/* Round values from 0 to at least largest: the highest is returned, the step between them in
 * *ret_step. At most max_ticks steps. */
double chart_round_up(double largest, size_t max_ticks, double *ret_step);

void chart_begin(struct chart *c, const char *title);
void chart_end(struct chart *c);

/* text is escaped. */
void chart_text(struct chart *c, const struct chart_text *style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void chart_line(struct chart *c, double x1, double y1, double x2, double y2, const char *colour,
                int width, int dashed);
void chart_dot(struct chart *c, double x, double y, const char *colour);

struct chart_curve {
    const struct chart_scale *x, *y;
    double (*value)(const void *data, size_t i); /* of point i, which stands for i..i+1 on x */
    const void *data;
    size_t count;
    const char *colour;
    int width;
    int steps; /* level over each point; else from middle to middle */
};

/* Values above the scale are cut at its top. */
void chart_curve(struct chart *c, const struct chart_curve *curve);
void chart_fill(struct chart *c, const struct chart_curve *curve); /* down to the axis, faintly */

#endif
