// SPDX-License-Identifier: MIT
#include "workload/role.h"

#include "base/command.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "metrics/service.h"

#include <sys/resource.h>

#define OTHER_FILES 64 /* log, epoll, database, scrapes of /proc */

const struct metric_desc role_cpu_seconds_total = {
    "swell_burn_cpu_seconds_total",
    METRIC_COUNTER,
    "CPU time used by burns, by the burning threads' own clocks. The purpose is a request that was "
    "answered, one that was not (wasted), a job, or consume.",
    {"purpose"}};

static const struct opt rows[] = {
    {"address", OPT_STRING, offsetof(struct role_options, address), "0.0.0.0",
     "numeric address to listen on"},
    {"port", OPT_U64, offsetof(struct role_options, port), "8080",
     "TCP port to listen on; 0 picks a free one", .max = 65535},
    {"drain-timeout", OPT_DURATION, offsetof(struct role_options, drain_timeout_ns), "30s",
     "how long accepted work may take to finish after SIGTERM", .max = 86400},
    {"log-level", OPT_CHOICE, offsetof(struct role_options, log_level), "info",
     "log up to this level", .choices = log_level_names, .env = "LOG_LEVEL"},
    {"log-format", OPT_CHOICE, offsetof(struct role_options, log_format), "logfmt",
     "form of the log lines", .choices = log_format_names},
};
const struct opt_group role_opts = {rows, ARRAY_LEN(rows)};

void role_help(const struct role_part *const *parts, size_t count, FILE *out)
{
    (void)fprintf(out, "\nEndpoints:\n");
    for (size_t i = 0; i < count; i++)
        http_routes_help(parts[i]->routes, parts[i]->route_count, out);
    service_help(out);
    for (size_t i = 0; i < count; i++)
        metrics_help(parts[i]->metrics, parts[i]->metric_count, out);
}

int role_run(const struct role *role, int argc, char **argv, struct role_options *options,
             void *app)
{
    struct err err = {0};
    int r = options_parse(role->table, argc, argv, options, &err);

    if (r >= 0) {
        log_init(stdout, (enum log_format)options->log_format, (enum log_level)options->log_level);
        r = role->start(app, &err);
    }
    if (r < 0)
        return command_refuse(role->table->program, r, &err);

    (void)signals_wait();
    return role->stop(app);
}

void role_want_files(size_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= count + OTHER_FILES)
        return;
    limit.rlim_cur = count + OTHER_FILES;
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("cannot raise the limit of open files",
                 LOG_INT("wanted", (int64_t)limit.rlim_cur));
}
