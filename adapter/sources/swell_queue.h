// SPDX-License-Identifier: MIT
/* swell_queue: a queue of `swell-workload queue`.
 *
 *     swellQueue: {url: "http://queue:8080", queue: jobs, count: ready}
 *
 * `ready` counts what no worker has yet, `unfinished` also what is leased: with it a worker that
 * has taken its last job is not taken away for that. A queue that is not there is an error, not
 * zero. */
#ifndef ADAPTER_SOURCES_SWELL_QUEUE_H
#define ADAPTER_SOURCES_SWELL_QUEUE_H

#include "adapter/source.h"

extern const struct source_kind swell_queue_kind;

#endif
