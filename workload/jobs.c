// SPDX-License-Identifier: MIT
#include "workload/jobs.h"

#include "base/clock.h"
#include "base/err.h"
#include "workload/jobs_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a row and its index entries take in the file besides id and data, generously. */
#define ROW_BYTES 256

const char *const job_state_names[JOB_STATES + 1] = {"ready",   "leased", "done",
                                                     "delayed", "dead",   NULL};

int jobs_open(struct jobs **ret, const struct jobs_config *config, struct err *err)
{
    struct jobs *j = calloc(1, sizeof(*j));

    if (!j)
        return err_set(err, -ENOMEM, "out of memory");
    j->config = *config;
    j->config.path = NULL; /* the file keeps its own */
    j->file.lock_fd = -1;
    int r = jobs_file_open(&j->file, config->path, config->disk_max_bytes, err);

    r = r < 0 ? r : jobs_queues_load(&j->queues, &j->file, err);
    if (r < 0) {
        jobs_close(j);
        return r;
    }
    *ret = j;
    return 0;
}

void jobs_close(struct jobs *j)
{
    if (!j)
        return;
    jobs_file_close(&j->file);
    free(j);
}

void job_done(struct job *job)
{
    free(job->data);
    job->data = NULL;
}

/* ---- transactions and names ---- */

int jobs_begin(struct jobs *j, struct err *err)
{
    int r = sql_step(&j->file, sql_start(&j->file, BEGIN, ""), err);

    return r < 0 ? r : jobs_file_room(&j->file, &j->room_bytes, err);
}

int jobs_commit(struct jobs *j, struct err *err)
{
    int r = jobs_queues_save(&j->queues, &j->file, err);

    return r < 0 ? r : sql_step(&j->file, sql_start(&j->file, COMMIT, ""), err);
}

void jobs_rollback(struct jobs *j)
{
    if (!sqlite3_get_autocommit(j->file.db)) /* some errors have rolled back already */
        (void)sql_step(&j->file, sql_start(&j->file, ROLLBACK, ""), NULL);
    (void)jobs_queues_load(&j->queues, &j->file, NULL);
}

static bool is_made_of(const char *text, const char *letters, size_t max)
{
    size_t len = strspn(text, letters);

    return len > 0 && len <= max && text[len] == '\0';
}

bool jobs_queue_name_valid(const char *name)
{
    return is_made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789-", JOBS_QUEUE_NAME_MAX);
}

bool jobs_id_valid(const char *id)
{
    return is_made_of(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-",
                      JOBS_ID_MAX);
}

int jobs_make_queue(struct jobs *j, const char *queue, bool *ret_new, struct err *err)
{
    struct job_queue *q = NULL;
    size_t before = j->queues.count;
    int r = jobs_queues_need(&j->queues, &j->file, queue, &q, err);

    if (r == 0)
        *ret_new = j->queues.count > before;
    return r;
}

/* ---- put ---- */

static int put_one(struct jobs *j, const struct job_queue *q, const struct job_put *put,
                   uint64_t number, uint64_t now_ns, uint64_t *new_count, struct err *err)
{
    char id[JOBS_ID_MAX + 24];

    if (put->count > 1)
        (void)snprintf(id, sizeof(id), "%s.%" PRIu64, put->id, number);
    else
        (void)snprintf(id, sizeof(id), "%s", put->id);
    enum job_state state = put->delay_ns ? JOB_DELAYED : JOB_READY;
    int r =
        sql_step(&j->file,
                 sql_start(&j->file, JOB_PUT, "itdiiib", q->number, id, put->cpu_ms, (int64_t)state,
                           now_ns, now_ns + put->delay_ns, put->data, put->data_len),
                 err);
    if (r == 0)
        *new_count += (uint64_t)sqlite3_changes64(j->file.db);
    return r;
}

static int put_batch(struct jobs *j, struct job_queue *q, const struct job_put *put,
                     uint64_t now_ns, uint64_t *new_count, struct err *err)
{
    uint64_t new_here = 0;
    int r = 0;

    for (uint64_t i = 1; i <= put->count && r == 0; i++)
        r = put_one(j, q, put, i, now_ns, &new_here, err);
    if (new_here)
        jobs_queue_entered(q, put->delay_ns ? JOB_DELAYED : JOB_READY, new_here);
    q->stats.put += new_here;
    *new_count += new_here;
    return r;
}

/* Whether queue and disk have room for all of it. */
static int check_room(struct jobs *j, const char *queue, const struct job_put *puts, size_t count,
                      struct err *err)
{
    const struct job_queue *q = jobs_queues_find(&j->queues, queue);
    uint64_t jobs = 0, bytes = 0, held = q ? jobs_queue_held(q) : 0;

    for (size_t i = 0; i < count; i++) {
        jobs += puts[i].count;
        bytes += puts[i].count * (ROW_BYTES + 2 * strlen(puts[i].id) + puts[i].data_len);
    }
    if (jobs > j->config.jobs_max || held > j->config.jobs_max - jobs)
        return err_set(err, -ENOBUFS,
                       "queue '%s' holds %" PRIu64 " jobs; %" PRIu64 " more would exceed %" PRIu64,
                       queue, held, jobs, j->config.jobs_max);
    if (j->room_bytes < bytes + JOBS_DISK_RESERVE_BYTES)
        return err_set(err, -EDQUOT,
                       "the disk has room for %" PRIu64 " KiB, of which %" PRIu64
                       " KiB are kept for acknowledgements",
                       j->room_bytes / 1024, (uint64_t)(JOBS_DISK_RESERVE_BYTES / 1024));
    j->room_bytes -= bytes;
    return 0;
}

int jobs_put(struct jobs *j, const char *queue, const struct job_put *puts, size_t count,
             uint64_t now_ns, uint64_t *ret_new, struct err *err)
{
    struct job_queue *q = NULL;
    uint64_t new_count = 0;
    int r = check_room(j, queue, puts, count, err);

    r = r < 0 ? r : jobs_queues_need(&j->queues, &j->file, queue, &q, err);
    for (size_t i = 0; i < count && r == 0; i++)
        r = put_batch(j, q, &puts[i], now_ns, &new_count, err);
    if (r == 0)
        *ret_new = new_count;
    return r;
}

/* ---- lease ---- */

static int copy_data(struct job *job, sqlite3_stmt *s, int column, struct err *err)
{
    const unsigned char *data = sqlite3_column_text(s, column);
    size_t len = (size_t)sqlite3_column_bytes(s, column);

    if (!data)
        return 0;
    job->data = malloc(len + 1);
    if (!job->data)
        return err_set(err, -ENOMEM, "out of memory");
    memcpy(job->data, data, len);
    job->data[len] = '\0';
    job->data_len = len;
    return 0;
}

/* The columns are JOB_COLUMNS. */
static int read_row(sqlite3_stmt *s, struct job *job, int64_t *ret_seq, struct err *err)
{
    *job = (struct job){.cpu_ms = sqlite3_column_double(s, 2),
                        .attempt = (uint64_t)sqlite3_column_int64(s, 4),
                        .put_ns = (uint64_t)sqlite3_column_int64(s, 6),
                        .state = (enum job_state)sqlite3_column_int(s, 7)};
    if (job->state == JOB_LEASED || job->state == JOB_DELAYED)
        job->until_ns = (uint64_t)sqlite3_column_int64(s, 8);
    *ret_seq = sqlite3_column_int64(s, 0);
    sql_copy_text(job->id, sizeof(job->id), s, 1);
    sql_copy_text(job->note, sizeof(job->note), s, 9);
    (void)snprintf(job->lease, sizeof(job->lease), "%" PRIi64 "-%" PRIi64, *ret_seq,
                   (int64_t)sqlite3_column_int64(s, 5));
    return copy_data(job, s, 3, err);
}

int jobs_read_rows(struct jobs *j, sqlite3_stmt *s, struct job *ret_jobs, int64_t *ret_seqs,
                   size_t *ret_count, struct err *err)
{
    size_t n = 0;
    int64_t seq;
    int r;

    while ((r = sql_step(&j->file, s, err)) == 1) {
        r = read_row(s, &ret_jobs[n++], &seq, err);
        if (r < 0)
            break;
        if (ret_seqs)
            ret_seqs[n - 1] = seq;
    }
    (void)sqlite3_reset(s);
    for (size_t i = 0; i < n && r < 0; i++)
        job_done(&ret_jobs[i]);
    if (r == 0)
        *ret_count = n;
    return r;
}

static int lease_one(struct jobs *j, struct job *job, int64_t seq, const char *worker,
                     uint64_t until_ns, struct err *err)
{
    const char *dash = strchr(job->lease, '-');
    uint64_t lease = strtoull(dash + 1, NULL, 10) + 1;

    (void)snprintf(job->lease, sizeof(job->lease), "%" PRIi64 "-%" PRIu64, seq, lease);
    job->attempt++;
    return sql_step(&j->file, sql_start(&j->file, JOB_LEASE, "iit", seq, until_ns, worker), err);
}

int jobs_lease(struct jobs *j, const char *queue, const char *worker, uint64_t until_ns, size_t max,
               struct job *ret_jobs, size_t *ret_count, struct err *err)
{
    int64_t seqs[JOBS_LEASES_MAX];
    struct job_queue *q = NULL;
    size_t n = 0, leased = 0;
    int r = jobs_queues_need(&j->queues, &j->file, queue, &q, err);

    if (r < 0)
        return r;
    max = max < JOBS_LEASES_MAX ? max : JOBS_LEASES_MAX;
    max = max < q->stats.depth ? max : q->stats.depth;
    if (max == 0) { /* many wait for a job, and ask again with each commit */
        *ret_count = 0;
        return 0;
    }
    r = jobs_read_rows(j, sql_start(&j->file, PEEK_READY, "ii", q->number, (uint64_t)max), ret_jobs,
                       seqs, &n, err);
    while (r == 0 && leased < n) {
        r = lease_one(j, &ret_jobs[leased], seqs[leased], worker, until_ns, err);
        leased++;
    }
    if (r == 0 && n) {
        jobs_queue_moved(q, JOB_READY, JOB_LEASED, n);
        q->stats.leased += n;
    }
    for (size_t i = 0; i < n && r < 0; i++)
        job_done(&ret_jobs[i]);
    if (r == 0)
        *ret_count = n;
    return r;
}

/* ---- the end of a lease ---- */

int jobs_find(struct jobs *j, const struct job_queue *q, const char *id, struct found_job *ret,
              struct err *err)
{
    sqlite3_stmt *s = sql_start(&j->file, JOB_FIND, "it", q->number, id);
    int r = sql_step(&j->file, s, err);

    if (r == 0)
        return err_set(err, -ENOENT, "queue '%s' knows no job '%s'", q->stats.queue, id);
    if (r < 0)
        return r;
    *ret = (struct found_job){.seq = sqlite3_column_int64(s, 0),
                              .state = (enum job_state)sqlite3_column_int(s, 1),
                              .attempt = (uint64_t)sqlite3_column_int64(s, 2),
                              .lease = (uint64_t)sqlite3_column_int64(s, 3)};
    (void)sqlite3_reset(s);
    return 0;
}

int jobs_move(struct jobs *j, struct job_queue *q, const struct found_job *job, enum job_state to,
              uint64_t until_ns, uint64_t attempt, const char *note, struct err *err)
{
    int r = sql_step(
        &j->file,
        sql_start(&j->file, JOB_MOVE, "iiiit", job->seq, (int64_t)to, until_ns, attempt, note),
        err);

    if (r == 0)
        jobs_queue_moved(q, job->state, to, 1);
    return r;
}

/* Which of the job's leases this is, 1 for its first; 0 when it was never given for this job. */
static uint64_t lease_number(const char *lease, const struct found_job *job)
{
    char expected[JOBS_LEASE_MAX];
    const char *dash = strchr(lease, '-');
    uint64_t number = dash ? strtoull(dash + 1, NULL, 10) : 0;

    (void)snprintf(expected, sizeof(expected), "%" PRIi64 "-%" PRIu64, job->seq, number);
    return number <= job->lease && strcmp(lease, expected) == 0 ? number : 0;
}

/* *ret_number as lease_number. -ENOENT when queue or job is not known. */
static int find_leased(struct jobs *j, const struct job_lease *l, struct job_queue **ret_q,
                       struct found_job *ret_job, uint64_t *ret_number, struct err *err)
{
    struct job_queue *q = jobs_queues_find(&j->queues, l->queue);

    if (!q)
        return err_set(err, -ENOENT, "queue '%s' knows no job '%s'", l->queue, l->id);
    int r = jobs_find(j, q, l->id, ret_job, err);
    if (r < 0)
        return r;
    *ret_q = q;
    *ret_number = lease_number(l->lease, ret_job);
    return 0;
}

static int not_held(const struct job_lease *l, struct err *err)
{
    return err_set(err, -ESTALE, "lease '%s' of job '%s' is not held any more", l->lease, l->id);
}

/* 0 and the job when the lease is held. */
static int find_held(struct jobs *j, const struct job_lease *l, struct job_queue **ret_q,
                     struct found_job *ret_job, struct err *err)
{
    uint64_t number = 0;
    int r = find_leased(j, l, ret_q, ret_job, &number, err);

    if (r < 0)
        return r;
    return number && number == ret_job->lease && ret_job->state == JOB_LEASED ? 0
                                                                              : not_held(l, err);
}

int jobs_ack(struct jobs *j, const struct job_lease *l, uint64_t now_ns, struct err *err)
{
    struct job_queue *q = NULL;
    struct found_job job = {0};
    uint64_t number = 0;
    int r = find_leased(j, l, &q, &job, &number, err);

    if (r < 0)
        return r;
    bool is_last = number && number == job.lease;
    if (is_last && job.state == JOB_DONE)
        return 0;
    if (is_last && job.state == JOB_LEASED) {
        r = jobs_move(j, q, &job, JOB_DONE, now_ns, job.attempt, NULL, err);
        q->stats.done += r == 0;
        return r;
    }
    if (number) {
        q->stats.duplicates++;
        q->changed = true;
    }
    return not_held(l, err);
}

int jobs_extend(struct jobs *j, const struct job_lease *l, uint64_t until_ns, struct err *err)
{
    struct job_queue *q = NULL;
    struct found_job job = {0};
    int r = find_held(j, l, &q, &job, err);

    return r < 0
               ? r
               : sql_step(&j->file, sql_start(&j->file, JOB_EXTEND, "ii", job.seq, until_ns), err);
}

int jobs_release(struct jobs *j, const struct job_lease *l, struct err *err)
{
    struct job_queue *q = NULL;
    struct found_job job = {0};
    int r = find_held(j, l, &q, &job, err);

    r = r < 0 ? r : jobs_move(j, q, &job, JOB_READY, 0, job.attempt - 1, NULL, err);
    if (r == 0)
        q->stats.released++;
    return r;
}

static uint64_t retry_delay_ns(const struct jobs_config *c, uint64_t attempt)
{
    uint64_t delay_ns = c->retry_ns;

    for (uint64_t i = 1; i < attempt && delay_ns < c->retry_max_ns; i++)
        delay_ns *= 2;
    return delay_ns < c->retry_max_ns ? delay_ns : c->retry_max_ns;
}

int jobs_fail(struct jobs *j, const struct job_lease *l, const char *reason, uint64_t delay_ns,
              uint64_t now_ns, enum job_state *ret_state, struct err *err)
{
    struct job_queue *q = NULL;
    struct found_job job = {0};
    int r = find_held(j, l, &q, &job, err);

    if (r < 0)
        return r;
    if (delay_ns == UINT64_MAX)
        delay_ns = retry_delay_ns(&j->config, job.attempt);
    enum job_state to = delay_ns ? JOB_DELAYED : JOB_READY;
    if (job.attempt >= j->config.attempts_max)
        to = JOB_DEAD;
    r = jobs_move(j, q, &job, to, now_ns + delay_ns, job.attempt, reason, err);
    if (r < 0)
        return r;
    q->stats.failed++;
    *ret_state = to;
    return 0;
}

/* ---- time passes ---- */

/* 1 when a job was due and moved, 0 when none is. */
static int move_due(struct jobs *j, uint64_t now_ns, struct err *err)
{
    sqlite3_stmt *s = sql_start(&j->file, JOB_DUE, "i", now_ns);
    int r = sql_step(&j->file, s, err);

    if (r <= 0)
        return r;
    struct found_job job = {.seq = sqlite3_column_int64(s, 0),
                            .state = (enum job_state)sqlite3_column_int(s, 2),
                            .attempt = (uint64_t)sqlite3_column_int64(s, 3)};
    struct job_queue *q = jobs_queues_by_number(&j->queues, sqlite3_column_int64(s, 1));
    (void)sqlite3_reset(s);
    if (!q)
        return err_set(err, -EBADMSG, "'%s': a job of no queue", j->file.path);

    bool expired = job.state == JOB_LEASED;
    bool dead = expired && job.attempt >= j->config.attempts_max;
    r = jobs_move(j, q, &job, dead ? JOB_DEAD : JOB_READY, 0, job.attempt, NULL, err);
    q->stats.expired += r == 0 && expired;
    return r < 0 ? r : 1;
}

int jobs_expire(struct jobs *j, uint64_t now_ns, struct err *err)
{
    int r = 1;

    for (int i = 0; i < JOBS_STEP_MAX && r == 1; i++)
        r = move_due(j, now_ns, err);
    if (r < 0 || now_ns <= j->config.keep_done_ns)
        return r < 0 ? r : 0;
    return sql_step(&j->file,
                    sql_start(&j->file, JOB_FORGET, "ii", now_ns - j->config.keep_done_ns,
                              (uint64_t)JOBS_STEP_MAX),
                    err);
}

int jobs_next_due(struct jobs *j, uint64_t *ret_ns, struct err *err)
{
    /* Done jobs are forgotten a second's worth at a time. */
    uint64_t keep_ns = j->config.keep_done_ns + NS_PER_S, due_ns = UINT64_MAX;
    int r = sql_step_number(&j->file, sql_start(&j->file, NEXT_DUE, "i", keep_ns), &due_ns, err);

    if (r >= 0)
        *ret_ns = due_ns;
    return r < 0 ? r : 0;
}
