// SPDX-License-Identifier: MIT
#include "workload/jobs.h"

#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_IS_OURS 0x53574a51 /* "SWJQ", in the header of the file */
#define FILE_VERSION 1
#define BUSY_TIMEOUT_MS 5000 /* somebody looks into the file with sqlite3's shell */

/* The counters of a queue live beside its jobs and change in the same transaction, so statistics
 * cost the same for ten jobs and for a million. seq orders jobs and is never used twice, so seq and
 * attempt name one lease for ever. */
static const char schema[] =
    "CREATE TABLE queue ("
    " name TEXT PRIMARY KEY, depth INTEGER NOT NULL DEFAULT 0, in_flight INTEGER NOT NULL DEFAULT "
    "0,"
    " put INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,"
    " duplicates INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE TABLE job ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL,"
    " cpu_ms REAL NOT NULL, state INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,"
    " put_ns INTEGER NOT NULL,"
    " until_ns INTEGER, /* leased: when the lease ends; done: since when */"
    " worker TEXT);"
    "CREATE UNIQUE INDEX job_id ON job (queue, id);"
    "CREATE INDEX job_ready ON job (queue, seq) WHERE state = 0;"
    "CREATE INDEX job_leased ON job (until_ns) WHERE state = 1;"
    "CREATE INDEX job_done ON job (until_ns) WHERE state = 2;";

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    QUEUE_COUNT,
    QUEUE_ADD,
    QUEUE_DEPTH,
    QUEUE_CHANGE,
    JOB_PUT,
    JOB_READY,
    JOB_LEASE,
    JOB_FIND,
    JOB_DONE,
    JOB_EXPIRED,
    JOB_RETURN,
    JOB_FORGET,
    NEXT_EXPIRY,
    NEXT_FORGET,
    STATS,
    STATEMENT_COUNT
};

static const char *const statements[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [QUEUE_COUNT] = "SELECT count(*) FROM queue WHERE name <> ?1",
    [QUEUE_ADD] = "INSERT INTO queue (name) VALUES (?1) ON CONFLICT DO NOTHING",
    [QUEUE_DEPTH] = "SELECT depth + in_flight FROM queue WHERE name = ?1",
    [QUEUE_CHANGE] =
        "UPDATE queue SET depth = depth + ?2, in_flight = in_flight + ?3, put = put + ?4,"
        " done = done + ?5, duplicates = duplicates + ?6, expired = expired + ?7 WHERE name = ?1",
    [JOB_PUT] = "INSERT INTO job (queue, id, cpu_ms, state, put_ns) VALUES (?1, ?2, ?3, 0, ?4)"
                " ON CONFLICT DO NOTHING",
    [JOB_READY] = "SELECT seq, id, cpu_ms, attempt + 1 FROM job WHERE queue = ?1 AND state = 0"
                  " ORDER BY seq LIMIT ?2",
    [JOB_LEASE] = "UPDATE job SET state = 1, attempt = ?2, until_ns = ?3, worker = ?4"
                  " WHERE seq = ?1",
    [JOB_FIND] = "SELECT seq, state, attempt FROM job WHERE queue = ?1 AND id = ?2",
    [JOB_DONE] = "UPDATE job SET state = 2, until_ns = ?2 WHERE seq = ?1",
    [JOB_EXPIRED] =
        "SELECT seq, queue FROM job WHERE state = 1 AND until_ns <= ?1 ORDER BY until_ns LIMIT 1",
    [JOB_RETURN] = "UPDATE job SET state = 0, until_ns = NULL WHERE seq = ?1",
    [JOB_FORGET] = "DELETE FROM job WHERE seq IN (SELECT seq FROM job WHERE state = 2 AND"
                   " until_ns <= ?1 ORDER BY until_ns LIMIT 1000)",
    [NEXT_EXPIRY] = "SELECT min(until_ns) FROM job WHERE state = 1",
    [NEXT_FORGET] = "SELECT min(until_ns) FROM job WHERE state = 2",
    [STATS] = "SELECT name, depth, in_flight, put, done, duplicates, expired,"
              " (SELECT put_ns FROM job WHERE queue = name AND state = 0 ORDER BY seq LIMIT 1)"
              " FROM queue ORDER BY name",
};

struct jobs {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENT_COUNT];
    char *path;
    uint64_t jobs_max, keep_done_ns;
};

/* ---- SQLite ---- */

static int sql_error(struct jobs *j, struct err *err)
{
    int code = 0;

    switch (sqlite3_errcode(j->db)) {
    case SQLITE_FULL:
        code = -ENOSPC;
        break;
    case SQLITE_NOMEM:
        code = -ENOMEM;
        break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        code = -EBADMSG;
        break;
    default:
        code = -EIO;
    }
    return err_set(err, code, "'%s': %s", j->path, sqlite3_errmsg(j->db));
}

static void bind(sqlite3_stmt *s, const char *types, va_list values)
{
    for (int i = 0; types[i]; i++) {
        if (types[i] == 't')
            (void)sqlite3_bind_text(s, i + 1, va_arg(values, const char *), -1, SQLITE_STATIC);
        else if (types[i] == 'd')
            (void)sqlite3_bind_double(s, i + 1, va_arg(values, double));
        else
            (void)sqlite3_bind_int64(s, i + 1, va_arg(values, int64_t));
    }
}

/* Starts a statement. types has one letter for each value that follows: t const char *, i int64_t
 * (or uint64_t below 2^63), d double. Texts must live until the statement is finished. */
static sqlite3_stmt *start(struct jobs *j, enum statement which, const char *types, ...)
{
    sqlite3_stmt *s = j->prepared[which];
    va_list values;

    (void)sqlite3_reset(s); /* repeats the error of the last run, which was reported then */
    va_start(values, types);
    bind(s, types, values);
    va_end(values);
    return s;
}

/* 1 when there is a row, 0 at the end, or an error; in these two cases the statement is finished.
 */
static int step(struct jobs *j, sqlite3_stmt *s, struct err *err)
{
    int r = sqlite3_step(s);

    if (r == SQLITE_ROW)
        return 1;
    r = r == SQLITE_DONE ? 0 : sql_error(j, err);
    (void)sqlite3_reset(s);
    return r;
}

/* For a statement that has one row with one number, or none (then *ret is untouched): 1 or 0. */
static int step_number(struct jobs *j, sqlite3_stmt *s, uint64_t *ret, struct err *err)
{
    int r = step(j, s, err);

    if (r == 1 && sqlite3_column_type(s, 0) == SQLITE_NULL)
        r = 0;
    else if (r == 1)
        *ret = (uint64_t)sqlite3_column_int64(s, 0);
    (void)sqlite3_reset(s);
    return r;
}

static void copy_text(char *to, size_t size, sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);

    (void)snprintf(to, size, "%s", text ? (const char *)text : "");
}

/* ---- open ---- */

static int exec(struct jobs *j, const char *sql, struct err *err)
{
    return sqlite3_exec(j->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_error(j, err);
}

/* The first column of the first row of a pragma or query. */
static int ask(struct jobs *j, const char *sql, char *ret, size_t size, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int r = 0;

    if (sqlite3_prepare_v2(j->db, sql, -1, &s, NULL) != SQLITE_OK)
        return sql_error(j, err);
    ret[0] = '\0';
    if (sqlite3_step(s) == SQLITE_ROW)
        copy_text(ret, size, s, 0);
    if (sqlite3_finalize(s) != SQLITE_OK)
        r = sql_error(j, err);
    return r;
}

static int check_file(struct jobs *j, struct err *err)
{
    char answer[256];
    int r = ask(j, "PRAGMA quick_check(1)", answer, sizeof(answer), err);

    if (r < 0)
        return r;
    if (strcmp(answer, "ok") == 0)
        return 0;
    const char *last = strrchr(answer, '\n'); /* under a title line that says "database main" */
    return err_set(err, -EBADMSG, "'%s' is damaged: %s", j->path, last ? last + 1 : answer);
}

/* Makes the tables in an empty file; refuses a file of somebody else. In a transaction. */
static int make_schema(struct jobs *j, struct err *err)
{
    char id[32], version[32], tables[32], sql[128];
    int r = ask(j, "PRAGMA application_id", id, sizeof(id), err);

    r = r < 0 ? r : ask(j, "PRAGMA user_version", version, sizeof(version), err);
    r = r < 0 ? r : ask(j, "SELECT count(*) FROM sqlite_schema", tables, sizeof(tables), err);
    if (r < 0)
        return r;

    char ours[32], this_version[32];
    (void)snprintf(ours, sizeof(ours), "%d", FILE_IS_OURS);
    (void)snprintf(this_version, sizeof(this_version), "%d", FILE_VERSION);
    if (strcmp(id, ours) == 0 && strcmp(version, this_version) == 0)
        return 0;
    if (strcmp(tables, "0") != 0)
        return err_set(err, -EBADMSG, "'%s' is an SQLite file, but not a queue of this version",
                       j->path);
    (void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                   FILE_IS_OURS, FILE_VERSION);
    r = exec(j, schema, err);
    return r < 0 ? r : exec(j, sql, err);
}

static int set_up_file(struct jobs *j, struct err *err)
{
    char mode[32];
    int r = exec(j, "BEGIN IMMEDIATE", err);

    r = r < 0 ? r : make_schema(j, err);
    r = r < 0 ? r : exec(j, "COMMIT", err);
    r = r < 0 ? r : ask(j, "PRAGMA journal_mode = WAL", mode, sizeof(mode), err);
    if (r == 0 && strcmp(mode, "wal") != 0)
        r = err_set(err, -EIO, "'%s': this file system cannot do write-ahead logging", j->path);
    r = r < 0 ? r : exec(j, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864", err);
    return r;
}

static int prepare_all(struct jobs *j, struct err *err)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(j->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &j->prepared[i],
                               NULL) != SQLITE_OK)
            return sql_error(j, err);
    return 0;
}

static int open_file(struct jobs *j, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    if (!j->path[0] || j->path[0] == ':') /* SQLite's names for what is gone at the end */
        return err_set(err, -EINVAL, "'%s' does not name a file", j->path);
    if (sqlite3_open_v2(j->path, &j->db, flags, NULL) == SQLITE_OK) {
        (void)sqlite3_busy_timeout(j->db, BUSY_TIMEOUT_MS);
        return 0;
    }
    int why = j->db ? sqlite3_system_errno(j->db) : 0;
    if (why)
        return err_errno(err, why, "cannot open '%s'", j->path);
    return err_set(err, -EIO, "cannot open '%s': %s", j->path, sqlite3_errmsg(j->db));
}

int jobs_open(struct jobs **ret, const char *path, uint64_t jobs_max, uint64_t keep_done_ns,
              struct err *err)
{
    struct jobs *j = calloc(1, sizeof(*j));

    if (!j)
        return err_set(err, -ENOMEM, "out of memory");
    j->jobs_max = jobs_max;
    j->keep_done_ns = keep_done_ns;
    j->path = strdup(path);
    int r = j->path ? open_file(j, err) : err_set(err, -ENOMEM, "out of memory");

    r = r < 0 ? r : check_file(j, err);
    r = r < 0 ? r : set_up_file(j, err);
    r = r < 0 ? r : prepare_all(j, err);
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
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(j->prepared[i]);
    (void)sqlite3_close(j->db);
    free(j->path);
    free(j);
}

/* ---- transactions and names ---- */

int jobs_begin(struct jobs *j, struct err *err)
{
    return step(j, start(j, BEGIN, ""), err);
}

int jobs_commit(struct jobs *j, struct err *err)
{
    return step(j, start(j, COMMIT, ""), err);
}

void jobs_rollback(struct jobs *j)
{
    if (!sqlite3_get_autocommit(j->db)) /* some errors have rolled back already */
        (void)step(j, start(j, ROLLBACK, ""), NULL);
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

/* ---- counters ---- */

struct change {
    int64_t depth, in_flight, put, done, duplicates, expired;
};

static int change_queue(struct jobs *j, const char *queue, struct change c, struct err *err)
{
    return step(j,
                start(j, QUEUE_CHANGE, "tiiiiii", queue, c.depth, c.in_flight, c.put, c.done,
                      c.duplicates, c.expired),
                err);
}

/* Makes the queue if it is new. *ret_held: its jobs that are not done. */
static int ensure_queue(struct jobs *j, const char *queue, uint64_t *ret_held, struct err *err)
{
    uint64_t others = 0;
    int r = step_number(j, start(j, QUEUE_DEPTH, "t", queue), ret_held, err);

    if (r != 0)
        return r < 0 ? r : 0;
    *ret_held = 0;
    r = step_number(j, start(j, QUEUE_COUNT, "t", queue), &others, err);
    if (r < 0)
        return r;
    if (others >= JOBS_QUEUES_MAX)
        return err_set(err, -EDQUOT, "there are %d queues already, which is the maximum",
                       JOBS_QUEUES_MAX);
    return step(j, start(j, QUEUE_ADD, "t", queue), err);
}

/* ---- put, lease, acknowledge ---- */

static int put_one(struct jobs *j, const struct job_put *put, uint64_t number, uint64_t now_ns,
                   uint64_t *new_count, struct err *err)
{
    char id[JOBS_ID_MAX + 24];

    if (put->count > 1)
        (void)snprintf(id, sizeof(id), "%s.%" PRIu64, put->id, number);
    else
        (void)snprintf(id, sizeof(id), "%s", put->id);
    int r = step(j, start(j, JOB_PUT, "ttdi", put->queue, id, put->cpu_ms, (int64_t)now_ns), err);
    if (r == 0)
        *new_count += (uint64_t)sqlite3_changes64(j->db);
    return r;
}

int jobs_put(struct jobs *j, const struct job_put *put, uint64_t now_ns, uint64_t *ret_new,
             struct err *err)
{
    uint64_t held = 0, new_count = 0;
    int r = ensure_queue(j, put->queue, &held, err);

    if (r < 0)
        return r;
    if (put->count > j->jobs_max || held > j->jobs_max - put->count)
        return err_set(err, -EDQUOT,
                       "queue '%s' holds %" PRIu64 " jobs; %" PRIu64 " more would exceed %" PRIu64,
                       put->queue, held, put->count, j->jobs_max);

    for (uint64_t i = 1; i <= put->count && r == 0; i++)
        r = put_one(j, put, i, now_ns, &new_count, err);
    if (r < 0)
        return r;
    struct change change = {.depth = (int64_t)new_count, .put = (int64_t)new_count};
    r = change_queue(j, put->queue, change, err);
    if (r == 0)
        *ret_new = new_count;
    return r;
}

/* Reads up to max ready jobs; seqs[i] belongs to jobs[i]. */
static int read_ready(struct jobs *j, const char *queue, size_t max, struct job *jobs,
                      int64_t *seqs, size_t *ret_count, struct err *err)
{
    sqlite3_stmt *s = start(j, JOB_READY, "ti", queue, (int64_t)max);
    size_t n = 0;
    int r;

    while ((r = step(j, s, err)) == 1) {
        seqs[n] = sqlite3_column_int64(s, 0);
        copy_text(jobs[n].id, sizeof(jobs[n].id), s, 1);
        jobs[n].cpu_ms = sqlite3_column_double(s, 2);
        jobs[n].attempt = (uint64_t)sqlite3_column_int64(s, 3);
        (void)snprintf(jobs[n].lease, sizeof(jobs[n].lease), "%" PRIi64 "-%" PRIu64, seqs[n],
                       jobs[n].attempt);
        n++;
    }
    *ret_count = n;
    return r;
}

int jobs_lease(struct jobs *j, const char *queue, const char *worker, uint64_t until_ns, size_t max,
               struct job *ret_jobs, size_t *ret_count, struct err *err)
{
    int64_t seqs[JOBS_LEASES_MAX];
    uint64_t held = 0;
    size_t n = 0;
    int r = ensure_queue(j, queue, &held, err);

    if (r < 0)
        return r;
    r = read_ready(j, queue, max < JOBS_LEASES_MAX ? max : JOBS_LEASES_MAX, ret_jobs, seqs, &n,
                   err);
    for (size_t i = 0; i < n && r == 0; i++)
        r = step(j,
                 start(j, JOB_LEASE, "iiit", seqs[i], (int64_t)ret_jobs[i].attempt,
                       (int64_t)until_ns, worker),
                 err);
    struct change change = {.depth = -(int64_t)n, .in_flight = (int64_t)n};
    if (r == 0 && n)
        r = change_queue(j, queue, change, err);
    if (r == 0)
        *ret_count = n;
    return r;
}

struct found_job {
    int64_t seq;
    int state;
    uint64_t attempt;
};

static int find_job(struct jobs *j, const char *queue, const char *id, struct found_job *ret,
                    struct err *err)
{
    sqlite3_stmt *s = start(j, JOB_FIND, "tt", queue, id);
    int r = step(j, s, err);

    if (r == 0)
        return err_set(err, -ENOENT, "queue '%s' knows no job '%s'", queue, id);
    if (r < 0)
        return r;
    *ret = (struct found_job){.seq = sqlite3_column_int64(s, 0),
                              .state = sqlite3_column_int(s, 1),
                              .attempt = (uint64_t)sqlite3_column_int64(s, 2)};
    (void)sqlite3_reset(s);
    return 0;
}

/* The attempt that the lease was given for; 0 when it was never given for this job. */
static uint64_t attempt_of(const char *lease, const struct found_job *job)
{
    char expected[JOBS_LEASE_MAX];
    const char *dash = strchr(lease, '-');
    uint64_t attempt = dash ? strtoull(dash + 1, NULL, 10) : 0;

    (void)snprintf(expected, sizeof(expected), "%" PRIi64 "-%" PRIu64, job->seq, attempt);
    return attempt <= job->attempt && strcmp(lease, expected) == 0 ? attempt : 0;
}

int jobs_ack(struct jobs *j, const char *queue, const char *id, const char *lease, uint64_t now_ns,
             struct err *err)
{
    enum { READY, LEASED, DONE };
    struct found_job job = {0};
    int r = find_job(j, queue, id, &job, err);

    if (r < 0)
        return r;
    uint64_t attempt = attempt_of(lease, &job);
    bool is_last = attempt && attempt == job.attempt;
    if (is_last && job.state == DONE)
        return 0;
    if (is_last && job.state == LEASED) {
        r = step(j, start(j, JOB_DONE, "ii", job.seq, (int64_t)now_ns), err);
        return r < 0 ? r : change_queue(j, queue, (struct change){.in_flight = -1, .done = 1}, err);
    }
    r = attempt ? change_queue(j, queue, (struct change){.duplicates = 1}, err) : 0;
    if (r < 0)
        return r;
    return err_set(err, -ESTALE, "lease '%s' of job '%s' is not held any more", lease, id);
}

/* ---- time passes ---- */

/* 1 when a job went back, 0 when no lease has run out. */
static int return_one(struct jobs *j, uint64_t now_ns, struct err *err)
{
    char queue[JOBS_QUEUE_NAME_MAX + 1];
    sqlite3_stmt *s = start(j, JOB_EXPIRED, "i", (int64_t)now_ns);
    int r = step(j, s, err);

    if (r <= 0)
        return r;
    int64_t seq = sqlite3_column_int64(s, 0);
    copy_text(queue, sizeof(queue), s, 1);
    (void)sqlite3_reset(s);

    r = step(j, start(j, JOB_RETURN, "i", seq), err);
    struct change change = {.depth = 1, .in_flight = -1, .expired = 1};
    r = r < 0 ? r : change_queue(j, queue, change, err);
    return r < 0 ? r : 1;
}

int jobs_expire(struct jobs *j, uint64_t now_ns, bool *ret_changed, struct err *err)
{
    bool changed = false;
    int r = 1;

    for (int i = 0; i < 1000 && r == 1; i++) {
        r = return_one(j, now_ns, err);
        changed |= r == 1;
    }
    if (r < 0)
        return r;
    if (now_ns > j->keep_done_ns) {
        r = step(j, start(j, JOB_FORGET, "i", (int64_t)(now_ns - j->keep_done_ns)), err);
        changed |= r == 0 && sqlite3_changes64(j->db) > 0;
    }
    if (r == 0)
        *ret_changed = changed;
    return r;
}

int jobs_next_due(struct jobs *j, uint64_t *ret_ns, struct err *err)
{
    uint64_t expiry_ns = UINT64_MAX, forget_ns = UINT64_MAX;
    int r = step_number(j, start(j, NEXT_EXPIRY, ""), &expiry_ns, err);

    if (r < 0)
        return r;
    r = step_number(j, start(j, NEXT_FORGET, ""), &forget_ns, err);
    if (r < 0)
        return r;
    if (r == 1)
        forget_ns += j->keep_done_ns + NS_PER_S; /* a second's worth at a time */
    *ret_ns = expiry_ns < forget_ns ? expiry_ns : forget_ns;
    return 0;
}

int jobs_stats(struct jobs *j, struct job_stats *ret_stats, size_t *ret_count, struct err *err)
{
    sqlite3_stmt *s = start(j, STATS, "");
    size_t n = 0;
    int r = 0;

    while (n < JOBS_QUEUES_MAX && (r = step(j, s, err)) == 1) {
        struct job_stats *q = &ret_stats[n++];
        copy_text(q->queue, sizeof(q->queue), s, 0);
        q->depth = (uint64_t)sqlite3_column_int64(s, 1);
        q->in_flight = (uint64_t)sqlite3_column_int64(s, 2);
        q->put = (uint64_t)sqlite3_column_int64(s, 3);
        q->done = (uint64_t)sqlite3_column_int64(s, 4);
        q->duplicates = (uint64_t)sqlite3_column_int64(s, 5);
        q->expired = (uint64_t)sqlite3_column_int64(s, 6);
        q->oldest_ns = (uint64_t)sqlite3_column_int64(s, 7);
    }
    (void)sqlite3_reset(s);
    if (r >= 0)
        *ret_count = n;
    return r < 0 ? r : 0;
}
