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

#include "base/options.h"
#include "metrics/registry.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The flag's row; offset is that of a const char * in the role's options. */
#define GOVERNOR_OPTION(offset)                                                                    \
    {                                                                                              \
        "cpu-limit", OPT_STRING, (offset), NULL,                                                   \
            "the most CPU that burns may use, as in a manifest (500m, 1.5): kept in periods of "   \
            "100 ms as the kernel keeps a container's limit; for where no cgroup can be set"       \
    }

/* Sets the limit, a Kubernetes quantity from 10m to 1024; NULL is none. Before threads that burn.
 * -EINVAL with a sentence. */
int governor_init(const char *limit, struct err *err);

/* The limit in CPUs; 0 when there is none. */
double governor_limit(void);

/* True at once when a piece of about a millisecond may be burned now. Else sleeps until the next
 * period, at most 100 ms, and returns false: look whether the work is still wanted, ask again. */
bool governor_admit(void);

/* Adds the series below, when there is a limit. */
void governor_add_metrics(struct metrics *m);

extern const struct metric_desc *const governor_metric_descs[];
extern const size_t governor_metric_desc_count;

#endif
