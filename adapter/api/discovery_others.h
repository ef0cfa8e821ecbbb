// SPDX-License-Identifier: MIT
/* discovery_others: another adapter's metrics in the plain list of ours. Inside adapter/api.
 *
 * Our names win. All entries below one resource have one scope, or API servers refuse the whole
 * list: an entry that would break that is left out. One thread. */
#ifndef ADAPTER_API_DISCOVERY_OTHERS_H
#define ADAPTER_API_DISCOVERY_OTHERS_H

#include "adapter/forward/other_metrics.h"

#include <jansson.h>

/* Appends to entries, up to DISCOVERY_LISTED_MAX, what of others (NULL: none) is not there. 0, or a
 * negative number when out of memory. */
int discovery_add_others(json_t *entries, const struct other_metrics *others, const char *kind,
                         struct metric_conflicts *ret);

/* One entry of a list. New; NULL when out of memory. In discovery_documents.c. */
json_t *discovery_entry_new(const char *name, bool namespaced, const char *kind);

#endif
