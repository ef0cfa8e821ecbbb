// SPDX-License-Identifier: MIT
/* role: what the roles serve, queue and work have in common: flags, log, drain. One thread. */
#ifndef WORKLOAD_ROLE_H
#define WORKLOAD_ROLE_H

#include "base/log.h"
#include "base/options.h"
#include "metrics/registry.h"

#include <stddef.h>
#include <stdint.h>

struct role_options {
    const char *address;
    uint64_t port;
    uint64_t drain_timeout_ns;
    int log_level, log_format;
};

/* The rows of these flags for a role's table; base is the offset of its struct role_options. */
#define ROLE_OPTIONS(base)                                                                         \
    {"address", OPT_STRING, (base) + offsetof(struct role_options, address), "0.0.0.0",            \
     "numeric address to listen on"},                                                              \
        {"port",                                                                                   \
         OPT_U64,                                                                                  \
         (base) + offsetof(struct role_options, port),                                             \
         "8080",                                                                                   \
         "TCP port to listen on; 0 picks a free one",                                              \
         .max = 65535},                                                                            \
        {"drain-timeout",                                                                          \
         OPT_DURATION,                                                                             \
         (base) + offsetof(struct role_options, drain_timeout_ns),                                 \
         "30s",                                                                                    \
         "how long accepted work may take to finish after SIGTERM",                                \
         .max = 86400},                                                                            \
        {"log-level",                                                                              \
         OPT_CHOICE,                                                                               \
         (base) + offsetof(struct role_options, log_level),                                        \
         "info",                                                                                   \
         "log up to this level",                                                                   \
         .choices = log_level_names,                                                               \
         .env = "LOG_LEVEL"},                                                                      \
    {                                                                                              \
        "log-format", OPT_CHOICE, (base) + offsetof(struct role_options, log_format), "logfmt",    \
            "form of the log lines", .choices = log_format_names                                   \
    }

/* Log on stdout as the flags say. Before threads. */
void role_log_init(const struct role_options *o);

/* Raises the soft limit of open files to count and some more, as far as the hard limit allows. */
void role_want_files(size_t count);

/* swell_burn_cpu_seconds_total, which serve and work both have. */
extern const struct metric_desc role_cpu_seconds_total;

/* The roles, as rows of base/command.h. */
int serve_run(int argc, char **argv);
int queue_run(int argc, char **argv);
int work_run(int argc, char **argv);
int consume_run(int argc, char **argv);

#endif
