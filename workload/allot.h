// SPDX-License-Identifier: MIT
/* allot: splits what a controller was asked to consume into requests of a size and sends them to
 * the consumers behind a Service; or, where a headless Service shows the pods, asks each pod for an
 * equal part.
 *
 * Source: agnhost's resource-consumer-controller, to the byte. Waits for the answers. Any thread.
 */
#ifndef WORKLOAD_ALLOT_H
#define WORKLOAD_ALLOT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define ALLOT_POSTS_MAX 10000

struct allot_consumers {
    const char *service, *namespace; /* DNS labels */
    uint16_t port;                   /* of the Service */
    uint16_t target_port;            /* of the pods */
};

struct allot_resource {               /* what a function consumes, and the words for it */
    const char *path, *amount, *size; /* its parameters */
    const char *verb, *rest_verb, *unit;
    bool named;   /* a parameter "metric" says which one */
    bool per_pod; /* asked of each pod when a headless Service shows them */
};
extern const struct allot_resource allot_cpu, allot_memory, allot_gauge;

struct allot {
    const struct allot_consumers *consumers;
    const struct allot_resource *resource;
    int64_t amount, size, duration_s; /* size > 0, amount / size <= ALLOT_POSTS_MAX */
    const char *metric;               /* the name, for a named resource */
};

/* Appends the answer: what is sent, then a line for each consumer that was reached or not. 0,
 * -E2BIG or -ENOMEM. */
int allot_run(const struct allot *a, struct buf *answer);

/* Room that any answer fits into. */
#define ALLOT_ANSWER_MAX_BYTES ((size_t)8 * 1024 * 1024)

#endif
