// SPDX-License-Identifier: MIT
#include "lab/hpa/hpa.h"
#include "lab/hpa/wrap.h"

#include "kube/jpath.h"
#include "kube/quantity.h"

#include <errno.h>
#include <string.h>

/* Adds one container's request. */
static int add(const json_t *pod, const json_t *container, const char *resource, int64_t *sum,
               struct err *err)
{
    const char *name = jpath_str(container, "name", "");
    const char *pod_name = jpath_str(pod, "metadata.name", "");
    const json_t *request = json_object_get(jpath(container, "resources.requests"), resource);
    int64_t milli;

    if (!request)
        return err_set(err, -ENOENT, "missing request for %s in container %s of Pod %s", resource,
                       name, pod_name);
    if (quantity_from_json(request, &milli) < 0)
        return err_set(err, -EINVAL, "the request for %s in container %s of Pod %s is no quantity",
                       resource, name, pod_name);

    *sum = wrap_add64(*sum, milli);
    return 0;
}

static bool is_sidecar(const json_t *container)
{
    return strcmp(jpath_str(container, "restartPolicy", ""), "Always") == 0;
}

int hpa_pod_request(const json_t *pod, const struct hpa_metric *metric, int64_t *ret_milli,
                    struct err *err)
{
    const char *name = metric->name;
    int64_t sum = 0;
    size_t i;
    json_t *container;
    int r = 0;

    json_array_foreach (jpath(pod, "spec.containers"), i, container) {
        r = add(pod, container, name, &sum, err);
        if (r < 0)
            return r;
    }
    json_array_foreach (jpath(pod, "spec.initContainers"), i, container) {
        if (is_sidecar(container))
            r = add(pod, container, name, &sum, err);
        if (r < 0)
            return r;
    }

    *ret_milli = sum;
    return 0;
}
