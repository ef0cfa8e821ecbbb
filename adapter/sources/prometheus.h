// SPDX-License-Identifier: MIT
/* prometheus: an instant query to Prometheus or what speaks its HTTP API.
 *
 *     prometheus: {url: "http://prometheus:9090", query: "sum(queue_depth)"}
 *
 * Each element of a vector is a sample with its labels, a scalar is one sample without. An empty
 * vector is no value, which is an error unless the configuration says otherwise: a series that
 * Prometheus lost must not scale anybody down. The samples' time is Prometheus' own.
 *
 * Source: "HTTP API", "Instant queries", in Prometheus' documentation. */
#ifndef ADAPTER_SOURCES_PROMETHEUS_H
#define ADAPTER_SOURCES_PROMETHEUS_H

#include "adapter/sources/endpoint.h"

extern const struct source_kind prometheus_kind;

#define PROMETHEUS_QUERY_MAX ((size_t)16 * 1024)

/* A source for a query that a program wrote. e is borrowed. NULL when out of memory. */
struct source *prometheus_source_new(struct endpoint *e, const char *query);

#endif
