// SPDX-License-Identifier: MIT
/* drive: the loop of a run: sends what is due, waits, and tells the time.
 *
 * A run has two parts. Until its end, requests are sent at their intended times. Then what is under
 * way may finish, so that both sides count the same. SIGTERM or SIGINT end the first part and leave
 * the second one second; in the second part they end it at once. One thread. */
#ifndef LOAD_DRIVE_H
#define LOAD_DRIVE_H

#include "load/transport.h"

struct drive_ops {
    /* When the app wants to send next; UINT64_MAX: not before a request has ended. */
    uint64_t (*next_due_ns)(const void *app);
    int (*send)(void *app); /* sends what next_due_ns told of; a failure ends the run */
    void (*ended)(void *app, uint64_t end_ns);   /* the first part is over: nothing new is due */
    bool (*idle)(const void *app);               /* nothing is under way or waits to be repeated */
    int (*progress)(void *app, uint64_t now_ns); /* every interval; a failure ends the run */
};

struct drive {
    struct transport *transport; /* its wake_fd is a signals_fd */
    const struct drive_ops *ops;
    void *app;
    uint64_t start_ns, end_ns; /* end_ns UINT64_MAX: until a signal */
    uint64_t grace_ns;         /* of the second part */
    uint64_t progress_ns;      /* the interval; 0: none */

    uint64_t ended_ns, done_ns; /* set by drive_run: when the two parts were over */
    bool interrupted;           /* set by drive_run */
    uint64_t next_progress_ns;  /* drive.c's own */
};

/* 0, or the negative errno of what ended the run early. */
int drive_run(struct drive *d);

#endif
