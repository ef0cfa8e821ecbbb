// SPDX-License-Identifier: MIT
/* errand: one request to a queue, from the route that read it to the answer. Made by a route, then
 * the clerk's: one thread. */
#ifndef WORKLOAD_ERRAND_H
#define WORKLOAD_ERRAND_H

#include "http/server.h"
#include "workload/job_request.h"
#include "workload/jobs.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

enum errand_kind {
    ERRAND_MAKE,
    ERRAND_PUT,
    ERRAND_LEASE,
    ERRAND_ACK,
    ERRAND_EXTEND,
    ERRAND_FAIL,
    ERRAND_RELEASE,
    ERRAND_PEEK,
    ERRAND_PURGE,
    ERRAND_REQUEUE,
    ERRAND_KINDS
};

struct select_request { /* peek, purge, requeue */
    enum job_state state;
    uint64_t max;             /* peek */
    char id[JOBS_ID_MAX + 1]; /* purge, requeue: only this one; "": all */
};

struct errand {
    struct errand *next;
    struct http_pending *pending;
    enum errand_kind kind;
    char queue[JOBS_QUEUE_NAME_MAX + 1];
    union {
        struct put_request put; /* owned */
        struct lease_request lease;
        struct held_request held;
        struct select_request select;
    };
    uint64_t wait_until_ns; /* monotonic: a lease with nothing to give stays until then */

    /* Purge and requeue take several transactions: the jobs up to last, so that what is put
     * meanwhile is left alone. */
    bool begun, unfinished;
    int64_t last;
    uint64_t moved, moved_now; /* by all transactions; of these by the one under way */

    bool answered; /* reply is what to say once the commit stands */
    struct http_reply reply;
};

/* Does it, inside a transaction. 0 when the errand is answered or waits on; an error, see jobs.h,
 * when the transaction is lost. */
int errand_do(struct errand *e, struct jobs *j, struct err *err);

/* The transaction is lost: as if errand_do had not been called. */
void errand_undo(struct errand *e);

/* Answers with an error, in place of an answer that there may be. */
void errand_refuse(struct errand *e, int code, const struct err *err);

/* Sends the answer and frees the errand. */
void errand_answer(struct errand *e);

/* Frees one that was never handed to anybody. */
void errand_free(struct errand *e);

#endif
