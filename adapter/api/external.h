// SPDX-License-Identifier: MIT
/* external: external.metrics.k8s.io/v1beta1: its discovery documents and its values, answered from
 * memory. Errors are Status objects without Retry-After, which would make the HPA's client sleep.
 *
 * A request takes all metrics of that name whose labels match. One of them without a value that is
 * young enough makes the whole answer an error, because the HPA adds them up: 503, whose message it
 * prints. Any thread may serve. */
#ifndef ADAPTER_API_EXTERNAL_H
#define ADAPTER_API_EXTERNAL_H

#include "adapter/feed.h"
#include "http/server.h"

struct external_api {
    struct feeds *feeds;              /* borrowed */
    char *groups, *group, *resources; /* discovery documents, made once */
};

int external_api_init(struct external_api *api, struct feeds *feeds); /* 0 or -ENOMEM */
void external_api_done(struct external_api *api);

extern const struct http_route external_routes[]; /* their app is the struct external_api */
extern const size_t external_route_count;

#endif
