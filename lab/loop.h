// SPDX-License-Identifier: MIT
/* loop: the control thread's event loop: descriptors, timers and HTTP requests in one wait.
 *
 * All controllers of the lab run on this one thread, so none of them needs a lock. One thread,
 * except loop_stop. */
#ifndef LAB_LOOP_H
#define LAB_LOOP_H

#include "http/fetch.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct loop;

int loop_new(struct loop **ret, struct err *err);
void loop_free(struct loop *l);

struct fetcher *loop_fetcher(struct loop *l); /* borrowed */

/* Calls fn(arg) whenever fd is readable or closed by the other side. fd stays the caller's; unwatch
 * it before closing. 0 or a negative errno. */
int loop_watch(struct loop *l, int fd, void (*fn)(void *arg), void *arg);
void loop_unwatch(struct loop *l, int fd);

/* Lives in the caller's struct; {0} is a timer that is off. Fires once per set. */
struct loop_timer {
    uint64_t at_ns; /* CLOCK_MONOTONIC */
    void (*fn)(void *arg);
    void *arg;
    bool on;
    struct loop_timer *next;
};

void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t at_ns, void (*fn)(void *arg),
                    void *arg);
void loop_timer_off(struct loop *l, struct loop_timer *t);

void loop_run(struct loop *l);  /* until loop_stop */
void loop_stop(struct loop *l); /* any thread */

/* One round, waiting until until_ns at most: for a shutdown that goes on serving events. */
void loop_once(struct loop *l, uint64_t until_ns);

#endif
