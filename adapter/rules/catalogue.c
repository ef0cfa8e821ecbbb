// SPDX-License-Identifier: MIT
#include "adapter/rules/catalogue.h"

#include "adapter/rules/pool.h"
#include "base/scoped.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 254

/* In the order in which a name without a group is looked up. */
static const struct resource built_in[] = {
    {"", "v1", "pods", "pod", "Pod", true},
    {"", "v1", "services", "service", "Service", true},
    {"", "v1", "namespaces", "namespace", "Namespace", false},
    {"", "v1", "nodes", "node", "Node", false},
    {"", "v1", "persistentvolumes", "persistentvolume", "PersistentVolume", false},
    {"", "v1", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", true},
    {"", "v1", "replicationcontrollers", "replicationcontroller", "ReplicationController", true},
    {"", "v1", "configmaps", "configmap", "ConfigMap", true},
    {"", "v1", "secrets", "secret", "Secret", true},
    {"", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", true},
    {"", "v1", "endpoints", "endpoints", "Endpoints", true},
    {"", "v1", "events", "event", "Event", true},
    {"", "v1", "limitranges", "limitrange", "LimitRange", true},
    {"", "v1", "resourcequotas", "resourcequota", "ResourceQuota", true},
    {"apps", "v1", "deployments", "deployment", "Deployment", true},
    {"apps", "v1", "replicasets", "replicaset", "ReplicaSet", true},
    {"apps", "v1", "statefulsets", "statefulset", "StatefulSet", true},
    {"apps", "v1", "daemonsets", "daemonset", "DaemonSet", true},
    {"batch", "v1", "jobs", "job", "Job", true},
    {"batch", "v1", "cronjobs", "cronjob", "CronJob", true},
    {"autoscaling", "v2", "horizontalpodautoscalers", "horizontalpodautoscaler",
     "HorizontalPodAutoscaler", true},
    {"networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", true},
    {"networking.k8s.io", "v1", "ingressclasses", "ingressclass", "IngressClass", false},
    {"networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy", true},
    {"policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget", true},
    {"storage.k8s.io", "v1", "storageclasses", "storageclass", "StorageClass", false},
    {"storage.k8s.io", "v1", "volumeattachments", "volumeattachment", "VolumeAttachment", false},
    {"scheduling.k8s.io", "v1", "priorityclasses", "priorityclass", "PriorityClass", false},
    {"coordination.k8s.io", "v1", "leases", "lease", "Lease", true},
    {"discovery.k8s.io", "v1", "endpointslices", "endpointslice", "EndpointSlice", true},
    {"apiextensions.k8s.io", "v1", "customresourcedefinitions", "customresourcedefinition",
     "CustomResourceDefinition", false},
};

/* Rows are in the pool and stay where they are: pointers to them live as long as the catalogue. */
struct catalogue {
    struct pool pool;
    const struct resource *rows[CATALOGUE_MAX];
    size_t count;
};

static struct catalogue *empty_new(void)
{
    struct catalogue *c = calloc(1, sizeof(*c));

    if (c)
        c->pool.max = 16 * MIB;
    return c;
}

struct catalogue *catalogue_new(void)
{
    struct catalogue *c = empty_new();

    for (size_t i = 0; c && i < ARRAY_LEN(built_in); i++)
        c->rows[c->count++] = &built_in[i];
    return c;
}

void catalogue_free(struct catalogue *c)
{
    if (!c)
        return;
    pool_done(&c->pool);
    free(c);
}

static char *copy(struct catalogue *c, const char *text)
{
    return pool_text(&c->pool, text, strlen(text));
}

static char *copy_lower(struct catalogue *c, const char *text)
{
    char *lower = copy(c, text);

    for (char *at = lower; at && *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return lower;
}

static size_t position(const struct catalogue *c, const struct resource *r)
{
    size_t i = 0;

    while (i < c->count &&
           (strcmp(c->rows[i]->group, r->group) != 0 || strcmp(c->rows[i]->plural, r->plural) != 0))
        i++;
    return i;
}

/* NULL when out of memory. */
static const struct resource *new_row(struct catalogue *c, const struct resource *r)
{
    struct resource *row = pool_take(&c->pool, sizeof(*row));

    if (!row)
        return NULL;
    *row =
        (struct resource){.group = copy(c, r->group),
                          .version = copy(c, r->version),
                          .plural = copy(c, r->plural),
                          .singular = *r->singular ? copy(c, r->singular) : copy_lower(c, r->kind),
                          .kind = copy(c, r->kind),
                          .namespaced = r->namespaced};
    bool whole = row->group && row->version && row->plural && row->singular && row->kind;
    return whole ? row : NULL;
}

int catalogue_add(struct catalogue *c, const struct resource *r)
{
    size_t i = position(c, r);

    if (i == CATALOGUE_MAX)
        return -E2BIG;
    const struct resource *row = new_row(c, r);
    if (!row)
        return -ENOMEM;
    c->rows[i] = row;
    c->count += i == c->count;
    return 0;
}

static bool is_built_in(const struct resource *r)
{
    return r >= built_in && r < built_in + ARRAY_LEN(built_in);
}

struct catalogue *catalogue_copy(const struct catalogue *c)
{
    struct catalogue *to = empty_new();

    for (; to && to->count < c->count; to->count++) {
        const struct resource *row = c->rows[to->count];
        to->rows[to->count] = is_built_in(row) ? row : new_row(to, row);
        if (!to->rows[to->count]) {
            catalogue_free(to);
            return NULL;
        }
    }
    return to;
}

static bool is_named(const struct resource *r, const char *name)
{
    return strcasecmp(r->plural, name) == 0 || strcasecmp(r->singular, name) == 0;
}

static const struct resource *find_in(const struct catalogue *c, const char *group,
                                      const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if ((!group || strcmp(c->rows[i]->group, group) == 0) && is_named(c->rows[i], name))
            return c->rows[i];
    return NULL;
}

const struct resource *catalogue_find(const struct catalogue *c, const char *group,
                                      const char *name)
{
    const struct resource *found = find_in(c, group, name);

    return found || *group ? found : find_in(c, NULL, name);
}

const struct resource *catalogue_find_path(const struct catalogue *c, const char *path)
{
    char name[NAME_MAX_BYTES];
    const char *dot = strchrnul(path, '.');

    if ((size_t)(dot - path) >= sizeof(name))
        return NULL;
    memcpy(name, path, (size_t)(dot - path));
    name[dot - path] = '\0';
    return catalogue_find(c, *dot ? dot + 1 : "", name);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The plural of a kind as Kubernetes guesses it (apimachinery, meta.UnsafeGuessKindToResource). */
static void guess_plural(const char *singular, char plural[NAME_MAX_BYTES + 4])
{
    size_t len = strlen(singular);

    if (ends_with(singular, "endpoints"))
        (void)snprintf(plural, NAME_MAX_BYTES + 4, "%s", singular);
    else if (ends_with(singular, "s"))
        (void)snprintf(plural, NAME_MAX_BYTES + 4, "%ses", singular);
    else if (ends_with(singular, "y"))
        (void)snprintf(plural, NAME_MAX_BYTES + 4, "%.*sies", (int)len - 1, singular);
    else
        (void)snprintf(plural, NAME_MAX_BYTES + 4, "%ss", singular);
}

/* A name with an s at its end is taken for a plural. */
static void guess_singular(const char *name, char singular[NAME_MAX_BYTES])
{
    size_t len = strlen(name);

    if (ends_with(name, "ies"))
        (void)snprintf(singular, NAME_MAX_BYTES, "%.*sy", (int)len - 3, name);
    else if (ends_with(name, "ses"))
        (void)snprintf(singular, NAME_MAX_BYTES, "%.*s", (int)len - 2, name);
    else if (ends_with(name, "s"))
        (void)snprintf(singular, NAME_MAX_BYTES, "%.*s", (int)len - 1, name);
    else
        (void)snprintf(singular, NAME_MAX_BYTES, "%s", name);
    for (char *c = singular; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

const struct resource *catalogue_find_or_guess(struct catalogue *c, const char *group,
                                               const char *name)
{
    const struct resource *found = catalogue_find(c, group, name);
    char singular[NAME_MAX_BYTES], plural[NAME_MAX_BYTES + 4], kind[NAME_MAX_BYTES];

    if (found)
        return found;
    guess_singular(name, singular);
    guess_plural(singular, plural);
    (void)snprintf(kind, sizeof(kind), "%s", singular);
    kind[0] = (char)toupper((unsigned char)kind[0]);
    const struct resource guess = {group, "v1", plural, singular, kind, true};
    return catalogue_add(c, &guess) == 0 ? c->rows[position(c, &guess)] : NULL;
}

size_t catalogue_count(const struct catalogue *c)
{
    return c->count;
}

const struct resource *catalogue_at(const struct catalogue *c, size_t i)
{
    return c->rows[i];
}
