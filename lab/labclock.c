// SPDX-License-Identifier: MIT
#include "lab/labclock.h"

#include "base/clock.h"

struct labclock labclock_start(double speed)
{
    return (struct labclock){
        .wall_start_ns = clock_wall_ns(), .mono_start_ns = clock_mono_ns(), .speed = speed};
}

uint64_t labclock_elapsed_ns(const struct labclock *c)
{
    return (uint64_t)((double)(clock_mono_ns() - c->mono_start_ns) * c->speed);
}

uint64_t labclock_now_ns(const struct labclock *c)
{
    return c->wall_start_ns + labclock_elapsed_ns(c);
}

uint64_t labclock_real_ns(const struct labclock *c, uint64_t control_ns)
{
    return (uint64_t)((double)control_ns / c->speed);
}
