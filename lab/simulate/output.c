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

/* The last part of an axis' path. */
static const char *short_name(const struct sweep_axis *a)
{
    const char *dot = strrchr(a->path, '.');

    return dot ? dot + 1 : a->path;
}

/* "name=value" of each axis, or what of it is asked for. Returns text. */
static char *join(const struct trade_off *t, const size_t *variant, bool names, char *text,
                  size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < t->sweep->count && n < size; i++) {
        const struct sweep_axis *a = &t->sweep->axes[i];
        const json_t *json = variant ? sweep_value(t->sweep, *variant, i) : NULL;
        char *other = json && !json_is_string(json) ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
        const char *value = json_is_string(json) ? json_string_value(json) : other;
        n += (size_t)snprintf(text + n, size - n, "%s%s%s%s", i ? ", " : "",
                              names ? short_name(a) : "", names && variant ? "=" : "",
                              value ? value : "");
        free(other);
    }
    return text;
}

char *output_variant(const struct trade_off *t, size_t variant, char *text, size_t size)
{
    return join(t, &variant, true, text, size);
}

char *output_values(const struct trade_off *t, size_t variant, char *text, size_t size)
{
    return join(t, &variant, false, text, size);
}

char *output_fields(const struct trade_off *t, char *text, size_t size)
{
    return join(t, NULL, true, text, size);
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
