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

static void read_requests(const json_t *pod, const struct hpa_spec *spec, struct err *errors,
                          struct hpa_request *ret)
{
    for (size_t i = 0; i < spec->metric_count; i++)
        if (spec->metrics[i].form == HPA_UTILIZATION &&
            hpa_pod_request(pod, &spec->metrics[i], &ret[i].milli, &errors[i]) < 0)
            ret[i].error = errors[i].text;
}

static void read_pod(struct observed *o, const struct hpa_spec *spec, const json_t *pod, size_t i)
{
    const json_t *ready = ready_condition(pod);
    struct hpa_request *requests = &o->requests[i * spec->metric_count];
    const uint64_t start_ns = time_at(pod, "status.startTime");

    read_requests(pod, spec, &o->request_errors[i * spec->metric_count], requests);
    o->pod_rows[i] = (struct hpa_pod){
        .name = jpath_str(pod, "metadata.name", ""),
        .phase = phase_of(pod),
        .deleted = pod_is_deleting(pod),
        .started = start_ns != 0,
        .start_ns = start_ns,
        .ready = ready_of(ready),
        .ready_changed_ns = time_at(ready, "lastTransitionTime"),
        .requests = requests,
    };
}

/* The sum over the containers, or the one of that name; false when one of them lacks the resource,
 * or there is none. */
static bool sum_usage(const json_t *metrics, const struct hpa_metric *m, int64_t *ret)
{
    const json_t *row;
    size_t i;
    int64_t sum = 0, milli;
    bool found = false;

    json_array_foreach (jpath(metrics, "containers"), i, row) {
        if (m->container && strcmp(jpath_str(row, "name", ""), m->container) != 0)
            continue;
        const json_t *value = json_object_get(json_object_get(row, "usage"), m->name);
        if (quantity_from_json(value, &milli) < 0)
            return false;
        sum += milli;
        found = true;
    }
    *ret = sum;
    return found;
}

static void read_samples(struct observed *o, const struct hpa_metric *m, size_t i)
{
    struct hpa_sample *samples = &o->samples[i * json_array_size(o->metrics)];
    const json_t *row;
    size_t k;

    json_array_foreach (o->metrics, k, row) {
        struct hpa_sample s = {.pod = jpath_str(row, "metadata.name", ""),
                               .time_ns = time_at(row, "timestamp")};
        (void)clock_parse_duration(jpath_str(row, "window", "0"), &s.window_ns);
        if (sum_usage(row, m, &s.milli))
            samples[o->sample_counts[i]++] = s;
    }
}

int observed_init(struct observed *o, const struct hpa_spec *spec, json_t *pods, json_t *metrics)
{
    const size_t pod_count = json_array_size(pods), count = spec->metric_count;
    const json_t *row;
    size_t i;

    *o = (struct observed){.pods = pods, .metrics = metrics, .pod_count = pod_count};
    o->pod_rows = calloc(pod_count + 1, sizeof(*o->pod_rows));
    o->requests = calloc(pod_count * count + 1, sizeof(*o->requests));
    o->request_errors = calloc(pod_count * count + 1, sizeof(*o->request_errors));
    o->samples = calloc(json_array_size(metrics) * count + 1, sizeof(*o->samples));
    o->sample_counts = calloc(count + 1, sizeof(*o->sample_counts));
    if (!o->pod_rows || !o->requests || !o->request_errors || !o->samples || !o->sample_counts) {
        observed_done(o);
        return -ENOMEM;
    }

    json_array_foreach (pods, i, row)
        read_pod(o, spec, row, i);
    for (i = 0; i < count; i++)
        read_samples(o, &spec->metrics[i], i);
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
    free(o->pod_rows);
    free(o->requests);
    free(o->request_errors);
    free(o->samples);
    free(o->sample_counts);
    json_decref(o->pods);
    json_decref(o->metrics);
    *o = (struct observed){0};
}
