// SPDX-License-Identifier: MIT
#include "lab/hpa/hpa.h"

#include "base/clock.h"
#include "lab/hpa/combine.h"
#include "lab/hpa/metric.h"
#include "lab/hpa/state.h"
#include "lab/hpa/status.h"
#include "lab/hpa/wrap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int hpa_new(const struct hpa_settings *settings, struct hpa **ret)
{
    struct hpa *h = calloc(1, sizeof(*h));

    if (!h)
        return -ENOMEM;

    h->settings = settings ? *settings : HPA_SETTINGS_DEFAULT;
    *ret = h;
    return 0;
}

void hpa_free(struct hpa *hpa)
{
    if (!hpa)
        return;
    recommendations_done(&hpa->recommendations);
    changes_done(&hpa->up);
    changes_done(&hpa->down);
    pods_done(&hpa->pods);
    texts_done(&hpa->texts);
    free(hpa->results);
    free(hpa->events);
    free(hpa);
}

uint64_t state_up_window_ns(const struct hpa_spec *spec)
{
    return (uint64_t)spec->up.window_s * NS_PER_S;
}

uint64_t state_down_window_ns(const struct hpa *hpa, const struct hpa_spec *spec)
{
    if (!spec->has_behavior)
        return hpa->settings.downscale_window_ns;
    if (spec->down.default_window) /* whole seconds, as the API would hold them */
        return hpa->settings.downscale_window_ns / NS_PER_S * NS_PER_S;
    return (uint64_t)spec->down.window_s * NS_PER_S;
}

static enum hpa_outcome path_of(const struct hpa_spec *spec, const struct hpa_input *in)
{
    if (in->scale_error)
        return HPA_NO_SCALE;
    if (in->spec_replicas == 0)
        return HPA_DISABLED;
    if (in->spec_replicas > spec->max)
        return HPA_ABOVE_MAX;
    if (in->spec_replicas < spec->min)
        return HPA_BELOW_MIN;
    return HPA_DECIDED;
}

static bool selector_is_good(const struct hpa_input *in)
{
    return in->selector && *in->selector && !in->ambiguous;
}

bool hpa_needs_metrics(const struct hpa_spec *spec, const struct hpa_input *in)
{
    return path_of(spec, in) == HPA_DECIDED && selector_is_good(in);
}

static int reserve_results(struct hpa *hpa, size_t count)
{
    if (count <= hpa->results_size && hpa->events)
        return 0;

    struct hpa_result *results = reallocarray(hpa->results, count, sizeof(*results));
    if (!results)
        return -ENOMEM;
    hpa->results = results;

    struct hpa_event *events = reallocarray(hpa->events, count + EVENTS_EXTRA, sizeof(*events));
    if (!events)
        return -ENOMEM;
    hpa->events = events;
    hpa->results_size = count;
    return 0;
}

/* All memory of one evaluation and its commit: what follows does not fail half-way. */
static int reserve(struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in)
{
    int r = reserve_results(hpa, spec->metric_count);

    if (r == 0)
        r = recommendations_reserve(&hpa->recommendations);
    if (r == 0)
        r = changes_reserve(&hpa->up);
    if (r == 0)
        r = changes_reserve(&hpa->down);
    if (r == 0 && hpa_needs_metrics(spec, in))
        r = pods_begin(&hpa->pods, spec, in);
    return r;
}

static struct tolerance tolerance_of(const struct hpa *hpa, const struct hpa_spec *spec)
{
    double up = isnan(spec->up.tolerance) ? hpa->settings.tolerance : spec->up.tolerance;
    double down = isnan(spec->down.tolerance) ? hpa->settings.tolerance : spec->down.tolerance;

    return (struct tolerance){.low = 1.0 - down, .high = 1.0 + up};
}

static void evaluate_metrics(struct hpa *hpa, const struct hpa_spec *spec,
                             const struct hpa_input *in, struct hpa_decision *d)
{
    const struct tolerance tolerance = tolerance_of(hpa, spec);
    const struct metric_run run = {.settings = &hpa->settings,
                                   .spec = spec,
                                   .in = in,
                                   .tolerance = tolerance,
                                   .pods = &hpa->pods,
                                   .texts = &hpa->texts};

    d->tolerance_low = tolerance.low;
    d->tolerance_high = tolerance.high;
    d->results = hpa->results;
    d->result_count = spec->metric_count;
    for (size_t i = 0; i < spec->metric_count; i++) {
        metric_evaluate(&run, i, &hpa->results[i]);
        if (hpa->results[i].error)
            status_metric_failed(hpa, &hpa->results[i], d);
    }
}

/* Chosen before stabilisation and limits, as the event shows it. */
static const char *reason_of(struct hpa *hpa, const struct hpa_metric *winner,
                             const struct hpa_decision *d)
{
    if (d->recommendation > d->current) /* also of a scale below 0 */
        return texts_format(&hpa->texts, "%s above target",
                            d->recommendation > 0 ? winner->description : "");
    return d->recommendation < d->current ? "All metrics below target" : "";
}

static void stabilise(struct hpa *hpa, const struct hpa_spec *spec, struct hpa_decision *d)
{
    const uint64_t down_ns = state_down_window_ns(hpa, spec);
    struct stabilised s =
        spec->has_behavior
            ? stabilise_windows(&hpa->recommendations, d->current, d->recommendation,
                                state_up_window_ns(spec), down_ns, d->now_ns)
            : stabilise_legacy(&hpa->recommendations, d->recommendation, down_ns, d->now_ns);

    d->stabilised = s.value;
    d->held = s.held;
    if (s.held != HPA_NOT_HELD) {
        d->held_value = s.by.value;
        d->held_age_ns = d->now_ns > s.by.time_ns ? d->now_ns - s.by.time_ns : 0;
        d->held_window_ns = s.window_ns;
    }
    status_stabilised(d);
}

static void limit(const struct hpa *hpa, const struct hpa_spec *spec, struct hpa_decision *d)
{
    struct limited l =
        spec->has_behavior
            ? limit_policies(spec, &hpa->up, &hpa->down, d->current, d->stabilised, d->now_ns)
            : limit_legacy(d->current, d->stabilised, spec->min, spec->max);

    d->desired = l.value;
    d->limit = (struct hpa_limit){.kind = l.kind, .bound = l.value};
    status_limited(d);
}

static void fail(struct hpa *hpa, const char *error, struct hpa_decision *d)
{
    d->outcome = HPA_NO_METRICS;
    status_compute_failed(hpa, error, d);
}

static void decide_by_metrics(struct hpa *hpa, const struct hpa_spec *spec,
                              const struct hpa_input *in, struct hpa_decision *d)
{
    if (!selector_is_good(in)) {
        fail(hpa, status_selector_failed(hpa, in->ambiguous, d), d);
        return;
    }
    evaluate_metrics(hpa, spec, in, d);

    struct combined c = combine(hpa->results, spec->metric_count, d->current);
    if (c.failed) {
        fail(hpa, status_metrics_failed(hpa, spec, &c, d), d);
        return;
    }
    d->recommendation_known = true;
    d->winner = c.winner;
    d->recommendation = c.proposal > 0 ? c.proposal : 0;
    status_metrics_valid(&spec->metrics[c.winner], d);

    stabilise(hpa, spec, d);
    limit(hpa, spec, d);
    d->rescale = d->desired != d->current;
    if (d->rescale)
        d->rescale_reason = reason_of(hpa, &spec->metrics[c.winner], d);
}

static void correct(int32_t bound, const char *reason, struct hpa_decision *d)
{
    d->desired = bound;
    d->rescale = true;
    d->rescale_reason = reason;
}

static void decide(struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in,
                   struct hpa_decision *d)
{
    if (d->outcome == HPA_NO_SCALE) {
        status_scale_failed(hpa, in->scale_error, d);
        return;
    }
    d->current = d->desired = in->spec_replicas;
    status_scale_read(d);
    recommendations_begin(&hpa->recommendations, d->current, d->now_ns);

    if (d->outcome == HPA_DISABLED)
        status_disabled(d);
    else if (d->outcome == HPA_ABOVE_MAX)
        correct(spec->max, "Current number of replicas above Spec.MaxReplicas", d);
    else if (d->outcome == HPA_BELOW_MIN)
        correct(spec->min, "Current number of replicas below Spec.MinReplicas", d);
    else
        decide_by_metrics(hpa, spec, in, d);
}

int hpa_evaluate(struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in,
                 struct hpa_decision *ret)
{
    int r = reserve(hpa, spec, in);

    if (r < 0)
        return r;

    texts_clear(&hpa->texts);
    *ret = (struct hpa_decision){
        .now_ns = in->now_ns, .outcome = path_of(spec, in), .rescale_reason = ""};
    decide(hpa, spec, in, ret);
    return 0;
}

void hpa_commit(struct hpa *hpa, const struct hpa_spec *spec, struct hpa_decision *decision,
                const char *write_error, uint64_t now_ns)
{
    if (write_error) {
        status_write_failed(hpa, write_error, decision);
        decision->outcome = HPA_NOT_WRITTEN;
        return;
    }
    status_written(hpa, decision);
    if (!spec->has_behavior)
        return; /* nobody would read the event */
    if (decision->desired > decision->current)
        changes_store(&hpa->up, &spec->up, wrap_sub32(decision->desired, decision->current),
                      now_ns);
    else
        changes_store(&hpa->down, &spec->down, wrap_sub32(decision->current, decision->desired),
                      now_ns);
}

void hpa_commit_status(struct hpa *hpa, struct hpa_decision *decision, const char *write_error)
{
    status_not_kept(hpa, write_error, decision);
}
