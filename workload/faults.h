// SPDX-License-Identifier: MIT
/* faults: what goes wrong on purpose, from flags and at run time: a slow start, an error rate, a
 * memory leak, readiness that is late or switched off. Paths as in podinfo. Any thread. */
#ifndef WORKLOAD_FAULTS_H
#define WORKLOAD_FAULTS_H

#include "metrics/service.h"
#include "workload/role.h"

#include <stdbool.h>
#include <stdint.h>

struct faults;

struct fault_options {
    uint64_t startup_delay_ns, slow_start_ns;
    double slow_start_times, error_rate;
    uint64_t leak_kib;
};

extern const struct role_part faults_part; /* its flags fill a struct fault_options */

/* NULL when out of memory. The time of the start is now. The service is asked whether it drains. */
struct faults *faults_new(const struct fault_options *options, uint64_t seed, struct service *s);
void faults_free(struct faults *f); /* what leaked is given back */

/* /readyz is among the rows: put them in front of the service's own. */
struct http_routes faults_routes(struct faults *f);

/* Called once for each request that does work: leaks, and says whether it shall fail. */
bool faults_strike(struct faults *f);

/* How much more than its usual cost a request costs now: falls from --slow-start-times to 1. */
double faults_cost_factor(struct faults *f);

void faults_set_error_rate(struct faults *f, double rate); /* 0 to 1 */

#endif
