// SPDX-License-Identifier: MIT
#include "lab/hpa/status.h"

#include "base/scoped.h"

#include <assert.h>
#include <string.h>

#define ABLE_TO_SCALE "AbleToScale"
#define SCALING_ACTIVE "ScalingActive"
#define SCALING_LIMITED "ScalingLimited"

/* A type set twice keeps its place. */
static void set(struct hpa_decision *d, const char *type, bool status, const char *reason,
                const char *message)
{
    size_t i = 0;

    while (i < d->condition_count && strcmp(d->conditions[i].type, type) != 0)
        i++;
    assert(i < ARRAY_LEN(d->conditions));
    const bool first = i == d->condition_count;
    d->condition_count += first;
    const struct hpa_condition before = d->conditions[i];
    d->conditions[i] = (struct hpa_condition){.type = type,
                                              .status = status,
                                              .flipped = !first && before.status != status,
                                              .reason = reason,
                                              .message = message};
}

static void add_event(struct hpa *hpa, struct hpa_decision *d, const char *type, const char *reason,
                      const char *message)
{
    hpa->events[d->event_count++] =
        (struct hpa_event){.type = type, .reason = reason, .message = message};
    d->events = hpa->events;
}

void status_scale_failed(struct hpa *hpa, const char *error, struct hpa_decision *d)
{
    error = texts_format(&hpa->texts, "%s", error);
    d->error = error;
    add_event(hpa, d, "Warning", "FailedGetScale", error);
    set(d, ABLE_TO_SCALE, false, "FailedGetScale",
        texts_format(&hpa->texts,
                     "the HPA controller was unable to get the target's current scale: %s", error));
}

void status_scale_read(struct hpa_decision *d)
{
    set(d, ABLE_TO_SCALE, true, "SucceededGetScale",
        "the HPA controller was able to get the target's current scale");
}

void status_disabled(struct hpa_decision *d)
{
    set(d, SCALING_ACTIVE, false, "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero");
}

const char *status_selector_failed(struct hpa *hpa, const char *ambiguous, struct hpa_decision *d)
{
    if (ambiguous) {
        ambiguous = texts_format(&hpa->texts, "%s", ambiguous);
        add_event(hpa, d, "Warning", "AmbiguousSelector", ambiguous);
        set(d, SCALING_ACTIVE, false, "AmbiguousSelector", ambiguous);
        return ambiguous;
    }
    add_event(hpa, d, "Warning", "SelectorRequired", "selector is required");
    set(d, SCALING_ACTIVE, false, "InvalidSelector",
        "the HPA target's scale is missing a selector");
    return "selector is required";
}

void status_metric_failed(struct hpa *hpa, const struct hpa_result *result, struct hpa_decision *d)
{
    add_event(hpa, d, "Warning", result->reason, result->error);
}

/* The error of a metric as it comes out of the layers above it. */
static const char *wrapped(struct hpa *hpa, const struct hpa_metric *m, const struct hpa_result *r)
{
    struct texts *t = &hpa->texts;
    const char *inner = r->error;

    switch (m->source) {
    case HPA_RESOURCE:
        return texts_format(t, "failed to get %s resource metric value: %s", m->name, inner);
    case HPA_CONTAINER_RESOURCE:
        return texts_format(t, "failed to get %s container metric value: %s", m->container, inner);
    case HPA_PODS:
        return texts_format(t, "failed to get pods metric value: %s", inner);
    case HPA_OBJECT:
        if (m->form == HPA_AVERAGE_VALUE && !m->refused)
            inner = texts_format(t, "failed to get %s object metric: %s", m->name, inner);
        return texts_format(t, "failed to get object metric value: %s", inner);
    case HPA_EXTERNAL:
        if (m->form == HPA_AVERAGE_VALUE)
            inner = texts_format(t, "failed to get %s external metric: %s", m->name, inner);
        else if (m->form == HPA_VALUE)
            inner = texts_format(t, "failed to get external metric %s: %s", m->name, inner);
        return texts_format(t, "failed to get %s external metric value: %s", m->name, inner);
    case HPA_UNKNOWN_SOURCE:
        break;
    }
    return inner;
}

const char *status_metrics_failed(struct hpa *hpa, const struct hpa_spec *spec,
                                  const struct combined *c, struct hpa_decision *d)
{
    const struct hpa_result *first = &d->results[c->first_failed];

    set(d, SCALING_ACTIVE, false, first->reason,
        texts_format(&hpa->texts, "the HPA was unable to compute the replica count: %s",
                     first->error));
    return texts_format(&hpa->texts, "invalid metrics (%zu invalid out of %zu), first error is: %s",
                        c->failed_count, spec->metric_count,
                        wrapped(hpa, &spec->metrics[c->first_failed], first));
}

void status_metrics_valid(const struct hpa_metric *winner, struct hpa_decision *d)
{
    set(d, SCALING_ACTIVE, true, "ValidMetricFound", winner->valid_message);
}

void status_compute_failed(struct hpa *hpa, const char *error, struct hpa_decision *d)
{
    d->error = error;
    add_event(hpa, d, "Warning", "FailedComputeMetricsReplicas", error);
}

void status_stabilised(struct hpa_decision *d)
{
    switch (d->held) {
    case HPA_NOT_HELD:
        set(d, ABLE_TO_SCALE, true, "ReadyForNewScale", "recommended size matches current size");
        break;
    case HPA_HELD_UP:
        set(d, ABLE_TO_SCALE, true, "ScaleUpStabilized",
            "recent recommendations were lower than current one, applying the lowest recent "
            "recommendation");
        break;
    case HPA_HELD_DOWN:
        set(d, ABLE_TO_SCALE, true, "ScaleDownStabilized",
            "recent recommendations were higher than current one, applying the highest recent "
            "recommendation");
        break;
    }
}

void status_limited(struct hpa_decision *d)
{
    static const struct {
        const char *reason, *message;
    } texts[] = {
        [HPA_WITHIN_RANGE] = {"DesiredWithinRange",
                              "the desired count is within the acceptable range"},
        [HPA_TOO_FEW] = {"TooFewReplicas",
                         "the desired replica count is less than the minimum replica count"},
        [HPA_TOO_MANY] = {"TooManyReplicas",
                          "the desired replica count is more than the maximum replica count"},
        [HPA_SCALE_UP_LIMIT] = {"ScaleUpLimit", "the desired replica count is increasing faster "
                                                "than the maximum scale rate"},
        [HPA_SCALE_DOWN_LIMIT] = {"ScaleDownLimit", "the desired replica count is decreasing "
                                                    "faster than the maximum scale rate"},
    };

    d->limit.reason = texts[d->limit.kind].reason;
    set(d, SCALING_LIMITED, d->limit.kind != HPA_WITHIN_RANGE, d->limit.reason,
        texts[d->limit.kind].message);
}

void status_written(struct hpa *hpa, struct hpa_decision *d)
{
    set(d, ABLE_TO_SCALE, true, "SucceededRescale",
        texts_format(&hpa->texts, "the HPA controller was able to update the target scale to %d",
                     d->desired));
    add_event(hpa, d, "Normal", "SuccessfulRescale",
              texts_format(&hpa->texts, "New size: %d; reason: %s", d->desired, d->rescale_reason));
}

void status_write_failed(struct hpa *hpa, const char *error, struct hpa_decision *d)
{
    d->error = texts_format(&hpa->texts, "%s", error);
    add_event(hpa, d, "Warning", "FailedRescale",
              texts_format(&hpa->texts, "New size: %d; reason: %s; error: %s", d->desired,
                           d->rescale_reason, error));
    set(d, ABLE_TO_SCALE, false, "FailedUpdateScale",
        texts_format(&hpa->texts, "the HPA controller was unable to update the target scale: %s",
                     error));
}

/* The controller writes the status before it reports a failed computation. */
void status_not_kept(struct hpa *hpa, const char *error, struct hpa_decision *d)
{
    struct hpa_event *last = d->event_count ? &hpa->events[d->event_count - 1] : NULL;
    const struct hpa_event failed = last ? *last : (struct hpa_event){0};
    const bool before = last && strcmp(last->reason, "FailedComputeMetricsReplicas") == 0;

    d->event_count -= before;
    add_event(hpa, d, "Warning", "FailedUpdateStatus", texts_format(&hpa->texts, "%s", error));
    if (before)
        add_event(hpa, d, failed.type, failed.reason, failed.message);
}
