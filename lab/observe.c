// SPDX-License-Identifier: MIT
#include "lab/observe.h"

#include "base/clock.h"
#include "kube/jpath.h"
#include "kube/quantity.h"
#include "lab/pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t time_at(const json_t *object, const char *path)
{
    uint64_t ns = 0;

    (void)clock_parse_rfc3339(jpath_str(object, path, ""), &ns);
    return ns;
}

static enum hpa_phase phase_of(const json_t *pod)
{
    static const char *const names[] = {"Pending", "Running", "Succeeded", "Failed"};
    const char *phase = jpath_str(pod, "status.phase", "");

    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], phase) == 0)
            return (enum hpa_phase)i;
    return HPA_PHASE_UNKNOWN;
}

static const json_t *ready_condition(const json_t *pod)
{
    size_t i;
    const json_t *row;

    json_array_foreach (jpath(pod, "status.conditions"), i, row)
        if (strcmp(jpath_str(row, "type", ""), "Ready") == 0)
            return row;
    return NULL;
}

static enum hpa_ready ready_of(const json_t *condition)
{
    const char *status = jpath_str(condition, "status", "");

    if (!condition)
        return HPA_READY_ABSENT;
    if (strcmp(status, "True") == 0)
        return HPA_READY_TRUE;
    return strcmp(status, "False") == 0 ? HPA_READY_FALSE : HPA_READY_UNKNOWN;
}

static void read_request(const json_t *pod, enum hpa_resource resource, struct err *err,
                         struct hpa_request *ret)
{
    if (hpa_pod_request(pod, resource, &ret->milli, err) < 0)
        ret->error = err->text;
}

static void read_pod(const json_t *pod, struct err errors[2], struct hpa_pod *row)
{
    const json_t *ready = ready_condition(pod);

    *row = (struct hpa_pod){
        .name = jpath_str(pod, "metadata.name", ""),
        .phase = phase_of(pod),
        .deleted = pod_is_deleting(pod),
        .start_ns = time_at(pod, "status.startTime"),
        .ready = ready_of(ready),
        .ready_changed_ns = time_at(ready, "lastTransitionTime"),
    };
    row->started = row->start_ns != 0;
    read_request(pod, HPA_CPU, &errors[HPA_CPU], &row->requests[HPA_CPU]);
    read_request(pod, HPA_MEMORY, &errors[HPA_MEMORY], &row->requests[HPA_MEMORY]);
}

/* The sum over the containers; false when one of them lacks the resource, or there is none. */
static bool sum_usage(const json_t *metrics, const char *resource, int64_t *ret)
{
    const json_t *containers = jpath(metrics, "containers");
    const json_t *row;
    size_t i;
    int64_t sum = 0, milli;

    json_array_foreach (containers, i, row) {
        const json_t *value = json_object_get(json_object_get(row, "usage"), resource);
        if (quantity_from_json(value, &milli) < 0)
            return false;
        sum += milli;
    }
    *ret = sum;
    return json_array_size(containers) > 0;
}

static void read_sample(struct observed *o, const json_t *metrics, enum hpa_resource resource)
{
    static const char *const names[] = {[HPA_CPU] = "cpu", [HPA_MEMORY] = "memory"};
    struct hpa_sample s = {.pod = jpath_str(metrics, "metadata.name", ""),
                           .time_ns = time_at(metrics, "timestamp")};

    (void)clock_parse_duration(jpath_str(metrics, "window", "0"), &s.window_ns);
    if (sum_usage(metrics, names[resource], &s.milli))
        o->samples[resource][o->sample_counts[resource]++] = s;
}

int observed_init(struct observed *o, json_t *pods, json_t *metrics)
{
    size_t n = json_array_size(pods), m = json_array_size(metrics), i;
    const json_t *row;

    *o = (struct observed){.pods = pods, .metrics = metrics, .pod_count = n};
    o->pod_rows = calloc(n + 1, sizeof(*o->pod_rows));
    o->request_errors = calloc(2 * n + 1, sizeof(*o->request_errors));
    o->samples[HPA_CPU] = calloc(m + 1, sizeof(*o->samples[HPA_CPU]));
    o->samples[HPA_MEMORY] = calloc(m + 1, sizeof(*o->samples[HPA_MEMORY]));
    if (!o->pod_rows || !o->request_errors || !o->samples[HPA_CPU] || !o->samples[HPA_MEMORY]) {
        observed_done(o);
        return -ENOMEM;
    }
    json_array_foreach (pods, i, row)
        read_pod(row, &o->request_errors[2 * i], &o->pod_rows[i]);
    json_array_foreach (metrics, i, row) {
        read_sample(o, row, HPA_CPU);
        read_sample(o, row, HPA_MEMORY);
    }
    return 0;
}

void observed_done(struct observed *o)
{
    free(o->pod_rows);
    free(o->request_errors);
    free(o->samples[HPA_CPU]);
    free(o->samples[HPA_MEMORY]);
    json_decref(o->pods);
    json_decref(o->metrics);
    *o = (struct observed){0};
}
