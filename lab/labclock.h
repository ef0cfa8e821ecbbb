// SPDX-License-Identifier: MIT
/* labclock: the lab's control clock, which can run faster than the wall clock.
 *
 * Everything that a controller times (sync period, metrics interval, windows, probe periods,
 * timestamps of objects) is control time. Work and load are always real. Read-only once set. */
#ifndef LAB_LABCLOCK_H
#define LAB_LABCLOCK_H

#include <stdint.h>

struct labclock {
    uint64_t wall_start_ns, mono_start_ns; /* both clocks when the lab started */
    double speed;                          /* control seconds per real second, >= 1 */
};

struct labclock labclock_start(double speed);

uint64_t labclock_now_ns(const struct labclock *c);     /* control time, since 1970 */
uint64_t labclock_elapsed_ns(const struct labclock *c); /* control time since the start */

/* How long a control duration takes, in real nanoseconds. */
uint64_t labclock_real_ns(const struct labclock *c, uint64_t control_ns);

#endif
