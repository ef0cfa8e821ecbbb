// SPDX-License-Identifier: MIT
/* stopper: CPU limits without any privilege. A thread reads the CPU clock of processes and stops
 * them with SIGSTOP when the quota of the period is used up, until a later period has paid for it.
 *
 * CPU time is read from the CPU clock of the process (clock_getcpuclockid): nanoseconds, all
 * threads, also those that ended. /proc/PID/schedstat has only the first thread, summing
 * task/ * /schedstat forgets threads that ended, and /proc/PID/stat counts in 10 ms.
 *
 * A process overshoots by the time until the thread looks; that is a debt which the following
 * periods pay, so the average holds. Debt is limited to DEBT_PERIODS (stopper.c) quotas, so that a
 * stall of the machine does not stop a pod for long. Unspent quota is not saved, as in CFS.
 *
 * A process is held by its /proc/PID directory, which also serves as pidfd, so a signal never
 * reaches another process that got the same number. Any thread. lab/cpu.h is the way in. */
#ifndef LAB_STOPPER_H
#define LAB_STOPPER_H

#include <stdint.h>
#include <sys/types.h>

struct cpu_usage;
struct err;
struct stopper;
struct stopper_group;

int stopper_new(struct stopper **ret, struct err *err);

/* All groups must have been freed. NULL does nothing. */
void stopper_free(struct stopper *s);

/* limit_milli 0: only counts. */
int stopper_group_new(struct stopper *s, uint32_t limit_milli, struct stopper_group **ret,
                      struct err *err);

/* pid must not have been reaped yet; its CPU time so far counts. */
int stopper_group_add(struct stopper_group *g, pid_t pid, struct err *err);

/* CPU time that a process used between the last look and being reaped is missed: at most a period
 * in a group with a limit. */
void stopper_group_usage(struct stopper_group *g, struct cpu_usage *ret);

/* Continues what is stopped. NULL does nothing. */
void stopper_group_free(struct stopper_group *g);

#endif
