// SPDX-License-Identifier: MIT
/* profile: how many requests arrive per second at any time of a simulation.
 *
 * A profile is a sum of parts, so a flash crowd can come on top of a day's course. Time counts in
 * seconds from the start of the simulation and may be negative (a workload whose day begins later).
 * Plain data; a finished profile does not change: any thread. */
#ifndef LAB_SIMULATE_PROFILE_H
#define LAB_SIMULATE_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#define PROFILE_PARTS_MAX 8

enum profile_shape {
    PROFILE_CONSTANT,
    PROFILE_STEPS, /* a trace too: the rate of each row holds until the next */
    PROFILE_RAMP,
    PROFILE_DIURNAL,
    PROFILE_FLASH_CROWD,
};

struct profile_step {
    double at_s, rate;
};

struct profile_steps {         /* before the first step nothing arrives */
    struct profile_step *list; /* owned; sorted by time, no two at one time */
    size_t count;
};

struct profile_ramp { /* before at_s from, then in a straight line, after over_s to */
    double from, to, at_s, over_s;
};

struct profile_diurnal { /* a cosine between low and high */
    double low, high, peak_at_s, period_s;
};

struct profile_flash_crowd { /* a straight rise, a plateau, and a fall that halves and halves again
                              */
    double peak, at_s, rise_s, hold_s, half_life_s;
};

struct profile_part {
    enum profile_shape shape;
    union {
        double constant;
        struct profile_steps steps;
        struct profile_ramp ramp;
        struct profile_diurnal diurnal;
        struct profile_flash_crowd flash_crowd;
    };
};

struct profile { /* {0} is no load */
    struct profile_part parts[PROFILE_PARTS_MAX];
    size_t count;
};

/* Requests per second; never negative. */
double profile_rate(const struct profile *p, double at_s);

/* A factor from 1 - noise to 1 + noise, evenly distributed, newly drawn for each number. The same
 * seed and number give the same factor on every machine. */
double profile_noise(double noise, uint64_t seed, uint64_t number);

void profile_done(struct profile *p);

#endif
