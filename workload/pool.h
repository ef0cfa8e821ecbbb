// SPDX-License-Identifier: MIT
/* pool: threads that each own something, such as a connection, and a bounded line of tasks in front
 * of them. For work that waits for others; what burns CPU goes to burners. Any thread. */
#ifndef WORKLOAD_POOL_H
#define WORKLOAD_POOL_H

#include <stddef.h>

struct err;
struct pool;

struct pool_config { /* copied */
    unsigned threads;
    size_t waiting_max; /* tasks that no thread has begun */
    void *app;
    void *(*own)(void *app);               /* what a thread owns; NULL when out of memory */
    void (*disown)(void *own);             /* its end; may get NULL */
    void (*run)(void *own, void *task);    /* takes task; own may be NULL */
    void (*cancel)(void *app, void *task); /* takes task, which will not run: see pool_cancel */
};

/* Starts the threads. -ENOMEM or -EAGAIN with a sentence. */
int pool_new(struct pool **ret, const struct pool_config *config, struct err *err);

/* 0, and the pool takes task; or -EBUSY when the line is full. */
int pool_add(struct pool *p, void *task);

size_t pool_waiting(struct pool *p);

/* Cancels what waits, and whatever is added later; what runs goes on. */
void pool_cancel(struct pool *p);

/* Lets the line finish, joins and frees; for a quick end cancel first. Nobody may add any more. */
void pool_free(struct pool *p);

#endif
