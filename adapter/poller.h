// SPDX-License-Identifier: MIT
/* poller: one thread that asks the source of every query again and again and publishes what came of
 * it.
 *
 * HTTP requests run side by side, so a source that hangs delays no other; a query has at most one
 * poll under way. The first poll is made at once. After a good poll the next one comes an interval
 * after the last one's start; after n failures in a row the wait is min(2^(n-1), 8) intervals, cut
 * to one minute but never below one interval. Every wait is shortened by up to a tenth at random,
 * so that queries with the same interval spread out; an interval is thus the longest wait between
 * polls of a healthy source. */
#ifndef ADAPTER_POLLER_H
#define ADAPTER_POLLER_H

#include "adapter/query.h"
#include "metrics/registry.h"

#include <stdint.h>

struct err;
struct poller;

/* Starts the thread. queries and metrics are borrowed until poller_stop. http_client_setup was
 * called. */
int poller_start(struct poller **ret, struct queries *queries, struct metrics *metrics,
                 struct err *err);

/* Drops the requests under way, ends the waits for queries and the thread, frees. NULL does
 * nothing. */
void poller_stop(struct poller *p);

/* How long to wait after a poll; failures: polls in a row that failed, random: any number. */
uint64_t poller_wait_ns(uint64_t interval_ns, unsigned failures, uint64_t random);

#endif
