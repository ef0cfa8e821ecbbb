// SPDX-License-Identifier: MIT
#include "lab/scrape/targets.h"

#include "kube/jpath.h"
#include "kube/status.h"
#include "lab/probe.h"
#include "lab/store.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *target_of(const json_t *pod) /* new, or NULL when there is nothing to scrape */
{
    json_auto_t *port_name = json_string("http");
    unsigned port = probe_port(port_name, jpath(pod, "spec.containers[0]"));
    char address[80];

    if (port == 0 || strcmp(jpath_str(pod, "status.phase", ""), "Running") != 0)
        return NULL;
    (void)snprintf(address, sizeof(address), "%s:%u", jpath_str(pod, "status.podIP", ""), port);
    return json_pack("{s:[s], s:{s:s, s:s, s:s}}", "targets", address, "labels", "namespace",
                     jpath_str(pod, "metadata.namespace", ""), "pod",
                     jpath_str(pod, "metadata.name", ""), "container",
                     jpath_str(pod, "spec.containers[0].name", ""));
}

static struct http_reply serve_targets(void *app, const struct http_request *r)
{
    json_auto_t *pods = store_list(app, KIND_POD, NULL, NULL);
    json_t *targets = json_array();
    const json_t *pod;
    size_t i;
    (void)r;

    json_array_foreach (pods, i, pod) {
        json_t *target = target_of(pod);
        if (target)
            (void)json_array_append_new(targets, target);
    }
    return json_reply(200, targets);
}

const struct http_route targets_routes[] = {
    {"GET", "/lab/targets", serve_targets,
     "Where the pods serve their metrics, for Prometheus' http_sd_configs."},
};
const size_t targets_route_count = sizeof(targets_routes) / sizeof(targets_routes[0]);
