// SPDX-License-Identifier: MIT
/* targets: where a Prometheus finds the lab's pods, as its http_sd_configs reads it:
 * [{"targets":["127.1.2.3:8080"],"labels":{"namespace":"default","pod":"web-…","container":"web"}}].
 *
 * As the PodMonitor in manifests/components/monitoring: pods that run, at their port named http.
 * Any thread: it only reads the store. */
#ifndef LAB_SCRAPE_TARGETS_H
#define LAB_SCRAPE_TARGETS_H

#include "http/server.h"

/* The routes, served with the struct store as their app. */
extern const struct http_route targets_routes[];
extern const size_t targets_route_count;

#endif
