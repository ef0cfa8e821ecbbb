// SPDX-License-Identifier: MIT
/* plan: a simulation.yaml: what load comes, how a pod works, how long to look. It stands beside the
 * manifests of Deployments and HorizontalPodAutoscalers. Plain data.
 *
 *     title: A flash crowd
 *     duration: 2h
 *     seed: 1                    # of the noise; the same seed gives the same bytes
 *     step: 1s                   # the model's smallest time; divides the two below
 *     syncPeriod: 15s            # between two evaluations of an HPA
 *     sampling: {resolution: 15s, delay: 0s}         # of the pods' metrics
 *     nodes: {count: 3, cpu: 4}  # pods beyond are Pending; without nodes there is always room
 *     workloads:
 *     - deployment: web          # in the manifests, with the HPA that points to it
 *       namespace: default
 *       name: web                # in the output; the Deployment's if left out
 *       copies: 1                # so many of it, each with pods and an HPA of its own
 *       spread: 0s               # the load of the last copy comes so much later than the first's
 *       noise: 0                 # 0.1: the rate strays by up to 10 %, drawn anew every 10 s
 *       load:                    # requests per second; the parts of the list are added
 *       - constant: 20
 *       - steps: [{at: 0s, rate: 10}, {at: 10m, rate: 100}]
 *       - ramp: {from: 0, to: 100, at: 5m, over: 10m}
 *       - diurnal: {low: 10, high: 200, peakAt: 14h, period: 24h}
 *       - flashCrowd: {peak: 300, at: 30m, rise: 1m, hold: 10m, halfLife: 5m}
 *       - trace: {file: trace.csv, time: time, rate: requests_per_second}      # trace.h
 *       service:
 *         cpuPerRequest: 10ms    # CPU time
 *         cpuLimit: 500m         # the Deployment's limits.cpu if left out
 *         idleCpu: 0             # of a ready pod without requests
 *         warmUpCpu: 0           # of a pod that runs and is not ready yet
 *         startUp: 5s            # from its place on a node until the pod runs (image, process)
 *         readinessDelay: 5s     # from there until it is ready
 *         timeout: 0s            # requests that would wait longer give up; 0s: they never do
 *       metrics: {queue_depth: backlog}    # what the HPA's other metrics are: rate or backlog */
#ifndef LAB_SIMULATE_PLAN_H
#define LAB_SIMULATE_PLAN_H

#include "lab/simulate/model.h"
#include "lab/simulate/profile.h"

#include <jansson.h>

struct err;
struct yaml_file;

#define PLAN_WORKLOADS_MAX 1000
#define PLAN_COPIES_MAX 10000
#define PLAN_METRICS_MAX 8
#define PLAN_NOISE_NS (UINT64_C(10) * 1000000000) /* how long a draw of the noise holds */

struct plan_metric {
    char *name;
    enum model_quantity quantity;
};

struct plan_workload {
    char *name, *namespace, *deployment;
    size_t copies;
    uint64_t spread_ns;
    double noise;
    struct profile load;
    struct service service; /* limit_cores 0: the Deployment's */
    struct plan_metric metrics[PLAN_METRICS_MAX];
    size_t metric_count;
};

struct plan {
    char *title;
    uint64_t duration_ns, step_ns, sync_period_ns;
    uint64_t seed;
    struct sampling sampling;
    size_t node_count; /* 0: there is always room */
    int64_t node_cpu_milli;
    struct plan_workload *workloads;
    size_t workload_count;
};

/* Makes a plan of root, which is the first document of file or a changed copy of it; lines in
 * messages are file's. Traces are read from folder; NULL refuses them. New in *ret. -EINVAL with
 * file, line and member; the errno of a trace that cannot be read; -ENOMEM. */
int plan_make(const struct yaml_file *file, const json_t *root, const char *folder,
              struct plan **ret, struct err *err);
void plan_free(struct plan *p);

#endif
