// SPDX-License-Identifier: MIT
#include "base/parse.h"
#include "kube/jpath.h"
#include "kube/quantity.h"
#include "lab/sampler.h"
#include "lab/scrape/family.h"

#define OF_CONTAINER "namespace", "pod", "container"

enum { CPU, PERIODS, THROTTLED_PERIODS, THROTTLED_SECONDS, MEMORY, COUNT };

static const struct metric_desc descs[COUNT] = {
    [CPU] = {"container_cpu_usage_seconds_total",
             METRIC_COUNTER,
             "CPU time that a container used.",
             {OF_CONTAINER}},
    [PERIODS] = {"container_cpu_cfs_periods_total",
                 METRIC_COUNTER,
                 "Periods of its CPU limit in which a container ran.",
                 {OF_CONTAINER}},
    [THROTTLED_PERIODS] = {"container_cpu_cfs_throttled_periods_total",
                           METRIC_COUNTER,
                           "Periods in which its CPU limit held a container back.",
                           {OF_CONTAINER}},
    [THROTTLED_SECONDS] = {"container_cpu_cfs_throttled_seconds_total",
                           METRIC_COUNTER,
                           "Time for which its CPU limit held a container back.",
                           {OF_CONTAINER}},
    [MEMORY] = {"container_memory_working_set_bytes",
                METRIC_GAUGE,
                "Memory that a container holds.",
                {OF_CONTAINER}},
};

/* What the sampler notes beside the usage, in the order of the series. */
static const char *const notes[] = {SAMPLER_CPU_SECONDS, SAMPLER_PERIODS, SAMPLER_THROTTLED_PERIODS,
                                    SAMPLER_THROTTLED_SECONDS};

static void fill(struct metrics *metrics, const json_t *object)
{
    const char *ns = jpath_str(object, "metadata.namespace", "");
    const char *pod = jpath_str(object, "metadata.name", "");
    const char *container = jpath_str(object, "containers[0].name", "");
    const json_t *annotations = jpath(object, "metadata.annotations");
    int64_t milli;
    double value;

    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        const char *text = json_string_value(json_object_get(annotations, notes[i]));
        if (text && parse_double(text, 0, 1e18, &value) == 0)
            SERIES_SET(metrics, &descs[CPU + i], value, ns, pod, container);
    }
    if (quantity_from_json(jpath(object, "containers[0].usage.memory"), &milli) == 0)
        SERIES_SET(metrics, &descs[MEMORY], (double)milli / 1000, ns, pod, container);
}

const struct family series_of_usage = {KIND_POD_METRICS, fill, descs, COUNT};
