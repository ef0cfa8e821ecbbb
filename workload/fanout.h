// SPDX-License-Identifier: MIT
/* fanout: sends many form posts at a time, each over a connection of its own, so that a Service
 * spreads them over its pods. Waits for the answers. One thread. */
#ifndef WORKLOAD_FANOUT_H
#define WORKLOAD_FANOUT_H

#include "base/buf.h"

#include <stddef.h>

struct fanout_post {
    const char *url, *form;
    const char *success; /* the line to answer for each that was sent */
    size_t times;
};

/* Sends each post as many times as it says. For each time a line is appended to *answer, in the
 * order in which they end: success, whatever the status was, or "Failed to connect to consumer: "
 * and why. 0, -E2BIG or -ENOMEM. */
int fanout_run(const struct fanout_post *posts, size_t count, struct buf *answer);

#endif
