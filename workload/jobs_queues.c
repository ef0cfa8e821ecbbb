// SPDX-License-Identifier: MIT
#include "workload/jobs_queues.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void read_row(struct job_queue *q, sqlite3_stmt *s)
{
    struct job_stats *stats = &q->stats;
    uint64_t *const columns[] = {&stats->depth,  &stats->in_flight,  &stats->delayed,
                                 &stats->dead,   &stats->put,        &stats->leased,
                                 &stats->done,   &stats->duplicates, &stats->expired,
                                 &stats->failed, &stats->released,   &stats->purged};

    q->number = sqlite3_column_int64(s, 0);
    q->changed = false;
    q->oldest_is_stale = true;
    sql_copy_text(stats->queue, sizeof(stats->queue), s, 1);
    for (int i = 0; i < (int)(sizeof(columns) / sizeof(columns[0])); i++)
        *columns[i] = (uint64_t)sqlite3_column_int64(s, i + 2);
}

int jobs_queues_load(struct jobs_queues *t, struct jobs_file *f, struct err *err)
{
    sqlite3_stmt *s = sql_start(f, QUEUES, "");
    int r = 0;

    t->count = 0;
    while (t->count < JOBS_QUEUES_MAX && (r = sql_step(f, s, err)) == 1)
        read_row(&t->rows[t->count++], s);
    (void)sqlite3_reset(s);
    return r < 0 ? r : 0;
}

static int save_row(struct job_queue *q, struct jobs_file *f, struct err *err)
{
    const struct job_stats *s = &q->stats;
    int r = sql_step(f,
                     sql_start(f, QUEUE_SAVE, "iiiiiiiiiiiii", q->number, s->depth, s->in_flight,
                               s->delayed, s->dead, s->put, s->leased, s->done, s->duplicates,
                               s->expired, s->failed, s->released, s->purged),
                     err);

    q->changed = r < 0;
    return r;
}

int jobs_queues_save(struct jobs_queues *t, struct jobs_file *f, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < t->count && r == 0; i++)
        if (t->rows[i].changed)
            r = save_row(&t->rows[i], f, err);
    return r;
}

struct job_queue *jobs_queues_find(struct jobs_queues *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].stats.queue, name) == 0)
            return &t->rows[i];
    return NULL;
}

struct job_queue *jobs_queues_by_number(struct jobs_queues *t, int64_t number)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i].number == number)
            return &t->rows[i];
    return NULL;
}

int jobs_queues_need(struct jobs_queues *t, struct jobs_file *f, const char *name,
                     struct job_queue **ret, struct err *err)
{
    struct job_queue *q = jobs_queues_find(t, name);

    if (q) {
        *ret = q;
        return 0;
    }
    if (t->count == JOBS_QUEUES_MAX)
        return err_set(err, -ENOBUFS, "there are %d queues already, which is the maximum",
                       JOBS_QUEUES_MAX);

    int64_t number = t->count ? t->rows[t->count - 1].number + 1 : 1;
    int r = sql_step(f, sql_start(f, QUEUE_ADD, "it", number, name), err);
    if (r < 0)
        return r;
    q = &t->rows[t->count++];
    *q = (struct job_queue){.number = number};
    (void)snprintf(q->stats.queue, sizeof(q->stats.queue), "%s", name);
    *ret = q;
    return 0;
}

/* NULL for JOB_DONE, which has only a total. */
static uint64_t *gauge(struct job_queue *q, enum job_state state)
{
    uint64_t *const gauges[JOB_STATES] = {[JOB_READY] = &q->stats.depth,
                                          [JOB_LEASED] = &q->stats.in_flight,
                                          [JOB_DELAYED] = &q->stats.delayed,
                                          [JOB_DEAD] = &q->stats.dead};

    return gauges[state];
}

void jobs_queue_entered(struct job_queue *q, enum job_state state, uint64_t jobs)
{
    if (gauge(q, state))
        *gauge(q, state) += jobs;
    q->oldest_is_stale |= state == JOB_READY;
    q->changed = true;
}

void jobs_queue_left(struct job_queue *q, enum job_state state, uint64_t jobs)
{
    if (gauge(q, state))
        *gauge(q, state) -= jobs;
    q->oldest_is_stale |= state == JOB_READY;
    q->changed = true;
}

void jobs_queue_moved(struct job_queue *q, enum job_state from, enum job_state to, uint64_t jobs)
{
    jobs_queue_left(q, from, jobs);
    jobs_queue_entered(q, to, jobs);
}

uint64_t jobs_queue_held(const struct job_queue *q)
{
    return q->stats.depth + q->stats.in_flight + q->stats.delayed + q->stats.dead;
}
