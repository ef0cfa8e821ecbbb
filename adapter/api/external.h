// SPDX-License-Identifier: MIT
/* external: the values of external.metrics.k8s.io/v1beta1. Errors are Status objects without
 * Retry-After, which would make the HPA's client sleep.
 *
 * A request takes all configured metrics of that name whose labels match; when there is none of
 * that name, the metric that a rule makes. One value that is missing or too old makes the whole
 * answer an error, because the HPA adds them up: 503, whose message it prints. Any thread may
 * serve. */
#ifndef ADAPTER_API_EXTERNAL_H
#define ADAPTER_API_EXTERNAL_H

#include "adapter/api/metrics_api.h"
#include "http/server.h"

extern const struct http_route external_routes[]; /* their app is a struct metrics_api_slot */
extern const size_t external_route_count;

#endif
