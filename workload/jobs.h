// SPDX-License-Identifier: MIT
/* jobs: queues of jobs in one SQLite file: put, lease, acknowledge, expire.
 *
 * A job is delivered at least once. It is ready, then leased until a time, then done; a lease that
 * runs out makes it ready again with one attempt more. An acknowledgement by somebody who no longer
 * holds the lease is work that was done twice, and is counted.
 *
 * Changes stand between jobs_begin and jobs_commit. The file is in WAL mode with synchronous=FULL:
 * what jobs_commit returned 0 for survives kill -9 and loss of power. Each commit waits for the
 * disk, so callers put many changes into one.
 *
 * Times are wall clock (a lease outlives the process), passed in. One thread at a time. Errors:
 * -ENOSPC (disk full), -EIO (anything else that SQLite reports), each with a sentence; after one of
 * these inside a transaction call jobs_rollback. */
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
#define JOBS_QUEUES_MAX 100 /* each is a label value of several metrics */
#define JOBS_COUNT_MAX 10000
#define JOBS_LEASES_MAX 100

/* [a-z0-9-]{1,63} */
bool jobs_queue_name_valid(const char *name);
/* [A-Za-z0-9._:-]{1,128} */
bool jobs_id_valid(const char *id);

/* Opens or creates. -EBADMSG when the file is damaged or not ours, -EACCES and the like when it
 * cannot be opened; the sentence names the file. keep_done_ns: how long a done job's id is
 * remembered, which is how long a repeated put or acknowledgement is recognised. */
int jobs_open(struct jobs **ret, const char *path, uint64_t jobs_max, uint64_t keep_done_ns,
              struct err *err);
void jobs_close(struct jobs *j);

int jobs_begin(struct jobs *j, struct err *err);
int jobs_commit(struct jobs *j, struct err *err);
void jobs_rollback(struct jobs *j);

struct job_put {
    const char *queue,
        *id; /* id of the job, or with count > 1 of the batch: "id.1" to "id.count" */
    double cpu_ms;
    uint64_t count;
};

/* Puts count jobs; those whose id is known already are left as they are. -EDQUOT with a sentence
 * when the queue would hold more than jobs_max jobs that are not done, or there would be more than
 * JOBS_QUEUES_MAX queues; nothing was put then. */
int jobs_put(struct jobs *j, const struct job_put *put, uint64_t now_ns, uint64_t *ret_new,
             struct err *err);

struct job {
    char id[JOBS_ID_MAX + 1], lease[JOBS_LEASE_MAX];
    double cpu_ms;
    uint64_t attempt; /* 1 is the first */
};

/* Leases up to max (at most JOBS_LEASES_MAX) jobs, the oldest first, until until_ns. Makes the
 * queue when it is new, with -EDQUOT as above. */
int jobs_lease(struct jobs *j, const char *queue, const char *worker, uint64_t until_ns, size_t max,
               struct job *ret_jobs, size_t *ret_count, struct err *err);

/* 0 when the lease is held, and when the same lease has acknowledged before; -ESTALE when it is not
 * held any more (counted as a duplicate) or never was; -ENOENT when no such job is known. A lease
 * is held until jobs_expire finds that its time is over: call that first. */
int jobs_ack(struct jobs *j, const char *queue, const char *id, const char *lease, uint64_t now_ns,
             struct err *err);

/* Returns jobs whose lease ran out, and forgets what has been done for longer than keep_done_ns; at
 * most 1000 of each in one call. *ret_changed: something did. */
int jobs_expire(struct jobs *j, uint64_t now_ns, bool *ret_changed, struct err *err);

struct job_stats { /* the totals are since the file was made */
    char queue[JOBS_QUEUE_NAME_MAX + 1];
    uint64_t depth, in_flight; /* ready; leased */
    uint64_t put, done, duplicates, expired;
    uint64_t oldest_ns; /* when the oldest ready job was put; 0 when there is none */
};

/* The earliest time at which jobs_expire will have something to do; UINT64_MAX when there is none.
 */
int jobs_next_due(struct jobs *j, uint64_t *ret_ns, struct err *err);

/* All queues by name; ret_stats has room for JOBS_QUEUES_MAX. Costs the same however many jobs. */
int jobs_stats(struct jobs *j, struct job_stats *ret_stats, size_t *ret_count, struct err *err);

#endif
