// SPDX-License-Identifier: MIT
#include "lab/simulate/output.h"

#include "base/buf.h"
#include "base/clock.h"
#include "lab/simulate/chart.h"

#include <math.h>
#include <stdio.h>

#define LEFT 150.0
#define RIGHT 1250.0 /* what stands on the right of it are the curves' names */
#define TOP 100.0
#define BOTTOM 760.0
#define GAP 34.0
#define TICK_SIZE 26
#define LABEL_SIZE 32

enum panel_kind { PANEL_LOAD, PANEL_REPLICAS, PANEL_UTILIZATION, PANEL_BACKLOG, PANEL_KINDS };

struct panel {
    enum panel_kind kind;
    double share; /* of the height */
};

struct drawing {
    struct chart chart;
    const struct course *course;
    struct chart_scale x, y; /* y is the panel's */
};

/* ---- what the curves show ---- */

static double rate_at(const void *series, size_t i)
{
    return series_rate(series, i);
}

static double wanted_at(const void *series, size_t i)
{
    return ((const struct series *)series)->points[i].wanted;
}

static double granted_at(const void *series, size_t i)
{
    return ((const struct series *)series)->points[i].granted;
}

static double ready_at(const void *series, size_t i)
{
    return ((const struct series *)series)->points[i].ready;
}

static double utilization_at(const void *series, size_t i)
{
    return series_utilization_percent(series, i);
}

static double backlog_at(const void *series, size_t i)
{
    return ((const struct series *)series)->points[i].backlog;
}

static double largest(const struct series *s, double (*value)(const void *, size_t))
{
    double most = 0;

    for (size_t i = 0; i < s->count; i++)
        most = fmax(most, value(s, i));
    return most;
}

/* ---- panels ---- */

/* Beside the panel, the first line in its middle. */
static void label(struct drawing *d, size_t line, const char *colour, const char *text)
{
    const double middle = (d->y.at_from + d->y.at_to) / 2;

    chart_text(&d->chart,
               &(struct chart_text){RIGHT + 24, middle + 40 * (double)line - 2, LABEL_SIZE,
                                    CHART_START, colour, 1},
               "%s", text);
}

static struct chart_curve curve_of(const struct drawing *d, double (*value)(const void *, size_t),
                                   const char *colour, int width, bool steps)
{
    return (struct chart_curve){.x = &d->x,
                                .y = &d->y,
                                .value = value,
                                .data = &d->course->series,
                                .count = d->course->series.count,
                                .colour = colour,
                                .width = width,
                                .steps = steps};
}

static void curve(struct drawing *d, double (*value)(const void *, size_t), const char *colour,
                  int width, bool steps)
{
    const struct chart_curve curve = curve_of(d, value, colour, width, steps);

    chart_curve(&d->chart, &curve);
}

static void fill(struct drawing *d, double (*value)(const void *, size_t), const char *colour,
                 bool steps)
{
    const struct chart_curve curve = curve_of(d, value, colour, 0, steps);

    chart_fill(&d->chart, &curve);
}

/* The scale of a panel, with its lines and numbers. */
static void frame(struct drawing *d, double top, double bottom, double most)
{
    double step;

    d->y = (struct chart_scale){0, chart_round_up(most, 3, &step), bottom, top};
    for (double v = 0; v < d->y.to + step / 2; v += step) {
        const double y = chart_at(&d->y, v);
        chart_line(&d->chart, LEFT, y, RIGHT, y, v == 0 ? CHART_INK : CHART_GRID, 2, 0);
        chart_text(&d->chart,
                   &(struct chart_text){LEFT - 14, y + 9, TICK_SIZE, CHART_END, CHART_INK, 0},
                   "%.10g", v);
    }
}

static void draw_load(struct drawing *d, double top, double bottom)
{
    frame(d, top, bottom, largest(&d->course->series, rate_at));
    fill(d, rate_at, CHART_INK, false);
    curve(d, rate_at, CHART_INK, 4, false);
    label(d, 0, CHART_INK, "load");
    label(d, 1, CHART_INK, "requests/s");
}

/* What was wanted may be far beyond what there can ever be; then it leaves the panel. */
static void draw_replicas(struct drawing *d, double top, double bottom)
{
    const struct series *s = &d->course->series;
    const double granted = largest(s, granted_at);

    frame(d, top, bottom, fmin(fmax(largest(s, wanted_at), granted), 1.5 * granted));
    fill(d, ready_at, CHART_BLUE, true);
    curve(d, wanted_at, CHART_ORANGE, 4, true);
    curve(d, granted_at, CHART_BLUE, 6, true);
    label(d, 0, CHART_ORANGE, "pods wanted");
    label(d, 1, CHART_BLUE, "pods granted");
    label(d, 2, CHART_BLUE, "(filled: ready)");
}

static void draw_utilization(struct drawing *d, double top, double bottom)
{
    const double target = d->course->target_percent;

    frame(d, top, bottom, fmax(largest(&d->course->series, utilization_at), target));
    if (target > 0)
        chart_line(&d->chart, LEFT, chart_at(&d->y, target), RIGHT, chart_at(&d->y, target),
                   CHART_RED, 4, 1);
    curve(d, utilization_at, CHART_GREEN, 5, false);
    label(d, 0, CHART_GREEN, "utilization %");
    if (target > 0) {
        char text[40];
        (void)snprintf(text, sizeof(text), "target %.0f %%", target);
        label(d, 1, CHART_RED, text);
    }
}

static void draw_backlog(struct drawing *d, double top, double bottom)
{
    frame(d, top, bottom, largest(&d->course->series, backlog_at));
    fill(d, backlog_at, CHART_RED, false);
    curve(d, backlog_at, CHART_RED, 4, false);
    label(d, 0, CHART_RED, "backlog");
    label(d, 1, CHART_RED, "requests");
}

static void draw_panel(struct drawing *d, enum panel_kind kind, double top, double bottom)
{
    static void (*const draw[PANEL_KINDS])(struct drawing *, double, double) = {
        [PANEL_LOAD] = draw_load,
        [PANEL_REPLICAS] = draw_replicas,
        [PANEL_UTILIZATION] = draw_utilization,
        [PANEL_BACKLOG] = draw_backlog,
    };

    draw[kind](d, top, bottom);
}

/* A panel for the backlog only when there ever was one: fewer lines are easier to read. */
static void draw_panels(struct drawing *d)
{
    static const double shares[PANEL_KINDS] = {1, 1.7, 1.1, 0.9};
    const bool waited = largest(&d->course->series, backlog_at) >= 1;
    const size_t count = waited ? PANEL_KINDS : PANEL_BACKLOG;
    const double height = BOTTOM - TOP - GAP * (double)(count - 1);
    double sum = 0, top = TOP;

    for (size_t i = 0; i < count; i++)
        sum += shares[i];
    for (size_t i = 0; i < count; i++) {
        const double bottom = top + height * shares[i] / sum;
        draw_panel(d, (enum panel_kind)i, top, bottom);
        top = bottom + GAP;
    }
}

/* ---- time ---- */

/* The smallest of these that gives at most 8 of them. */
static double time_step_s(double duration_s)
{
    static const double steps[] = {10,   30,   60,    120,   300,   600,   1200,   1800,
                                   3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800};
    const size_t last = sizeof(steps) / sizeof(steps[0]) - 1;
    size_t i = 0;

    while (i < last && duration_s / steps[i] > 8)
        i++;
    return fmax(steps[i], ceil(duration_s / 8 / steps[i]) * steps[i]);
}

static void time_label(double at_s, double step_s, char text[40])
{
    if (step_s >= 86400)
        (void)snprintf(text, 40, "day %.0f", at_s / 86400);
    else if (step_s >= 3600)
        (void)snprintf(text, 40, "%.0f h", at_s / 3600);
    else if (step_s >= 60)
        (void)snprintf(text, 40, "%.0f min", at_s / 60);
    else
        (void)snprintf(text, 40, "%.0f s", at_s);
}

static void draw_time(struct drawing *d, double duration_s)
{
    const double step_s = time_step_s(duration_s);
    const struct chart_scale time = {0, duration_s, LEFT, RIGHT};
    char text[40];

    for (double at_s = 0; at_s <= duration_s + 1e-6; at_s += step_s) {
        time_label(at_s, step_s, text);
        chart_line(&d->chart, chart_at(&time, at_s), BOTTOM, chart_at(&time, at_s), BOTTOM + 12,
                   CHART_INK, 2, 0);
        chart_text(&d->chart,
                   &(struct chart_text){chart_at(&time, at_s), BOTTOM + 42, TICK_SIZE, CHART_MIDDLE,
                                        CHART_INK, 0},
                   "%s", text);
    }
}

int output_svg(const struct run *r, const struct course *c, struct buf *out)
{
    const double duration_s = (double)r->plan->duration_ns / (double)NS_PER_S;
    const double shown = duration_s / ((double)c->series.stretch_ns / (double)NS_PER_S);
    struct drawing d = {.chart.out = out, .course = c, .x = {0, shown, LEFT, RIGHT}};
    const struct figures *f = &r->total;

    for (size_t i = 0; i < r->plan->workload_count; i++)
        if (c->name == r->plan->workloads[i].name)
            f = &r->workloads[i].figures;
    chart_begin(&d.chart, r->plan->title);
    draw_panels(&d);
    draw_time(&d, duration_s);
    chart_text(&d.chart, &(struct chart_text){40, 866, LABEL_SIZE, CHART_START, CHART_INK, 0},
               "%s: %.1f pod-hours, over target %.1f %% of the time, oscillations: %.0f", c->name,
               figures_pod_hours(f), figures_over_percent(f), (double)f->oscillations);
    chart_end(&d.chart);
    return d.chart.error;
}

/* ---- trade-off ---- */

static void draw_trade_off_axes(struct chart *c, const struct chart_scale *x, double x_step,
                                const struct chart_scale *y, double y_step)
{
    for (double v = x->from; v < x->to + x_step / 2; v += x_step) {
        chart_line(c, chart_at(x, v), TOP, chart_at(x, v), BOTTOM, CHART_GRID, 2, 0);
        chart_text(c,
                   &(struct chart_text){chart_at(x, v), BOTTOM + 38, TICK_SIZE, CHART_MIDDLE,
                                        CHART_INK, 0},
                   "%.10g", v);
    }
    for (double v = 0; v < y->to + y_step / 2; v += y_step) {
        chart_line(c, LEFT, chart_at(y, v), RIGHT, chart_at(y, v), CHART_GRID, 2, 0);
        chart_text(
            c,
            &(struct chart_text){LEFT - 14, chart_at(y, v) + 9, TICK_SIZE, CHART_END, CHART_INK, 0},
            "%.10g", v);
    }
    chart_line(c, LEFT, BOTTOM, RIGHT, BOTTOM, CHART_INK, 3, 0);
    chart_line(c, LEFT, TOP, LEFT, BOTTOM, CHART_INK, 3, 0);
}

static void draw_variants(struct chart *c, const struct trade_off *t, const struct chart_scale *x,
                          const struct chart_scale *y)
{
    char text[200];

    for (size_t i = 0; i < t->count; i++) {
        const double at_x = chart_at(x, figures_pod_hours(&t->figures[i]));
        const double at_y = chart_at(y, figures_over_percent(&t->figures[i]));
        chart_dot(c, at_x, at_y, CHART_BLUE);
        chart_text(
            c, &(struct chart_text){at_x + 22, at_y - 14, LABEL_SIZE, CHART_START, CHART_BLUE, 1},
            "%s", output_values(t, i, text, sizeof(text)));
    }
}

int output_trade_off_svg(const struct trade_off *t, struct buf *out)
{
    struct chart c = {.out = out};
    double most_hours = 0, most_over = 0, x_step, y_step;
    char fields[200];

    for (size_t i = 0; i < t->count; i++) {
        most_hours = fmax(most_hours, figures_pod_hours(&t->figures[i]));
        most_over = fmax(most_over, figures_over_percent(&t->figures[i]));
    }
    const struct chart_scale x = {0, chart_round_up(most_hours, 6, &x_step), LEFT, RIGHT};
    const struct chart_scale y = {0, chart_round_up(most_over, 6, &y_step), BOTTOM, TOP};
    chart_begin(&c, t->title);
    draw_trade_off_axes(&c, &x, x_step, &y, y_step);
    draw_variants(&c, t, &x, &y);
    chart_text(&c,
               &(struct chart_text){RIGHT + 50, BOTTOM + 38, LABEL_SIZE, CHART_START, CHART_INK, 1},
               "pod-hours");
    chart_text(&c,
               &(struct chart_text){RIGHT + 24, TOP + 30, LABEL_SIZE, CHART_START, CHART_INK, 1},
               "%% over target");
    chart_text(&c, &(struct chart_text){40, 866, LABEL_SIZE, CHART_START, CHART_BLUE, 0},
               "each point: %s", output_fields(t, fields, sizeof(fields)));
    chart_end(&c);
    return c.error;
}
