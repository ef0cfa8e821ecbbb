// SPDX-License-Identifier: MIT
#include "lab/cpu.h"

#include "base/err.h"
#include "base/log.h"
#include "lab/cgroup.h"
#include "lab/stopper.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define POD_NAME_MAX 253 /* RFC 1123 subdomain, as the API server checks */
#define LIMIT_MIN_MILLI 10

const char *const cpu_way_names[] = {"auto", "cgroup2", "cgroup1", "signals", NULL};

static const char *const way_titles[] = {"auto", "cgroup v2", "cgroup v1", "signals"};

struct cpu_control {
    enum cpu_way way;        /* in force: never CPU_AUTO */
    struct cgroups *cgroups; /* one of these two */
    struct stopper *stopper;
};

struct cpu_group {
    struct cgroup *cgroup; /* one of these two */
    struct stopper_group *stopped;
};

static int open_way(struct cpu_control *c, enum cpu_way way, struct err *err)
{
    int r = way == CPU_SIGNALS ? stopper_new(&c->stopper, err)
                               : cgroups_new(way == CPU_CGROUP2 ? 2 : 1, &c->cgroups, err);

    if (r == 0)
        c->way = way;
    return r;
}

static int open_best(struct cpu_control *c, struct err *err)
{
    int r = -EOPNOTSUPP;

    for (enum cpu_way way = CPU_CGROUP2; r < 0 && way <= CPU_SIGNALS; way++) {
        struct err reason = {0};
        r = open_way(c, way, &reason);
        if (r < 0) {
            log_debug("CPU limits: a way does not work here", LOG_STR("way", way_titles[way]),
                      LOG_STR("reason", reason.text));
            (void)err_set(err, r, "%s", reason.text);
        }
    }
    return r;
}

static int open_only(struct cpu_control *c, enum cpu_way way, struct err *err)
{
    int r = open_way(c, way, err);

    if (r < 0)
        return err_wrap(err, r == -ENOMEM ? r : -EOPNOTSUPP, "%s cannot be used here",
                        way_titles[way]);
    return 0;
}

int cpu_control_new(enum cpu_way way, struct cpu_control **ret, struct err *err)
{
    struct cpu_control *c = calloc(1, sizeof(*c));

    if (!c)
        return err_set(err, -ENOMEM, "out of memory");
    int r = way == CPU_AUTO ? open_best(c, err) : open_only(c, way, err);
    if (r < 0) {
        free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void cpu_control_free(struct cpu_control *c)
{
    if (!c)
        return;

    cgroups_free(c->cgroups);
    stopper_free(c->stopper);
    free(c);
}

const char *cpu_control_name(const struct cpu_control *c)
{
    return way_titles[c->way];
}

/* A name becomes a directory: nothing in it may lead elsewhere. */
static bool is_pod_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > POD_NAME_MAX || name[0] == '.' || name[0] == '-')
        return false;
    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-' && *c != '.')
            return false;
    return true;
}

int cpu_group_new(struct cpu_control *c, const char *pod, uint32_t limit_milli,
                  uint32_t request_milli, struct cpu_group **ret, struct err *err)
{
    if (!is_pod_name(pod))
        return err_set(err, -EINVAL, "'%s' is not a pod name", pod);

    struct cpu_group *g = calloc(1, sizeof(*g));
    if (!g)
        return err_set(err, -ENOMEM, "out of memory");
    if (limit_milli > 0 && limit_milli < LIMIT_MIN_MILLI)
        limit_milli = LIMIT_MIN_MILLI;
    int r = c->cgroups ? cgroup_new(c->cgroups, pod, limit_milli, request_milli, &g->cgroup, err)
                       : stopper_group_new(c->stopper, limit_milli, &g->stopped, err);
    if (r < 0) {
        free(g);
        return err_wrap(err, r, "no CPU group for pod '%s'", pod);
    }
    *ret = g;
    return 0;
}

int cpu_group_join(const struct cpu_group *g)
{
    return g->cgroup ? cgroup_join(g->cgroup) : 0;
}

int cpu_group_add(struct cpu_group *g, pid_t pid, struct err *err)
{
    return g->stopped ? stopper_group_add(g->stopped, pid, err) : 0;
}

int cpu_group_usage(struct cpu_group *g, struct cpu_usage *ret)
{
    if (g->cgroup)
        return cgroup_usage(g->cgroup, ret);
    stopper_group_usage(g->stopped, ret);
    return 0;
}

void cpu_group_free(struct cpu_group *g)
{
    if (!g)
        return;

    cgroup_free(g->cgroup);
    stopper_group_free(g->stopped);
    free(g);
}
