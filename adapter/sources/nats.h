// SPDX-License-Identifier: MIT
/* nats: what a consumer of a NATS JetStream stream has still to do, by the monitoring endpoint.
 *
 *     nats: {url: "http://nats:8222", account: $G, stream: ORDERS, consumer: workers}
 *
 * The value is num_pending + num_ack_pending, as in KEDA's nats-jetstream trigger. In a cluster
 * only the consumer's leader has the right figures: the servers that one names in /varz are asked
 * in turn until the leader is found, and it is asked first from then on. Their monitors are
 * expected on the port of the url. A stream or consumer that is not there is an error, not zero.
 *
 * Source: "Monitoring", /jsz and /varz, in NATS' documentation. */
#ifndef ADAPTER_SOURCES_NATS_H
#define ADAPTER_SOURCES_NATS_H

#include "adapter/source.h"

extern const struct source_kind nats_kind;

#endif
