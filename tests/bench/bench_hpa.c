// SPDX-License-Identifier: MIT
/* Evaluations of one HPA in a second of CPU time, without decision records:
 *
 *     bench_hpa
 *     {"pods": 10, "metrics": 1, "evaluationsPerSecond": 1234567}
 *     {"pods": 100, "metrics": 3, "evaluationsPerSecond": 123456} */
#include "base/clock.h"
#include "base/scoped.h"
#include "lab/hpa/hpa.h"

#include <stdio.h>
#include <stdlib.h>

#define PODS_MAX 100
#define METRICS_MAX 3
#define MEASURED_NS (2 * NS_PER_S)
#define ROUND 1000 /* evaluations between two looks at the clock */
#define START_NS (UINT64_C(1767225600) * NS_PER_S)
#define PERIOD_NS (15 * NS_PER_S)

struct world {
    struct hpa_spec *spec;
    struct hpa *hpa;
    char names[PODS_MAX][16];
    struct hpa_pod pods[PODS_MAX];
    struct hpa_request requests[METRICS_MAX];
    struct hpa_sample samples[METRICS_MAX][PODS_MAX];
    int64_t value;
    struct hpa_answer answers[METRICS_MAX];
    struct hpa_input in;
};

static const char *const cpu_only =
    "{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\"},"
    "\"minReplicas\":1,\"maxReplicas\":1000,\"metrics\":[{\"type\":\"Resource\",\"resource\":"
    "{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\",\"averageUtilization\":50}}}]}";

static const char *const three_metrics =
    "{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\"},"
    "\"minReplicas\":1,\"maxReplicas\":1000,\"metrics\":["
    "{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\","
    "\"averageUtilization\":50}}},"
    "{\"type\":\"Pods\",\"pods\":{\"metric\":{\"name\":\"rps\"},\"target\":{\"type\":"
    "\"AverageValue\",\"averageValue\":\"50\"}}},"
    "{\"type\":\"External\",\"external\":{\"metric\":{\"name\":\"depth\"},\"target\":{\"type\":"
    "\"AverageValue\",\"averageValue\":\"10\"}}}],"
    "\"behavior\":{\"scaleUp\":{\"stabilizationWindowSeconds\":60,\"policies\":["
    "{\"type\":\"Pods\",\"value\":4,\"periodSeconds\":60},"
    "{\"type\":\"Percent\",\"value\":10,\"periodSeconds\":120}]},"
    "\"scaleDown\":{\"stabilizationWindowSeconds\":300,\"policies\":["
    "{\"type\":\"Percent\",\"value\":10,\"periodSeconds\":60}]}}}";

static void must(int code, const char *what)
{
    if (code >= 0)
        return;
    (void)fprintf(stderr, "bench_hpa: %s: %d\n", what, code);
    exit(EXIT_FAILURE);
}

static void add_pod(struct world *w, size_t i)
{
    (void)snprintf(w->names[i], sizeof(w->names[i]), "web-%zu", i);
    w->pods[i] = (struct hpa_pod){.name = w->names[i],
                                  .phase = HPA_RUNNING,
                                  .started = true,
                                  .start_ns = START_NS - 3600 * NS_PER_S,
                                  .ready = HPA_READY_TRUE,
                                  .ready_changed_ns = START_NS - 3590 * NS_PER_S,
                                  .requests = w->requests};
    for (size_t m = 0; m < METRICS_MAX; m++)
        w->samples[m][i] =
            (struct hpa_sample){.pod = w->names[i], .time_ns = START_NS, .window_ns = PERIOD_NS};
}

static void begin(struct world *w, const char *spec, size_t pods)
{
    struct hpa_spec_error bad = {0};
    json_auto_t *object = json_pack("{s:s, s:s, s:{s:s}, s:o}", "apiVersion", "autoscaling/v2",
                                    "kind", "HorizontalPodAutoscaler", "metadata", "name", "web",
                                    "spec", json_loads(spec, 0, NULL));

    *w = (struct world){.value = (int64_t)pods * 10000};
    must(hpa_spec_parse(object, &w->spec, &bad), bad.err.text);
    must(hpa_new(NULL, &w->hpa), "out of memory");
    for (size_t i = 0; i < pods; i++)
        add_pod(w, i);
    for (size_t m = 0; m < w->spec->metric_count; m++) {
        w->requests[m].milli = 100;
        w->answers[m] = w->spec->metrics[m].source == HPA_EXTERNAL
                            ? (struct hpa_answer){.item_count = 1, .values = &w->value}
                            : (struct hpa_answer){.item_count = pods,
                                                  .samples = w->samples[m],
                                                  .sample_count = pods};
    }
    w->in = (struct hpa_input){.now_ns = START_NS,
                               .spec_replicas = (int32_t)pods,
                               .status_replicas = (int32_t)pods,
                               .selector = "app=web",
                               .pods = w->pods,
                               .pod_count = pods,
                               .answers = w->answers};
}

static void end(struct world *w)
{
    hpa_free(w->hpa);
    hpa_spec_free(w->spec);
}

/* On target, but for every eighth time, which wants more. */
static void load(struct world *w, uint64_t turn)
{
    const int64_t cpu_milli = turn % 8 ? 50 : 60, rps_milli = turn % 8 ? 50000 : 60000;

    for (size_t i = 0; i < w->in.pod_count; i++) {
        w->samples[0][i].milli = cpu_milli;
        w->samples[1][i].milli = rps_milli;
    }
}

static void evaluate(struct world *w, uint64_t turn)
{
    struct hpa_decision d;

    w->in.now_ns += PERIOD_NS;
    load(w, turn);
    must(hpa_evaluate(w->hpa, w->spec, &w->in, &d), "evaluation");
    if (d.rescale)
        hpa_commit(w->hpa, w->spec, &d, NULL, w->in.now_ns);
}

static void measure(const char *spec, size_t pods)
{
    scoped(free_at) struct world *w = malloc(sizeof(*w));
    uint64_t turns = 0, used_ns = 0;

    must(w ? 0 : -1, "out of memory");
    begin(w, spec, pods);
    const uint64_t start_ns = clock_thread_cpu_ns();
    while (used_ns < MEASURED_NS) {
        for (int i = 0; i < ROUND; i++)
            evaluate(w, turns++);
        used_ns = clock_thread_cpu_ns() - start_ns;
    }
    (void)printf("{\"pods\": %zu, \"metrics\": %zu, \"evaluationsPerSecond\": %.0f}\n", pods,
                 w->spec->metric_count, (double)turns * 1e9 / (double)used_ns);
    end(w);
}

int main(void)
{
    measure(cpu_only, 10);
    measure(three_metrics, 100);
    return EXIT_SUCCESS;
}
