// SPDX-License-Identifier: MIT
/* cost: what a request is to burn. Any thread. */
#ifndef WORKLOAD_COST_H
#define WORKLOAD_COST_H

#include "http/server.h"

#include <stdint.h>

struct err;

/* The cost of a request: ?cpu_ms= (0 to BURN_CPU_MS_MAX, fractions allowed), else default_ms.
 * Other parameters are ignored. -EINVAL with a sentence when cpu_ms is no such number or is given
 * more than once. */
int cost_of_request(const struct http_request *r, double default_ms, uint64_t *ret_cpu_ns,
                    struct err *err);

/* The same unit change wherever a cost is written as milliseconds (0 to BURN_CPU_MS_MAX). */
uint64_t cost_ns(double cpu_ms);

/* A cost that is so many times as high, at most BURN_CPU_MS_MAX. */
uint64_t cost_times(uint64_t cpu_ns, double factor);

#endif
