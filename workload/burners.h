// SPDX-License-Identifier: MIT
/* burners: a fixed number of threads that burn CPU, and a bounded line in front of them.
 *
 * What runs here never runs on the HTTP server's threads, so probes and metrics are answered
 * however long the line is. Any thread. */
#ifndef WORKLOAD_BURNERS_H
#define WORKLOAD_BURNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct burners;
struct err;

enum burn_outcome {
    BURN_DONE,      /* all of it */
    BURN_GIVEN_UP,  /* the task's give_up said so, before or during the burn */
    BURN_CANCELLED, /* burners_cancel */
};

struct burn_task { /* copied */
    uint64_t cpu_ns;
    uint64_t php_apache_times;  /* not 0: run the loop so often instead */
    bool (*give_up)(void *arg); /* may be NULL; asked before the burn and during it */
    void (*done)(void *arg, enum burn_outcome outcome, uint64_t used_ns); /* once, on a burner */
    void *arg;
};

/* Starts the threads. -ENOMEM or -EAGAIN with a sentence. waiting_max tasks may wait besides those
 * that are burning. */
int burners_new(struct burners **ret, unsigned workers, size_t waiting_max, struct err *err);

/* 0, or -EBUSY when the line is full: done is not called then. */
int burners_add(struct burners *b, const struct burn_task *task);

/* Tasks that no thread has begun; *ret_burning (may be NULL) are those that threads work on. */
size_t burners_waiting(struct burners *b, size_t *ret_burning);

/* Ends what burns and empties the line; every done is still called. Later tasks end at once. */
void burners_cancel(struct burners *b);

/* Lets the line finish, joins and frees; for a quick end cancel first. Nobody may add any more. */
void burners_free(struct burners *b);

#endif
