// SPDX-License-Identifier: MIT
/* role: what the roles serve, queue and work have in common: flags, log, their course from start to
 * drain. One thread. */
#ifndef WORKLOAD_ROLE_H
#define WORKLOAD_ROLE_H

#include "base/options.h"
#include "http/server.h"
#include "metrics/registry.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

struct role_options {
    const char *address;
    uint64_t port;
    uint64_t drain_timeout_ns;
    int log_level, log_format;
};

/* What a module adds to a role: flags for a struct of its own, endpoints and series, for --help. */
struct role_part {
    struct opt_group opts;
    const struct http_route *routes;
    size_t route_count;
    const struct metric_desc *const *metrics;
    size_t metric_count;
};

/* The flags above. */
extern const struct opt_group role_opts;

/* The endpoints and metrics of --help: those of the parts and those that every role has. */
void role_help(const struct role_part *const *parts, size_t count, FILE *out);

struct role {
    const struct opt_table *table;
    /* Listens and logs that it is ready. A failure ends the program with err's sentence. */
    int (*start)(void *app, struct err *err);
    /* Ends what was started within the drain timeout. Returns the exit code. */
    int (*stop)(void *app);
};

/* Reads the flags into *options, which begins the struct that the table fills and lies in app, then
 * starts, waits for SIGTERM or SIGINT and stops. Returns the exit code. What start has left behind
 * is the caller's to free. */
int role_run(const struct role *role, int argc, char **argv, struct role_options *options,
             void *app);

/* Raises the soft limit of open files to count and some more, as far as the hard limit allows.
 * Returns how many of the count there may be: at least 1. */
size_t role_want_files(size_t count);

/* Adds to err what helps when a low port is refused. Returns code, the failure of service_start. */
int role_explain_port(const struct role_options *o, int code, struct err *err);

/* swell_burn_cpu_seconds_total, which serve and work both have. */
extern const struct metric_desc role_cpu_seconds_total;

/* The roles, as rows of base/command.h. */
int serve_run(int argc, char **argv);
int queue_run(int argc, char **argv);
int work_run(int argc, char **argv);
int consume_run(int argc, char **argv);
int consume_controller_run(int argc, char **argv);
int value_run(int argc, char **argv); /* with SWELL_REDIS */

#endif
