// SPDX-License-Identifier: MIT
/* redis: how much is in a Redis key. Only there with SWELL_REDIS.
 *
 *     redis: {address: "redis:6379", database: 0, key: jobs}
 *     redis: {address: "redis:6379", stream: orders, group: workers, count: lag}
 *
 * A key is a list, set, sorted set or hash, whose length counts; one that is not there is empty, as
 * Redis sees it. Of a stream counts its `length`, or of a group what is `pending` (delivered and
 * not acknowledged) or its `lag` (not yet delivered; Redis 7 or newer): with a group the default is
 * pending. A group that is not there is an error for pending; its lag is the stream's length. */
#ifndef ADAPTER_SOURCES_REDIS_H
#define ADAPTER_SOURCES_REDIS_H

#include "adapter/source.h"

extern const struct source_kind redis_kind;

#endif
