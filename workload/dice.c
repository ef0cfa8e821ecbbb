// SPDX-License-Identifier: MIT
#include "workload/dice.h"

#include <stdatomic.h>

double dice_roll(struct dice *d)
{
    uint64_t place = 1 + atomic_fetch_add_explicit(&d->drawn, 1, memory_order_relaxed);
    uint64_t z = d->seed + place * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (double)((z >> 11) + 1) * 0x1p-53; /* a double has 53 bits */
}
