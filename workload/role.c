// SPDX-License-Identifier: MIT
#include "workload/role.h"

#include "base/buf.h"
#include "base/command.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "metrics/service.h"

#include <errno.h>
#include <string.h>
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

size_t role_want_files(size_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return count;
    rlim_t had = limit.rlim_cur, want = count + OTHER_FILES;
    if (had >= want)
        return count;
    limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        log_warn("cannot raise the limit of open files",
                 LOG_INT("wanted", (int64_t)limit.rlim_cur));
        limit.rlim_cur = had;
    }
    if (limit.rlim_cur >= want)
        return count;
    return limit.rlim_cur > OTHER_FILES ? (size_t)limit.rlim_cur - OTHER_FILES : 1;
}

/* The first port that the kernel gives to everybody. */
static uint64_t first_free_port(void)
{
    scoped(buf_done) struct buf text = {.max = 64};
    uint64_t port = 1024; /* where the kernel does not say */

    if (buf_read_file(&text, "/proc/sys/net/ipv4/ip_unprivileged_port_start", NULL) == 0) {
        text.data[strcspn(text.data, "\n")] = '\0';
        (void)parse_u64(text.data, 0, 65535, &port);
    }
    return port;
}

int role_explain_port(const struct role_options *o, int code, struct err *err)
{
    uint64_t first = first_free_port();

    if (code != -EACCES || o->port >= first)
        return code;
    const struct err what = *err;
    return err_set(err, code,
                   "%s (ports below %u need CAP_NET_BIND_SERVICE, or the sysctl "
                   "net.ipv4.ip_unprivileged_port_start)",
                   what.text, (unsigned)first);
}
