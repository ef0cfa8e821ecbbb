// SPDX-License-Identifier: MIT
#include "workload/cpu_limit.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "workload/governor.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool read_text(struct buf *text, const char *folder, const char *name)
{
    char path[PATH_MAX];

    buf_clear(text);
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    return n < (int)sizeof(path) && buf_read_file(text, path, NULL) == 0 && text->len > 0;
}

/* cpu.max is "max 100000" or "50000 100000": microseconds in each period. */
static double limit_v2(const char *folder)
{
    scoped(buf_done) struct buf text = {.max = 256};
    double quota_us, period_us;

    if (!read_text(&text, folder, "cpu.max") ||
        sscanf(text.data, "%lf %lf", &quota_us, &period_us) != 2 || period_us <= 0)
        return 0;
    return quota_us / period_us;
}

/* A quota of -1 is no limit. */
static double limit_v1(const char *folder)
{
    scoped(buf_done) struct buf text = {.max = 256};
    double quota_us, period_us;

    if (!read_text(&text, folder, "cpu.cfs_quota_us") || sscanf(text.data, "%lf", &quota_us) != 1)
        return 0;
    if (!read_text(&text, folder, "cpu.cfs_period_us") ||
        sscanf(text.data, "%lf", &period_us) != 1 || period_us <= 0 || quota_us <= 0)
        return 0;
    return quota_us / period_us;
}

static double lower(double a, double b)
{
    return a > 0 && (b <= 0 || a < b) ? a : b;
}

/* The lowest limit from the group up to the mount. In a container the path of /proc/self/cgroup may
 * be one of the host that is not there: its parents lead to what is. */
static double lowest_above(const char *mount, const char *group, double (*limit_of)(const char *))
{
    char folder[PATH_MAX];
    double limit = 0;

    if (snprintf(folder, sizeof(folder), "%s%s", mount, group) >= (int)sizeof(folder))
        return 0;
    for (;;) {
        limit = lower(limit_of(folder), limit);
        char *slash = strrchr(folder, '/');
        if (!slash || strlen(folder) <= strlen(mount))
            return limit;
        *slash = '\0';
    }
}

static bool names_cpu(const char *controllers)
{
    size_t len = strcspn(controllers, ":");
    char list[256];

    (void)snprintf(list, sizeof(list), ",%.*s,", (int)len, controllers);
    return strstr(list, ",cpu,") != NULL;
}

/* A line is "0::/kubepods/x" (v2) or "4:cpu,cpuacct:/kubepods/x" (v1). */
static double limit_of_line(const char *root, const char *line)
{
    const char *controllers = strchr(line, ':');
    const char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    char mount[PATH_MAX];

    if (!group)
        return 0;
    controllers++;
    group++;
    bool v2 = *controllers == ':';
    if (!v2 && !names_cpu(controllers))
        return 0;
    if (snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup%s", root, v2 ? "" : "/cpu") >=
        (int)sizeof(mount))
        return 0;
    return lowest_above(mount, group, v2 ? limit_v2 : limit_v1);
}

double cpu_limit(const char *root)
{
    scoped(buf_done) struct buf groups = {.max = 64 * KIB};
    char *rest = NULL;
    double limit = 0;

    if (!read_text(&groups, root, "proc/self/cgroup"))
        return 0;
    for (char *line = strtok_r(groups.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        limit = lower(limit_of_line(root, line), limit);
    return limit;
}

unsigned cpu_limit_workers(void)
{
    double limit = lower(cpu_limit(""), governor_limit());
    cpu_set_t cpus;

    if (limit > 0)
        return (unsigned)ceil(limit);
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 0)
        return (unsigned)CPU_COUNT(&cpus);
    return 1;
}
