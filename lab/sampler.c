// SPDX-License-Identifier: MIT
#include "lab/sampler.h"

#include "base/clock.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "kube/quantity.h"
#include "lab/cpu.h"
#include "lab/env.h"
#include "lab/loop.h"
#include "lab/pods.h"
#include "lab/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading { /* the last one of a pod; a rate needs two */
    struct reading *next;
    char ns[64], pod[254];
    char name[300]; /* pod/restarts: a restarted container starts anew, as in metrics-server */
    uint64_t at_ns; /* CLOCK_MONOTONIC */
    struct cpu_usage usage;
    bool seen; /* in this round */
};

struct sampler {
    struct env *env;
    struct pods *pods;
    uint64_t interval_ns;
    struct loop_timer timer;
    struct reading *first;
};

static struct reading *find(struct sampler *s, const char *name, bool *ret_new)
{
    struct reading *r = s->first;

    while (r && strcmp(r->name, name) != 0)
        r = r->next;
    *ret_new = r == NULL;
    if (r)
        return r;
    r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    (void)snprintf(r->name, sizeof(r->name), "%s", name);
    r->next = s->first;
    s->first = r;
    return r;
}

static json_t *number(double value) /* new; a text, as all annotations are */
{
    return json_sprintf("%.6f", value);
}

static json_t *annotations(const struct cpu_usage *last, const struct cpu_usage *now) /* new */
{
    uint64_t periods = now->periods - last->periods;
    uint64_t cut = now->throttled_periods - last->throttled_periods;

    return json_pack("{s:o, s:o, s:o, s:o, s:o}", SAMPLER_THROTTLED,
                     number(periods ? (double)cut / (double)periods : 0), SAMPLER_CPU_SECONDS,
                     number((double)now->usage_ns / NS_PER_S), SAMPLER_PERIODS,
                     number((double)now->periods), SAMPLER_THROTTLED_PERIODS,
                     number((double)now->throttled_periods), SAMPLER_THROTTLED_SECONDS,
                     number((double)now->throttled_ns / NS_PER_S));
}

/* CPU is the mean over the real time since the last reading, so it is what was really used; the
 * window is the same span on the control clock. */
static void write_metrics(const struct sampler *s, const json_t *pod, const struct reading *last,
                          uint64_t now_ns, const struct cpu_usage *usage)
{
    char cpu[QUANTITY_TEXT_MAX], memory[QUANTITY_TEXT_MAX];
    char timestamp[CLOCK_TEXT_MAX], window[CLOCK_TEXT_MAX];
    uint64_t real_ns = now_ns - last->at_ns;
    uint64_t used_ns = usage->usage_ns - last->usage.usage_ns;

    json_auto_t *metrics = json_pack(
        "{s:{s:s, s:s, s:O?, s:o}, s:s, s:s, s:[{s:s, s:{s:s, s:s}}]}", "metadata", "name",
        jpath_str(pod, "metadata.name", ""), "namespace",
        jpath_str(pod, "metadata.namespace", "default"), "labels", jpath(pod, "metadata.labels"),
        "annotations", annotations(&last->usage, usage), "timestamp",
        clock_rfc3339(labclock_now_ns(&s->env->clock), timestamp), "window",
        clock_duration((uint64_t)((double)real_ns * s->env->clock.speed) / NS_PER_MS * NS_PER_MS,
                       window),
        "containers", "name", jpath_str(pod, "spec.containers[0].name", ""), "usage", "cpu",
        quantity_format((int64_t)((double)used_ns / (double)real_ns * 1000), cpu), "memory",
        quantity_format_binary((int64_t)(usage->memory_bytes / 1024) * 1024 * 1000, memory));
    (void)store_put(s->env->store, KIND_POD_METRICS, metrics);
}

static void sample(void *arg, const json_t *pod, struct cpu_group *group)
{
    struct sampler *s = arg;
    struct cpu_usage usage;
    char name[300];
    bool is_new;

    (void)snprintf(name, sizeof(name), "%.253s/%d", jpath_str(pod, "metadata.name", ""),
                   (int)jpath_int(pod, "status.containerStatuses[0].restartCount", 0));
    struct reading *last = find(s, name, &is_new);
    if (!last || cpu_group_usage(group, &usage) < 0)
        return;
    uint64_t now_ns = clock_mono_ns();
    if (is_new) {
        (void)snprintf(last->ns, sizeof(last->ns), "%s", jpath_str(pod, "metadata.namespace", ""));
        (void)snprintf(last->pod, sizeof(last->pod), "%s", jpath_str(pod, "metadata.name", ""));
    } else if (now_ns > last->at_ns)
        write_metrics(s, pod, last, now_ns, &usage);
    last->usage = usage;
    last->at_ns = now_ns;
    last->seen = true;
}

/* As metrics-server: a container that ended has no metrics, and one that started anew has none
 * before its second reading. */
static void forget_ended_pods(struct sampler *s)
{
    struct reading **at = &s->first;

    while (*at) {
        struct reading *r = *at;
        if (r->seen) {
            r->seen = false;
            at = &r->next;
            continue;
        }
        (void)store_delete(s->env->store, KIND_POD_METRICS, r->ns, r->pod);
        *at = r->next;
        free(r);
    }
}

static void sample_all(void *arg)
{
    struct sampler *s = arg;

    pods_each_running(s->pods, sample, s);
    forget_ended_pods(s);
    loop_timer_set(s->env->loop, &s->timer,
                   clock_mono_ns() + labclock_real_ns(&s->env->clock, s->interval_ns), sample_all,
                   s);
}

struct sampler *sampler_new(struct env *env, struct pods *pods, uint64_t interval_ns)
{
    struct sampler *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->env = env;
    s->pods = pods;
    s->interval_ns = interval_ns;
    sample_all(s);
    return s;
}

void sampler_free(struct sampler *s)
{
    if (!s)
        return;
    loop_timer_off(s->env->loop, &s->timer);
    for (struct reading *next, *r = s->first; r; r = next) {
        next = r->next;
        free(r);
    }
    free(s);
}
