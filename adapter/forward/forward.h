// SPDX-License-Identifier: MIT
/* forward: asks another adapter for what is not ours, on a thread of its own for each API group.
 *
 * Nobody waits for the other adapter but who asks for one of its metrics, and then no longer than
 * its timeout. At most FORWARD_REQUESTS_MAX are asked at a time, and none for a while when it fails
 * (circuit.h): beyond that the answer is a 503 at once, which says who was asked, what came of it,
 * since when, and when the next try is. Its list of metrics is read in the background (listing.h).
 *
 * Counted, since it outlives the configuration that named it where the next one names the same. The
 * last reference must not go in its own thread, which it ends. Any thread. */
#ifndef ADAPTER_FORWARD_FORWARD_H
#define ADAPTER_FORWARD_FORWARD_H

#include "adapter/forward/counts.h"
#include "adapter/forward/other_metrics.h"
#include "http/server.h"

#define FORWARD_REQUESTS_MAX 16

struct err;
struct forward;

struct forward_config {
    enum pass_group group;
    const struct pass_through *to; /* copied */
    struct metrics *metrics;       /* borrowed until the last forward_unref */
    void (*changed)(void *arg);    /* in the thread: there is another list, or none any more */
    void *arg;
};

/* 0 and one reference; or a negative errno with a sentence. http_client_setup was called. */
int forward_start(struct forward **ret, const struct forward_config *config, struct err *err);
struct forward *forward_ref(struct forward *f);
void forward_unref(struct forward *f); /* NULL does nothing; the last one answers who waits 503 */

/* Whether it already does what this wants. */
bool forward_is_to(const struct forward *f, const struct pass_through *to);

/* The reply to a read of what is none of ours. unknown (taken, malloc; NULL: none) is the message
 * of the 503 that is given when the other has no such metric: why it may be ours all the same. */
struct http_reply forward_ask(struct forward *f, const struct http_request *r, char *unknown);

/* The newest list: a reference, or NULL when there is none. */
struct other_metrics *forward_others(struct forward *f);

/* Logs them when they are others than the last ones. */
void forward_note_conflicts(struct forward *f, const struct metric_conflicts *c);

void forward_write_state(struct forward *f, struct metrics *m); /* at a scrape */

#endif
