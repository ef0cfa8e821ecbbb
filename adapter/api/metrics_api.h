// SPDX-License-Identifier: MIT
/* metrics_api: what the routes of values need. Read-only while they are served: any thread. */
#ifndef ADAPTER_API_METRICS_API_H
#define ADAPTER_API_METRICS_API_H

#include "adapter/api/discovery.h"
#include "adapter/feed.h"
#include "adapter/objects.h"
#include "adapter/rules/rule_set.h"

struct metrics_api {
    struct feeds *feeds;             /* configured metrics */
    struct rule_set *rules;          /* NULL: there are none */
    const struct rules *usage_rules; /* resourceRules; NULL: there are none */
    struct object_lister lister;
    struct discovery *discovery;
};

/* Makes the discovery documents anew: of the configured metrics and of a list (NULL: none). */
int metrics_api_publish(struct metrics_api *api, const struct metric_list *list);

#endif
