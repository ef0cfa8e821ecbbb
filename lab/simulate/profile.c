// SPDX-License-Identifier: MIT
#include "lab/simulate/profile.h"

#include <math.h>
#include <stdlib.h>

/* The last step that is not after at_s. */
static double steps_rate(const struct profile_steps *s, double at_s)
{
    size_t low = 0, high = s->count; /* steps below low have come, those from high on have not */

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->list[middle].at_s <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? s->list[low - 1].rate : 0;
}

static double ramp_rate(const struct profile_ramp *r, double at_s)
{
    if (at_s >= r->at_s + r->over_s)
        return r->to;
    if (at_s <= r->at_s)
        return r->from;
    return r->from + (r->to - r->from) * (at_s - r->at_s) / r->over_s;
}

static double diurnal_rate(const struct profile_diurnal *d, double at_s)
{
    const double height = (1 + cos(2 * M_PI * (at_s - d->peak_at_s) / d->period_s)) / 2;

    return d->low + (d->high - d->low) * height;
}

static double flash_crowd_rate(const struct profile_flash_crowd *f, double at_s)
{
    const double since = at_s - f->at_s;

    if (since < 0)
        return 0;
    if (since < f->rise_s)
        return f->peak * since / f->rise_s;
    if (since < f->rise_s + f->hold_s)
        return f->peak;
    return f->peak * exp2(-(since - f->rise_s - f->hold_s) / f->half_life_s);
}

static double part_rate(const struct profile_part *p, double at_s)
{
    switch (p->shape) {
    case PROFILE_CONSTANT:
        return p->constant;
    case PROFILE_STEPS:
        return steps_rate(&p->steps, at_s);
    case PROFILE_RAMP:
        return ramp_rate(&p->ramp, at_s);
    case PROFILE_DIURNAL:
        return diurnal_rate(&p->diurnal, at_s);
    case PROFILE_FLASH_CROWD:
        return flash_crowd_rate(&p->flash_crowd, at_s);
    }
    return 0;
}

double profile_rate(const struct profile *p, double at_s)
{
    double rate = 0;

    for (size_t i = 0; i < p->count; i++)
        rate += part_rate(&p->parts[i], at_s);
    return rate > 0 ? rate : 0;
}

/* Source: splitmix64, Sebastiano Vigna (public domain algorithm). */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

double profile_noise(double noise, uint64_t seed, uint64_t number)
{
    const double draw = (double)(mix(mix(seed) + number) >> 11) * 0x1p-53; /* 0 to 1 */

    return 1 + noise * (2 * draw - 1);
}

void profile_done(struct profile *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->parts[i].shape == PROFILE_STEPS)
            free(p->parts[i].steps.list);
    *p = (struct profile){0};
}
