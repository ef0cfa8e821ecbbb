// SPDX-License-Identifier: MIT
#include "lab/simulate/figures.h"

#include "base/clock.h"

static double larger(double a, double b)
{
    return a > b ? a : b;
}

void figures_step(struct figures *f, const struct figures_step *step)
{
    const size_t pending = step->replicas - step->placed;

    f->seconds += step->seconds;
    f->pod_s += (double)step->placed * step->seconds;
    f->pending_s += (double)pending * step->seconds;
    if (step->over_target)
        f->over_s += step->seconds;
    if (step->backlog > 0)
        f->waiting_s += step->seconds;
    f->wait_max_s = larger(f->wait_max_s, step->wait_s);
    f->backlog_max = larger(f->backlog_max, step->backlog);
    f->arrived += step->arrived;
    f->served += step->served;
    f->lost += step->lost;
    f->cpu_s += step->cpu_s;
    f->requested_s += step->requested_s;
    if (step->replicas > f->replicas_max)
        f->replicas_max = step->replicas;
}

void figures_scaled(struct figures *f, bool up, uint64_t now_ns)
{
    const int direction = up ? 1 : -1;

    if (up)
        f->ups++;
    else
        f->downs++;
    if (f->direction == -direction && now_ns - f->changed_ns <= FIGURES_OSCILLATION_S * NS_PER_S)
        f->oscillations++;
    f->direction = direction;
    f->changed_ns = now_ns;
}

void figures_add(struct figures *f, const struct figures *other)
{
    f->seconds += other->seconds;
    f->pod_s += other->pod_s;
    f->pending_s += other->pending_s;
    f->over_s += other->over_s;
    f->waiting_s += other->waiting_s;
    f->wait_max_s = larger(f->wait_max_s, other->wait_max_s);
    f->backlog_max = larger(f->backlog_max, other->backlog_max);
    f->arrived += other->arrived;
    f->served += other->served;
    f->lost += other->lost;
    f->cpu_s += other->cpu_s;
    f->requested_s += other->requested_s;
    if (other->replicas_max > f->replicas_max)
        f->replicas_max = other->replicas_max;
    f->ups += other->ups;
    f->downs += other->downs;
    f->oscillations += other->oscillations;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

double figures_pod_hours(const struct figures *f)
{
    return f->pod_s / 3600;
}

double figures_over_percent(const struct figures *f)
{
    return percent(f->over_s, f->seconds);
}

double figures_waiting_percent(const struct figures *f)
{
    return percent(f->waiting_s, f->seconds);
}

double figures_utilization_percent(const struct figures *f)
{
    return percent(f->cpu_s, f->requested_s);
}
