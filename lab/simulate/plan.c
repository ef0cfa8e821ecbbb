// SPDX-License-Identifier: MIT
#include "lab/simulate/plan.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/strict.h"
#include "kube/yaml.h"
#include "lab/simulate/plan_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 253
#define TITLE_MAX_BYTES 120
#define HOUR_NS (3600 * NS_PER_S)
#define DURATION_MAX_NS (366 * 24 * HOUR_NS)
#define SAMPLING_MAX_NS HOUR_NS
#define SEED_MAX INT64_C(0xffffffff)
#define NODES_MAX 10000
#define CPU_MAX_MILLI INT64_C(1000000)
#define REQUEST_MAX_NS HOUR_NS

static int copy_text(const struct strict *s, const char *text, char **ret)
{
    *ret = strdup(text);
    return *ret ? 0 : err_set(s->err, -ENOMEM, "out of memory");
}

/* ---- one workload ---- */

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static int read_cores(const struct strict *s, const json_t *object, const char *path,
                      const char *name, int64_t min_milli, double *ret)
{
    int64_t milli = -1;
    int r = strict_quantity(s, object, path, name, min_milli, CPU_MAX_MILLI, &milli);

    if (r == 0 && milli >= 0)
        *ret = (double)milli / 1000;
    return r;
}

static int read_service(const struct strict *s, const json_t *entry, const char *parent,
                        struct service *ret)
{
    static const struct strict_member members[] = {
        {"cpuPerRequest", true}, {"cpuLimit"}, {"idleCpu"}, {"warmUpCpu"}, {"startUp"},
        {"readinessDelay"},      {"timeout"},  {0}};
    const json_t *object = json_object_get(entry, "service");
    char path[STRICT_PATH_MAX];
    uint64_t cpu_ns = 0;

    *ret = (struct service){.start_up_ns = 5 * NS_PER_S, .readiness_delay_ns = 5 * NS_PER_S};
    strict_path(path, parent, "service");
    int r = strict_mapping(s, object, path, members);
    if (r == 0)
        r = strict_duration(s, object, path, "cpuPerRequest", NS_PER_US, REQUEST_MAX_NS, &cpu_ns);
    if (r == 0)
        r = read_cores(s, object, path, "cpuLimit", 1, &ret->limit_cores);
    if (r == 0)
        r = read_cores(s, object, path, "idleCpu", 0, &ret->idle_cores);
    if (r == 0)
        r = read_cores(s, object, path, "warmUpCpu", 0, &ret->warm_up_cores);
    if (r == 0)
        r = strict_duration(s, object, path, "startUp", 0, HOUR_NS, &ret->start_up_ns);
    if (r == 0)
        r = strict_duration(s, object, path, "readinessDelay", 0, HOUR_NS,
                            &ret->readiness_delay_ns);
    if (r == 0)
        r = strict_duration(s, object, path, "timeout", 0, HOUR_NS, &ret->timeout_ns);
    ret->cpu_per_request_s = seconds(cpu_ns);
    return r;
}

static int read_metric(const struct strict *s, const char *path, const char *name,
                       const json_t *value, struct plan_workload *w)
{
    const char *text = json_string_value(value);
    const bool is_rate = text && strcmp(text, "rate") == 0;

    if (!is_rate && (!text || strcmp(text, "backlog") != 0))
        return strict_refuse(s, path, "%s takes rate or backlog", path);
    if (w->metric_count == PLAN_METRICS_MAX)
        return strict_refuse(s, path, "a workload has at most %d metrics", PLAN_METRICS_MAX);

    struct plan_metric *m = &w->metrics[w->metric_count++];
    m->quantity = is_rate ? MODEL_RATE : MODEL_BACKLOG;
    return copy_text(s, name, &m->name);
}

static int read_metrics(const struct strict *s, const json_t *entry, const char *parent,
                        struct plan_workload *w)
{
    const json_t *metrics = json_object_get(entry, "metrics");
    char path[STRICT_PATH_MAX], at[STRICT_PATH_MAX];
    const char *name;
    json_t *value;
    int r = 0;

    strict_path(path, parent, "metrics");
    if (metrics && !json_is_object(metrics))
        return strict_refuse(s, path, "%s takes a mapping of names to rate or backlog", path);
    json_object_foreach ((json_t *)(uintptr_t)metrics, name, value)
        if (r == 0)
            r = read_metric(s, strict_path(at, path, name), name, value, w);
    return r;
}

static int read_names(const struct strict *s, const json_t *entry, const char *path,
                      struct plan_workload *w)
{
    const char *deployment = NULL, *namespace = "default", *name = NULL;
    int r = strict_text(s, entry, path, "deployment", NAME_MAX_BYTES, &deployment);

    if (r == 0)
        r = strict_text(s, entry, path, "namespace", NAME_MAX_BYTES, &namespace);
    if (r == 0)
        r = strict_text(s, entry, path, "name", NAME_MAX_BYTES, &name);
    if (r == 0)
        r = copy_text(s, deployment, &w->deployment);
    if (r == 0)
        r = copy_text(s, namespace, &w->namespace);
    return r == 0 ? copy_text(s, name ? name : deployment, &w->name) : r;
}

static int read_workload(const struct strict *s, const json_t *entry, const char *path,
                         const char *folder, struct plan_workload *w)
{
    static const struct strict_member members[] = {
        {"deployment", true}, {"namespace"},     {"name"},    {"copies"}, {"spread"}, {"noise"},
        {"load", true},       {"service", true}, {"metrics"}, {0}};
    int64_t copies = 1;
    int r = strict_mapping(s, entry, path, members);

    if (r == 0)
        r = read_names(s, entry, path, w);
    if (r == 0)
        r = strict_int(s, entry, path, "copies", 1, PLAN_COPIES_MAX, &copies);
    if (r == 0)
        r = strict_duration(s, entry, path, "spread", 0, DURATION_MAX_NS, &w->spread_ns);
    if (r == 0)
        r = strict_number(s, entry, path, "noise", 0, 1, &w->noise);
    if (r == 0)
        r = plan_load_read(s, entry, path, folder, &w->load);
    if (r == 0)
        r = read_service(s, entry, path, &w->service);
    w->copies = (size_t)copies;
    return r == 0 ? read_metrics(s, entry, path, w) : r;
}

/* ---- all ---- */

/* Two lines of the same name would be one to a reader. */
static int refuse_twins(const struct strict *s, const struct plan *p, const char *path)
{
    const struct plan_workload *last = &p->workloads[p->workload_count - 1];

    for (const struct plan_workload *w = p->workloads; w < last; w++)
        if (strcmp(w->name, last->name) == 0)
            return strict_refuse(s, path, "there is already a workload named '%.100s'", w->name);
    return 0;
}

static int read_workloads(const struct strict *s, const json_t *root, const char *folder,
                          struct plan *p)
{
    const json_t *list = json_object_get(root, "workloads");
    const size_t count = json_array_size(list);
    char path[STRICT_PATH_MAX];
    int r = 0;

    if (count == 0 || count > PLAN_WORKLOADS_MAX)
        return strict_refuse(s, "workloads", "workloads takes a list of 1 to %d",
                             PLAN_WORKLOADS_MAX);
    p->workloads = calloc(count, sizeof(*p->workloads));
    if (!p->workloads)
        return err_set(s->err, -ENOMEM, "out of memory");
    for (size_t i = 0; r == 0 && i < count; i++) {
        (void)snprintf(path, sizeof(path), "workloads[%zu]", i);
        r = read_workload(s, json_array_get(list, i), path, folder,
                          &p->workloads[p->workload_count++]);
        if (r == 0)
            r = refuse_twins(s, p, path);
    }
    return r;
}

static int read_sampling(const struct strict *s, const json_t *root, struct sampling *ret)
{
    static const struct strict_member members[] = {{"resolution"}, {"delay"}, {0}};
    const json_t *object = json_object_get(root, "sampling");

    *ret = (struct sampling){.resolution_ns = 15 * NS_PER_S};
    if (!object)
        return 0;
    int r = strict_mapping(s, object, "sampling", members);
    if (r == 0)
        r = strict_duration(s, object, "sampling", "resolution", NS_PER_S, SAMPLING_MAX_NS,
                            &ret->resolution_ns);
    if (r == 0)
        r = strict_duration(s, object, "sampling", "delay", 0, SAMPLING_MAX_NS, &ret->delay_ns);
    return r;
}

static int read_nodes(const struct strict *s, const json_t *root, struct plan *p)
{
    static const struct strict_member members[] = {{"count", true}, {"cpu", true}, {0}};
    const json_t *object = json_object_get(root, "nodes");
    int64_t count = 0;

    if (!object)
        return 0;
    int r = strict_mapping(s, object, "nodes", members);
    if (r == 0)
        r = strict_int(s, object, "nodes", "count", 1, NODES_MAX, &count);
    if (r == 0)
        r = strict_quantity(s, object, "nodes", "cpu", 1, CPU_MAX_MILLI, &p->node_cpu_milli);
    p->node_count = (size_t)count;
    return r;
}

/* So that every moment at which something is due is the end of a step. */
static int check_step(const struct strict *s, const struct plan *p)
{
    const struct {
        const char *path;
        uint64_t ns;
    } wholes[] = {{"duration", p->duration_ns},
                  {"syncPeriod", p->sync_period_ns},
                  {"sampling.resolution", p->sampling.resolution_ns}};
    char whole[CLOCK_TEXT_MAX], step[CLOCK_TEXT_MAX];

    for (size_t i = 0; i < ARRAY_LEN(wholes); i++)
        if (wholes[i].ns % p->step_ns != 0)
            return strict_refuse(s, wholes[i].path, "%s (%s) is not a whole number of steps of %s",
                                 wholes[i].path, clock_duration(wholes[i].ns, whole),
                                 clock_duration(p->step_ns, step));
    return 0;
}

static int read_times(const struct strict *s, const json_t *root, struct plan *p)
{
    p->step_ns = NS_PER_S;
    p->sync_period_ns = 15 * NS_PER_S;
    int r = strict_duration(s, root, "", "step", 100 * NS_PER_MS, 60 * NS_PER_S, &p->step_ns);
    if (r == 0)
        r = strict_duration(s, root, "", "syncPeriod", NS_PER_S, HOUR_NS, &p->sync_period_ns);
    if (r == 0)
        r = strict_duration(s, root, "", "duration", p->sync_period_ns, DURATION_MAX_NS,
                            &p->duration_ns);
    if (r == 0)
        r = read_sampling(s, root, &p->sampling);
    return r == 0 ? check_step(s, p) : r;
}

static int read_plan(const struct strict *s, const json_t *root, const char *folder, struct plan *p)
{
    static const struct strict_member members[] = {
        {"title", true}, {"duration", true},  {"step"}, {"syncPeriod"}, {"seed"}, {"sampling"},
        {"nodes"},       {"workloads", true}, {0}};
    const char *title = "";
    int64_t seed = 1;
    int r = strict_mapping(s, root, "", members);

    if (r == 0)
        r = strict_text(s, root, "", "title", TITLE_MAX_BYTES, &title);
    if (r == 0)
        r = copy_text(s, title, &p->title);
    if (r == 0)
        r = strict_int(s, root, "", "seed", 0, SEED_MAX, &seed);
    if (r == 0)
        r = read_times(s, root, p);
    if (r == 0)
        r = read_nodes(s, root, p);
    p->seed = (uint64_t)seed;
    return r == 0 ? read_workloads(s, root, folder, p) : r;
}

int plan_make(const struct yaml_file *file, const json_t *root, const char *folder,
              struct plan **ret, struct err *err)
{
    const struct strict s = {.file = file, .err = err};
    struct plan *p = calloc(1, sizeof(*p));

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    int r = read_plan(&s, root, folder, p);
    if (r < 0)
        plan_free(p);
    else
        *ret = p;
    return r;
}

static void workload_done(struct plan_workload *w)
{
    for (size_t i = 0; i < w->metric_count; i++)
        free(w->metrics[i].name);
    profile_done(&w->load);
    free(w->name);
    free(w->namespace);
    free(w->deployment);
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->workload_count; i++)
        workload_done(&p->workloads[i]);
    free(p->workloads);
    free(p->title);
    free(p);
}
