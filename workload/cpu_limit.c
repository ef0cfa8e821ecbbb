// SPDX-License-Identifier: MIT
#include "workload/cpu_limit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/scoped.h"
#include "workload/governor.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Looks at one folder of a cgroup; true ends the walk. */
typedef bool visit_fn(const char *folder, bool v2, void *arg);

/* From the group up to the mount. In a container the path of /proc/self/cgroup may be one of the
 * host that is not there: its parents lead to what is. */
static bool visit_upwards(const char *mount, const char *group, bool v2, visit_fn *visit, void *arg)
{
    char folder[PATH_MAX];

    if (snprintf(folder, sizeof(folder), "%s%s", mount, group) >= (int)sizeof(folder))
        return false;
    for (;;) {
        if (visit(folder, v2, arg))
            return true;
        char *slash = strrchr(folder, '/');
        if (!slash || strlen(folder) <= strlen(mount))
            return false;
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
static bool visit_line(const char *root, const char *line, visit_fn *visit, void *arg)
{
    const char *controllers = strchr(line, ':');
    const char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    char mount[PATH_MAX];

    if (!group)
        return false;
    controllers++;
    group++;
    bool v2 = *controllers == ':';
    if (!v2 && !names_cpu(controllers))
        return false;
    if (snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup%s", root, v2 ? "" : "/cpu") >=
        (int)sizeof(mount))
        return false;
    return visit_upwards(mount, group, v2, visit, arg);
}

/* The folders of all cgroups that limit our CPU. True when a visit ended the walk. */
static bool visit_cgroups(const char *root, visit_fn *visit, void *arg)
{
    scoped(buf_done) struct buf groups = {.max = 64 * KIB};
    char *rest = NULL;

    if (!read_text(&groups, root, "proc/self/cgroup"))
        return false;
    for (char *line = strtok_r(groups.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (visit_line(root, line, visit, arg))
            return true;
    return false;
}

static bool find_lowest(const char *folder, bool v2, void *arg)
{
    double limit = v2 ? limit_v2(folder) : limit_v1(folder), *lowest = arg;

    if (limit > 0 && (*lowest <= 0 || limit < *lowest))
        *lowest = limit;
    return false;
}

double cpu_limit(const char *root)
{
    double limit = 0;

    (void)visit_cgroups(root, find_lowest, &limit);
    return limit;
}

unsigned cpu_limit_workers(void)
{
    double limit = cpu_limit(""), governed = governor_limit();
    cpu_set_t cpus;

    if (governed > 0 && (limit <= 0 || governed < limit))
        limit = governed;
    if (limit > 0)
        return (unsigned)ceil(limit);
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 0)
        return (unsigned)CPU_COUNT(&cpus);
    return 1;
}

/* ---- throttling ---- */

/* cpu.stat has lines such as "nr_throttled 17". */
static uint64_t count_named(const char *stat, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = stat; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ' ')
            return strtoull(line + len, NULL, 10);
    }
    return 0;
}

static bool read_throttling(const char *folder, bool v2, void *arg)
{
    scoped(buf_done) struct buf stat = {.max = 4 * KIB};

    if ((v2 ? limit_v2(folder) : limit_v1(folder)) <= 0 || !read_text(&stat, folder, "cpu.stat"))
        return false;
    *(struct cpu_throttling *)arg = (struct cpu_throttling){
        .periods = count_named(stat.data, "nr_periods"),
        .throttled_periods = count_named(stat.data, "nr_throttled"),
        .throttled_ns = v2 ? count_named(stat.data, "throttled_usec") * NS_PER_US
                           : count_named(stat.data, "throttled_time"),
    };
    return true;
}

bool cpu_throttling(const char *root, struct cpu_throttling *ret)
{
    return visit_cgroups(root, read_throttling, ret);
}

/* ---- series ---- */

static const struct metric_desc periods_total = {
    "swell_cgroup_cpu_periods_total",
    METRIC_COUNTER,
    "Periods of the cgroup's CPU limit in which something ran.",
    {0}};
static const struct metric_desc throttled_periods_total = {
    "swell_cgroup_cpu_throttled_periods_total",
    METRIC_COUNTER,
    "Periods of the cgroup's CPU limit whose quota was used up.",
    {0}};
static const struct metric_desc throttled_seconds_total = {
    "swell_cgroup_cpu_throttled_seconds_total",
    METRIC_COUNTER,
    "Time that the kernel held the cgroup's threads back, summed over CPUs.",
    {0}};
static const struct metric_desc *const descs[] = {&periods_total, &throttled_periods_total,
                                                  &throttled_seconds_total};
const struct role_part cpu_throttling_part = {.metrics = descs, .metric_count = ARRAY_LEN(descs)};

static void collect(void *arg)
{
    struct metrics *m = arg;
    struct cpu_throttling seen;

    if (!cpu_throttling("", &seen))
        return;
    metric_set(metrics_series(m, &periods_total), (double)seen.periods);
    metric_set(metrics_series(m, &throttled_periods_total), (double)seen.throttled_periods);
    metric_set(metrics_series(m, &throttled_seconds_total),
               (double)seen.throttled_ns / (double)NS_PER_S);
}

void cpu_throttling_add_metrics(struct metrics *m)
{
    metrics_on_collect(m, collect, m);
}
