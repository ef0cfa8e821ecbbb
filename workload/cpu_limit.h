// SPDX-License-Identifier: MIT
/* cpu_limit: how many CPUs this process may use at a time. Any thread.
 *
 * Sources: kernel documentation, admin-guide/cgroup-v2 (cpu.max) and scheduler/sched-bwc
 * (cpu.cfs_quota_us, cpu.cfs_period_us). */
#ifndef WORKLOAD_CPU_LIMIT_H
#define WORKLOAD_CPU_LIMIT_H

/* The lowest CPU limit of the cgroups above this process (v2 or v1), in CPUs; 0 when there is none.
 * root is "" (tests: a folder with proc/ and sys/ in it). */
double cpu_limit(const char *root);

/* That limit or the governor's, whichever is lower, rounded up; else the CPUs that the scheduler
 * may use for us; at least 1. */
unsigned cpu_limit_workers(void);

#endif
