// SPDX-License-Identifier: MIT
#include "lab/cgroup.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "lab/cgroup_parents.h"
#include "lab/cpu.h"
#include "lab/resident.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LAB_PREFIX "swell-lab-"
#define PERIOD_US (CPU_PERIOD_NS / NS_PER_US)
#define QUOTA_MIN_US 1000 /* of the kernel, and the kubelet's MinQuotaPeriod */
#define SHARES_PER_CPU 1024
#define SHARES_MIN 2 /* of the kernel, and what the kubelet gives a pod without request */
#define SHARES_MAX 262144
#define REMOVE_PATIENCE_NS NS_PER_S
#define PROC_TEXT_MAX (1024 * KIB)

struct cgroups {
    int version;
    char *cpu, *account; /* the lab's directories; the same text where one hierarchy has both */
};

struct cgroup {
    int version;
    char *cpu, *account;
    int cpu_procs, account_procs; /* cgroup.procs, open for writing; -1 when there is one only */
};

/* A new string, or NULL. */
static char *path_of(const char *dir, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static int write_file(const char *dir, const char *file, const char *text)
{
    scoped(free_at) char *path = path_of(dir, file);

    if (!path)
        return -ENOMEM;
    scoped(close_at) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return -errno;
    return 0;
}

static int set_file(const char *dir, const char *file, struct err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int set_file(const char *dir, const char *file, struct err *err, const char *format, ...)
{
    char text[64];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    int r = write_file(dir, file, text);
    return r < 0 ? err_errno(err, -r, "cannot write '%s' to '%s/%s'", text, dir, file) : 0;
}

static int read_file(const char *dir, const char *file, char *text, size_t size)
{
    scoped(free_at) char *path = path_of(dir, file);

    if (!path)
        return -ENOMEM;
    scoped(close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, size - 1);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    return 0;
}

/* The number after key at the start of a line; 0 when there is none. */
static uint64_t stat_value(const char *stat, const char *key)
{
    size_t len = strlen(key);

    for (const char *line = stat; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) == 0 && line[len] == ' ')
            return strtoull(line + len + 1, NULL, 10);
    }
    return 0;
}

/* A group is busy for a moment after its last process was reaped: nothing tells when it is over
 * (version 1), so this asks again. */
static int remove_patiently(const char *dir)
{
    const uint64_t give_up_ns = clock_mono_ns() + REMOVE_PATIENCE_NS;
    struct timespec nap = {.tv_nsec = (long)NS_PER_MS};

    while (rmdir(dir) < 0) {
        if (errno == ENOENT)
            return 0;
        if (errno != EBUSY || clock_mono_ns() >= give_up_ns)
            return -errno;
        (void)nanosleep(&nap, NULL);
        if (nap.tv_nsec < 32 * (long)NS_PER_MS)
            nap.tv_nsec *= 2;
    }
    return 0;
}

/* Removes the groups inside dir, then dir; what still has processes stays. */
static int remove_lab(const char *dir, int (*remove_dir)(const char *))
{
    DIR *entries = opendir(dir);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries))) {
        scoped(free_at) char *path = path_of(dir, entry->d_name);
        if (path && entry->d_name[0] != '.' && entry->d_type == DT_DIR)
            (void)remove_dir(path);
    }
    if (entries)
        (void)closedir(entries);
    return remove_dir(dir);
}

/* Our own number is a leftover too: there is one control per process, and it makes its directory
 * after this. */
static bool is_leftover(const char *name)
{
    const size_t len = strlen(LAB_PREFIX);
    uint64_t pid;

    return strncmp(name, LAB_PREFIX, len) == 0 && parse_u64(name + len, 1, INT32_MAX, &pid) == 0 &&
           ((pid_t)pid == getpid() || (kill((pid_t)pid, 0) < 0 && errno == ESRCH));
}

static void remove_leftovers(const char *parent)
{
    DIR *entries = opendir(parent);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries))) {
        scoped(free_at) char *path = path_of(parent, entry->d_name);
        if (path && is_leftover(entry->d_name))
            (void)remove_lab(path, rmdir);
    }
    if (entries)
        (void)closedir(entries);
}

static int make_dir(const char *dir, struct err *err)
{
    if (mkdir(dir, 0755) < 0)
        return err_errno(err, errno, "cannot make '%s'", dir);
    return 0;
}

static unsigned long cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (unsigned long)n : 1;
}

/* The kubelet gives the group of all pods 1024 shares per core as well. */
static int give_lab_weight(const struct cgroups *c, struct err *err)
{
    unsigned long weight = 100 * cores();

    if (c->version == 1)
        return set_file(c->cpu, "cpu.shares", err, "%lu", SHARES_PER_CPU * cores());
    return set_file(c->cpu, "cpu.weight", err, "%lu", weight < 10000 ? weight : 10000);
}

/* A new group has the cpu controller when its parent hands it down, which a parent with processes
 * of its own refuses (EBUSY). */
static int hand_down_cpu(const char *parent, const char *dir, struct err *err)
{
    char text[512];
    int r = read_file(dir, "cgroup.controllers", text, sizeof(text));

    if (r < 0)
        return err_errno(err, -r, "cannot read '%s/cgroup.controllers'", dir);
    if (!strstr(text, "cpu ") && !strstr(text, "cpu\n")) {
        r = set_file(parent, "cgroup.subtree_control", err, "+cpu");
        if (r < 0)
            return r;
    }
    return set_file(dir, "cgroup.subtree_control", err, "+cpu");
}

static int prepare_lab(const struct cgroups *c, const char *parent, struct err *err)
{
    int r = c->version == 2 ? hand_down_cpu(parent, c->cpu, err) : 0;

    return r < 0 ? r : give_lab_weight(c, err);
}

static int make_lab(struct cgroups *c, const char *cpu_parent, const char *account_parent,
                    struct err *err)
{
    const bool apart = strcmp(cpu_parent, account_parent) != 0;
    char name[32];

    (void)snprintf(name, sizeof(name), LAB_PREFIX "%d", (int)getpid());
    c->cpu = path_of(cpu_parent, name);
    c->account = path_of(account_parent, name);
    if (!c->cpu || !c->account)
        return err_set(err, -ENOMEM, "out of memory");

    remove_leftovers(cpu_parent);
    if (apart)
        remove_leftovers(account_parent);
    int r = make_dir(c->cpu, err);
    if (r == 0 && apart)
        r = make_dir(c->account, err);
    return r < 0 ? r : prepare_lab(c, cpu_parent, err);
}

static void drop_lab(struct cgroups *c)
{
    if (c->cpu)
        (void)rmdir(c->cpu);
    if (c->account)
        (void)rmdir(c->account);
    free(c->cpu);
    free(c->account);
    c->cpu = c->account = NULL;
}

struct parents {
    char *cpu[CGROUP_PARENTS], *account[CGROUP_PARENTS];
    int n;
};

static void parents_done(struct parents *p)
{
    for (int i = 0; i < CGROUP_PARENTS; i++) {
        free(p->cpu[i]);
        free(p->account[i]);
    }
}

static int find_parents(int version, struct parents *ret, struct err *err)
{
    scoped(buf_done) struct buf mountinfo = {.max = PROC_TEXT_MAX}, self = {.max = PROC_TEXT_MAX};
    int r = buf_read_file(&mountinfo, "/proc/self/mountinfo", err);

    if (r == 0)
        r = buf_read_file(&self, "/proc/self/cgroup", err);
    if (r < 0)
        return r;
    if (mountinfo.len == 0 || self.len == 0)
        return err_set(err, -EOPNOTSUPP, "the kernel has no control groups");

    int cpu = cgroup_parents(mountinfo.data, self.data, version == 1 ? "cpu" : NULL, ret->cpu);
    int account =
        cgroup_parents(mountinfo.data, self.data, version == 1 ? "cpuacct" : NULL, ret->account);
    if (cpu < 0 || account < 0)
        return err_set(err, -ENOMEM, "out of memory");
    ret->n = cpu < account ? cpu : account;
    if (ret->n == 0)
        return err_set(err, -EOPNOTSUPP, "it is not mounted");
    return 0;
}

int cgroups_new(int version, struct cgroups **ret, struct err *err)
{
    scoped(parents_done) struct parents parents = {0};
    struct cgroups *c = calloc(1, sizeof(*c));

    if (!c)
        return err_set(err, -ENOMEM, "out of memory");
    c->version = version;
    int r = find_parents(version, &parents, err);
    for (int i = 0; r == 0 && i < parents.n; i++) {
        int made = make_lab(c, parents.cpu[i], parents.account[i], err);
        if (made == 0) {
            *ret = c;
            return 0;
        }
        drop_lab(c);
        r = i + 1 < parents.n ? 0 : made;
    }
    free(c);
    return r;
}

static void remove_or_warn(const char *dir)
{
    int r = remove_lab(dir, remove_patiently);

    if (r < 0)
        log_warn("a control group stays behind", LOG_STR("directory", dir),
                 LOG_STR("reason", strerror(-r)));
}

void cgroups_free(struct cgroups *c)
{
    if (!c)
        return;

    remove_or_warn(c->cpu);
    if (strcmp(c->cpu, c->account) != 0)
        remove_or_warn(c->account);
    free(c->cpu);
    free(c->account);
    free(c);
}

static uint64_t quota_us(uint32_t limit_milli)
{
    uint64_t us = limit_milli * PERIOD_US / 1000;

    return us < QUOTA_MIN_US ? QUOTA_MIN_US : us;
}

/* As the kubelet: MilliCPUToShares. */
static uint64_t shares(uint32_t request_milli)
{
    uint64_t n = (uint64_t)request_milli * SHARES_PER_CPU / 1000;

    return n < SHARES_MIN ? SHARES_MIN : n > SHARES_MAX ? SHARES_MAX : n;
}

/* The kubelet's map of 2..262144 shares to 1..10000: KEP-2254, "cgroup v2". */
static uint64_t weight(uint32_t request_milli)
{
    return 1 + (shares(request_milli) - SHARES_MIN) * 9999 / (SHARES_MAX - SHARES_MIN);
}

static int limit_v1(const char *dir, uint32_t limit_milli, uint32_t request_milli, struct err *err)
{
    int r = set_file(dir, "cpu.shares", err, "%" PRIu64, shares(request_milli));

    if (r == 0 && limit_milli > 0)
        r = set_file(dir, "cpu.cfs_period_us", err, "%" PRIu64, PERIOD_US);
    if (r == 0 && limit_milli > 0)
        r = set_file(dir, "cpu.cfs_quota_us", err, "%" PRIu64, quota_us(limit_milli));
    return r;
}

static int limit_v2(const char *dir, uint32_t limit_milli, uint32_t request_milli, struct err *err)
{
    int r = set_file(dir, "cpu.weight", err, "%" PRIu64, weight(request_milli));

    if (r == 0 && limit_milli > 0)
        r = set_file(dir, "cpu.max", err, "%" PRIu64 " %" PRIu64, quota_us(limit_milli), PERIOD_US);
    return r;
}

static int open_procs(const char *dir, int *ret, struct err *err)
{
    scoped(free_at) char *path = path_of(dir, "cgroup.procs");

    if (!path)
        return err_set(err, -ENOMEM, "out of memory");
    *ret = open(path, O_WRONLY | O_CLOEXEC);
    return *ret < 0 ? err_errno(err, errno, "cannot open '%s'", path) : 0;
}

static int make_group(struct cgroup *g, uint32_t limit_milli, uint32_t request_milli,
                      struct err *err)
{
    const bool apart = strcmp(g->cpu, g->account) != 0;
    int r = make_dir(g->cpu, err);

    if (r == 0 && apart)
        r = make_dir(g->account, err);
    if (r == 0)
        r = (g->version == 1 ? limit_v1 : limit_v2)(g->cpu, limit_milli, request_milli, err);
    if (r == 0)
        r = open_procs(g->cpu, &g->cpu_procs, err);
    if (r == 0 && apart)
        r = open_procs(g->account, &g->account_procs, err);
    return r;
}

int cgroup_new(struct cgroups *c, const char *pod, uint32_t limit_milli, uint32_t request_milli,
               struct cgroup **ret, struct err *err)
{
    struct cgroup *g = calloc(1, sizeof(*g));

    if (!g)
        return err_set(err, -ENOMEM, "out of memory");
    *g = (struct cgroup){.version = c->version,
                         .cpu = path_of(c->cpu, pod),
                         .account = path_of(c->account, pod),
                         .cpu_procs = -1,
                         .account_procs = -1};

    int r = g->cpu && g->account ? make_group(g, limit_milli, request_milli, err)
                                 : err_set(err, -ENOMEM, "out of memory");
    if (r < 0) {
        cgroup_free(g);
        return r;
    }
    *ret = g;
    return 0;
}

static int join(int procs)
{
    return procs >= 0 && write(procs, "0", 1) < 0 ? -errno : 0;
}

int cgroup_join(const struct cgroup *g)
{
    int r = join(g->account_procs);

    return r < 0 ? r : join(g->cpu_procs);
}

static uint64_t memory_bytes(const struct cgroup *g)
{
    char text[4096], path[48], *save = NULL; /* room for some 500 processes */
    uint64_t sum = 0;

    if (read_file(g->cpu, "cgroup.procs", text, sizeof(text)) < 0)
        return 0;
    for (char *pid = strtok_r(text, "\n", &save); pid; pid = strtok_r(NULL, "\n", &save)) {
        (void)snprintf(path, sizeof(path), "/proc/%.16s/statm", pid);
        sum += resident_bytes(AT_FDCWD, path);
    }
    return sum;
}

int cgroup_usage(const struct cgroup *g, struct cpu_usage *ret)
{
    char stat[1024], used[64] = "0";
    int r = read_file(g->cpu, "cpu.stat", stat, sizeof(stat));

    if (r == 0 && g->version == 1)
        r = read_file(g->account, "cpuacct.usage", used, sizeof(used));
    if (r < 0)
        return r;

    *ret = (struct cpu_usage){
        .usage_ns =
            g->version == 1 ? strtoull(used, NULL, 10) : stat_value(stat, "usage_usec") * NS_PER_US,
        .periods = stat_value(stat, "nr_periods"),
        .throttled_periods = stat_value(stat, "nr_throttled"),
        .throttled_ns = g->version == 1 ? stat_value(stat, "throttled_time")
                                        : stat_value(stat, "throttled_usec") * NS_PER_US,
        .memory_bytes = memory_bytes(g),
    };
    return 0;
}

void cgroup_free(struct cgroup *g)
{
    if (!g)
        return;

    if (g->cpu_procs >= 0)
        (void)close(g->cpu_procs);
    if (g->account_procs >= 0)
        (void)close(g->account_procs);
    if (g->cpu)
        (void)remove_patiently(g->cpu);
    if (g->account)
        (void)remove_patiently(g->account);
    free(g->cpu);
    free(g->account);
    free(g);
}
