// SPDX-License-Identifier: MIT
/* clerk: the one thread that touches a queue's file.
 *
 * SQLite blocks, and a commit waits for the disk, so none of it happens on the HTTP server's
 * threads: a route hands an errand over and the clerk answers it later (http_defer). Everything
 * that came while the last commit was waiting goes into the next one together, so many clients
 * share the price of the disk. An answer leaves only after the commit that it speaks of.
 *
 * When the disk is full, puts are refused and the rest is tried once more without them: what is
 * there already can still be worked off.
 *
 * Statistics are copied after each commit, so that reading them never waits. Any thread. */
#ifndef WORKLOAD_CLERK_H
#define WORKLOAD_CLERK_H

#include "http/server.h"
#include "workload/errand.h"
#include "workload/jobs.h"

struct clerk;
struct err;

/* Takes jobs and starts the thread. -ENOMEM, -EAGAIN or what reading the statistics gave, with a
 * sentence; jobs is released then, too. */
int clerk_new(struct clerk **ret, struct jobs *jobs, struct err *err);

/* Answers r later. errand has its kind and what the kind needs, which is taken; queue is a valid
 * name. */
struct http_reply clerk_do(struct clerk *c, const struct http_request *r, const char *queue,
                           struct errand errand);

/* The newest statistics, at most a second old; ret_stats has room for JOBS_QUEUES_MAX. */
size_t clerk_stats(struct clerk *c, struct job_stats *ret_stats);

/* Whoever waits for a job is told at once that there is none. For a drain. */
void clerk_stop_waiting(struct clerk *c);

/* Does and answers what is left, then ends the thread and closes the jobs. */
void clerk_free(struct clerk *c);

#endif
