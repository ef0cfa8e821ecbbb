// SPDX-License-Identifier: MIT
/* forward_private: the memory of a forward, shared by forward.c (its life, its thread, its list)
 * and forward_ask.c (the questions). */
#ifndef ADAPTER_FORWARD_FORWARD_PRIVATE_H
#define ADAPTER_FORWARD_FORWARD_PRIVATE_H

#include "adapter/forward/circuit.h"
#include "adapter/forward/forward.h"
#include "adapter/forward/listing.h"
#include "adapter/forward/question.h"
#include "http/fetch.h"

#include <pthread.h>
#include <stdatomic.h>

struct job { /* one read that is passed on */
    struct forward *forward;
    struct job *next;
    struct http_pending *pending;
    struct question question;
    char *unknown; /* NULL, or the message of a 503 in place of the other's 404 */
    enum circuit_leave leave;
    uint64_t started_ns;
};

struct forward {
    atomic_uint refs;
    enum pass_group group;
    struct pass_through to;
    void (*changed)(void *arg);
    void *changed_arg;
    struct counts counts;
    pthread_t thread;
    bool has_thread;
    atomic_bool stop;

    /* The thread's, but for fetcher_wake. */
    struct fetcher *fetcher;
    struct job *asked; /* under way */
    int64_t list_request;

    pthread_mutex_t lock;      /* guards what follows */
    struct job *first, **last; /* to be asked */
    unsigned running;          /* of both */
    struct circuit circuit;
    struct listing listing; /* only the thread changes it */
    struct metric_conflicts conflicts;
};

/* How log lines and sentences call the other adapter. */
static inline const char *forward_other(const struct forward *f)
{
    return endpoint_shown_as(f->to.other);
}

void forward_ask_waiting(struct forward *f); /* in the thread */
void forward_answer_all(struct job *first);  /* at the end: nobody will be asked */

#endif
