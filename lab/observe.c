// SPDX-License-Identifier: MIT
#include "lab/observe.h"

#include "base/clock.h"
#include "base/err.h"
#include "kube/amount.h"
#include "lab/pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

static uint64_t time_of(const json_t *object, const char *member)
{
    uint64_t ns = 0;

    (void)clock_parse_rfc3339(text_of(object, member), &ns);
    return ns;
}

static enum hpa_phase phase_of(const json_t *status)
{
    static const char *const names[] = {"Pending", "Running", "Succeeded", "Failed"};
    const char *phase = text_of(status, "phase");

    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], phase) == 0)
            return (enum hpa_phase)i;
    return HPA_PHASE_UNKNOWN;
}

static const json_t *ready_condition(const json_t *status)
{
    size_t i;
    const json_t *row;

    json_array_foreach (json_object_get(status, "conditions"), i, row)
        if (strcmp(text_of(row, "type"), "Ready") == 0)
            return row;
    return NULL;
}

static enum hpa_ready ready_of(const json_t *condition)
{
    const char *status = text_of(condition, "status");

    if (!condition)
        return HPA_READY_ABSENT;
    if (strcmp(status, "True") == 0)
        return HPA_READY_TRUE;
    return strcmp(status, "False") == 0 ? HPA_READY_FALSE : HPA_READY_UNKNOWN;
}

static void read_requests(struct observed_pods *o, const json_t *pod, const struct hpa_spec *spec,
                          struct hpa_request *ret)
{
    struct err err;

    for (size_t i = 0; i < spec->metric_count; i++)
        if (spec->metrics[i].form == HPA_UTILIZATION &&
            hpa_pod_request(pod, &spec->metrics[i], &ret[i].milli, &err) < 0)
            ret[i].error = texts_format(&o->errors, "%s", err.text);
}

static void read_pod(struct observed_pods *o, const struct hpa_spec *spec, const json_t *pod)
{
    const json_t *status = json_object_get(pod, "status");
    const json_t *ready = ready_condition(status);
    struct hpa_request *requests = &o->requests[o->count * spec->metric_count];
    const uint64_t start_ns = time_of(status, "startTime");

    read_requests(o, pod, spec, requests);
    o->rows[o->count++] = (struct hpa_pod){
        .name = text_of(json_object_get(pod, "metadata"), "name"),
        .phase = phase_of(status),
        .deleted = pod_is_deleting(pod),
        .started = start_ns != 0,
        .start_ns = start_ns,
        .ready = ready_of(ready),
        .ready_changed_ns = time_of(ready, "lastTransitionTime"),
        .requests = requests,
    };
}

int observe_pods(struct observed_pods *o, const struct hpa_spec *spec, const json_t *pods)
{
    const size_t count = json_array_size(pods);
    const json_t *row;
    size_t i;

    *o = (struct observed_pods){0};
    o->rows = calloc(count + 1, sizeof(*o->rows));
    o->requests = calloc(count * spec->metric_count + 1, sizeof(*o->requests));
    if (!o->rows || !o->requests) {
        observed_pods_done(o);
        return -ENOMEM;
    }
    json_array_foreach (pods, i, row)
        read_pod(o, spec, row);
    return 0;
}

void observed_pods_done(struct observed_pods *o)
{
    free(o->rows);
    free(o->requests);
    texts_done(&o->errors);
    *o = (struct observed_pods){0};
}

/* What is absent is 0, as Kubernetes reads it. */
static bool milli_of(const json_t *value, int64_t *ret)
{
    struct amount amount = {0};

    if (value && !json_is_null(value) && amount_from_json(value, &amount) < 0)
        return false;
    *ret = amount_milli(&amount);
    return true;
}

/* The sum over the containers, or the one of that name; false when one of them lacks the resource,
 * or there is none. */
static bool sum_usage(const json_t *metrics, const struct hpa_metric *m, int64_t *ret)
{
    const json_t *row;
    size_t i;
    uint64_t sum = 0; /* wraps */
    int64_t milli;
    bool found = false;

    json_array_foreach (json_object_get(metrics, "containers"), i, row) {
        if (m->container && strcmp(text_of(row, "name"), m->container) != 0)
            continue;
        const json_t *used = json_object_get(json_object_get(row, "usage"), m->name);
        if (!used || !milli_of(used, &milli))
            return false;
        sum += (uint64_t)milli;
        found = true;
        if (m->container)
            break;
    }
    *ret = (int64_t)sum;
    return found;
}

size_t observe_usage(const json_t *pod_metrics, const struct hpa_metric *metric,
                     struct hpa_sample *ret)
{
    const json_t *row;
    size_t i, count = 0;

    json_array_foreach (pod_metrics, i, row) {
        struct hpa_sample s = {.pod = text_of(json_object_get(row, "metadata"), "name"),
                               .time_ns = time_of(row, "timestamp")};
        (void)clock_parse_duration(text_of(row, "window"), &s.window_ns);
        if (sum_usage(row, metric, &s.milli))
            ret[count++] = s;
    }
    return count;
}

/* Time and window of these decide nothing. */
size_t observe_pod_values(const json_t *metric_values, struct hpa_sample *ret)
{
    const json_t *row;
    size_t i;

    json_array_foreach (metric_values, i, row) {
        ret[i] =
            (struct hpa_sample){.pod = text_of(json_object_get(row, "describedObject"), "name")};
        (void)milli_of(json_object_get(row, "value"), &ret[i].milli);
    }
    return json_array_size(metric_values);
}

int observe_values(const json_t *metric_values, int64_t *ret, struct err *err)
{
    const json_t *row;
    size_t i;

    json_array_foreach (metric_values, i, row)
        if (!milli_of(json_object_get(row, "value"), &ret[i]))
            return err_set(err, -EINVAL, "item %zu of the answer has no valid value", i);
    return 0;
}

int observed_init(struct observed *o, const struct hpa_spec *spec, json_t *pods, json_t *metrics)
{
    const size_t count = spec->metric_count, row = json_array_size(metrics);

    *o = (struct observed){.pods = pods, .metrics = metrics};
    o->samples = calloc(row * count + 1, sizeof(*o->samples));
    o->sample_counts = calloc(count + 1, sizeof(*o->sample_counts));
    if (!o->samples || !o->sample_counts || observe_pods(&o->pod_rows, spec, pods) < 0) {
        observed_done(o);
        return -ENOMEM;
    }

    for (size_t i = 0; i < count; i++)
        o->sample_counts[i] = observe_usage(metrics, &spec->metrics[i], &o->samples[i * row]);
    return 0;
}

struct hpa_answer observed_answer(const struct observed *o, size_t i)
{
    return (struct hpa_answer){.item_count = json_array_size(o->metrics),
                               .samples = &o->samples[i * json_array_size(o->metrics)],
                               .sample_count = o->sample_counts[i]};
}

void observed_done(struct observed *o)
{
    observed_pods_done(&o->pod_rows);
    free(o->samples);
    free(o->sample_counts);
    json_decref(o->pods);
    json_decref(o->metrics);
    *o = (struct observed){0};
}
