// SPDX-License-Identifier: MIT
#include "lab/replay/mapping.h"

#include "base/scoped.h"

#include <string.h>

static const struct mapping mappings[] = {
    {"", "v1", "Pod", "pods", false},
    {"", "v1", "Service", "services", false},
    {"", "v1", "Namespace", "namespaces", false},
    {"", "v1", "Node", "nodes", false},
    {"", "v1", "ConfigMap", "configmaps", false},
    {"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", false},
    {"", "v1", "ReplicationController", "replicationcontrollers", true},
    {"apps", "v1", "Deployment", "deployments", true},
    {"apps", "v1", "StatefulSet", "statefulsets", true},
    {"apps", "v1", "ReplicaSet", "replicasets", true},
    {"apps", "v1", "DaemonSet", "daemonsets", false},
    {"batch", "v1", "Job", "jobs", false},
    {"batch", "v1", "CronJob", "cronjobs", false},
    {"networking.k8s.io", "v1", "Ingress", "ingresses", false},
    {"argoproj.io", "v1alpha1", "Rollout", "rollouts", true},
};

const struct mapping *mapping_find(const char *group, const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(mappings); i++)
        if (strcmp(mappings[i].group, group) == 0 && strcmp(mappings[i].kind, kind) == 0)
            return &mappings[i];
    return NULL;
}

bool mapping_group(const char *api_version, size_t *ret_len)
{
    const char *slash = strchr(api_version, '/');

    *ret_len = slash ? (size_t)(slash - api_version) : 0;
    return !slash || !strchr(slash + 1, '/');
}
