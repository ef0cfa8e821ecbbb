// SPDX-License-Identifier: MIT
/* kafka: how far a consumer group is behind. Only there with SWELL_KAFKA.
 *
 *     kafka: {bootstrapServers: "kafka-0:9092,kafka-1:9092", consumerGroup: workers, topic: orders,
 *             lagThreshold: 10}
 *
 * The fields are those of KEDA's kafka trigger; kafka_lag.h has the arithmetic. Without a topic all
 * count of which the group has committed offsets. An end that Kafka does not tell is an error, and
 * not a lag of zero. */
#ifndef ADAPTER_SOURCES_KAFKA_H
#define ADAPTER_SOURCES_KAFKA_H

#include "adapter/source.h"

extern const struct source_kind kafka_kind;

#endif
