// SPDX-License-Identifier: MIT
/* What a pod requests of one resource. Source: replica_calculator.go, calculateRequests, and
 * component-helpers, resource/helpers.go, PodRequests. */
#include "lab/hpa/hpa.h"
#include "lab/hpa/wrap.h"

#include "kube/amount.h"
#include "kube/jpath.h"

#include <errno.h>
#include <string.h>

/* One entry of a list of resources that may not name this one. */
struct entry {
    bool named;
    struct amount amount;
};

static struct entry entry_of(const json_t *resources, const char *name)
{
    struct entry e = {0};

    e.named = amount_from_json(json_object_get(resources, name), &e.amount) == 0;
    return e;
}

static struct entry requested(const json_t *container, const char *name)
{
    return entry_of(jpath(container, "resources.requests"), name);
}

static void add(struct entry *to, const struct entry *e)
{
    if (!e->named)
        return;
    if (to->named)
        amount_add(&to->amount, &e->amount);
    else
        *to = *e;
}

static void raise(struct entry *to, const struct entry *e)
{
    if (e->named && (!to->named || amount_compare(&e->amount, &to->amount) > 0))
        *to = *e;
}

static bool is_sidecar(const json_t *container)
{
    return strcmp(jpath_str(container, "restartPolicy", ""), "Always") == 0;
}

/* --- Of the pod as a whole --- */

static bool is_pod_level(const char *name)
{
    return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 ||
           strncmp(name, "hugepages-", strlen("hugepages-")) == 0;
}

static bool has_pod_level(const json_t *pod)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)jpath(pod, "spec.resources.requests"), name, value)
        if (is_pod_level(name))
            return true;
    return false;
}

/* The scheduler's figure: what runs at the same time, or what starting needs if that is more. */
static struct entry scheduled(const json_t *pod, const char *name)
{
    struct entry sum = {0}, sidecars = {0}, starting = {0};
    const json_t *container;
    size_t i;

    json_array_foreach (jpath(pod, "spec.containers"), i, container) {
        const struct entry e = requested(container, name);
        add(&sum, &e);
    }
    json_array_foreach (jpath(pod, "spec.initContainers"), i, container) {
        struct entry e = requested(container, name);
        if (is_sidecar(container)) {
            add(&sum, &e);
            add(&sidecars, &e);
            e = sidecars;
        } else {
            add(&e, &sidecars);
        }
        raise(&starting, &e);
    }
    raise(&sum, &starting);
    return sum;
}

static int whole_pod_request(const json_t *pod, const char *name, int64_t *ret_milli,
                             struct err *err)
{
    const struct entry own = entry_of(jpath(pod, "spec.resources.requests"), name);
    const struct entry overhead = entry_of(jpath(pod, "spec.overhead"), name);
    struct entry sum = own.named && is_pod_level(name) ? own : scheduled(pod, name);

    add(&sum, &overhead);
    if (!sum.named)
        return err_set(err, -ENOENT, "missing pod-level request for %s in Pod %s", name,
                       jpath_str(pod, "metadata.name", ""));
    *ret_milli = amount_milli(&sum.amount);
    return 0;
}

/* --- Of its containers --- */

struct search {
    const char *resource;
    const char *container; /* NULL: all of them */
    bool found;            /* the one container */
    int64_t milli;
};

static int add_container(struct search *s, const json_t *pod, const json_t *container,
                         struct err *err)
{
    const char *name = jpath_str(container, "name", "");
    const struct entry e = requested(container, s->resource);

    if (s->found || (s->container && strcmp(name, s->container) != 0))
        return 0;
    s->found = s->container != NULL;
    if (!e.named)
        return err_set(err, -ENOENT, "missing request for %s in container %s of Pod %s",
                       s->resource, name, jpath_str(pod, "metadata.name", ""));
    s->milli = wrap_add64(s->milli, amount_milli(&e.amount));
    return 0;
}

static int containers_request(const json_t *pod, struct search *s, struct err *err)
{
    const json_t *container;
    size_t i;
    int r = 0;

    json_array_foreach (jpath(pod, "spec.containers"), i, container)
        if (r == 0)
            r = add_container(s, pod, container, err);
    json_array_foreach (jpath(pod, "spec.initContainers"), i, container)
        if (r == 0 && is_sidecar(container))
            r = add_container(s, pod, container, err);
    if (r == 0 && s->container && !s->found)
        r = err_set(err, -ENOENT, "container %s not found in Pod %s", s->container,
                    jpath_str(pod, "metadata.name", ""));
    return r;
}

int hpa_pod_request(const json_t *pod, const struct hpa_metric *metric, int64_t *ret_milli,
                    struct err *err)
{
    const bool one = metric->container && *metric->container; /* none has an empty name */
    struct search s = {.resource = metric->name, .container = one ? metric->container : NULL};

    if (!one && has_pod_level(pod))
        return whole_pod_request(pod, metric->name, ret_milli, err);

    int r = containers_request(pod, &s, err);
    if (r == 0)
        *ret_milli = s.milli;
    return r;
}
