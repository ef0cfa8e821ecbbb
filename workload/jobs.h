// SPDX-License-Identifier: MIT
/* jobs: queues of jobs in one SQLite file.
 *
 *     put -> ready -> leased -> done            delayed: ready from a time on
 *              ^        |                       dead: tried too often, kept for somebody to look at
 *              |        +-> delayed -> ready
 *              +--------+-> dead -> ready
 *
 * A job is delivered at least once. A lease that runs out, or that its holder fails, makes the job
 * ready again, after a while that doubles with each failure, until it was tried attempts_max times.
 * An acknowledgement by somebody who no longer holds the lease is work that was done twice, and is
 * counted.
 *
 * Changes stand between jobs_begin and jobs_commit. The file is in WAL mode with synchronous=FULL:
 * what jobs_commit returned 0 for survives kill -9 and loss of power. Each commit waits for the
 * disk, so callers put many changes into one.
 *
 * Times are wall clock (a lease outlives the process), passed in. One thread at a time. Errors:
 * -ENOSPC (disk full), -EBADMSG (damaged), -EIO (anything else that SQLite reports), -ENOMEM, each
 * with a sentence; after one of these inside a transaction call jobs_rollback. What a function
 * refuses with another code has changed nothing, and the transaction goes on. */
#ifndef WORKLOAD_JOBS_H
#define WORKLOAD_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct jobs;

#define JOBS_QUEUE_NAME_MAX 63 /* a DNS label, so that it fits a label value of Kubernetes */
#define JOBS_ID_MAX 128
#define JOBS_LEASE_MAX 48
#define JOBS_DATA_MAX 65536 /* bytes that a job may carry */
#define JOBS_NOTE_MAX 253   /* a worker's name, or the reason of a failure */
#define JOBS_QUEUES_MAX 100 /* each is a label value of several metrics */
#define JOBS_COUNT_MAX 10000
#define JOBS_LEASES_MAX 100
#define JOBS_PEEK_MAX 100

/* Jobs that one call moves or removes, so that nobody waits for long. */
#define JOBS_STEP_MAX 1000

/* Space that puts leave to the acknowledgements of what is there already. */
#define JOBS_DISK_RESERVE_BYTES (UINT64_C(8) << 20)

/* [a-z0-9-]{1,63} */
bool jobs_queue_name_valid(const char *name);
/* [A-Za-z0-9._:-]{1,128} */
bool jobs_id_valid(const char *id);

struct jobs_config {
    const char *path;
    uint64_t jobs_max;       /* of one queue, not yet done, with the dead ones */
    uint64_t disk_max_bytes; /* what the file may grow to; the log beside it comes on top */
    uint64_t keep_done_ns;   /* how long a done job's id is remembered, which is how long a repeated
                                put or acknowledgement is recognised */
    uint64_t attempts_max;   /* leases that a job gets before it is dead */
    uint64_t retry_ns, retry_max_ns; /* wait after the first failure; doubles up to the second */
};

/* Opens or creates. -EBADMSG when the file is damaged or not ours, -EBUSY when another process has
 * it, -EACCES and the like when it cannot be opened; the sentence names the file. */
int jobs_open(struct jobs **ret, const struct jobs_config *config, struct err *err);
void jobs_close(struct jobs *j);

int jobs_begin(struct jobs *j, struct err *err);
int jobs_commit(struct jobs *j, struct err *err);
void jobs_rollback(struct jobs *j);

/* Makes a queue. *ret_new is false when it was there. -ENOBUFS beyond JOBS_QUEUES_MAX. */
int jobs_make_queue(struct jobs *j, const char *queue, bool *ret_new, struct err *err);

struct job_put {
    const char *id; /* of the job, or with count > 1 of the batch: "id.1" to "id.count" */
    double cpu_ms;
    uint64_t count;
    uint64_t delay_ns; /* not ready before */
    const char *data;  /* data_len bytes for the worker; NULL: none */
    size_t data_len;
};

/* Puts all of them, and makes the queue when it is new. Jobs whose id is known already are left as
 * they are. -ENOBUFS when the queue would hold more than jobs_max, or there would be more than
 * JOBS_QUEUES_MAX queues; -EDQUOT when too little of the disk would be left. */
int jobs_put(struct jobs *j, const char *queue, const struct job_put *puts, size_t count,
             uint64_t now_ns, uint64_t *ret_new, struct err *err);

enum job_state { JOB_READY, JOB_LEASED, JOB_DONE, JOB_DELAYED, JOB_DEAD, JOB_STATES };

extern const char *const job_state_names[JOB_STATES + 1]; /* ends with NULL */

struct job {
    char id[JOBS_ID_MAX + 1], lease[JOBS_LEASE_MAX];
    double cpu_ms;
    uint64_t attempt; /* 1 is the first; 0 when it was never leased */
    uint64_t put_ns;
    char *data; /* owned; NULL: none */
    size_t data_len;

    /* jobs_peek only */
    enum job_state state;
    uint64_t until_ns;            /* leased: end of the lease; delayed: ready then; else 0 */
    char note[JOBS_NOTE_MAX + 1]; /* who leased it last, or why that failed */
};

void job_done(struct job *job); /* releases data */

/* Leases up to max (at most JOBS_LEASES_MAX) jobs, the oldest first, until until_ns. Makes the
 * queue when it is new, with -ENOBUFS as above. */
int jobs_lease(struct jobs *j, const char *queue, const char *worker, uint64_t until_ns, size_t max,
               struct job *ret_jobs, size_t *ret_count, struct err *err);

struct job_lease { /* names a job and the lease under which somebody holds it */
    const char *queue, *id, *lease;
};

/* All four: -ENOENT when no such job is known; -ESTALE when the lease is not held any more or never
 * was. A lease is held until jobs_expire finds that its time is over: call that first. */

/* 0 also when the same lease has acknowledged before. A lease that was held once is counted as a
 * duplicate. */
int jobs_ack(struct jobs *j, const struct job_lease *l, uint64_t now_ns, struct err *err);

int jobs_extend(struct jobs *j, const struct job_lease *l, uint64_t until_ns, struct err *err);

/* Gives the job back untried: it is ready at once, and this attempt does not count. */
int jobs_release(struct jobs *j, const struct job_lease *l, struct err *err);

/* The attempt failed. The job waits delay_ns (UINT64_MAX: as the configuration says) or is dead.
 * *ret_state says which. */
int jobs_fail(struct jobs *j, const struct job_lease *l, const char *reason, uint64_t delay_ns,
              uint64_t now_ns, enum job_state *ret_state, struct err *err);

/* Moves what is due: leases that ran out, delays that are over, done jobs that were kept long
 * enough; at most JOBS_STEP_MAX of each in one call. */
int jobs_expire(struct jobs *j, uint64_t now_ns, struct err *err);

/* The earliest time at which jobs_expire will have something to do; UINT64_MAX when there is none.
 */
int jobs_next_due(struct jobs *j, uint64_t *ret_ns, struct err *err);

/* The first jobs of a state, up to max (at most JOBS_PEEK_MAX): those that are next. -ENOENT when
 * there is no such queue. */
int jobs_peek(struct jobs *j, const char *queue, enum job_state state, size_t max,
              struct job *ret_jobs, size_t *ret_count, struct err *err);

/* Removes jobs that are ready, delayed or dead; or makes dead ones ready, with all attempts before
 * them. id: only this job. NULL: those numbered up to last, JOBS_STEP_MAX in one call, so call
 * again while *ret_count is that. -ENOENT when there is no such queue, or no such job in that
 * state. */
int jobs_purge(struct jobs *j, const char *queue, enum job_state state, const char *id,
               int64_t last, uint64_t *ret_count, struct err *err);
int jobs_requeue(struct jobs *j, const char *queue, const char *id, int64_t last,
                 uint64_t *ret_count, struct err *err);

/* The number of the newest job: what is put later has a higher one. */
int jobs_last(struct jobs *j, int64_t *ret_last, struct err *err);

struct job_stats {
    char queue[JOBS_QUEUE_NAME_MAX + 1];
    uint64_t depth, in_flight, delayed, dead; /* depth: ready */
    /* Totals since the file was made. leased counts every delivery; expired and failed are the
     * leases that ended without an acknowledgement. */
    uint64_t put, leased, done, duplicates, expired, failed, released, purged;
    uint64_t oldest_ns; /* when the oldest ready job was put; 0 when there is none */
    double put_per_s, leased_per_s, done_per_s; /* over the last ten seconds */
};

/* All queues in the order in which they were made; ret_stats has room for JOBS_QUEUES_MAX. Call it
 * after each commit and at least once a second: the rates are made of its readings. Reads nothing
 * but the first ready job of the queues that changed, however many jobs there are. */
int jobs_stats(struct jobs *j, uint64_t mono_ns, struct job_stats *ret_stats, size_t *ret_count,
               struct err *err);

#endif
