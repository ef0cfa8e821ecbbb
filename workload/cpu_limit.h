// SPDX-License-Identifier: MIT
/* cpu_limit: how many CPUs this process may use at a time, and how often it was held to that. Any
 * thread.
 *
 * Sources: kernel documentation, admin-guide/cgroup-v2 (cpu.max, cpu.stat) and
 * scheduler/sched-bwc (cpu.cfs_quota_us, cpu.cfs_period_us, cpu.stat). */
#ifndef WORKLOAD_CPU_LIMIT_H
#define WORKLOAD_CPU_LIMIT_H

#include "workload/role.h"

#include <stdbool.h>
#include <stdint.h>

/* The lowest CPU limit of the cgroups above this process (v2 or v1), in CPUs; 0 when there is none.
 * root is "" (tests: a folder with proc/ and sys/ in it). */
double cpu_limit(const char *root);

/* That limit or the governor's, whichever is lower, rounded up; else the CPUs that the scheduler
 * may use for us; at least 1. */
unsigned cpu_limit_workers(void);

struct cpu_throttling { /* since the cgroup was made */
    uint64_t periods;   /* in which the cgroup had something to do */
    uint64_t throttled_periods;
    uint64_t throttled_ns;
};

/* The counts of the cgroup nearest to this process that has a limit of its own. False when none
 * has; *ret is untouched then. */
bool cpu_throttling(const char *root, struct cpu_throttling *ret);

extern const struct role_part cpu_throttling_part; /* has series only */

/* Adds the series; they appear when there is a limit. */
void cpu_throttling_add_metrics(struct metrics *m);

#endif
