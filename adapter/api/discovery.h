// SPDX-License-Identifier: MIT
/* discovery: the documents that say which metrics there are.
 *
 * They are made when the configuration or the list of series changes and then stay as they are, so
 * that answering waits for nothing: an API server takes an API away from the whole cluster when
 * this does not answer. Readers hold the lock for a pointer's sake only.
 *
 * Every list has an entry, since some kubectl versions print an error on each command otherwise; of
 * more than DISCOVERY_LISTED_MAX the rest is served and not listed. The only verb is get: others
 * make generic controllers try to use them.
 *
 * An adapter that passes questions on to us is shown our own metrics only: else two that ask each
 * other would list for ever what neither has.
 *
 * Source: Kubernetes' discovery documents, plain (meta/v1) and aggregated (apidiscovery.k8s.io).
 * Any thread. */
#ifndef ADAPTER_API_DISCOVERY_H
#define ADAPTER_API_DISCOVERY_H

#include "adapter/forward/other_metrics.h"
#include "adapter/rules/catalogue.h"
#include "http/server.h"

#include <stddef.h>

#define DISCOVERY_LISTED_MAX 10000 /* of one group */

#define EXTERNAL_GROUP "external.metrics.k8s.io"
#define CUSTOM_GROUP "custom.metrics.k8s.io"
#define RESOURCE_GROUP "metrics.k8s.io"

struct discovery;

struct discovery_object_metric {
    const char *name;
    const struct resource *resource;
};

struct discovery_input {          /* borrowed while the documents are made */
    const char *const *externals; /* sorted, each once */
    size_t external_count;
    const struct discovery_object_metric *objects; /* each once */
    size_t object_count;
    bool has_resource_metrics;                       /* metrics.k8s.io too */
    const struct other_metrics *others[PASS_GROUPS]; /* listed behind ours; NULL: none */
};

struct discovery *discovery_new(void); /* NULL when out of memory; serves 503 until it is set */
void discovery_free(struct discovery *d);

/* Makes the documents anew, and says which of the others' metrics are ours too. On -ENOMEM the old
 * ones stay. */
int discovery_set(struct discovery *d, const struct discovery_input *input,
                  struct metric_conflicts ret_conflicts[PASS_GROUPS]);

extern const struct http_route discovery_routes[]; /* their app is the struct discovery */
extern const size_t discovery_route_count;

#endif
