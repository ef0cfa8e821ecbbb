// SPDX-License-Identifier: MIT
/* cpu: holds the processes of a pod to their CPU limit, and reads what they used.
 *
 * Three ways, the best first; one of them serves all pods of a lab:
 *   cgroup v2  cpu.max, cpu.weight, cpu.stat
 *   cgroup v1  cpu.cfs_quota_us, cpu.shares, cpu.stat (cpu); cpuacct.usage (cpuacct)
 *   signals    no privilege needed: the process CPU clock, and SIGSTOP until the next period
 * All enforce quota per 100 ms, as the kubelet sets it up, and count periods and throttling as
 * CFS does (docs.kernel.org/scheduler/sched-bwc.html).
 *
 * How a pod starts:    cpu_group_new
 *   child, after fork: cpu_group_join     (before exec: nothing runs outside the limit)
 *   parent, after fork:cpu_group_add      (before anybody can reap the child)
 *   process reaped:    cpu_group_free     (or cpu_group_add again: a restarted container)
 *
 * What a caller must know about "signals":
 *   - It sees the processes that were added, not those that they fork; requests have no effect.
 *   - The parent gets SIGCHLD for stop and continue too unless it sets SA_NOCLDSTOP;
 *     waitid(WEXITED) never reports them.
 *   - A stopped process takes SIGTERM when its next period starts, at the latest at cpu_group_free.
 *     A parent-death signal has to be SIGKILL: only that reaches a stopped process.
 *
 * Any thread may call any function; a group is freed once, by whoever uses it last.
 * One control per process. Errors: negative errno with a sentence in err. */
#ifndef LAB_CPU_H
#define LAB_CPU_H

#include <stdint.h>
#include <sys/types.h>

struct err;
struct cpu_control;
struct cpu_group;

enum cpu_way { CPU_AUTO, CPU_CGROUP2, CPU_CGROUP1, CPU_SIGNALS };

/* "auto", "cgroup2", "cgroup1", "signals", NULL: for an options table, in the order of the enum. */
extern const char *const cpu_way_names[];

#define CPU_PERIOD_NS UINT64_C(100000000) /* of the quota, in every way */

struct cpu_usage {
    uint64_t usage_ns;          /* CPU time used, all processes ever in the group; never falls */
    uint64_t periods;           /* periods in which the group wanted to run; 0 without a limit */
    uint64_t throttled_periods; /* of those, with throttling */
    uint64_t throttled_ns;      /* wall time (v1, v2: summed over cores) spent throttled */
    uint64_t memory_bytes;      /* resident set, summed; shared pages count in each process */
};

/* Picks a way (CPU_AUTO: the first that works; CPU_SIGNALS always does) and removes the empty
 * directories that killed labs left behind. -EOPNOTSUPP when the way asked for does not work here;
 * err says why. Its own directories are called swell-lab-PID. */
int cpu_control_new(enum cpu_way way, struct cpu_control **ret, struct err *err);

/* All groups must have been freed. Removes what this lab made; NULL does nothing. */
void cpu_control_free(struct cpu_control *c);

/* "cgroup v2", "cgroup v1" or "signals". */
const char *cpu_control_name(const struct cpu_control *c);

/* pod: a DNS subdomain name, unique among the groups. limit_milli 0: no limit; otherwise at least
 * 10 is enforced (the kernel's smallest quota, 1 ms per period; the kubelet does the same).
 * request_milli becomes the weight under contention. */
int cpu_group_new(struct cpu_control *c, const char *pod, uint32_t limit_milli,
                  uint32_t request_milli, struct cpu_group **ret, struct err *err);

/* In the child between fork and exec; async-signal-safe. Puts the calling process into the group.
 * 0 or a negative errno. */
int cpu_group_join(const struct cpu_group *g);

/* In the parent: pid is a child that was not reaped yet. */
int cpu_group_add(struct cpu_group *g, pid_t pid, struct err *err);

/* Negative errno when a counter cannot be read; *ret is then untouched. */
int cpu_group_usage(struct cpu_group *g, struct cpu_usage *ret);

/* Lets a stopped pod run again and removes its directory, waiting at most 1 s for processes that
 * are just exiting. A directory that is still busy is left to cpu_control_free. NULL: nothing. */
void cpu_group_free(struct cpu_group *g);

#endif
