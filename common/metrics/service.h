// SPDX-License-Identifier: MIT
/* service: what every server of ours does the same way: the five endpoints (/healthz, /livez,
 * /readyz, /metrics, /version), the http_* series, the first log lines, and the drain on SIGTERM.
 *
 *     struct service *s = service_new("swell-adapter", "adapter");
 *     r = service_start(s, &config, routes, 1, &err);   // listens and logs it
 *     service_set_ready(s, true);
 *     (void)signals_wait();
 *     service_stop(s, drain_timeout_ns);
 */
#ifndef METRICS_SERVICE_H
#define METRICS_SERVICE_H

#include "http/server.h"
#include "metrics/registry.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct service;

/* program and role are literals for logs and /version. NULL when out of memory. */
struct service *service_new(const char *program, const char *role);
void service_free(struct service *s); /* after service_stop */

struct metrics *service_metrics(struct service *s); /* borrowed */

#define SERVICE_BUCKETS_MAX 32

/* Other bounds for http_request_duration_seconds than the Prometheus clients' default: seconds,
 * ascending, copied. Before service_start. */
void service_set_duration_buckets(struct service *s, const double *bounds, size_t count);

/* Shows, in OpenMetrics, beside each bucket of http_request_duration_seconds the trace of the
 * newest request that said one in its traceparent header. Before service_start. */
void service_show_exemplars(struct service *s);

/* Starts the server with the app's routes (at most 7 groups; borrowed until service_stop; they may
 * override the five endpoints) and writes the first log line,
 * `msg=listening program=… version=… address=… port=…`. config's routes and on_* members are
 * filled in here; X-Swell-Pod is added from the environment (SWELL_POD_NAME, else HOSTNAME, else
 * the host's name). Not ready until service_set_ready. */
int service_start(struct service *s, const struct http_server_config *config,
                  const struct http_routes *routes, size_t count, struct err *err);

/* The five endpoints as a group of routes, for an app whose own rows take every path: give it to
 * service_start in front of them. */
struct http_routes service_routes(struct service *s);

uint16_t service_port(const struct service *s);
const char *service_pod_name(const struct service *s);

/* Any thread. Readiness is this flag and not draining. */
void service_set_ready(struct service *s, bool ready);
bool service_is_draining(const struct service *s);

/* Readiness off at once, no new connections, accepted requests finish within timeout_ns; logs what
 * was left. In two steps for an app with workers of its own: drain first, then stop. */
void service_drain(struct service *s);
size_t service_stop(struct service *s, uint64_t timeout_ns);

/* For --help: the five endpoints and the series above. */
void service_help(FILE *out);

#endif
