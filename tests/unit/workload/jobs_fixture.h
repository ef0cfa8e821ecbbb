// SPDX-License-Identifier: MIT
/* jobs_fixture: queues in a file of their own, for the tests of jobs. Times are made up: NOW. */
#ifndef TESTS_JOBS_FIXTURE_H
#define TESTS_JOBS_FIXTURE_H

#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S NS_PER_S
#define NOW (1000 * S)
#define JOBS_MAX 100
#define KEEP_DONE (60 * S)
#define DISK_MAX_BYTES (64 * MIB)

struct fixture { /* a queue in a file of its own */
    char folder[64], path[96];
    struct jobs *jobs;
    struct err err;
};

static inline struct jobs_config fixture_config(const char *path)
{
    return (struct jobs_config){.path = path,
                                .jobs_max = JOBS_MAX,
                                .disk_max_bytes = DISK_MAX_BYTES,
                                .keep_done_ns = KEEP_DONE,
                                .attempts_max = 3,
                                .retry_ns = 2 * S,
                                .retry_max_ns = 5 * S};
}

static inline void open_jobs(struct fixture *f)
{
    f->err.text[0] = '\0';
    const struct jobs_config config = fixture_config(f->path);
    if (jobs_open(&f->jobs, &config, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/swell-jobs-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/q.db", f->folder);
    open_jobs(f);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    struct fixture *f = *state;
    char path[128];

    jobs_close(f->jobs);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
        (void)unlink(path);
    }
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static inline int put(struct fixture *f, const char *queue, const char *id, uint64_t count,
                      uint64_t *new)
{
    struct job_put put = {.id = id, .cpu_ms = 20, .count = count};

    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    int r = jobs_put(f->jobs, queue, &put, 1, NOW, new, &f->err);
    assert_int_equal(jobs_commit(f->jobs, &f->err), 0);
    return r;
}

/* Leases one job at now for ten seconds. True when there was one. */
static inline bool lease_at(struct fixture *f, const char *queue, uint64_t now_ns, struct job *job)
{
    size_t count = 0;

    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    assert_int_equal(jobs_expire(f->jobs, now_ns, &f->err), 0);
    assert_int_equal(jobs_lease(f->jobs, queue, "w", now_ns + 10 * S, 1, job, &count, &f->err), 0);
    assert_int_equal(jobs_commit(f->jobs, &f->err), 0);
    return count == 1;
}

static inline int ack_at(struct fixture *f, const char *queue, uint64_t now_ns,
                         const struct job *job)
{
    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    assert_int_equal(jobs_expire(f->jobs, now_ns, &f->err), 0);
    const struct job_lease lease = {queue, job->id, job->lease};
    int r = jobs_ack(f->jobs, &lease, now_ns, &f->err);
    assert_int_equal(jobs_commit(f->jobs, &f->err), 0);
    return r;
}

static inline struct job_stats stats_of(struct fixture *f, const char *queue)
{
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = 0;

    assert_int_equal(jobs_stats(f->jobs, NOW, stats, &count, &f->err), 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(stats[i].queue, queue) == 0)
            return stats[i];
    fail_msg("no queue '%s'", queue);
    return stats[0];
}

static inline void assert_counts(struct fixture *f, uint64_t depth, uint64_t in_flight,
                                 uint64_t done)
{
    struct job_stats s = stats_of(f, "q");

    assert_int_equal(s.depth, depth);
    assert_int_equal(s.in_flight, in_flight);
    assert_int_equal(s.done, done);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
