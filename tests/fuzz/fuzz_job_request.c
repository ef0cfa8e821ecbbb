// SPDX-License-Identifier: MIT
/* What clients of a queue send: what is taken keeps the limits, and a refusal has a sentence. */
#include "workload/job_request.h"

#include "base/err.h"
#include "workload/burn.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
    if (!ok)
        abort();
}

static void check_put(const struct job_put *put)
{
    check(jobs_id_valid(put->id));
    check(put->cpu_ms >= 0 && put->cpu_ms <= BURN_CPU_MS_MAX);
    check(put->count >= 1 && put->count <= JOBS_COUNT_MAX);
    check(put->data_len <= JOBS_DATA_MAX && (put->data || put->data_len == 0));
    check(!put->data || put->data[put->data_len] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct requeue_request requeue;
    struct lease_request lease;
    struct held_request held;
    struct put_request put;
    struct err err = {0};

    if (put_request_read((const char *)data, size, &put, &err) == 0) {
        for (size_t i = 0; i < put.count; i++)
            check_put(&put.puts[i]);
        put_request_done(&put);
    } else {
        check(err.text[0]);
    }
    if (lease_request_read((const char *)data, size, &lease, NULL) == 0)
        check(lease.max >= 1 && lease.max <= JOBS_LEASES_MAX &&
              strlen(lease.worker) <= JOBS_NOTE_MAX);
    if (held_request_read((const char *)data, size, &held, NULL) == 0)
        check(held.id[0] && held.lease[0] && strlen(held.reason) <= JOBS_NOTE_MAX);
    if (requeue_request_read((const char *)data, size, &requeue, NULL) == 0)
        check(strlen(requeue.id) <= JOBS_ID_MAX);
    return 0;
}
