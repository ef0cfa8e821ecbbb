// SPDX-License-Identifier: MIT
/* The metrics of a decision record: what each pod used and requests, which were left out and by
 * which rule, and how the ratio became a number of replicas. */
#include "lab/hpa/metric.h"
#include "lab/hpa/object.h"
#include "lab/hpa/record.h"
#include "lab/hpa/wrap.h"

#include "kube/quantity.h"

struct view { /* one metric, seen again */
    const struct hpa_settings *settings;
    const struct hpa_input *in;
    const struct hpa_metric *metric;
    const struct hpa_result *result;
    const struct pods *pods; /* matched with the metric's samples */
    size_t index;
    json_t *rows; /* one per pod and per unknown sample */
    int64_t usage, requests;
};

static const char *const class_texts[] = {
    [HPA_POD_READY] = "counted",
    [HPA_POD_UNREADY] = "unready",
    [HPA_POD_MISSING] = "missing",
    [HPA_POD_IGNORED] = "ignored",
};

static const char *rule_text(enum pod_rule rule)
{
    static const char *const texts[] = {
        [POD_DELETED] = "deleted",
        [POD_HAS_FAILED] = "failed",
        [POD_PENDING] = "pending",
        [POD_NO_SAMPLE] = "noSample",
        [POD_NO_READY_CONDITION] = "noReadyCondition",
        [POD_NO_START_TIME] = "noStartTime",
        [POD_STARTING] = "starting",
        [POD_SAMPLE_TOO_EARLY] = "sampleTooEarly",
        [POD_NEVER_READY] = "neverReady",
        [POD_COUNTED] = "counted",
    };

    return texts[rule];
}

static bool is_resource(const struct hpa_metric *m)
{
    return m->source == HPA_RESOURCE || m->source == HPA_CONTAINER_RESOURCE;
}

static json_t *quantity(const struct hpa_metric *m, int64_t milli)
{
    char text[QUANTITY_TEXT_MAX];

    if (is_resource(m) && m->resource == HPA_MEMORY)
        return json_string(quantity_format_binary(milli, text));
    return json_string(quantity_format(milli, text));
}

/* Percent for utilization, else a quantity. */
static json_t *measure(const struct hpa_metric *m, int64_t value)
{
    return m->form == HPA_UTILIZATION ? json_integer(value) : quantity(m, value);
}

static const struct hpa_request *request_of(const struct view *v, size_t pod)
{
    const struct hpa_request *requests = v->in->pods[pod].requests;

    return v->metric->form == HPA_UTILIZATION && requests ? &requests[v->index] : NULL;
}

static const struct hpa_sample *sample_of(const struct view *v, size_t pod)
{
    const size_t at = v->pods->sample_of[pod];

    return at == POD_WITHOUT_SAMPLE ? NULL : &v->pods->samples[at];
}

static void put_request(struct object *o, const struct view *v, const struct hpa_request *request)
{
    if (request && request->error)
        object_text(o, "requestError", request->error);
    else if (request)
        object_put(o, "request", quantity(v->metric, request->milli));
}

static void put_stand_in(struct object *o, const struct view *v, enum hpa_class class,
                         const struct hpa_request *request)
{
    int64_t milli;

    if (v->result->has_value &&
        metric_stand_in(v->metric, v->result, class, request ? request->milli : 0, &milli))
        object_put(o, "standIn", quantity(v->metric, milli));
}

static json_t *pod_row(struct view *v, size_t pod)
{
    const bool cpu = is_resource(v->metric) && v->metric->resource == HPA_CPU;
    const struct hpa_sample *sample = sample_of(v, pod);
    const struct hpa_request *request = request_of(v, pod);
    const enum pod_rule rule = pod_rule(&v->in->pods[pod], sample, v->settings, v->in->now_ns, cpu);
    const enum hpa_class class = pod_class(rule);
    struct object o = object_begin();

    object_text(&o, "name", v->in->pods[pod].name);
    object_text(&o, "class", class_texts[class]);
    object_text(&o, "rule", rule_text(rule));
    if (sample)
        object_put(&o, "usage", quantity(v->metric, sample->milli));
    put_request(&o, v, request);
    put_stand_in(&o, v, class, request);
    if (class == HPA_POD_READY) {
        v->usage = wrap_add64(v->usage, sample->milli);
        v->requests = wrap_add64(v->requests, request ? request->milli : 0);
    }
    return o.json;
}

/* A sample of a pod that is not in the list. It counts, but not towards a percentage. */
static json_t *stranger_row(struct view *v, const struct hpa_sample *sample)
{
    struct object o = object_begin();

    object_text(&o, "name", sample->pod);
    object_text(&o, "class", "unknown");
    object_text(&o, "rule", "noPod");
    object_put(&o, "usage", quantity(v->metric, sample->milli));
    if (v->metric->form != HPA_UTILIZATION)
        v->usage = wrap_add64(v->usage, sample->milli);
    return o.json;
}

static void put_pods(struct object *o, struct view *v)
{
    const struct hpa_result *r = v->result;

    v->rows = json_array();
    for (size_t k = 0; k < v->in->pod_count; k++)
        list_append(&v->rows, pod_row(v, k));
    for (size_t k = 0; k < v->pods->stranger_count; k++)
        list_append(&v->rows, stranger_row(v, &v->pods->samples[v->pods->strangers[k]]));

    object_put(o, "counts",
               json_pack("{s:I, s:I, s:I, s:I, s:I}", "counted", (json_int_t)r->ready, "unready",
                         (json_int_t)r->unready, "missing", (json_int_t)r->missing, "ignored",
                         (json_int_t)r->ignored, "unknown", (json_int_t)v->pods->stranger_count));
    object_put(o, "usage", quantity(v->metric, v->usage));
    if (v->metric->form == HPA_UTILIZATION)
        object_put(o, "requests", quantity(v->metric, v->requests));
    object_put(o, "pods", v->rows);
}

static void put_measure(struct object *o, const struct hpa_metric *m, const struct hpa_result *r)
{
    object_put(o, "value", measure(m, r->value));
    if (m->form != HPA_VALUE)
        object_put(o, "average", quantity(m, r->average));
    object_real(o, "ratio", r->ratio);
    object_real(o, "finalRatio", r->final_ratio);
    object_bool(o, "withinTolerance", r->within);
}

static void put_identity(struct object *o, const struct hpa_metric *m)
{
    static const char *const sources[] = {
        [HPA_RESOURCE] = "Resource", [HPA_CONTAINER_RESOURCE] = "ContainerResource",
        [HPA_PODS] = "Pods",         [HPA_OBJECT] = "Object",
        [HPA_EXTERNAL] = "External", [HPA_UNKNOWN_SOURCE] = "",
    };
    static const char *const forms[] = {[HPA_UTILIZATION] = "Utilization",
                                        [HPA_AVERAGE_VALUE] = "AverageValue",
                                        [HPA_VALUE] = "Value"};

    object_text(o, "type", sources[m->source]);
    object_text(o, "name", m->name ? m->name : "");
    if (m->source == HPA_CONTAINER_RESOURCE)
        object_text(o, "container", m->container);
    if (m->source == HPA_OBJECT)
        object_put(o, "object",
                   json_pack("{s:s*, s:s*}", "kind", m->object.kind, "name", m->object.name));
    if (m->selector && *m->selector)
        object_text(o, "selector", m->selector);
    if (m->form == HPA_NO_FORM)
        return;
    object_text(o, "form", forms[m->form]);
    object_put(o, "target", measure(m, m->target));
}

static void put_error(struct object *o, const struct hpa_result *r)
{
    object_put(
        o, "error",
        json_pack("{s:s, s:s, s:s}", "reason", r->reason, "message", r->error, "cause", r->cause));
}

static json_t *metric_record(struct view *v, const struct hpa_decision *d)
{
    const struct hpa_result *r = v->result;
    struct object o = object_begin();

    put_identity(&o, v->metric);
    if (r->classes)
        put_pods(&o, v);
    if (r->has_value)
        put_measure(&o, v->metric, r);
    if (r->multiplier > 0)
        object_int(&o, "multiplier", r->multiplier);
    if (r->error)
        put_error(&o, r);
    else
        object_int(&o, "proposal", r->proposal);
    if (d->recommendation_known)
        object_bool(&o, "wins", v->index == d->winner);
    return o.json;
}

json_t *record_metrics(const struct hpa_settings *settings, const struct hpa_spec *spec,
                       const struct hpa_input *in, const struct hpa_decision *d)
{
    struct pods pods = {0};
    json_t *all = pods_begin(&pods, spec, in) == 0 ? json_array() : NULL;

    for (size_t i = 0; all && i < d->result_count; i++) {
        struct view v = {.settings = settings,
                         .in = in,
                         .metric = &spec->metrics[i],
                         .result = &d->results[i],
                         .pods = &pods,
                         .index = i};
        if (v.result->classes)
            pods_match(&pods, &in->answers[i]);
        list_append(&all, metric_record(&v, d));
    }
    pods_done(&pods);
    return all;
}
