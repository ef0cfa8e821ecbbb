// SPDX-License-Identifier: MIT
/* dice: a sequence of random numbers that a seed reproduces, for many threads at once. Not against
 * an adversary. Any thread.
 *
 * Source: SplitMix64 (Steele, Lea, Flood 2014): every number is computed from its place in the
 * sequence, so that drawing one is a single atomic step. */
#ifndef WORKLOAD_DICE_H
#define WORKLOAD_DICE_H

#include <stdint.h>

struct dice { /* {.seed = any} is ready to use */
    uint64_t seed;
    _Atomic uint64_t drawn;
};

/* The next number, evenly spread over 0 < x <= 1: its logarithm is finite. */
double dice_roll(struct dice *d);

#endif
