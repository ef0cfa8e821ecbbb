// SPDX-License-Identifier: MIT
/* answers: counts what an HTTP server answered, by method, route and code.
 *
 * A registry finds a series by comparing labels; here that is done once for each kind of answer,
 * and later ones are found by the addresses of their texts, without a lock. Any thread. */
#ifndef METRICS_ANSWERS_H
#define METRICS_ANSWERS_H

#include "http/server.h"
#include "metrics/registry.h"

#define ANSWERS_LISTS 64

struct answers { /* set the first three before threads; the table is {0} then */
    struct metrics *metrics;
    const struct metric_desc *total;    /* a counter by method, route and code */
    const struct metric_desc *duration; /* a histogram in seconds by method and route */
    _Atomic(struct answer_series *) table[ANSWERS_LISTS];
};

/* done's method and route must live as long as the table. What it noted is the trace that it
 * belongs to (traceparent.h). */
void answers_count(struct answers *a, const struct http_done *done);

void answers_done(struct answers *a);

#endif
