// SPDX-License-Identifier: MIT
/* usage: metrics.k8s.io/v1beta1: what pods and nodes use, from resourceRules, which ask Prometheus,
 * or from a feed (usage_fed.h).
 *
 * Of rules' pods those that run are asked for. What has no value for both resources is left out, as
 * the reference does; a value that is no number counts as none. Any thread. */
#ifndef ADAPTER_API_USAGE_H
#define ADAPTER_API_USAGE_H

#include "adapter/api/metrics_api.h"
#include "http/server.h"

extern const struct http_route usage_routes[]; /* their app is a struct metrics_api_slot */
extern const size_t usage_route_count;

#endif
