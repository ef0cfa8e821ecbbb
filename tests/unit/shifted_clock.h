// SPDX-License-Identifier: MIT
/* shifted_clock: a test that includes this and is linked with --wrap=clock_mono_ns moves the
 * monotonic clock on by hand, so that nobody waits for what takes long. */
#ifndef SHIFTED_CLOCK_H
#define SHIFTED_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

uint64_t __real_clock_mono_ns(void);
uint64_t __wrap_clock_mono_ns(void);

static atomic_uint_fast64_t clock_shift_ns;

uint64_t __wrap_clock_mono_ns(void)
{
    return __real_clock_mono_ns() + atomic_load(&clock_shift_ns);
}

static inline void clock_go_on(uint64_t ns)
{
    atomic_fetch_add(&clock_shift_ns, ns);
}

#endif
