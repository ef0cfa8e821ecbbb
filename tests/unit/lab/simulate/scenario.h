// SPDX-License-Identifier: MIT
/* scenario: a Deployment web, its HPA, and a plan for both, to be varied by text. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "unit.h"

#include "base/err.h"
#include "kube/yaml.h"
#include "lab/simulate/plan.h"

#include <stdio.h>
#include <string.h>

struct scenario { /* scenario_begin, scenario_end */
    struct yaml_file *file;
    json_t *hpas, *deployments;
};

/* Half a core a pod, of which 200m are requested: with 10 ms a request 20 requests per second are
 * 100 %, and 50 are all that it can do. */
#define SCENARIO_DEPLOYMENT                                                                        \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"                               \
    "spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: "      \
    "{app: web}}, spec: {containers: [{name: web, image: web, resources: {requests: {cpu: 200m}, " \
    "limits: {cpu: 500m}}}]}}}\n"
#define SCENARIO_CPU                                                                               \
    "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}"
#define SCENARIO_BACKLOG                                                                           \
    "{type: External, external: {metric: {name: waiting}, target: {type: AverageValue, "           \
    "averageValue: 10}}}"

static inline json_t *scenario_list(const char *text)
{
    struct yaml_file *file = NULL;
    struct err e = {0};

    if (yaml_parse("object", text, strlen(text), &file, &e) < 0)
        fail_msg("%s", e.text);
    json_t *list = json_pack("[o]", json_deep_copy(yaml_document(file, 0)));
    yaml_file_free(file);
    return list;
}

/* more is behind the metrics in the HPA's spec: ", behavior: {...}". */
static inline void scenario_begin(struct scenario *s, const char *metrics, const char *more)
{
    char text[2000];

    (void)snprintf(text, sizeof(text),
                   "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: "
                   "web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: "
                   "web}, minReplicas: 1, maxReplicas: 10, metrics: [%s]%s}\n",
                   metrics, more);
    *s = (struct scenario){.hpas = scenario_list(text),
                           .deployments = scenario_list(SCENARIO_DEPLOYMENT)};
}

/* head is what stands above the workloads, workload what stands in the one. New. */
static inline struct plan *scenario_plan(const char *head, const char *workload)
{
    struct yaml_file *file = NULL;
    struct plan *plan = NULL;
    struct err e = {0};
    char text[2000];

    (void)snprintf(text, sizeof(text), "title: T\n%sworkloads:\n- {deployment: web, %s}\n", head,
                   workload);
    if (yaml_parse("simulation.yaml", text, strlen(text), &file, &e) < 0 ||
        plan_make(file, yaml_document(file, 0), NULL, &plan, &e) < 0)
        fail_msg("%s", e.text);
    yaml_file_free(file);
    return plan;
}

static inline void scenario_end(struct scenario *s)
{
    json_decref(s->hpas);
    json_decref(s->deployments);
}

#endif
