// SPDX-License-Identifier: MIT
/* jobs_file: the SQLite file of jobs: opens it for one process, checks it, and runs statements.
 * Inside jobs*.c; errors as in jobs.h. One thread at a time. */
#ifndef WORKLOAD_JOBS_FILE_H
#define WORKLOAD_JOBS_FILE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    QUEUES,
    QUEUE_ADD,
    QUEUE_SAVE,
    QUEUE_OLDEST,
    JOB_PUT,
    JOB_LEASE,
    JOB_FIND,
    JOB_MOVE,
    JOB_EXTEND,
    JOB_DUE,
    JOB_FORGET,
    JOB_DELETE,
    JOB_LAST,
    FIRST_READY,
    FIRST_DELAYED,
    FIRST_DEAD,
    NEXT_DUE,
    PEEK_READY,
    PEEK_LEASED,
    PEEK_DONE,
    PEEK_DELAYED,
    PEEK_DEAD,
    PAGE_COUNT,
    FREE_PAGES,
    STATEMENTS
};

struct jobs_file { /* {.lock_fd = -1} is ready for jobs_file_open */
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
    char *path;
    int lock_fd; /* of "<path>.lock": who holds its lock has the file */
    uint64_t page_bytes, pages_max;
};

/* On failure call jobs_file_close, too. */
int jobs_file_open(struct jobs_file *f, const char *path, uint64_t disk_max_bytes, struct err *err);
void jobs_file_close(struct jobs_file *f);

/* Bytes by which the file could still grow, as its own limit and its file system allow. */
int jobs_file_room(struct jobs_file *f, uint64_t *ret_bytes, struct err *err);

/* Starts a statement. types has one letter for each value that follows: t const char *, i int64_t
 * (or uint64_t below 2^63), d double, b const void * and size_t (a text that may be NULL). What is
 * pointed to must live until the statement is finished. */
sqlite3_stmt *sql_start(struct jobs_file *f, enum statement which, const char *types, ...);

/* 1 when there is a row, 0 at the end, or an error; in these two cases the statement is finished.
 */
int sql_step(struct jobs_file *f, sqlite3_stmt *s, struct err *err);

/* For a statement that has one row with one number, or none (then *ret is untouched): 1 or 0. */
int sql_step_number(struct jobs_file *f, sqlite3_stmt *s, uint64_t *ret, struct err *err);

/* A column's text, cut to size. */
void sql_copy_text(char *to, size_t size, sqlite3_stmt *s, int column);

#endif
