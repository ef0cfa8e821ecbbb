// SPDX-License-Identifier: MIT
/* bandwidth: how much CPU a group of threads may use in each period of 100 ms.
 *
 * The rule of the kernel's CFS bandwidth control (kernel documentation, scheduler/sched-bwc): every
 * period brings a quota; when it is used up, everybody waits for the next one. What was not used is
 * not saved; what was used too much is taken from the periods that follow.
 *
 * Times are passed in, so tests never sleep. Owner holds a lock. */
#ifndef WORKLOAD_BANDWIDTH_H
#define WORKLOAD_BANDWIDTH_H

#include <stdbool.h>
#include <stdint.h>

#define BANDWIDTH_PERIOD_NS UINT64_C(100000000) /* the kernel's default, and the kubelet's */

struct bandwidth { /* {.quota_ns = CPU time in each period}; the rest belongs to bandwidth.c */
    uint64_t quota_ns;
    uint64_t period_ns; /* when the current period began (CLOCK_MONOTONIC); 0: none did */
    uint64_t until_ns;  /* what the CPU clock may reach in the current period */
    bool throttled;     /* somebody had to wait in the current period */

    /* For readers: periods in which somebody asked, and those in which somebody had to wait. */
    uint64_t periods, throttled_periods;
};

/* Asked when the group has used cpu_ns in all: 0 when it may go on, else how long until the next
 * period. Ask often, since what is used between two questions is not limited. */
uint64_t bandwidth_wait_ns(struct bandwidth *b, uint64_t now_ns, uint64_t cpu_ns);

#endif
