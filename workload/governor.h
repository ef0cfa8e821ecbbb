// SPDX-License-Identifier: MIT
/* governor: keeps this process to a CPU limit where no cgroup can (--cpu-limit=500m).
 *
 * The process as a whole is measured, by its own CPU clock; whoever burns CPU asks governor_admit
 * before each piece of work and is held back when the others, HTTP included, have used the quota of
 * the period. burn.h asks for everybody who burns through it.
 *
 * One for the process, as a cgroup would be. Any thread. */
#ifndef WORKLOAD_GOVERNOR_H
#define WORKLOAD_GOVERNOR_H

#include "metrics/registry.h"
#include "workload/role.h"

#include <stdbool.h>

struct err;

struct governor_options {
    const char *cpu_limit; /* NULL: none */
};

/* The flag and the series, for roles that burn. */
extern const struct role_part governor_part;

/* Sets the limit, a Kubernetes quantity from 10m to 1024; NULL is none. Before threads that burn.
 * -EINVAL with a sentence. */
int governor_init(const char *limit, struct err *err);

/* The limit in CPUs; 0 when there is none. */
double governor_limit(void);

/* True at once when a piece of about a millisecond may be burned now. Else sleeps until the next
 * period, at most 100 ms, and returns false: look whether the work is still wanted, ask again. */
bool governor_admit(void);

/* Adds the series, when there is a limit. */
void governor_add_metrics(struct metrics *m);

#endif
