// SPDX-License-Identifier: MIT
#include "workload/jobs_file.h"

#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#define FILE_IS_OURS 0x53574a51 /* "SWJQ", in the header of the file */
#define FILE_VERSION 2
#define BUSY_TIMEOUT_MS 5000 /* somebody looks into the file with sqlite3's shell */

/* seq orders jobs and is never used twice; lease counts how often a job was leased, so that the two
 * name one lease for ever. The states are those of enum job_state. */
static const char schema[] =
    "CREATE TABLE queue ("
    " number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " depth INTEGER NOT NULL DEFAULT 0, in_flight INTEGER NOT NULL DEFAULT 0,"
    " delayed INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,"
    " put INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0,"
    " done INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0,"
    " expired INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,"
    " released INTEGER NOT NULL DEFAULT 0, purged INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE job ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, id TEXT NOT NULL,"
    " cpu_ms REAL NOT NULL, data TEXT, state INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,"
    " lease INTEGER NOT NULL DEFAULT 0, put_ns INTEGER NOT NULL,"
    " until_ns INTEGER, /* leased, delayed: that long; done: since when */"
    " note TEXT /* who leased it last, or why that failed */);"
    "CREATE UNIQUE INDEX job_id ON job (queue, id);"
    "CREATE INDEX job_ready ON job (queue, seq) WHERE state = 0;"
    "CREATE INDEX job_leased ON job (until_ns) WHERE state = 1;"
    "CREATE INDEX job_done ON job (until_ns) WHERE state = 2;"
    "CREATE INDEX job_delayed ON job (until_ns) WHERE state = 3;"
    "CREATE INDEX job_dead ON job (queue, seq) WHERE state = 4;";

#define JOB_COLUMNS "seq, id, cpu_ms, data, attempt, lease, put_ns, state, until_ns, note"

/* "+queue" keeps SQLite from walking all jobs of the queue by job_id: the jobs of that state are
 * fewer. */
static const char *const statements[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [QUEUES] = "SELECT number, name, depth, in_flight, delayed, dead, put, leased, done,"
               " duplicates, expired, failed, released, purged FROM queue ORDER BY number",
    [QUEUE_ADD] = "INSERT INTO queue (number, name) VALUES (?1, ?2)",
    [QUEUE_SAVE] = "UPDATE queue SET depth = ?2, in_flight = ?3, delayed = ?4, dead = ?5, put = ?6,"
                   " leased = ?7, done = ?8, duplicates = ?9, expired = ?10, failed = ?11,"
                   " released = ?12, purged = ?13 WHERE number = ?1",
    [QUEUE_OLDEST] = "SELECT put_ns FROM job WHERE queue = ?1 AND state = 0 ORDER BY seq LIMIT 1",
    [JOB_PUT] = "INSERT INTO job (queue, id, cpu_ms, state, put_ns, until_ns, data)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    [JOB_LEASE] = "UPDATE job SET state = 1, attempt = attempt + 1, lease = lease + 1,"
                  " until_ns = ?2, note = ?3 WHERE seq = ?1",
    [JOB_FIND] = "SELECT seq, state, attempt, lease FROM job WHERE queue = ?1 AND id = ?2",
    [JOB_MOVE] = "UPDATE job SET state = ?2, until_ns = ?3, attempt = ?4,"
                 " note = coalesce(?5, note) WHERE seq = ?1",
    [JOB_EXTEND] = "UPDATE job SET until_ns = ?2 WHERE seq = ?1",
    [JOB_DUE] = "SELECT seq, queue, state, attempt FROM"
                " (SELECT * FROM (SELECT seq, queue, state, attempt, until_ns FROM job"
                "  WHERE state = 1 AND until_ns <= ?1 ORDER BY until_ns LIMIT 1)"
                " UNION ALL SELECT * FROM (SELECT seq, queue, state, attempt, until_ns FROM job"
                "  WHERE state = 3 AND until_ns <= ?1 ORDER BY until_ns LIMIT 1))"
                " ORDER BY until_ns LIMIT 1",
    [JOB_FORGET] = "DELETE FROM job WHERE seq IN (SELECT seq FROM job WHERE state = 2 AND"
                   " until_ns <= ?1 ORDER BY until_ns LIMIT ?2)",
    [JOB_DELETE] = "DELETE FROM job WHERE seq = ?1",
    [JOB_LAST] = "SELECT seq FROM sqlite_sequence WHERE name = 'job'",
    [FIRST_READY] = "SELECT seq FROM job WHERE queue = ?1 AND state = 0 AND seq <= ?2"
                    " ORDER BY seq LIMIT 1",
    [FIRST_DELAYED] = "SELECT seq FROM job WHERE +queue = ?1 AND state = 3 AND +seq <= ?2"
                      " ORDER BY until_ns LIMIT 1",
    [FIRST_DEAD] = "SELECT seq FROM job WHERE queue = ?1 AND state = 4 AND seq <= ?2"
                   " ORDER BY seq LIMIT 1",
    [NEXT_DUE] = "SELECT min(at) FROM (SELECT min(until_ns) AS at FROM job WHERE state = 1"
                 " UNION ALL SELECT min(until_ns) FROM job WHERE state = 3"
                 " UNION ALL SELECT min(until_ns) + ?1 FROM job WHERE state = 2)",
    [PEEK_READY] = "SELECT " JOB_COLUMNS " FROM job WHERE queue = ?1 AND state = 0"
                   " ORDER BY seq LIMIT ?2",
    [PEEK_LEASED] = "SELECT " JOB_COLUMNS " FROM job WHERE +queue = ?1 AND state = 1"
                    " ORDER BY until_ns LIMIT ?2",
    [PEEK_DONE] = "SELECT " JOB_COLUMNS " FROM job WHERE +queue = ?1 AND state = 2"
                  " ORDER BY until_ns DESC LIMIT ?2",
    [PEEK_DELAYED] = "SELECT " JOB_COLUMNS " FROM job WHERE +queue = ?1 AND state = 3"
                     " ORDER BY until_ns LIMIT ?2",
    [PEEK_DEAD] = "SELECT " JOB_COLUMNS " FROM job WHERE queue = ?1 AND state = 4"
                  " ORDER BY seq LIMIT ?2",
    [PAGE_COUNT] = "PRAGMA page_count",
    [FREE_PAGES] = "PRAGMA freelist_count",
};

/* ---- statements ---- */

static int sql_error(struct jobs_file *f, struct err *err)
{
    int code = 0;

    switch (sqlite3_errcode(f->db)) {
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
        code = sqlite3_system_errno(f->db) == ENOSPC ? -ENOSPC : -EIO;
    }
    return err_set(err, code, "'%s': %s", f->path, sqlite3_errmsg(f->db));
}

static void bind(sqlite3_stmt *s, const char *types, va_list values)
{
    for (int i = 1; types[i - 1]; i++) {
        switch (types[i - 1]) {
        case 't':
            (void)sqlite3_bind_text(s, i, va_arg(values, const char *), -1, SQLITE_STATIC);
            break;
        case 'd':
            (void)sqlite3_bind_double(s, i, va_arg(values, double));
            break;
        case 'b': {
            const char *text = va_arg(values, const char *);
            (void)sqlite3_bind_text(s, i, text, (int)va_arg(values, size_t), SQLITE_STATIC);
            break;
        }
        default:
            (void)sqlite3_bind_int64(s, i, va_arg(values, int64_t));
        }
    }
}

sqlite3_stmt *sql_start(struct jobs_file *f, enum statement which, const char *types, ...)
{
    sqlite3_stmt *s = f->prepared[which];
    va_list values;

    (void)sqlite3_reset(s); /* repeats the error of the last run, which was reported then */
    va_start(values, types);
    bind(s, types, values);
    va_end(values);
    return s;
}

int sql_step(struct jobs_file *f, sqlite3_stmt *s, struct err *err)
{
    int r = sqlite3_step(s);

    if (r == SQLITE_ROW)
        return 1;
    r = r == SQLITE_DONE ? 0 : sql_error(f, err);
    (void)sqlite3_reset(s);
    return r;
}

int sql_step_number(struct jobs_file *f, sqlite3_stmt *s, uint64_t *ret, struct err *err)
{
    int r = sql_step(f, s, err);

    if (r == 1 && sqlite3_column_type(s, 0) == SQLITE_NULL)
        r = 0;
    else if (r == 1)
        *ret = (uint64_t)sqlite3_column_int64(s, 0);
    (void)sqlite3_reset(s);
    return r;
}

void sql_copy_text(char *to, size_t size, sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);

    (void)snprintf(to, size, "%s", text ? (const char *)text : "");
}

/* ---- open ---- */

static int exec(struct jobs_file *f, const char *sql, struct err *err)
{
    return sqlite3_exec(f->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_error(f, err);
}

/* The first column of the first row of a pragma or query. */
static int ask(struct jobs_file *f, const char *sql, char *ret, size_t size, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int r = 0;

    if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) != SQLITE_OK)
        return sql_error(f, err);
    ret[0] = '\0';
    if (sqlite3_step(s) == SQLITE_ROW)
        sql_copy_text(ret, size, s, 0);
    if (sqlite3_finalize(s) != SQLITE_OK)
        r = sql_error(f, err);
    return r;
}

static int check_file(struct jobs_file *f, struct err *err)
{
    char answer[256];
    int r = ask(f, "PRAGMA quick_check(1)", answer, sizeof(answer), err);

    if (r < 0)
        return r;
    if (strcmp(answer, "ok") == 0)
        return 0;
    const char *last = strrchr(answer, '\n'); /* under a title line that says "database main" */
    return err_set(err, -EBADMSG, "'%s' is damaged: %s", f->path, last ? last + 1 : answer);
}

/* Makes the tables in an empty file; refuses a file of somebody else. In a transaction. */
static int make_schema(struct jobs_file *f, struct err *err)
{
    char id[32], version[32], tables[32], sql[128];
    int r = ask(f, "PRAGMA application_id", id, sizeof(id), err);

    r = r < 0 ? r : ask(f, "PRAGMA user_version", version, sizeof(version), err);
    r = r < 0 ? r : ask(f, "SELECT count(*) FROM sqlite_schema", tables, sizeof(tables), err);
    if (r < 0)
        return r;

    char ours[32], this_version[32];
    (void)snprintf(ours, sizeof(ours), "%d", FILE_IS_OURS);
    (void)snprintf(this_version, sizeof(this_version), "%d", FILE_VERSION);
    if (strcmp(id, ours) == 0 && strcmp(version, this_version) == 0)
        return 0;
    if (strcmp(tables, "0") != 0)
        return err_set(err, -EBADMSG, "'%s' is an SQLite file, but not a queue of this version",
                       f->path);
    (void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                   FILE_IS_OURS, FILE_VERSION);
    r = exec(f, schema, err);
    return r < 0 ? r : exec(f, sql, err);
}

static int set_up_file(struct jobs_file *f, struct err *err)
{
    char mode[32];
    int r = exec(f, "BEGIN IMMEDIATE", err);

    r = r < 0 ? r : make_schema(f, err);
    r = r < 0 ? r : exec(f, "COMMIT", err);
    r = r < 0 ? r : ask(f, "PRAGMA journal_mode = WAL", mode, sizeof(mode), err);
    if (r == 0 && strcmp(mode, "wal") != 0)
        r = err_set(err, -EIO, "'%s': this file system cannot do write-ahead logging", f->path);
    r = r < 0 ? r
              : exec(f,
                     "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;"
                     "PRAGMA cache_size = -16384",
                     err);
    return r;
}

static int limit_size(struct jobs_file *f, uint64_t disk_max_bytes, struct err *err)
{
    char text[64];
    int r = ask(f, "PRAGMA page_size", text, sizeof(text), err);

    if (r < 0)
        return r;
    f->page_bytes = strtoull(text, NULL, 10);
    f->pages_max = disk_max_bytes / f->page_bytes;
    (void)snprintf(text, sizeof(text), "PRAGMA max_page_count = %llu",
                   (unsigned long long)f->pages_max);
    return exec(f, text, err);
}

static int prepare_all(struct jobs_file *f, struct err *err)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(f->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &f->prepared[i],
                               NULL) != SQLITE_OK)
            return sql_error(f, err);
    return 0;
}

/* Two queues on one file would each keep counts of their own. SQLite's locks let both in, and they
 * belong to the process, so that ours must be on a file that SQLite does not open. */
static int lock_file(struct jobs_file *f, struct err *err)
{
    char name[4096];

    if (snprintf(name, sizeof(name), "%s.lock", f->path) >= (int)sizeof(name))
        return err_errno(err, ENAMETOOLONG, "cannot open '%s'", f->path);
    f->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (f->lock_fd < 0)
        return err_errno(err, errno, "cannot open '%s'", name);
    if (flock(f->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(err, -EBUSY, "'%s' is in use by another process", f->path);
    return err_errno(err, errno, "cannot lock '%s'", name);
}

static int open_file(struct jobs_file *f, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int r;

    if (!f->path[0] || f->path[0] == ':') /* SQLite's names for what is gone at the end */
        return err_set(err, -EINVAL, "'%s' does not name a file", f->path);
    r = lock_file(f, err);
    if (r < 0)
        return r;
    if (sqlite3_open_v2(f->path, &f->db, flags, NULL) == SQLITE_OK) {
        (void)sqlite3_busy_timeout(f->db, BUSY_TIMEOUT_MS);
        return 0;
    }
    int why = f->db ? sqlite3_system_errno(f->db) : 0;
    if (why)
        return err_errno(err, why, "cannot open '%s'", f->path);
    return err_set(err, -EIO, "cannot open '%s': %s", f->path, sqlite3_errmsg(f->db));
}

int jobs_file_open(struct jobs_file *f, const char *path, uint64_t disk_max_bytes, struct err *err)
{
    f->path = strdup(path);
    int r = f->path ? open_file(f, err) : err_set(err, -ENOMEM, "out of memory");

    r = r < 0 ? r : check_file(f, err);
    r = r < 0 ? r : set_up_file(f, err);
    r = r < 0 ? r : limit_size(f, disk_max_bytes, err);
    return r < 0 ? r : prepare_all(f, err);
}

void jobs_file_close(struct jobs_file *f)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(f->prepared[i]);
    (void)sqlite3_close(f->db);
    close_at(&f->lock_fd);
    free(f->path);
}

int jobs_file_room(struct jobs_file *f, uint64_t *ret_bytes, struct err *err)
{
    uint64_t pages = 0, free_pages = 0;
    struct statvfs fs;
    int r = sql_step_number(f, sql_start(f, PAGE_COUNT, ""), &pages, err);

    r = r < 0 ? r : sql_step_number(f, sql_start(f, FREE_PAGES, ""), &free_pages, err);
    if (r < 0)
        return r;
    if (statvfs(f->path, &fs) < 0)
        return err_errno(err, errno, "cannot see how full the disk of '%s' is", f->path);

    uint64_t in_file = free_pages + (pages < f->pages_max ? f->pages_max - pages : 0);
    uint64_t on_disk = (uint64_t)fs.f_bavail * fs.f_frsize;
    on_disk += free_pages * f->page_bytes;
    *ret_bytes = in_file * f->page_bytes;
    if (on_disk < *ret_bytes)
        *ret_bytes = on_disk;
    return 0;
}
