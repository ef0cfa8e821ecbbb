// SPDX-License-Identifier: MIT
/* What people and scalers do with queues: statistics, peek, purge, requeue. */
#include "workload/jobs.h"

#include "base/err.h"
#include "workload/jobs_private.h"

#include <errno.h>

static int find_queue(struct jobs *j, const char *name, struct job_queue **ret, struct err *err)
{
    *ret = jobs_queues_find(&j->queues, name);
    return *ret ? 0
                : err_set(err, -ENOENT,
                          "there is no queue '%s': nobody has made it, or put or "
                          "asked for a job in it",
                          name);
}

int jobs_peek(struct jobs *j, const char *queue, enum job_state state, size_t max,
              struct job *ret_jobs, size_t *ret_count, struct err *err)
{
    static const enum statement how[JOB_STATES] = {[JOB_READY] = PEEK_READY,
                                                   [JOB_LEASED] = PEEK_LEASED,
                                                   [JOB_DONE] = PEEK_DONE,
                                                   [JOB_DELAYED] = PEEK_DELAYED,
                                                   [JOB_DEAD] = PEEK_DEAD};
    struct job_queue *q = NULL;
    int r = find_queue(j, queue, &q, err);

    if (r < 0)
        return r;
    max = max < JOBS_PEEK_MAX ? max : JOBS_PEEK_MAX;
    return jobs_read_rows(j, sql_start(&j->file, how[state], "ii", q->number, (uint64_t)max),
                          ret_jobs, NULL, ret_count, err);
}

int jobs_last(struct jobs *j, int64_t *ret_last, struct err *err)
{
    uint64_t last = 0;
    int r = sql_step_number(&j->file, sql_start(&j->file, JOB_LAST, ""), &last, err);

    if (r >= 0)
        *ret_last = (int64_t)last;
    return r < 0 ? r : 0;
}

static int purge_one(struct jobs *j, struct job_queue *q, const struct found_job *job,
                     struct err *err)
{
    int r = sql_step(&j->file, sql_start(&j->file, JOB_DELETE, "i", job->seq), err);

    if (r < 0)
        return r;
    jobs_queue_left(q, job->state, 1);
    q->stats.purged++;
    return 0;
}

static int requeue_one(struct jobs *j, struct job_queue *q, const struct found_job *job,
                       struct err *err)
{
    return jobs_move(j, q, job, JOB_READY, 0, 0, NULL, err);
}

typedef int one_fn(struct jobs *j, struct job_queue *q, const struct found_job *job,
                   struct err *err);

static int do_named(struct jobs *j, struct job_queue *q, enum job_state state, const char *id,
                    one_fn *one, struct err *err)
{
    struct found_job job = {0};
    int r = jobs_find(j, q, id, &job, err);

    if (r == 0 && job.state != state)
        r = err_set(err, -ENOENT, "job '%s' of queue '%s' is %s, not %s", id, q->stats.queue,
                    job_state_names[job.state], job_state_names[state]);
    return r < 0 ? r : one(j, q, &job, err);
}

/* 1 and the first job of the state up to last, or 0. */
static int find_first(struct jobs *j, const struct job_queue *q, enum job_state state, int64_t last,
                      struct found_job *ret, struct err *err)
{
    enum statement which = state == JOB_READY     ? FIRST_READY
                           : state == JOB_DELAYED ? FIRST_DELAYED
                                                  : FIRST_DEAD;
    uint64_t seq = 0;
    int r = sql_step_number(&j->file, sql_start(&j->file, which, "ii", q->number, last), &seq, err);

    *ret = (struct found_job){.seq = (int64_t)seq, .state = state};
    return r;
}

static int do_each(struct jobs *j, const char *queue, enum job_state state, const char *id,
                   int64_t last, one_fn *one, uint64_t *ret_count, struct err *err)
{
    struct job_queue *q = NULL;
    struct found_job job;
    uint64_t n = 0;
    int r = find_queue(j, queue, &q, err);

    if (r == 0 && id) {
        r = do_named(j, q, state, id, one, err);
        n = 1;
    } else if (r == 0) {
        while (n < JOBS_STEP_MAX && (r = find_first(j, q, state, last, &job, err)) == 1) {
            r = one(j, q, &job, err);
            if (r < 0)
                break;
            n++;
        }
    }
    if (r < 0)
        return r;
    *ret_count = n;
    return 0;
}

int jobs_purge(struct jobs *j, const char *queue, enum job_state state, const char *id,
               int64_t last, uint64_t *ret_count, struct err *err)
{
    return do_each(j, queue, state, id, last, purge_one, ret_count, err);
}

int jobs_requeue(struct jobs *j, const char *queue, const char *id, int64_t last,
                 uint64_t *ret_count, struct err *err)
{
    return do_each(j, queue, JOB_DEAD, id, last, requeue_one, ret_count, err);
}

/* When the queue's oldest ready job was put; 0 when there is none. */
static int read_oldest(struct jobs *j, struct job_queue *q, struct err *err)
{
    uint64_t put_ns = 0;
    int r =
        sql_step_number(&j->file, sql_start(&j->file, QUEUE_OLDEST, "i", q->number), &put_ns, err);

    if (r < 0)
        return r;
    q->stats.oldest_ns = put_ns;
    q->oldest_is_stale = false;
    return 0;
}

int jobs_stats(struct jobs *j, uint64_t mono_ns, struct job_stats *ret_stats, size_t *ret_count,
               struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < j->queues.count && r == 0; i++) {
        struct job_queue *q = &j->queues.rows[i];
        r = q->oldest_is_stale ? read_oldest(j, q, err) : 0;
        q->stats.put_per_s = rate_feed(&q->put, mono_ns, q->stats.put);
        q->stats.leased_per_s = rate_feed(&q->leased, mono_ns, q->stats.leased);
        q->stats.done_per_s = rate_feed(&q->done, mono_ns, q->stats.done);
        ret_stats[i] = q->stats;
    }
    if (r == 0)
        *ret_count = j->queues.count;
    return r;
}
