// SPDX-License-Identifier: MIT
#include "lab/kinds.h"

#include <stdio.h>
#include <string.h>

/* swell.dev holds what Kubernetes has no kind for: why the autoscaler decided (ScalingDecision),
 * what a load generator reports (LoadReport) and what a queue counts (QueueReport). */
const struct kind kinds[KIND_COUNT] = {
    [KIND_POD] = {KIND_POD, "", "v1", "Pod", "pods", "pod", "po", true, false},
    [KIND_SERVICE] = {KIND_SERVICE, "", "v1", "Service", "services", "service", "svc", true, true},
    [KIND_CONFIGMAP] = {KIND_CONFIGMAP, "", "v1", "ConfigMap", "configmaps", "configmap", "cm",
                        true, true},
    [KIND_EVENT] = {KIND_EVENT, "", "v1", "Event", "events", "event", "ev", true, false},
    [KIND_DEPLOYMENT] = {KIND_DEPLOYMENT, "apps", "v1", "Deployment", "deployments", "deployment",
                         "deploy", true, true},
    [KIND_HPA] = {KIND_HPA, "autoscaling", "v2", "HorizontalPodAutoscaler",
                  "horizontalpodautoscalers", "horizontalpodautoscaler", "hpa", true, true},
    [KIND_POD_METRICS] = {KIND_POD_METRICS, "metrics.k8s.io", "v1beta1", "PodMetrics", "pods", "",
                          NULL, true, false},
    [KIND_APISERVICE] = {KIND_APISERVICE, "apiregistration.k8s.io", "v1", "APIService",
                         "apiservices", "apiservice", NULL, false, true},
    [KIND_DECISION] = {KIND_DECISION, "swell.dev", "v1", "ScalingDecision", "scalingdecisions",
                       "scalingdecision", NULL, true, false},
    [KIND_LOAD] = {KIND_LOAD, "swell.dev", "v1", "LoadReport", "loadreports", "loadreport", NULL,
                   true, false},
    [KIND_QUEUE] = {KIND_QUEUE, "swell.dev", "v1", "QueueReport", "queuereports", "queuereport",
                    NULL, true, false},
};

char *kind_api_version(const struct kind *k, char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s%s", k->group, *k->group ? "/" : "", k->version);
    return text;
}

const struct kind *kind_find(const char *api_version, const char *kind)
{
    char text[128];

    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].kind, kind) == 0 &&
            strcmp(kind_api_version(&kinds[i], text, sizeof(text)), api_version) == 0)
            return &kinds[i];
    return NULL;
}

const struct kind *kind_find_resource(const char *group, const char *version, const char *resource)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].group, group) == 0 && strcmp(kinds[i].version, version) == 0 &&
            strcmp(kinds[i].resource, resource) == 0)
            return &kinds[i];
    return NULL;
}
