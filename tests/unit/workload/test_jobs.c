// SPDX-License-Identifier: MIT
#include "files.h"

#include "jobs_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>

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

static void expire_at(struct fixture *f, uint64_t now_ns)
{
    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    assert_int_equal(jobs_expire(f->jobs, now_ns, &f->err), 0);
    assert_int_equal(jobs_commit(f->jobs, &f->err), 0);
}

static void what_is_done_is_forgotten_after_a_while(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0, due_ns = 0;
    struct job job;

    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(ack_at(f, "q", NOW, &job), 0);
    expire_at(f, NOW + KEEP_DONE - 1);
    assert_int_equal(put(f, "q", "a", 1, &new), 0);
    assert_int_equal(new, 0);
    assert_int_equal(jobs_next_due(f->jobs, &due_ns, &f->err), 0);
    assert_in_range(due_ns, NOW + KEEP_DONE, NOW + KEEP_DONE + 2 * S);
    expire_at(f, due_ns);
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

    assert_int_equal(put(f, "q", "b", JOBS_MAX + 1, &new), -ENOBUFS);
    assert_int_equal(new, 77);
    assert_int_equal(put(f, "q", "b", JOBS_MAX, &new), 0);
    assert_true(lease_at(f, "q", NOW, &job)); /* leased jobs count */
    assert_int_equal(put(f, "q", "c", 1, &new), -ENOBUFS);
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
    assert_int_equal(put(f, "another", "a", 1, &new), -ENOBUFS);
    assert_int_equal(put(f, "q7", "b", 1, &new), 0);
}

static void a_rollback_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct job_put put_a = {.id = "a", .cpu_ms = 20, .count = 5};
    uint64_t new = 0;

    assert_int_equal(put(f, "q", "x", 1, &new), 0);
    assert_int_equal(jobs_begin(f->jobs, &f->err), 0);
    assert_int_equal(jobs_put(f->jobs, "q", &put_a, 1, NOW, &new, &f->err), 0);
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

static void assert_refused(struct fixture *f, const char *path, int code, const char *sentence)
{
    const struct jobs_config config = fixture_config(path);
    struct jobs *jobs = NULL;

    assert_int_equal(jobs_open(&jobs, &config, &f->err), code);
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

    assert_refused(f, f->path, -EBADMSG, "");
}

static void a_path_that_is_no_file_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, "", -EINVAL, "does not name a file");
    assert_refused(f, ":memory:", -EINVAL, "does not name a file");
    assert_refused(f, "/nowhere/q.db", -ENOENT, "No such file or directory");
}

static void a_file_has_one_owner(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, f->path, -EBUSY, "is in use by another process");
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
        WITH_FILE(a_file_has_one_owner),
        cmocka_unit_test(names_are_checked),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
