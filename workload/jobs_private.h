// SPDX-License-Identifier: MIT
/* jobs_private: what jobs.c and jobs_admin.c share. */
#ifndef WORKLOAD_JOBS_PRIVATE_H
#define WORKLOAD_JOBS_PRIVATE_H

#include "workload/jobs.h"
#include "workload/jobs_file.h"
#include "workload/jobs_queues.h"

struct jobs {
    struct jobs_file file;
    struct jobs_config config;
    struct jobs_queues queues;
    uint64_t room_bytes; /* what puts of this transaction may still take; about */
};

struct found_job {
    int64_t seq;
    enum job_state state;
    uint64_t attempt, lease;
};

int jobs_find(struct jobs *j, const struct job_queue *q, const char *id, struct found_job *ret,
              struct err *err);

/* Puts a job of q into another state and counts it there. until_ns and attempt are those of the new
 * state; note NULL keeps the old one. */
int jobs_move(struct jobs *j, struct job_queue *q, const struct found_job *job, enum job_state to,
              uint64_t until_ns, uint64_t attempt, const char *note, struct err *err);

/* Reads the rows of a statement over JOB_COLUMNS; seqs may be NULL. */
int jobs_read_rows(struct jobs *j, sqlite3_stmt *s, struct job *ret_jobs, int64_t *ret_seqs,
                   size_t *ret_count, struct err *err);

#endif
