// SPDX-License-Identifier: MIT
/* plan_load: reads the load of a workload of a simulation.yaml (plan.h) into a profile. One thread.
 */
#ifndef LAB_SIMULATE_PLAN_LOAD_H
#define LAB_SIMULATE_PLAN_LOAD_H

#include "kube/strict.h"
#include "lab/simulate/profile.h"

/* entry is the workload and path where it stands. Errors as plan_make; *ret is then still to be
 * released with profile_done. */
int plan_load_read(const struct strict *s, const json_t *entry, const char *path,
                   const char *folder, struct profile *ret);

#endif
