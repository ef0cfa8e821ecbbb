// SPDX-License-Identifier: MIT
/* jobs_queues: the counts of every queue, in memory and, with each commit, in the file.
 *
 * So finding a queue and reading its statistics cost the same however many jobs there are, and a
 * commit of many changes writes each queue once. Inside jobs*.c; errors as in jobs.h. */
#ifndef WORKLOAD_JOBS_QUEUES_H
#define WORKLOAD_JOBS_QUEUES_H

#include "workload/jobs.h"
#include "workload/jobs_file.h"
#include "workload/rate.h"

struct job_queue {
    int64_t number; /* in the file, and one more than the place in the table */
    bool changed;   /* not saved yet */
    bool oldest_is_stale;
    struct job_stats stats;
    struct rate put, leased, done;
};

struct jobs_queues { /* {0} is ready for jobs_queues_load */
    struct job_queue rows[JOBS_QUEUES_MAX];
    size_t count;
};

/* Reads all from the file; what was changed and not saved is gone. Rates go on. */
int jobs_queues_load(struct jobs_queues *t, struct jobs_file *f, struct err *err);

/* Writes what changed. Inside a transaction. */
int jobs_queues_save(struct jobs_queues *t, struct jobs_file *f, struct err *err);

struct job_queue *jobs_queues_find(struct jobs_queues *t, const char *name);    /* or NULL */
struct job_queue *jobs_queues_by_number(struct jobs_queues *t, int64_t number); /* or NULL */

/* Finds or makes. -ENOBUFS beyond JOBS_QUEUES_MAX. */
int jobs_queues_need(struct jobs_queues *t, struct jobs_file *f, const char *name,
                     struct job_queue **ret, struct err *err);

/* Counts jobs that went from one state into another; JOB_DONE is not counted here. */
void jobs_queue_moved(struct job_queue *q, enum job_state from, enum job_state to, uint64_t jobs);
void jobs_queue_entered(struct job_queue *q, enum job_state state, uint64_t jobs);
void jobs_queue_left(struct job_queue *q, enum job_state state, uint64_t jobs);

/* Jobs that are not done. */
uint64_t jobs_queue_held(const struct job_queue *q);

#endif
