// SPDX-License-Identifier: MIT
/* rabbitmq: a queue as RabbitMQ's management API shows it.
 *
 *     rabbitmq: {url: "http://rabbit:15672", vhost: /, queue: orders, mode: QueueLength}
 *
 * Modes and arithmetic are those of KEDA's rabbitmq trigger over HTTP:
 *     QueueLength                   messages, or only those ready with excludeUnacknowledged
 *     MessageRate                   published per second
 *     DeliverGetRate                delivered per second
 *     PublishedToDeliveredRatio     published / delivered
 *     ExpectedQueueConsumptionTime  (published - delivered) / delivered + messages / delivered
 * The last two divide by what is delivered. When that is nothing though there is work, the value is
 * activationValue if that is written, else an error: a zero would take away the last consumers.
 *
 * queueRegex takes all queues of the vhost whose name matches (RabbitMQ decides): each is a sample
 * labelled `queue`. There may be at most 500. A queue that is not there is an error, not zero. */
#ifndef ADAPTER_SOURCES_RABBITMQ_H
#define ADAPTER_SOURCES_RABBITMQ_H

#include "adapter/source.h"

extern const struct source_kind rabbitmq_kind;

#endif
