// SPDX-License-Identifier: MIT
/* job_request: what clients of a queue send, read once into structs. Any thread.
 *
 * Bodies are JSON objects; no body is an empty object; members that we do not know are ignored.
 * Errors are -EINVAL with a sentence for the client, or -ENOMEM. */
#ifndef WORKLOAD_JOB_REQUEST_H
#define WORKLOAD_JOB_REQUEST_H

#include "workload/jobs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* {"cpu_ms":20,"id":"order-1","count":1,"delay_seconds":0,"data":"..."}, or {"jobs":[...]} with up
 * to JOBS_COUNT_MAX of these. cpu_ms, 0 to BURN_CPU_MS_MAX, must be given; an id is made up when
 * there is none; count is 1 to JOBS_COUNT_MAX, all of them together, too. */
struct put_request {
    struct job_put *puts;
    size_t count;
    bool is_list;
    char *texts; /* the ids and data of puts */
};

struct lease_request { /* {"worker":"w-0","lease_seconds":30,"max":1,"wait_seconds":0} */
    char worker[JOBS_NOTE_MAX + 1];
    uint64_t lease_ns; /* 0.1 s to an hour; 30 s */
    uint64_t max;      /* 1 to JOBS_LEASES_MAX; 1 */
    uint64_t wait_ns;  /* up to 20 s; 0 */
};

/* What the holder of a lease says: id and lease must be given, the rest is for extend
 * (lease_seconds) or fail (reason, delay_seconds). */
struct held_request {
    char id[JOBS_ID_MAX + 1];
    char lease[JOBS_LEASE_MAX];
    uint64_t lease_ns; /* 0.1 s to an hour; 30 s */
    char reason[JOBS_NOTE_MAX + 1];
    uint64_t delay_ns; /* up to 30 days; UINT64_MAX when it was not given */
};

struct requeue_request { /* {"id":"order-1"}; "" when it was not given */
    char id[JOBS_ID_MAX + 1];
};

int put_request_read(const char *body, size_t len, struct put_request *ret, struct err *err);
void put_request_done(struct put_request *put);
int lease_request_read(const char *body, size_t len, struct lease_request *ret, struct err *err);
int held_request_read(const char *body, size_t len, struct held_request *ret, struct err *err);
int requeue_request_read(const char *body, size_t len, struct requeue_request *ret,
                         struct err *err);

#endif
