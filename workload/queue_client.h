// SPDX-License-Identifier: MIT
/* queue_client: leases jobs of a swell-workload queue over HTTP and says how they ended.
 *
 * Calls wait for the queue. A client belongs to one thread. */
#ifndef WORKLOAD_QUEUE_CLIENT_H
#define WORKLOAD_QUEUE_CLIENT_H

#include "workload/jobs.h"

#include <stdint.h>

struct err;
struct queue_client;

struct queue_client_config { /* borrowed for as long as the client lives */
    const char *url;         /* "http://queue/" */
    const char *queue;       /* a valid name */
    const char *worker;      /* who leases, for the queue's records */
    uint64_t lease_ns;       /* for how long */
    uint64_t wait_ns;        /* how long the queue may hold the call when it has no job */
};

/* -EINVAL with a sentence when url is not http or https, or queue is no name. Any thread. */
int queue_client_check(const struct queue_client_config *config, struct err *err);

struct queue_client *queue_client_new(const struct queue_client_config *config);
void queue_client_free(struct queue_client *c);

struct queue_client_job {
    char id[JOBS_ID_MAX + 1], lease[JOBS_LEASE_MAX];
    double cpu_ms;
    uint64_t age_ns; /* since it was put, by the queue's clock */
};

/* 1 and a job; 0 when there is none; or a negative errno with a sentence, such as those of
 * http_client_call, or -EBADMSG when the answer is no lease. */
int queue_client_lease(struct queue_client *c, struct queue_client_job *ret, struct err *err);

/* The job is ours for lease_ns from now; is done; has failed; or is given back untried. 0; -ESTALE
 * when the lease is not held any more; -ENOENT when the queue does not know the job; or an error
 * after which it is worth trying again. */
int queue_client_extend(struct queue_client *c, const struct queue_client_job *job,
                        struct err *err);
int queue_client_ack(struct queue_client *c, const struct queue_client_job *job, struct err *err);
int queue_client_fail(struct queue_client *c, const struct queue_client_job *job,
                      const char *reason, struct err *err);
int queue_client_release(struct queue_client *c, const struct queue_client_job *job,
                         struct err *err);

#endif
