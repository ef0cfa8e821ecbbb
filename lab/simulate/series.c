// SPDX-License-Identifier: MIT
#include "lab/simulate/series.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

int series_init(struct series *s, uint64_t duration_ns, uint64_t sync_period_ns)
{
    const uint64_t periods = divide_up(duration_ns, sync_period_ns);
    const uint64_t stretch_ns = divide_up(periods, SERIES_POINTS_MAX) * sync_period_ns;

    *s = (struct series){.stretch_ns = stretch_ns,
                         .count = (size_t)divide_up(duration_ns, stretch_ns)};
    s->points = calloc(s->count, sizeof(*s->points));
    return s->points ? 0 : -ENOMEM;
}

void series_done(struct series *s)
{
    free(s->points);
    *s = (struct series){0};
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

void point_step(struct point *p, const struct point *step)
{
    p->arrived += step->arrived;
    p->cpu_s += step->cpu_s;
    p->requested_s += step->requested_s;
    p->wanted = larger(p->wanted, step->wanted);
    p->granted = larger(p->granted, step->granted);
    p->ready = larger(p->ready, step->ready);
    p->backlog = larger(p->backlog, step->backlog);
}

void series_add(struct series *s, size_t index, const struct point *p)
{
    assert(index < s->count);
    struct point *sum = &s->points[index];

    sum->arrived += p->arrived;
    sum->cpu_s += p->cpu_s;
    sum->requested_s += p->requested_s;
    sum->wanted += p->wanted;
    sum->granted += p->granted;
    sum->ready += p->ready;
    sum->backlog += p->backlog;
}

void series_add_all(struct series *s, const struct series *other)
{
    for (size_t i = 0; i < s->count; i++)
        series_add(s, i, &other->points[i]);
}

double series_rate(const struct series *s, size_t index)
{
    return s->points[index].arrived / ((double)s->stretch_ns / (double)NS_PER_S);
}

double series_utilization_percent(const struct series *s, size_t index)
{
    const struct point *p = &s->points[index];

    return p->requested_s > 0 ? 100 * p->cpu_s / p->requested_s : 0;
}
