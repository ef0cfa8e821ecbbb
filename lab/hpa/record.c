// SPDX-License-Identifier: MIT
/* The decision record: every number that led to the decision, in the order in which it was made. */
#include "lab/hpa/state.h"

#include "base/clock.h"
#include "kube/quantity.h"

#include <math.h>

/* Setters that take value and remember a failure: one check at the end of a whole object. */
struct object {
    json_t *json;
    bool failed;
};

static void put(struct object *o, const char *key, json_t *value)
{
    if (json_object_set_new(o->json, key, value) < 0)
        o->failed = true;
}

static void put_text(struct object *o, const char *key, const char *text)
{
    put(o, key, json_string(text));
}

static void put_int(struct object *o, const char *key, int64_t value)
{
    put(o, key, json_integer(value));
}

/* JSON has no infinity: with status replicas 0 a ratio is one. */
static void put_double(struct object *o, const char *key, double value)
{
    if (isfinite(value))
        put(o, key, json_real(value));
}

static json_t *finish(struct object *o)
{
    if (!o->failed)
        return o->json;
    json_decref(o->json);
    return NULL;
}

/* Takes value. A list that misses an element becomes NULL, which no object takes. */
static void append(json_t **list, json_t *value)
{
    if (json_array_append_new(*list, value) < 0) {
        json_decref(*list);
        *list = NULL;
    }
}

static bool is_percent(const struct hpa_metric *m)
{
    return m->form == HPA_UTILIZATION;
}

static json_t *quantity(const struct hpa_metric *m, int64_t milli)
{
    char text[QUANTITY_TEXT_MAX];

    if (m->source == HPA_RESOURCE && m->resource == HPA_MEMORY)
        return json_string(quantity_format_binary(milli, text));
    return json_string(quantity_format(milli, text));
}

static json_t *names_of(const struct hpa_input *in, const struct hpa_result *r,
                        enum hpa_class class)
{
    json_t *names = json_array();

    for (size_t i = 0; i < in->pod_count; i++)
        if (r->classes[i] == class)
            append(&names, json_string(in->pods[i].name));
    return names;
}

static void put_pods(struct object *o, const struct hpa_input *in, const struct hpa_result *r)
{
    put_int(o, "podsCounted", (int64_t)r->ready);
    put(o, "podsUnready", names_of(in, r, HPA_POD_UNREADY));
    put(o, "podsMissing", names_of(in, r, HPA_POD_MISSING));
    put(o, "podsIgnored", names_of(in, r, HPA_POD_IGNORED));
}

static void put_measure(struct object *o, const struct hpa_metric *m, const struct hpa_result *r,
                        const struct hpa_decision *d)
{
    put(o, "value", is_percent(m) ? json_integer(r->value) : quantity(m, r->value));
    if (m->form != HPA_VALUE)
        put(o, "average", quantity(m, r->average));
    put_double(o, "ratio", r->ratio);
    put_double(o, "finalRatio", r->final_ratio);
    put(o, "tolerance", json_pack("[f, f]", d->tolerance_low, d->tolerance_high));
    put(o, "withinTolerance", json_boolean(r->within));
}

static json_t *metric_record(const struct hpa_spec *spec, const struct hpa_input *in,
                             const struct hpa_decision *d, size_t i)
{
    static const char *const forms[] = {[HPA_UTILIZATION] = "Utilization",
                                        [HPA_AVERAGE_VALUE] = "AverageValue",
                                        [HPA_VALUE] = "Value"};
    const struct hpa_metric *m = &spec->metrics[i];
    const struct hpa_result *r = &d->results[i];
    struct object o = {.json = json_object()};

    put_text(&o, "name", m->name);
    put_text(&o, "type", m->source == HPA_RESOURCE ? "Resource" : "External");
    put_text(&o, "form", forms[m->form]);
    put(&o, "target", is_percent(m) ? json_integer(m->target) : quantity(m, m->target));
    if (r->has_value)
        put_measure(&o, m, r, d);
    if (r->classes)
        put_pods(&o, in, r);
    if (r->multiplier > 0)
        put_int(&o, "multiplier", r->multiplier);
    if (r->error)
        put_text(&o, "error", r->error);
    else
        put_int(&o, "proposal", r->proposal);
    if (d->recommendation_known)
        put(&o, "wins", json_boolean(i == d->winner));
    return finish(&o);
}

static json_t *metrics_record(const struct hpa_spec *spec, const struct hpa_input *in,
                              const struct hpa_decision *d)
{
    json_t *all = json_array();

    for (size_t i = 0; i < d->result_count; i++)
        append(&all, metric_record(spec, in, d, i));
    return all;
}

/* Which recommendations took part. A window's end is inside without behavior, outside with it. */
static bool takes_part(const struct hpa *hpa, const struct hpa_spec *spec,
                       const struct recommendation *r, uint64_t now_ns)
{
    uint64_t window = state_down_window_ns(hpa, spec);
    int64_t age = (int64_t)(now_ns - r->time_ns);

    if (!spec->has_behavior)
        return age <= (int64_t)window;
    if (state_up_window_ns(spec) > window)
        window = state_up_window_ns(spec);
    return age == 0 || age < (int64_t)window;
}

static json_t *recommendations_record(const struct hpa *hpa, const struct hpa_spec *spec,
                                      const struct hpa_decision *d)
{
    json_t *all = json_array();

    for (size_t i = 0; i < hpa->recommendations.count; i++) {
        const struct recommendation *r = &hpa->recommendations.all[i];
        if (!takes_part(hpa, spec, r, d->now_ns))
            continue;
        bool holds = d->held != HPA_NOT_HELD && r->value == d->held_value &&
                     d->now_ns - r->time_ns == d->held_age_ns;
        double age_s = (double)(int64_t)(d->now_ns - r->time_ns) / (double)NS_PER_S;
        append(&all, json_pack("{s:i, s:f, s:b}", "value", (int)r->value, "ageSeconds", age_s,
                               "holds", (int)holds));
    }
    return all;
}

static json_t *limit_record(const struct hpa_limit *limit)
{
    if (limit->kind == HPA_WITHIN_RANGE)
        return json_pack("{s:s}", "reason", limit->reason);
    return json_pack("{s:s, s:i}", "reason", limit->reason, "bound", (int)limit->bound);
}

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

static json_t *target_record(const struct hpa_spec *spec, const struct hpa_decision *d)
{
    if (d->outcome == HPA_NO_SCALE)
        return json_pack("{s:s, s:s}", "kind", spec->target_kind, "name", spec->target_name);
    return json_pack("{s:s, s:s, s:i, s:i}", "kind", spec->target_kind, "name", spec->target_name,
                     "current", (int)d->current, "desired", (int)d->desired);
}

static void put_target(struct object *o, const struct hpa_spec *spec, const struct hpa_decision *d)
{
    put(o, "target", target_record(spec, d));
    put_int(o, "min", spec->min);
    put_int(o, "max", spec->max);
}

static void put_steps(struct object *o, const struct hpa *hpa, const struct hpa_spec *spec,
                      const struct hpa_decision *d)
{
    put_int(o, "recommendation", d->recommendation);
    put(o, "recommendations", recommendations_record(hpa, spec, d));
    put_int(o, "stabilised", d->stabilised);
    put(o, "limit", limit_record(&d->limit));
}

json_t *hpa_record(const struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in,
                   const struct hpa_decision *d)
{
    char time[CLOCK_TEXT_MAX], sentence[HPA_SENTENCE_MAX];
    struct object o = {.json = json_object()};

    put_text(&o, "time", clock_rfc3339_micro(d->now_ns, time));
    put_text(&o, "outcome", outcome_text(d->outcome));
    put_target(&o, spec, d);
    put(&o, "metrics", metrics_record(spec, in, d));
    if (d->recommendation_known)
        put_steps(&o, hpa, spec, d);
    if (d->outcome != HPA_NO_SCALE)
        put_int(&o, "result", d->outcome == HPA_NOT_WRITTEN ? d->current : d->desired);
    put(&o, "rescale", json_boolean(d->rescale));
    if (d->rescale)
        put_text(&o, "reason", d->rescale_reason);
    if (d->error)
        put_text(&o, "error", d->error);
    put_text(&o, "sentence", hpa_sentence(spec, d, sentence));
    return finish(&o);
}
