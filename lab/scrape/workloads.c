// SPDX-License-Identifier: MIT
#include "kube/jpath.h"
#include "kube/quantity.h"
#include "lab/pods.h"
#include "lab/scrape/family.h"

#include <string.h>

enum { SPEC_REPLICAS, REPLICAS, REPLICAS_READY, DEPLOYMENT_COUNT };

static const struct metric_desc of_deployments[DEPLOYMENT_COUNT] = {
    [SPEC_REPLICAS] = {"kube_deployment_spec_replicas",
                       METRIC_GAUGE,
                       "Replicas that a Deployment is asked for.",
                       {"namespace", "deployment"}},
    [REPLICAS] = {"kube_deployment_status_replicas",
                  METRIC_GAUGE,
                  "Pods of a Deployment.",
                  {"namespace", "deployment"}},
    [REPLICAS_READY] = {"kube_deployment_status_replicas_ready",
                        METRIC_GAUGE,
                        "Ready pods of a Deployment.",
                        {"namespace", "deployment"}},
};

static void fill_deployment(struct metrics *metrics, const json_t *object)
{
    const char *ns = jpath_str(object, "metadata.namespace", "");
    const char *name = jpath_str(object, "metadata.name", "");

    SERIES_SET(metrics, &of_deployments[SPEC_REPLICAS], jpath_int(object, "spec.replicas", 1), ns,
               name);
    SERIES_SET(metrics, &of_deployments[REPLICAS], jpath_int(object, "status.replicas", 0), ns,
               name);
    SERIES_SET(metrics, &of_deployments[REPLICAS_READY],
               jpath_int(object, "status.readyReplicas", 0), ns, name);
}

const struct family series_of_deployments = {KIND_DEPLOYMENT, fill_deployment, of_deployments,
                                             DEPLOYMENT_COUNT};

enum { PHASE, READY, RESTARTS, REQUESTS, LIMITS, POD_COUNT };

static const struct metric_desc of_pods[POD_COUNT] = {
    [PHASE] = {"kube_pod_status_phase",
               METRIC_GAUGE,
               "1 for the phase that a pod is in, 0 for the others.",
               {"namespace", "pod", "phase"}},
    [READY] =
        {"kube_pod_status_ready",
         METRIC_GAUGE,
         "1 for the status (true, false, unknown) that a pod's readiness has, 0 for the others.",
         {"namespace", "pod", "condition"}},
    [RESTARTS] = {"kube_pod_container_status_restarts_total",
                  METRIC_COUNTER,
                  "Restarts of a container.",
                  {"namespace", "pod", "container"}},
    [REQUESTS] = {"kube_pod_container_resource_requests",
                  METRIC_GAUGE,
                  "What a container requests: cpu in cores, memory in bytes.",
                  {"namespace", "pod", "container", "resource", "unit"}},
    [LIMITS] = {"kube_pod_container_resource_limits",
                METRIC_GAUGE,
                "What a container is limited to.",
                {"namespace", "pod", "container", "resource", "unit"}},
};

struct pod_labels {
    const char *ns, *pod, *container;
};

static void set_resources(struct metrics *metrics, const struct metric_desc *d,
                          const struct pod_labels *of, const json_t *amounts)
{
    static const char *const units[][2] = {{"cpu", "core"}, {"memory", "byte"}};
    int64_t milli;

    for (size_t i = 0; i < 2; i++) {
        const json_t *amount = json_object_get(amounts, units[i][0]);
        if (amount && quantity_from_json(amount, &milli) == 0)
            SERIES_SET(metrics, d, (double)milli / 1000, of->ns, of->pod, of->container,
                       units[i][0], units[i][1]);
    }
}

static void set_state(struct metrics *metrics, const json_t *object, const struct pod_labels *of)
{
    static const char *const phases[] = {"Pending", "Running", "Succeeded", "Failed", "Unknown"};
    const char *phase = jpath_str(object, "status.phase", "Unknown");

    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
        SERIES_SET(metrics, &of_pods[PHASE], strcmp(phases[i], phase) == 0, of->ns, of->pod,
                   phases[i]);
    SERIES_SET(metrics, &of_pods[READY], pod_is_ready(object), of->ns, of->pod, "true");
    SERIES_SET(metrics, &of_pods[READY], !pod_is_ready(object), of->ns, of->pod, "false");
    SERIES_SET(metrics, &of_pods[READY], 0, of->ns, of->pod, "unknown"); /* a lost node's */
}

static void fill_pod(struct metrics *metrics, const json_t *object)
{
    const struct pod_labels of = {jpath_str(object, "metadata.namespace", ""),
                                  jpath_str(object, "metadata.name", ""),
                                  jpath_str(object, "spec.containers[0].name", "")};

    set_state(metrics, object, &of);
    SERIES_SET(metrics, &of_pods[RESTARTS],
               jpath_int(object, "status.containerStatuses[0].restartCount", 0), of.ns, of.pod,
               of.container);
    set_resources(metrics, &of_pods[REQUESTS], &of,
                  jpath(object, "spec.containers[0].resources.requests"));
    set_resources(metrics, &of_pods[LIMITS], &of,
                  jpath(object, "spec.containers[0].resources.limits"));
}

const struct family series_of_pods = {KIND_POD, fill_pod, of_pods, POD_COUNT};
