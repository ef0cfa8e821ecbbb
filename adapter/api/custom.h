// SPDX-License-Identifier: MIT
/* custom: the values of custom.metrics.k8s.io, v1beta2 and v1beta1: of one object, of all that a
 * selector selects (`*`), and of a namespace itself. Errors are Status objects without Retry-After,
 * which would make the HPA's client sleep. Any thread. */
#ifndef ADAPTER_API_CUSTOM_H
#define ADAPTER_API_CUSTOM_H

#include "adapter/api/metrics_api.h"
#include "http/server.h"

extern const struct http_route custom_routes[]; /* their app is a struct metrics_api_slot */
extern const size_t custom_route_count;

#endif
