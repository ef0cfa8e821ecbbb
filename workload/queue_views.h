// SPDX-License-Identifier: MIT
/* queue_views: a queue's statistics as other programs read them: our own JSON, RabbitMQ's
 * management API, and metrics. Any thread. */
#ifndef WORKLOAD_QUEUE_VIEWS_H
#define WORKLOAD_QUEUE_VIEWS_H

#include "metrics/registry.h"
#include "workload/jobs.h"

#include <jansson.h>

/* New references; NULL when out of memory. now_ns is wall clock. */
json_t *queue_to_json(const struct job_stats *q, uint64_t now_ns);

/* The members of RabbitMQ's GET /api/queues/{vhost}/{name} that scalers and dashboards read: a
 * ready job is messages_ready, a leased one messages_unacknowledged, and messages is both. Delayed
 * and dead jobs are not in it, as they would be in queues of their own there. */
json_t *queue_to_rabbitmq(const struct job_stats *q, const char *vhost);

#define QUEUE_METRICS 6
extern const struct metric_desc *const queue_metrics[QUEUE_METRICS];

void queue_to_metrics(const struct job_stats *q, uint64_t now_ns, struct metrics *m);

#endif
