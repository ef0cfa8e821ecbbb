// SPDX-License-Identifier: MIT
/* queue_api: the endpoints of the role queue. They read the request and hand it to the clerk, or
 * answer from the clerk's newest statistics; none of them waits for the disk. Any thread.
 *
 * A queue is there from the first put, lease or PUT /queues/{queue} on. Before that reading it is
 * 404 and not a queue of depth 0: a scaler that has its name wrong must see an error, not a reason
 * to scale in. */
#ifndef WORKLOAD_QUEUE_API_H
#define WORKLOAD_QUEUE_API_H

#include "workload/clerk.h"
#include "workload/role.h"

#define QUEUE_BODY_MAX_BYTES ((size_t)1 << 20)

/* Its routes' app is a struct clerk. */
extern const struct role_part queue_part;

#endif
