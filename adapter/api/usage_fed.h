// SPDX-License-Identifier: MIT
/* usage_fed: reads of metrics.k8s.io that a usage feed answers. Any thread.
 *
 * What the feeder measured longer ago than maxAge is no usage any more: it is left out of a list,
 * and where nothing else was asked for the answer is an error that says how old it is. So is a feed
 * that failed for so long. */
#ifndef ADAPTER_API_USAGE_FED_H
#define ADAPTER_API_USAGE_FED_H

#include "adapter/api/metrics_api.h"
#include "http/server.h"

/* namespace NULL: all of them, or nodes; name NULL: all that ?labelSelector= selects. 200 with the
 * objects; 404 for one that the feed does not have; 503 for what is too old. */
struct http_reply usage_fed_serve(const struct metrics_api *api, const struct http_request *r,
                                  bool of_nodes, const char *namespace, const char *name);

#endif
