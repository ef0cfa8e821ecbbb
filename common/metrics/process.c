// SPDX-License-Identifier: MIT
#include "metrics/process.h"

#include "base/scoped.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct metric_desc cpu_seconds = {"process_cpu_seconds_total",
                                               METRIC_COUNTER,
                                               "CPU time used, user and system, in seconds.",
                                               {0}};
static const struct metric_desc resident = {
    "process_resident_memory_bytes", METRIC_GAUGE, "Resident memory in bytes.", {0}};
static const struct metric_desc virtual_memory = {
    "process_virtual_memory_bytes", METRIC_GAUGE, "Virtual memory in bytes.", {0}};
static const struct metric_desc open_fds = {
    "process_open_fds", METRIC_GAUGE, "Open file descriptors.", {0}};
static const struct metric_desc max_fds = {
    "process_max_fds", METRIC_GAUGE, "Most file descriptors that may be open.", {0}};
static const struct metric_desc start_time = {
    "process_start_time_seconds", METRIC_GAUGE, "Start of the process in seconds since 1970.", {0}};

const struct metric_desc *const process_metric_descs[] = {&cpu_seconds, &resident, &virtual_memory,
                                                          &open_fds,    &max_fds,  &start_time};
const size_t process_metric_desc_count = ARRAY_LEN(process_metric_descs);

/* Fields of /proc/self/stat, counted from the one after the command's closing parenthesis
 * (proc(5): that is field 3). */
enum {
    STAT_UTIME = 14 - 3,
    STAT_STIME = 15 - 3,
    STAT_START = 22 - 3,
    STAT_VSIZE = 23 - 3,
    STAT_RSS = 24 - 3,
    STAT_COUNT
};

static int read_file(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "re");

    if (!f)
        return -1;
    size_t n = fread(text, 1, size - 1, f);
    (void)fclose(f);
    text[n] = '\0';
    return 0;
}

static int read_stat(double fields[STAT_COUNT])
{
    char text[1024];
    char *rest = NULL;

    if (read_file("/proc/self/stat", text, sizeof(text)) < 0 || !strrchr(text, ')'))
        return -1;
    char *at = strrchr(text, ')') + 1;
    for (int i = 0; i < STAT_COUNT; i++, at = NULL) {
        const char *field = strtok_r(at, " ", &rest);
        if (!field)
            return -1;
        fields[i] = strtod(field, NULL);
    }
    return 0;
}

static double boot_time_s(void)
{
    static char text[64 * 1024]; /* one scrape at a time; the interrupt line is long */

    if (read_file("/proc/stat", text, sizeof(text)) < 0)
        return 0;
    const char *line = strstr(text, "\nbtime ");
    return line ? strtod(line + 7, NULL) : 0;
}

static double count_open_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    double count = -1; /* the folder's own descriptor */

    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    return count;
}

static void collect(void *arg)
{
    struct metrics *m = arg;
    double f[STAT_COUNT], ticks = (double)sysconf(_SC_CLK_TCK);
    struct rlimit limit;

    if (read_stat(f) == 0) {
        metric_set(metrics_series(m, &cpu_seconds), (f[STAT_UTIME] + f[STAT_STIME]) / ticks);
        metric_set(metrics_series(m, &resident), f[STAT_RSS] * (double)sysconf(_SC_PAGESIZE));
        metric_set(metrics_series(m, &virtual_memory), f[STAT_VSIZE]);
        metric_set(metrics_series(m, &start_time), boot_time_s() + f[STAT_START] / ticks);
    }
    metric_set(metrics_series(m, &open_fds), count_open_fds());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(metrics_series(m, &max_fds), (double)limit.rlim_cur);
}

void metrics_add_process(struct metrics *m)
{
    metrics_on_collect(m, collect, m);
}
