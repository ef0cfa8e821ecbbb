// SPDX-License-Identifier: MIT
/* The decision as the API shows it: status and currentMetrics. */
#include "lab/hpa/hpa.h"

#include "base/clock.h"
#include "kube/quantity.h"

#include <string.h>

static json_t *quantity(int64_t milli)
{
    char text[QUANTITY_TEXT_MAX];

    return json_string(quantity_format(milli, text));
}

static json_t *binary_quantity(int64_t milli)
{
    char text[QUANTITY_TEXT_MAX];

    return json_string(quantity_format_binary(milli, text));
}

/* {averageUtilization, averageValue} or one of value and averageValue */
static json_t *current_value(const struct hpa_metric *m, const struct hpa_result *r)
{
    const bool resource = m->source == HPA_RESOURCE || m->source == HPA_CONTAINER_RESOURCE;
    const bool binary = resource && m->resource == HPA_MEMORY;

    if (m->form == HPA_VALUE)
        return json_pack("{s:o}", "value", quantity(r->value));

    json_t *average = binary ? binary_quantity(r->average) : quantity(r->average);
    if (m->form == HPA_UTILIZATION)
        return json_pack("{s:I, s:o}", "averageUtilization", (json_int_t)r->value, "averageValue",
                         average);
    return json_pack("{s:o}", "averageValue", average);
}

/* The entry of a metric that failed stays empty. */
static json_t *metric_status(const struct hpa_metric *m, const struct hpa_result *r)
{
    json_t *current = r->error ? NULL : current_value(m, r);

    if (r->error)
        return json_pack("{s:s}", "type", "");
    switch (m->source) {
    case HPA_RESOURCE:
        return json_pack("{s:s, s:{s:s, s:o}}", "type", "Resource", "resource", "name", m->name,
                         "current", current);
    case HPA_CONTAINER_RESOURCE:
        return json_pack("{s:s, s:{s:s, s:s, s:o}}", "type", "ContainerResource",
                         "containerResource", "name", m->name, "container", m->container, "current",
                         current);
    case HPA_PODS:
        return json_pack("{s:s, s:{s:O, s:o}}", "type", "Pods", "pods", "metric", m->identifier,
                         "current", current);
    case HPA_OBJECT:
        return json_pack("{s:s, s:{s:O, s:O, s:o}}", "type", "Object", "object", "metric",
                         m->identifier, "describedObject", m->described, "current", current);
    case HPA_EXTERNAL:
        return json_pack("{s:s, s:{s:O, s:o}}", "type", "External", "external", "metric",
                         m->identifier, "current", current);
    case HPA_UNKNOWN_SOURCE:
        break;
    }
    json_decref(current);
    return NULL;
}

json_t *hpa_current_metrics(const struct hpa_spec *spec, const struct hpa_decision *decision)
{
    json_t *all;

    if (!decision->results)
        return NULL;
    all = json_array();
    for (size_t i = 0; i < decision->result_count; i++) {
        if (json_array_append_new(all, metric_status(&spec->metrics[i], &decision->results[i])) <
            0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static size_t find_condition(const json_t *conditions, const char *type)
{
    size_t i;
    const json_t *c;

    json_array_foreach (conditions, i, c) {
        const char *text = json_string_value(json_object_get(c, "type"));
        if (text && strcmp(text, type) == 0)
            break;
    }
    return i;
}

static bool says(const json_t *condition, const char *member, const char *text)
{
    const char *before = json_string_value(json_object_get(condition, member));

    return before && strcmp(before, text) == 0;
}

/* A condition keeps its place, and its time as long as True stays True. One that says something new
 * is a new object: the old one is the old status' too. */
static int set_condition(json_t *conditions, const struct hpa_condition *set, const char *now)
{
    const char *status = set->status ? "True" : "False";
    const size_t i = find_condition(conditions, set->type);
    json_t *before = json_array_get(conditions, i);
    const bool turned = !says(before, "status", status) || set->flipped;

    if (!turned && says(before, "reason", set->reason) && says(before, "message", set->message))
        return 0;
    json_t *c = before ? json_copy(before) : json_pack("{s:s}", "type", set->type);
    int r = turned ? json_object_set_new(c, "lastTransitionTime", json_string(now)) : 0;
    if (r == 0)
        r = json_object_set_new(c, "status", json_string(status));
    if (r == 0)
        r = json_object_set_new(c, "reason", json_string(set->reason));
    if (r == 0)
        r = json_object_set_new(c, "message", json_string(set->message));
    if (r == 0)
        return before ? json_array_set_new(conditions, i, c) : json_array_append_new(conditions, c);
    json_decref(c);
    return r;
}

/* It belongs to a feature that is off: a controller that has it off takes it away. */
static void remove_scaled_to_zero(json_t *conditions)
{
    size_t i;
    json_t *c;

    json_array_foreach (conditions, i, c) {
        const char *type = json_string_value(json_object_get(c, "type"));
        if (type && strcmp(type, "ScaledToZero") == 0)
            (void)json_array_remove(conditions, i--);
    }
}

static bool was_written(const struct hpa_decision *d)
{
    return d->rescale && d->outcome != HPA_NOT_WRITTEN;
}

static json_t *conditions_of(const struct hpa_decision *d, const json_t *old, const char *now)
{
    json_t *before = json_object_get(old, "conditions");
    json_t *conditions = json_is_array(before) ? json_copy(before) : json_array();

    for (size_t i = 0; i < d->condition_count; i++) {
        if (set_condition(conditions, &d->conditions[i], now) < 0) {
            json_decref(conditions);
            return NULL;
        }
    }
    if (d->outcome == HPA_DISABLED || was_written(d))
        remove_scaled_to_zero(conditions);
    return conditions;
}

/* Keeps the time of the last write, if there was one. */
static int set_scale_time(json_t *status, const struct hpa_decision *d, const json_t *old,
                          const char *now)
{
    json_t *before = json_object_get(old, "lastScaleTime");

    if (was_written(d))
        return json_object_set_new(status, "lastScaleTime", json_string(now));
    return before ? json_object_set(status, "lastScaleTime", before) : 0;
}

/* Counts, times and metrics; conditions come on top. */
static json_t *counts_of(const struct hpa_spec *spec, const struct hpa_decision *d,
                         const json_t *old, const char *now)
{
    const bool failed = d->outcome == HPA_NO_METRICS || d->outcome == HPA_NOT_WRITTEN;
    json_int_t desired =
        failed ? json_integer_value(json_object_get(old, "desiredReplicas")) : d->desired;
    json_t *status = json_pack("{s:I, s:I}", "currentReplicas", (json_int_t)d->current,
                               "desiredReplicas", desired);
    int r = set_scale_time(status, d, old, now);

    if (r == 0 && d->results)
        r = json_object_set_new(status, "currentMetrics", hpa_current_metrics(spec, d));
    if (r == 0)
        return status;
    json_decref(status);
    return NULL;
}

json_t *hpa_status(const struct hpa_spec *spec, const struct hpa_decision *decision,
                   const json_t *old_status, uint64_t now_ns)
{
    char now[CLOCK_TEXT_MAX];
    json_t *status;

    clock_rfc3339(now_ns, now);
    if (decision->outcome == HPA_NO_SCALE)
        status = json_is_object(old_status) ? json_deep_copy(old_status) : json_object();
    else
        status = counts_of(spec, decision, old_status, now);
    if (json_object_set_new(status, "conditions", conditions_of(decision, old_status, now)) < 0) {
        json_decref(status);
        return NULL;
    }
    return status;
}
