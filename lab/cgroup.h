// SPDX-License-Identifier: MIT
/* cgroup: control groups for the pods of one lab, in version 2 or in the cpu and cpuacct
 * hierarchies of version 1 (mounted together or apart).
 *
 *     PARENT/swell-lab-PID/     one per lab; weight in proportion to the cores, so that its pods
 *     PARENT/swell-lab-PID/POD  together compete as that many processes, not as a single one
 *
 * PARENT is the process's own group or, where that cannot have children with the cpu controller
 * (version 2: no internal processes), the root of the mount. Both are simply tried.
 * docs.kernel.org/admin-guide/cgroup-v2.html, cgroup-v1/. Any thread; lab/cpu.h is the way in. */
#ifndef LAB_CGROUP_H
#define LAB_CGROUP_H

#include <stdint.h>

struct cgroup;
struct cgroups;
struct cpu_usage;
struct err;

/* version is 1 or 2. Removes empty swell-lab-* directories of processes that are gone. */
int cgroups_new(int version, struct cgroups **ret, struct err *err);

/* Removes the lab's directory, with pods that were still busy when they were freed. */
void cgroups_free(struct cgroups *c);

/* As cpu_group_new. */
int cgroup_new(struct cgroups *c, const char *pod, uint32_t limit_milli, uint32_t request_milli,
               struct cgroup **ret, struct err *err);

/* Moves the calling process. Async-signal-safe. */
int cgroup_join(const struct cgroup *g);

int cgroup_usage(const struct cgroup *g, struct cpu_usage *ret);

/* Waits at most 1 s for exiting processes. */
void cgroup_free(struct cgroup *g);

#endif
