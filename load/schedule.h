// SPDX-License-Identifier: MIT
/* schedule: the intended send times of a run.
 *
 * Open loop: a pace; what the server does changes nothing. Closed loop: each client waits for its
 * answer, pauses, and asks again, so load falls when the server slows down. The first requests of
 * the clients are spread over one pause, or they would stay in step for the whole run.
 *
 * Times are passed in. One thread. */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include "load/due.h"
#include "load/pace.h"

#include <stdbool.h>

struct schedule { /* the fields belong to schedule.c */
    bool closed;
    uint64_t start_ns;
    struct pace pace;
    uint64_t index; /* open: the next request */
    uint64_t pause_ns;
    struct due clients; /* closed: those that wait to ask */
};

void schedule_init_open(struct schedule *s, const struct pace *pace, uint64_t start_ns);

/* 0 or -ENOMEM. */
int schedule_init_closed(struct schedule *s, size_t clients, uint64_t pause_ns, uint64_t start_ns);
void schedule_done(struct schedule *s);

/* The intended time of the next request; UINT64_MAX while every client waits for an answer. */
uint64_t schedule_next_ns(const struct schedule *s);

/* Takes the next request and returns its intended time. */
uint64_t schedule_take(struct schedule *s);

/* A request has ended, in whatever way: its client may ask again after the pause. */
void schedule_answered(struct schedule *s, uint64_t now_ns);

#endif
