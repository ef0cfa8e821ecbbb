// SPDX-License-Identifier: MIT
/* The decision record: every number that led to the decision, in the order in which it was made. */
#include "lab/hpa/record.h"

#include "base/clock.h"
#include "kube/jpath.h"
#include "lab/hpa/object.h"

#include <string.h>

static const char *outcome_text(enum hpa_outcome outcome)
{
    static const char *const texts[] = {
        [HPA_NO_SCALE] = "noScale",       [HPA_DISABLED] = "disabled",
        [HPA_ABOVE_MAX] = "aboveMax",     [HPA_BELOW_MIN] = "belowMin",
        [HPA_NO_METRICS] = "noMetrics",   [HPA_DECIDED] = "decided",
        [HPA_NOT_WRITTEN] = "notWritten",
    };

    return texts[outcome];
}

static const char *limit_rule(const struct hpa_spec *spec, enum hpa_limited kind)
{
    switch (kind) {
    case HPA_WITHIN_RANGE:
        break;
    case HPA_TOO_FEW:
        return "minReplicas";
    case HPA_TOO_MANY:
        return "maxReplicas";
    case HPA_SCALE_UP_LIMIT:
        return spec->has_behavior ? "scaleUpPolicies" : "stepLimit";
    case HPA_SCALE_DOWN_LIMIT:
        return "scaleDownPolicies";
    }
    return NULL;
}

bool record_is_turned(const struct hpa_result *r, const struct hpa_decision *d)
{
    const bool moves = r->ratio < d->tolerance_low || r->ratio > d->tolerance_high;

    return r->multiplier == 0 && r->missing + r->unready > 0 && (moves || !r->within);
}

static const char *metric_rule(const struct hpa_result *r, const struct hpa_decision *d)
{
    if (record_is_turned(r, d))
        return "uncountedPods";
    return r->within ? "tolerance" : "metric";
}

static const char *decided_rule(const struct hpa_spec *spec, const struct hpa_decision *d)
{
    if (d->limit.kind != HPA_WITHIN_RANGE)
        return limit_rule(spec, d->limit.kind);
    if (d->held != HPA_NOT_HELD)
        return d->held == HPA_HELD_UP ? "scaleUpWindow" : "scaleDownWindow";
    return metric_rule(&d->results[d->winner], d);
}

const char *record_rule(const struct hpa_spec *spec, const struct hpa_decision *d)
{
    switch (d->outcome) {
    case HPA_NO_METRICS:
        return d->results ? "failedMetric" : "selector";
    case HPA_DECIDED:
        return decided_rule(spec, d);
    case HPA_NO_SCALE:
    case HPA_DISABLED:
    case HPA_ABOVE_MAX:
    case HPA_BELOW_MIN:
    case HPA_NOT_WRITTEN:
        break;
    }
    return outcome_text(d->outcome);
}

static const json_t *condition_before(const json_t *old_status, const char *type)
{
    size_t i;
    const json_t *c;

    json_array_foreach (json_object_get(old_status, "conditions"), i, c)
        if (strcmp(jpath_str(c, "type", ""), type) == 0)
            return c;
    return NULL;
}

static json_t *condition_record(const struct hpa_condition *c, const json_t *old_status)
{
    const json_t *before = condition_before(old_status, c->type);
    const char *was_reason = jpath_str(before, "reason", "");
    const char *was_status = jpath_str(before, "status", "");
    const char *status = c->status ? "True" : "False";
    struct object o = object_begin();

    object_text(&o, "type", c->type);
    object_text(&o, "status", status);
    object_text(&o, "reason", c->reason);
    object_text(&o, "message", c->message);
    if (strcmp(was_status, status) != 0 || strcmp(was_reason, c->reason) != 0)
        object_put(&o, "was",
                   before ? json_pack("{s:s, s:s}", "status", was_status, "reason", was_reason)
                          : json_object());
    return o.json;
}

static json_t *conditions_record(const struct hpa_decision *d, const json_t *old_status)
{
    json_t *all = json_array();

    for (size_t i = 0; i < d->condition_count; i++)
        list_append(&all, condition_record(&d->conditions[i], old_status));
    return all;
}

static json_t *events_record(const struct hpa_decision *d)
{
    json_t *all = json_array();

    for (size_t i = 0; i < d->event_count; i++)
        list_append(&all, json_pack("{s:s, s:s, s:s}", "type", d->events[i].type, "reason",
                                    d->events[i].reason, "message", d->events[i].message));
    return all;
}

static void put_object(struct object *o, const struct hpa_spec *spec)
{
    object_put(o, "hpa", json_pack("{s:s, s:s}", "namespace", spec->namespace, "name", spec->name));
    object_put(o, "target",
               json_pack("{s:s, s:s, s:s}", "apiVersion", spec->target_api_version, "kind",
                         spec->target_kind, "name", spec->target_name));
    object_int(o, "min", spec->min);
    object_int(o, "max", spec->max);
}

static void put_metrics(struct object *o, const struct hpa *hpa, const struct hpa_spec *spec,
                        const struct hpa_input *in, const struct hpa_decision *d)
{
    object_put(o, "tolerance", json_pack("[f, f]", d->tolerance_low, d->tolerance_high));
    object_put(o, "metrics", record_metrics(&hpa->settings, spec, in, d));
}

static void put_steps(struct object *o, const struct hpa *hpa, const struct hpa_spec *spec,
                      const struct hpa_decision *d)
{
    object_int(o, "recommendation", d->recommendation);
    object_put(o, "stabilisation", record_stabilisation(hpa, spec, d));
    object_put(o, "limit", record_limit(hpa, spec, d));
}

static void put_result(struct object *o, const struct hpa_decision *d)
{
    if (d->outcome != HPA_NO_SCALE)
        object_int(o, "result", d->outcome == HPA_NOT_WRITTEN ? d->current : d->desired);
    object_bool(o, "rescale", d->rescale);
    if (d->rescale)
        object_text(o, "reason", d->rescale_reason);
    object_text(o, "error", d->error);
}

static void put_words(struct object *o, const struct hpa_spec *spec, const struct hpa_decision *d)
{
    char sentence[HPA_SENTENCE_MAX], why[HPA_SENTENCE_MAX];

    object_text(o, "rule", record_rule(spec, d));
    object_text(o, "sentence", hpa_sentence(spec, d, sentence));
    object_text(o, "why", record_why(spec, d, o->json, why));
}

json_t *hpa_record(const struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in,
                   const struct hpa_decision *d, const json_t *old_status)
{
    char time[CLOCK_TEXT_MAX];
    struct object o = object_begin();

    object_int(&o, "version", HPA_RECORD_VERSION);
    object_text(&o, "time", clock_rfc3339_micro(d->now_ns, time));
    put_object(&o, spec);
    if (d->outcome != HPA_NO_SCALE) {
        object_int(&o, "current", d->current);
        object_int(&o, "statusReplicas", in->status_replicas);
    }
    object_text(&o, "outcome", outcome_text(d->outcome));
    if (d->results)
        put_metrics(&o, hpa, spec, in, d);
    if (d->recommendation_known)
        put_steps(&o, hpa, spec, d);
    put_result(&o, d);
    object_put(&o, "conditions", conditions_record(d, old_status));
    object_put(&o, "events", events_record(d));
    put_words(&o, spec, d);
    return o.json;
}
