// SPDX-License-Identifier: MIT
/* steady: threads that use as much CPU as is asked for, evenly: 250m is 250m over any few seconds.
 *
 * All threads pay one debt, which grows with time as demand says. Each takes a piece of it, burns
 * it, and settles by its own CPU clock, so what it costs to wait and to wake up counts, and when
 * others hold one thread back, the rest pays for it. Any thread. */
#ifndef WORKLOAD_STEADY_H
#define WORKLOAD_STEADY_H

#include <stdint.h>

struct err;
struct steady;

struct steady_state {
    uint64_t millicores; /* asked for now */
    uint64_t used_ns;    /* CPU time used so far */
};

/* Starts the threads; more than that many CPUs cannot be used. -ENOMEM or -EAGAIN with a
 * sentence. */
int steady_new(struct steady **ret, unsigned threads, struct err *err);

/* Uses millicores more from now on, for so long. -ENOSPC beyond DEMAND_MAX at a
 * time. */
int steady_add(struct steady *s, uint32_t millicores, uint64_t duration_ns);

struct steady_state steady_read(struct steady *s);

/* Stops using CPU at once, joins, frees. */
void steady_free(struct steady *s);

#endif
