// SPDX-License-Identifier: MIT
#include "workload/role.h"

#include <stdio.h>
#include <sys/resource.h>

#define OTHER_FILES 64 /* log, epoll, database, scrapes of /proc */

const struct metric_desc role_cpu_seconds_total = {
    "swell_burn_cpu_seconds_total",
    METRIC_COUNTER,
    "CPU time used by burns, by the burning threads' own clocks.",
    {0}};

void role_log_init(const struct role_options *o)
{
    log_init(stdout, (enum log_format)o->log_format, (enum log_level)o->log_level);
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
