// SPDX-License-Identifier: MIT
/* job_request: what clients of a queue send, read once into structs. Any thread.
 *
 * Bodies are JSON objects; no body is an empty object; members that we do not know are ignored.
 * Errors are -EINVAL with a sentence for the client. */
#ifndef WORKLOAD_JOB_REQUEST_H
#define WORKLOAD_JOB_REQUEST_H

#include "workload/jobs.h"

#include <stddef.h>
#include <stdint.h>

struct err;

#define JOB_WORKER_MAX 253 /* a pod's name */

struct put_request {          /* {"cpu_ms":20,"id":"order-1","count":1} */
    char id[JOBS_ID_MAX + 1]; /* made up when the client gave none */
    double cpu_ms;            /* 0 to BURN_CPU_MS_MAX; must be given */
    uint64_t count;           /* 1 to JOBS_COUNT_MAX; 1 */
};

struct lease_request { /* {"worker":"w-0","lease_seconds":30,"max":1,"wait_seconds":0} */
    char worker[JOB_WORKER_MAX + 1];
    uint64_t lease_ns; /* 0.1 s to an hour; 30 s */
    uint64_t max;      /* 1 to JOBS_LEASES_MAX; 1 */
    uint64_t wait_ns;  /* up to 20 s; 0 */
};

struct ack_request { /* {"id":"order-1","lease":"7-1"}; both must be given */
    char id[JOBS_ID_MAX + 1];
    char lease[JOBS_LEASE_MAX];
};

int put_request_read(const char *body, size_t len, struct put_request *ret, struct err *err);
int lease_request_read(const char *body, size_t len, struct lease_request *ret, struct err *err);
int ack_request_read(const char *body, size_t len, struct ack_request *ret, struct err *err);

#endif
