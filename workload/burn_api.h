// SPDX-License-Identifier: MIT
/* burn_api: the requests that burn CPU: "/" at an exact cost, or php-apache's loop where Apache has
 * it.
 *
 * The burning is done by burners, so a request here never blocks the server. Any thread, once
 * made. */
#ifndef WORKLOAD_BURN_API_H
#define WORKLOAD_BURN_API_H

#include "workload/role.h"

#include <stdint.h>

struct burn_api;
struct faults;

struct burn_options {
    double cpu_ms;
    const char *cpu_spread;
    uint64_t seed;
    int loop; /* an index of burn_loop_names */
    uint64_t loop_times, workers, queue, deadline_ns;
};

extern const char *const burn_loop_names[];

extern const struct role_part burn_part; /* its flags fill a struct burn_options */

/* Starts the burners. Workers of 0 are replaced by what the CPU limit says. A negative errno with a
 * sentence for a wrong --cpu-spread, when a thread cannot start, or when this build's arithmetic is
 * not php-apache's. The faults and the registry must outlive the server, and its last scrape must
 * be over before burn_api_free. */
int burn_api_new(struct burn_api **ret, struct burn_options *options, struct faults *faults,
                 struct metrics *m, struct err *err);

/* The cost of a request that does not say, --cpu-ms at first. Any thread may change it. */
double burn_api_cpu_ms(const struct burn_api *api);
void burn_api_set_cpu_ms(struct burn_api *api, double cpu_ms);

/* What is to happen between the burn and the answer, instead of answering at once: fn takes both
 * and must answer, by deadline_ns (monotonic) unless that is 0. It runs on a burner's thread: do
 * not block. Before the server starts. */
typedef void burn_then_fn(void *arg, struct http_pending *pending, struct http_reply answer,
                          uint64_t deadline_ns);
void burn_api_then(struct burn_api *api, burn_then_fn *fn, void *arg);

/* The rows that the flags ask for: of / and the like, which most requests take and which stand
 * first; and with --loop=php-apache instead of them one of every path, which stands last. */
struct http_routes burn_api_routes(struct burn_api *api);
struct http_routes burn_api_any_path(struct burn_api *api);

/* Ends what burns: those requests are told that we are stopping. */
void burn_api_cancel(struct burn_api *api);

void burn_api_free(struct burn_api *api); /* after the server has stopped */

#endif
