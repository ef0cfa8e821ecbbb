// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S NS_PER_S
#define NOW (1000 * S)
#define JOBS_MAX 100
#define KEEP_DONE (60 * S)

struct fixture { /* a queue in a file of its own */
    char folder[64], path[96];
    struct jobs *jobs;
    struct err err;
};

static void open_jobs(struct fixture *f)
{
    f->err.text[0] = '\0';
    if (jobs_open(&f->jobs, f->path, JOBS_MAX, KEEP_DONE, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/swell-jobs-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/q.db", f->folder);
    open_jobs(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
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

static int put(struct fixture *f, const char *queue, const char *id, uint64_t count, uint64_t *new)
{
    struct job_put put = {queue, id, 20, count};

    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    int r = jobs_put(f->jobs, &put, NOW, new, &f->err);
    assert_int_equal(jobs_commit(f->jobs, &f->err), 0);
    return r;
}

/* Leases one job at now for ten seconds. True when there was one. */
static bool lease_at(struct fixture *f, const char *queue, uint64_t now_ns, struct job *job)
{
    bool changed = false;
    size_t count = 0;

    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    assert_int_equal(jobs_expire(f->jobs, now_ns, &changed, &f->err), 0);
    assert_int_equal(jobs_lease(f->jobs, queue, "w", now_ns + 10 * S, 1, job, &count, &f->err), 0);
    assert_int_equal(jobs_commit(f->jobs, &f->err), 0);
    return count == 1;
}

static int ack_at(struct fixture *f, const char *queue, uint64_t now_ns, const struct job *job)
{
    bool changed = false;

    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    assert_int_equal(jobs_expire(f->jobs, now_ns, &changed, &f->err), 0);
    int r = jobs_ack(f->jobs, queue, job->id, job->lease, now_ns, &f->err);
    assert_int_equal(jobs_commit(f->jobs, &f->err), 0);
    return r;
}

static struct job_stats stats_of(struct fixture *f, const char *queue)
{
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = 0;

    assert_int_equal(jobs_stats(f->jobs, stats, &count, &f->err), 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(stats[i].queue, queue) == 0)
            return stats[i];
    fail_msg("no queue '%s'", queue);
    return stats[0];
}

static void assert_counts(struct fixture *f, uint64_t depth, uint64_t in_flight, uint64_t done)
{
    struct job_stats s = stats_of(f, "q");

    assert_int_equal(s.depth, depth);
    assert_int_equal(s.in_flight, in_flight);
    assert_int_equal(s.done, done);
}

static void a_job_goes_from_put_to_done(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0;
    struct job job;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_int_equal(new, 1);
    assert_counts(f, 1, 0, 0);
    assert_int_equal(stats_of(f, "q").oldest_ns, NOW);

    assert_true(lease_at(f, "q", NOW, &job));
    assert_string_equal(job.id, "a");
    assert_float_equal(job.cpu_ms, 20, 0);
    assert_int_equal(job.attempt, 1);
    assert_counts(f, 0, 1, 0);
    assert_int_equal(stats_of(f, "q").oldest_ns, 0);
    assert_false(lease_at(f, "q", NOW, &job));

    assert_int_equal(ack_at(f, "q", NOW + S, &job), 0);
    assert_counts(f, 0, 0, 1);
}

static void a_put_that_is_repeated_puts_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0;
    struct job job;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_int_equal(new, 0);
    assert_counts(f, 1, 0, 0);

    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(ack_at(f, "q", NOW, &job), 0);
    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_int_equal(new, 0); /* also when it is done already */
    assert_counts(f, 0, 0, 1);
    assert_int_equal(put(f, "other", "a", 1, &new), 0);
    assert_int_equal(new, 1); /* ids belong to their queue */
}

static void a_batch_is_numbered_and_completed_when_repeated(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0;
    struct job job;

    assert_int_equal(put(f, "q", "b", 3, &new), 0);
    assert_int_equal(new, 3);
    assert_int_equal(put(f, "q", "b", 5, &new), 0);
    assert_int_equal(new, 2);
    for (int i = 1; i <= 5; i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "b.%d", i);
        assert_true(lease_at(f, "q", NOW, &job)); /* in the order of the put */
        assert_string_equal(job.id, id);
    }
}

static void a_lease_that_runs_out_gives_the_job_to_the_next(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0, due_ns = 0;
    struct job first, second;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_true(lease_at(f, "q", NOW, &first));
    assert_int_equal(jobs_next_due(f->jobs, &due_ns, &f->err), 0);
    assert_int_equal(due_ns, NOW + 10 * S);
    assert_false(lease_at(f, "q", NOW + 10 * S - 1, &second));
    assert_true(lease_at(f, "q", NOW + 10 * S, &second));
    assert_int_equal(second.attempt, 2);
    assert_string_not_equal(second.lease, first.lease);
    assert_int_equal(stats_of(f, "q").expired, 1);
    assert_counts(f, 0, 1, 0);
}

static void a_late_acknowledgement_is_counted_as_a_duplicate(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0;
    struct job first, second;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_true(lease_at(f, "q", NOW, &first));
    assert_int_equal(ack_at(f, "q", NOW + 11 * S, &first), -ESTALE); /* ready again */
    assert_true(lease_at(f, "q", NOW + 11 * S, &second));
    assert_int_equal(ack_at(f, "q", NOW + 12 * S, &first), -ESTALE); /* somebody else's */
    assert_int_equal(ack_at(f, "q", NOW + 13 * S, &second), 0);
    assert_int_equal(ack_at(f, "q", NOW + 14 * S, &first), -ESTALE); /* done by somebody else */
    assert_int_equal(stats_of(f, "q").duplicates, 3);
    assert_counts(f, 0, 0, 1);
}

static void an_acknowledgement_may_be_repeated(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0;
    struct job job;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(ack_at(f, "q", NOW, &job), 0);
    assert_int_equal(ack_at(f, "q", NOW + 30 * S, &job), 0);
    assert_int_equal(stats_of(f, "q").duplicates, 0);
    assert_counts(f, 0, 0, 1);
}

static void a_lease_that_never_was_is_refused_and_not_counted(void **state)
{
    static const char *const leases[] = {"", "x", "1", "1-", "1-0", "1-2", "2-1", "1-1x", "01-1"};
    struct fixture *f = *state;
    uint64_t new = 0;
    struct job job;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_true(lease_at(f, "q", NOW, &job));
    assert_string_equal(job.lease, "1-1");
    for (size_t i = 0; i < ARRAY_LEN(leases); i++) {
        (void)snprintf(job.lease, sizeof(job.lease), "%s", leases[i]);
        assert_int_equal(ack_at(f, "q", NOW, &job), -ESTALE);
    }
    (void)snprintf(job.id, sizeof(job.id), "b");
    assert_int_equal(ack_at(f, "q", NOW, &job), -ENOENT);
    assert_int_equal(stats_of(f, "q").duplicates, 0);
    assert_counts(f, 0, 1, 0);
}

static void what_is_done_is_forgotten_after_a_while(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0, due_ns = 0;
    bool changed = false;
    struct job job;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(ack_at(f, "q", NOW, &job), 0);
    assert_int_equal(jobs_expire(f->jobs, NOW + KEEP_DONE - 1, &changed, &f->err), 0);
    assert_false(changed);
    assert_int_equal(jobs_next_due(f->jobs, &due_ns, &f->err), 0);
    assert_in_range(due_ns, NOW + KEEP_DONE, NOW + KEEP_DONE + 2 * S);
    assert_int_equal(jobs_expire(f->jobs, due_ns, &changed, &f->err), 0);
    assert_true(changed);
    assert_int_equal(jobs_next_due(f->jobs, &due_ns, &f->err), 0);
    assert_true(due_ns == UINT64_MAX);
    assert_counts(f, 0, 0, 1);
    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_int_equal(new, 1);
}

static void a_full_queue_takes_no_more(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 77;
    struct job job;

    assert_int_equal(put(f, "q", "b", JOBS_MAX + 1, &new), -EDQUOT);
    assert_int_equal(new, 77);
    assert_int_equal(put(f, "q", "b", JOBS_MAX, &new), 0);
    assert_true(lease_at(f, "q", NOW, &job)); /* leased jobs count */
    assert_int_equal(put(f, "q", "c", 1, &new), -EDQUOT);
    assert_non_null(strstr(f->err.text, "queue 'q' holds 100 jobs"));
    assert_int_equal(ack_at(f, "q", NOW, &job), 0);
    assert_int_equal(put(f, "q", "c", 1, &new), 0);
    assert_counts(f, JOBS_MAX, 0, 1);
}

static void there_are_only_so_many_queues(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0;
    char name[16];

    for (int i = 0; i < JOBS_QUEUES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "q%d", i);
        assert_int_equal(put(f, name, "a", 1, &new), 0);
    }
    assert_int_equal(put(f, "another", "a", 1, &new), -EDQUOT);
    assert_int_equal(put(f, "q7", "b", 1, &new), 0);
}

static void a_rollback_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct job_put put_a = {"q", "a", 20, 5};
    uint64_t new = 0;

    assert_int_equal(put(f, "q", "x", 1, &new), 0);
    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    assert_int_equal(jobs_put(f->jobs, &put_a, NOW, &new, &f->err), 0);
    jobs_rollback(f->jobs);
    jobs_rollback(f->jobs); /* harmless without a transaction */
    assert_counts(f, 1, 0, 0);
}

static void everything_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0;
    struct job held, other;

    assert_int_equal(put(f, "q", "a", 3, &new), 0);
    assert_true(lease_at(f, "q", NOW, &held));
    assert_true(lease_at(f, "q", NOW, &other));
    assert_int_equal(ack_at(f, "q", NOW, &other), 0);
    jobs_close(f->jobs);
    f->jobs = NULL;
    open_jobs(f);

    assert_counts(f, 1, 1, 1);
    assert_int_equal(ack_at(f, "q", NOW + S, &held), 0); /* the lease is still held */
    assert_true(lease_at(f, "q", NOW + S, &other));
    assert_string_equal(other.id, "a.3");
    assert_counts(f, 0, 1, 2);
}

/* A copy of the files while they are open is what a crash leaves behind. */
static void what_was_committed_survives_without_a_close(void **state)
{
    struct fixture *f = *state;
    char command[512];
    uint64_t new = 0;

    assert_int_equal(put(f, "q", "a", 50, &new), 0);
    (void)snprintf(command, sizeof(command), "mkdir %s/c && cp %s* %s/c", f->folder, f->path,
                   f->folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(put(f, "q", "b", 1, &new), 0);
    jobs_close(f->jobs);
    (void)snprintf(command, sizeof(command), "rm %s* && mv %s/c/* %s && rmdir %s/c", f->path,
                   f->folder, f->folder, f->folder);
    assert_int_equal(system(command), 0);

    open_jobs(f);
    assert_counts(f, 50, 0, 0);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void assert_refused(struct fixture *f, const char *path, int code, const char *sentence)
{
    struct jobs *jobs = NULL;

    assert_int_equal(jobs_open(&jobs, path, JOBS_MAX, KEEP_DONE, &f->err), code);
    assert_null(jobs);
    if (!strstr(f->err.text, sentence) || !strstr(f->err.text, path))
        fail_msg("'%s' has no '%s' or no '%s'", f->err.text, sentence, path);
}

static void a_file_of_something_else_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = NULL;

    jobs_close(f->jobs);
    f->jobs = NULL;
    write_file(f->path,
               "this is not a database, but it is long enough to be mistaken for one.....");
    assert_refused(f, f->path, -EBADMSG, "file is not a database");

    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE job (a)", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    assert_refused(f, f->path, -EBADMSG, "an SQLite file, but not a queue");
}

static void a_damaged_file_is_refused(void **state)
{
    struct fixture *f = *state;
    char noise[4096];
    uint64_t new = 0;

    for (int i = 0; i < 20; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "a%d", i);
        assert_int_equal(put(f, "q", id, 5, &new), 0);
    }
    jobs_close(f->jobs);
    f->jobs = NULL;
    memset(noise, 'x', sizeof(noise));
    int fd = open(f->path, O_WRONLY | O_CLOEXEC);
    for (off_t page = 1; page < 8; page++) /* all but the first, which names the file's kind */
        assert_int_equal(pwrite(fd, noise, sizeof(noise), page * 4096), sizeof(noise));
    (void)close(fd);

    struct jobs *jobs = NULL;
    assert_int_equal(jobs_open(&jobs, f->path, JOBS_MAX, KEEP_DONE, &f->err), -EBADMSG);
    assert_null(jobs);
}

static void a_path_that_is_no_file_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, "", -EINVAL, "does not name a file");
    assert_refused(f, ":memory:", -EINVAL, "does not name a file");
    assert_refused(f, "/nowhere/q.db", -ENOENT, "No such file or directory");
}

static void names_are_checked(void **state)
{
    char longest[JOBS_ID_MAX + 2];
    (void)state;

    memset(longest, 'a', sizeof(longest));
    longest[JOBS_QUEUE_NAME_MAX + 1] = '\0';
    assert_false(jobs_queue_name_valid(longest));
    longest[JOBS_QUEUE_NAME_MAX] = '\0';
    assert_true(jobs_queue_name_valid(longest));
    assert_true(jobs_queue_name_valid("jobs-2"));
    assert_false(jobs_queue_name_valid(""));
    assert_false(jobs_queue_name_valid("Jobs"));
    assert_false(jobs_queue_name_valid("a b"));
    assert_true(jobs_id_valid("A.b:c_d-1"));
    assert_false(jobs_id_valid("a/b"));
    assert_false(jobs_id_valid(""));
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(a_job_goes_from_put_to_done),
        WITH_FILE(a_put_that_is_repeated_puts_nothing),
        WITH_FILE(a_batch_is_numbered_and_completed_when_repeated),
        WITH_FILE(a_lease_that_runs_out_gives_the_job_to_the_next),
        WITH_FILE(a_late_acknowledgement_is_counted_as_a_duplicate),
        WITH_FILE(an_acknowledgement_may_be_repeated),
        WITH_FILE(a_lease_that_never_was_is_refused_and_not_counted),
        WITH_FILE(what_is_done_is_forgotten_after_a_while),
        WITH_FILE(a_full_queue_takes_no_more),
        WITH_FILE(there_are_only_so_many_queues),
        WITH_FILE(a_rollback_leaves_no_trace),
        WITH_FILE(everything_is_there_after_a_restart),
        WITH_FILE(what_was_committed_survives_without_a_close),
        WITH_FILE(a_file_of_something_else_is_refused_and_left_alone),
        WITH_FILE(a_damaged_file_is_refused),
        WITH_FILE(a_path_that_is_no_file_is_refused),
        cmocka_unit_test(names_are_checked),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
