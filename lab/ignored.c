// SPDX-License-Identifier: MIT
#include "lab/ignored.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 512

/* What the lab reads, or what changes nothing for it by nature (labels, names, the status that a
 * dump brings along). List members are written []. A path ending in * covers all below it. */
static const char *const everywhere[] = {
    "apiVersion", "kind", "metadata.*", "status.*", NULL,
};
static const char *const in_deployment[] = {
    "spec.replicas",
    "spec.selector.*",
    "spec.template.metadata.*",
    "spec.template.spec.terminationGracePeriodSeconds",
    "spec.template.spec.volumes[].name",
    "spec.template.spec.volumes[].configMap.name",
    "spec.template.spec.volumes[].emptyDir.*",
    "spec.template.spec.containers[].name",
    "spec.template.spec.containers[].image",
    "spec.template.spec.containers[].command.*",
    "spec.template.spec.containers[].args.*",
    "spec.template.spec.containers[].ports.*",
    "spec.template.spec.containers[].env[].name",
    "spec.template.spec.containers[].env[].value",
    "spec.template.spec.containers[].env[].valueFrom.fieldRef.*",
    "spec.template.spec.containers[].resources.requests.*",
    "spec.template.spec.containers[].resources.limits.*",
    "spec.template.spec.containers[].volumeMounts.*",
    "spec.template.spec.containers[].readinessProbe.httpGet.path",
    "spec.template.spec.containers[].readinessProbe.httpGet.port",
    "spec.template.spec.containers[].readinessProbe.initialDelaySeconds",
    "spec.template.spec.containers[].readinessProbe.periodSeconds",
    "spec.template.spec.containers[].readinessProbe.timeoutSeconds",
    "spec.template.spec.containers[].readinessProbe.failureThreshold",
    "spec.template.spec.containers[].readinessProbe.successThreshold",
    "spec.template.spec.containers[].livenessProbe.httpGet.path",
    "spec.template.spec.containers[].livenessProbe.httpGet.port",
    "spec.template.spec.containers[].livenessProbe.initialDelaySeconds",
    "spec.template.spec.containers[].livenessProbe.periodSeconds",
    "spec.template.spec.containers[].livenessProbe.timeoutSeconds",
    "spec.template.spec.containers[].livenessProbe.failureThreshold",
    "spec.template.spec.containers[].livenessProbe.successThreshold",
    NULL,
};
static const char *const in_service[] = {
    "spec.selector.*",
    "spec.ports[].port",
    "spec.ports[].targetPort",
    "spec.ports[].name",
    "spec.ports[].protocol",
    "spec.type",
    NULL,
};
static const char *const in_hpa[] = {"spec.*", NULL};
static const char *const in_configmap[] = {"data.*", NULL};
static const char *const in_apiservice[] = {
    "spec.group",           "spec.version", "spec.service.*", "spec.groupPriorityMinimum",
    "spec.versionPriority", NULL,
};

static const char *const *const known[KIND_COUNT] = {
    [KIND_DEPLOYMENT] = in_deployment, [KIND_SERVICE] = in_service,       [KIND_HPA] = in_hpa,
    [KIND_CONFIGMAP] = in_configmap,   [KIND_APISERVICE] = in_apiservice,
};

/* What only a cluster of many machines and users has a use for, and what needs a controller that
 * the lab does not have. */
static const struct {
    const char *api_version, *kind;
} kinds_of_clusters[] = {
    {"v1", "Namespace"},
    {"v1", "PersistentVolumeClaim"},
    {"v1", "Secret"},
    {"v1", "ServiceAccount"},
    {"batch/v1", "Job"},
    {"monitoring.coreos.com/v1", "PodMonitor"},
    {"monitoring.coreos.com/v1", "PrometheusRule"},
    {"monitoring.coreos.com/v1", "ServiceMonitor"},
    {"networking.k8s.io/v1", "NetworkPolicy"},
    {"policy/v1", "PodDisruptionBudget"},
    {"rbac.authorization.k8s.io/v1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding"},
    {"rbac.authorization.k8s.io/v1", "Role"},
    {"rbac.authorization.k8s.io/v1", "RoleBinding"},
};

bool ignored_kind(const char *api_version, const char *kind)
{
    for (size_t i = 0; i < sizeof(kinds_of_clusters) / sizeof(kinds_of_clusters[0]); i++)
        if (strcmp(kinds_of_clusters[i].api_version, api_version) == 0 &&
            strcmp(kinds_of_clusters[i].kind, kind) == 0)
            return true;
    return false;
}

enum fit { FIT_NOT, FIT_PARENT, FIT_WHOLE };

/* How form ("spec.ports[].port") stands to a known path: it is that field or inside a *, it is on
 * the way to it, or neither. */
static enum fit fit_one(const char *known_path, const char *form)
{
    size_t len = strlen(known_path), n = strlen(form);

    if (known_path[len - 1] == '*') {
        len -= 2; /* ".*" */
        if (strncmp(known_path, form, len) == 0 &&
            (form[len] == '\0' || form[len] == '.' || form[len] == '['))
            return FIT_WHOLE;
    }
    if (strcmp(known_path, form) == 0)
        return FIT_WHOLE;
    return strncmp(known_path, form, n) == 0 && (known_path[n] == '.' || known_path[n] == '[')
               ? FIT_PARENT
               : FIT_NOT;
}

static enum fit fit_list(const char *const *list, const char *form)
{
    enum fit best = FIT_NOT;

    for (; list && *list; list++) {
        enum fit one = fit_one(*list, form);
        best = one > best ? one : best;
    }
    return best;
}

struct walk {
    const struct kind *kind;
    void (*fn)(void *arg, const char *path);
    void *arg;
};

static void look_at(const struct walk *w, const json_t *value, const char *path, const char *form);

static void look_into(const struct walk *w, const json_t *value, const char *path, const char *form)
{
    char below[PATH_MAX_BYTES], below_form[PATH_MAX_BYTES];
    const char *dot = *path ? "." : "";
    const char *key;
    json_t *member;
    size_t i;

    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        (void)snprintf(below, sizeof(below), "%s%s%s", path, dot, key);
        (void)snprintf(below_form, sizeof(below_form), "%s%s%s", form, dot, key);
        look_at(w, member, below, below_form);
    }
    json_array_foreach (value, i, member) {
        (void)snprintf(below, sizeof(below), "%s[%zu]", path, i);
        (void)snprintf(below_form, sizeof(below_form), "%s[]", form);
        look_into(w, member, below, below_form);
    }
}

static void look_at(const struct walk *w, const json_t *value, const char *path, const char *form)
{
    enum fit here = fit_list(everywhere, form), there = fit_list(known[w->kind->id], form);
    enum fit best = here > there ? here : there;

    if (best == FIT_NOT)
        w->fn(w->arg, path);
    else if (best == FIT_PARENT)
        look_into(w, value, path, form);
}

void ignored_fields(const struct kind *kind, const json_t *object,
                    void (*fn)(void *arg, const char *path), void *arg)
{
    look_into(&(struct walk){kind, fn, arg}, object, "", "");
}
