// SPDX-License-Identifier: MIT
#include "lab/simulate/output.h"

#include "base/buf.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static double requests(const struct figures *f)
{
    return f->arrived;
}

static double lost(const struct figures *f)
{
    return f->lost;
}

static double longest_wait(const struct figures *f)
{
    return f->wait_max_s;
}

static double pending_pod_hours(const struct figures *f)
{
    return f->pending_s / 3600;
}

static double most_replicas(const struct figures *f)
{
    return (double)f->replicas_max;
}

static double scale_ups(const struct figures *f)
{
    return (double)f->ups;
}

static double scale_downs(const struct figures *f)
{
    return (double)f->downs;
}

static double oscillations(const struct figures *f)
{
    return (double)f->oscillations;
}

const struct output_figure output_figures[OUTPUT_FIGURES] = {
    {"pod-hours", "podHours", 2, figures_pod_hours},
    {"over target %", "overTargetPercent", 2, figures_over_percent},
    {"waiting %", "waitingPercent", 2, figures_waiting_percent},
    {"longest wait s", "longestWaitSeconds", 1, longest_wait},
    {"utilization %", "utilizationPercent", 1, figures_utilization_percent},
    {"most pods", "mostReplicas", 0, most_replicas},
    {"ups", "scaleUps", 0, scale_ups},
    {"downs", "scaleDowns", 0, scale_downs},
    {"oscillations", "oscillations", 0, oscillations},
    {"pending pod-hours", "pendingPodHours", 2, pending_pod_hours},
    {"requests", "requests", 0, requests},
    {"lost", "lost", 0, lost},
};

char *output_variant(const struct trade_off *t, size_t variant, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < t->sweep->count && n < size; i++) {
        const char *path = t->sweep->axes[i].path;
        const char *dot = strrchr(path, '.');
        char *value = json_dumps(sweep_value(t->sweep, variant, i), JSON_ENCODE_ANY);
        n += (size_t)snprintf(text + n, size - n, "%s%s=%s", i ? " " : "", dot ? dot + 1 : path,
                              value ? value : "");
        free(value);
    }
    return text;
}

int output_change(const struct blueprint *b, size_t copy, uint64_t at_ns,
                  const struct hpa_decision *d, struct buf *out)
{
    const uint64_t s = at_ns / NS_PER_S;
    char name[300], sentence[HPA_SENTENCE_MAX];

    (void)snprintf(name, sizeof(name), "%s", b->workload->name);
    if (b->workload->copies > 1)
        (void)snprintf(name, sizeof(name), "%s#%zu", b->workload->name, copy + 1);
    return buf_printf(out, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " %s %d -> %d: %s\n", s / 3600,
                      s / 60 % 60, s % 60, name, d->current, d->desired,
                      hpa_sentence(b->spec, d, sentence));
}
