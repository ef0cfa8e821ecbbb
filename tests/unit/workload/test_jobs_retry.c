// SPDX-License-Identifier: MIT
/* Jobs that fail, wait, die, are looked at, and come back. */
#include "jobs_fixture.h"

#include <errno.h>

/* One call inside a transaction of its own, after what is due at now. */
#define IN_TRANSACTION(f, now_ns, call)                                                            \
    ({                                                                                             \
        assert_int_equal(jobs_begin((f)->jobs, &(f)->err), 0);                                     \
        assert_int_equal(jobs_expire((f)->jobs, (now_ns), &(f)->err), 0);                          \
        int result = (call);                                                                       \
        assert_int_equal(jobs_commit((f)->jobs, &(f)->err), 0);                                    \
        result;                                                                                    \
    })

static struct job_lease held(const struct job *job)
{
    return (struct job_lease){"q", job->id, job->lease};
}

static int fail_at(struct fixture *f, uint64_t now_ns, const struct job *job, uint64_t delay_ns,
                   enum job_state *ret)
{
    const struct job_lease lease = held(job);

    return IN_TRANSACTION(f, now_ns,
                          jobs_fail(f->jobs, &lease, "broken", delay_ns, now_ns, ret, &f->err));
}

static void put_one(struct fixture *f, const char *id)
{
    uint64_t new = 0;

    assert_int_equal(put(f, "q", id, 1, &new), 0);
    assert_int_equal(new, 1);
}

/* Lets job "a", which is ready, die. Returns the time of it. */
static uint64_t kill_job(struct fixture *f)
{
    enum job_state to = JOB_READY;
    uint64_t now_ns = NOW;
    struct job job;

    for (int attempt = 1; attempt <= 3; attempt++) {
        assert_true(lease_at(f, "q", now_ns, &job));
        assert_int_equal(fail_at(f, now_ns, &job, 0, &to), 0);
        now_ns += S;
    }
    assert_int_equal(to, JOB_DEAD);
    return now_ns;
}

static void a_failed_job_waits_twice_as_long_each_time_then_is_dead(void **state)
{
    struct fixture *f = *state;
    enum job_state to = JOB_READY;
    uint64_t due_ns = 0;
    struct job job;

    put_one(f, "a");
    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(fail_at(f, NOW, &job, UINT64_MAX, &to), 0);
    assert_int_equal(to, JOB_DELAYED);
    assert_int_equal(stats_of(f, "q").delayed, 1);
    assert_int_equal(jobs_next_due(f->jobs, &due_ns, &f->err), 0);
    assert_int_equal(due_ns, NOW + 2 * S);

    assert_false(lease_at(f, "q", NOW + 2 * S - 1, &job));
    assert_true(lease_at(f, "q", NOW + 2 * S, &job));
    assert_int_equal(job.attempt, 2);
    assert_int_equal(fail_at(f, NOW + 2 * S, &job, UINT64_MAX, &to), 0);
    assert_false(lease_at(f, "q", NOW + 6 * S - 1, &job));
    assert_true(lease_at(f, "q", NOW + 6 * S, &job));

    assert_int_equal(fail_at(f, NOW + 6 * S, &job, UINT64_MAX, &to), 0);
    assert_int_equal(to, JOB_DEAD);
    assert_false(lease_at(f, "q", NOW + 1000 * S, &job));
    assert_int_equal(stats_of(f, "q").dead, 1);
    assert_int_equal(stats_of(f, "q").failed, 3);
    assert_counts(f, 0, 0, 0);
}

static void a_failure_may_say_how_long_to_wait(void **state)
{
    struct fixture *f = *state;
    enum job_state to = JOB_DEAD;
    struct job job;

    put_one(f, "a");
    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(fail_at(f, NOW, &job, 100 * S, &to), 0);
    assert_false(lease_at(f, "q", NOW + 100 * S - 1, &job));
    assert_true(lease_at(f, "q", NOW + 100 * S, &job));
    assert_int_equal(fail_at(f, NOW + 100 * S, &job, 0, &to), 0);
    assert_int_equal(to, JOB_READY);
    assert_true(lease_at(f, "q", NOW + 100 * S, &job));
}

static void leases_that_run_out_kill_a_job_too(void **state)
{
    struct fixture *f = *state;
    struct job job;

    put_one(f, "a");
    for (uint64_t i = 0; i < 3; i++)
        assert_true(lease_at(f, "q", NOW + i * 10 * S, &job));
    assert_false(lease_at(f, "q", NOW + 30 * S, &job));
    assert_int_equal(stats_of(f, "q").dead, 1);
    assert_int_equal(stats_of(f, "q").expired, 3);
    assert_int_equal(ack_at(f, "q", NOW + 31 * S, &job), -ESTALE);
}

static void a_released_job_is_ready_at_once_and_the_attempt_does_not_count(void **state)
{
    struct fixture *f = *state;
    struct job job, again;

    put_one(f, "a");
    for (int i = 0; i < 10; i++) { /* more often than attempts_max */
        assert_true(lease_at(f, "q", NOW, &job));
        assert_int_equal(job.attempt, 1);
        const struct job_lease lease = held(&job);
        assert_int_equal(IN_TRANSACTION(f, NOW, jobs_release(f->jobs, &lease, &f->err)), 0);
    }
    assert_int_equal(stats_of(f, "q").released, 10);
    assert_true(lease_at(f, "q", NOW, &again));
    assert_string_not_equal(again.lease, job.lease); /* a lease is never given twice */
    assert_int_equal(ack_at(f, "q", NOW, &job), -ESTALE);
    assert_int_equal(ack_at(f, "q", NOW, &again), 0);
}

static void an_extended_lease_lasts_longer(void **state)
{
    struct fixture *f = *state;
    struct job job, other;

    put_one(f, "a");
    assert_true(lease_at(f, "q", NOW, &job));
    const struct job_lease lease = held(&job);
    assert_int_equal(
        IN_TRANSACTION(f, NOW + 9 * S, jobs_extend(f->jobs, &lease, NOW + 60 * S, &f->err)), 0);
    assert_false(lease_at(f, "q", NOW + 59 * S, &other));
    assert_true(lease_at(f, "q", NOW + 60 * S, &other));
    assert_int_equal(
        IN_TRANSACTION(f, NOW + 61 * S, jobs_extend(f->jobs, &lease, NOW + 99 * S, &f->err)),
        -ESTALE);
}

static void who_does_not_hold_the_lease_changes_nothing(void **state)
{
    struct fixture *f = *state;
    const struct job_lease wrong[] = {{"q", "a", "1-2"}, {"q", "b", "1-1"}, {"none", "a", "1-1"}};
    const int codes[] = {-ESTALE, -ENOENT, -ENOENT};
    enum job_state to = JOB_READY;
    struct job job;

    put_one(f, "a");
    assert_true(lease_at(f, "q", NOW, &job));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct job_lease *l = &wrong[i];
        assert_int_equal(IN_TRANSACTION(f, NOW, jobs_fail(f->jobs, l, "", 0, NOW, &to, &f->err)),
                         codes[i]);
        assert_int_equal(IN_TRANSACTION(f, NOW, jobs_release(f->jobs, l, &f->err)), codes[i]);
        assert_int_equal(IN_TRANSACTION(f, NOW, jobs_extend(f->jobs, l, NOW + S, &f->err)),
                         codes[i]);
        assert_int_equal(IN_TRANSACTION(f, NOW, jobs_ack(f->jobs, l, NOW, &f->err)), codes[i]);
    }
    assert_counts(f, 0, 1, 0);
    assert_int_equal(stats_of(f, "q").duplicates, 0);
    assert_int_equal(ack_at(f, "q", NOW, &job), 0);
}

static void a_delayed_put_is_ready_when_its_time_has_come(void **state)
{
    struct fixture *f = *state;
    const struct job_put later = {.id = "a", .cpu_ms = 1, .count = 2, .delay_ns = 5 * S};
    uint64_t new = 0;
    struct job job;

    assert_int_equal(IN_TRANSACTION(f, NOW, jobs_put(f->jobs, "q", &later, 1, NOW, &new, &f->err)),
                     0);
    assert_int_equal(new, 2);
    assert_int_equal(stats_of(f, "q").delayed, 2);
    assert_int_equal(stats_of(f, "q").oldest_ns, 0);
    assert_false(lease_at(f, "q", NOW + 5 * S - 1, &job));
    assert_true(lease_at(f, "q", NOW + 5 * S, &job));
    assert_counts(f, 1, 1, 0);
}

static void data_comes_back_with_the_lease(void **state)
{
    struct fixture *f = *state;
    const struct job_put puts[] = {
        {.id = "a", .cpu_ms = 1, .count = 1, .data = "x\xc3\xa9", .data_len = 3},
        {.id = "b", .cpu_ms = 1, .count = 1}};
    uint64_t new = 0;
    struct job job;

    assert_int_equal(IN_TRANSACTION(f, NOW, jobs_put(f->jobs, "q", puts, 2, NOW, &new, &f->err)),
                     0);
    assert_int_equal(new, 2);
    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(job.put_ns, NOW);
    assert_int_equal(job.data_len, 3);
    assert_string_equal(job.data, "x\xc3\xa9");
    job_done(&job);
    assert_true(lease_at(f, "q", NOW, &job));
    assert_null(job.data);
}

static void jobs_of_each_state_can_be_looked_at(void **state)
{
    struct fixture *f = *state;
    const struct job_put later = {.id = "later", .cpu_ms = 1, .count = 1, .delay_ns = 50 * S};
    static const char *const expected[JOB_STATES] = {"b", "held", "done", "later", "a"};
    struct job jobs[JOBS_PEEK_MAX], job;
    uint64_t new = 0, now_ns;
    size_t count = 0;

    put_one(f, "a");
    now_ns = kill_job(f);
    put_one(f, "done");
    assert_true(lease_at(f, "q", now_ns, &job));
    assert_int_equal(ack_at(f, "q", now_ns, &job), 0);
    put_one(f, "held");
    assert_true(lease_at(f, "q", now_ns, &job));
    put_one(f, "b");
    put_one(f, "c");
    assert_int_equal(
        IN_TRANSACTION(f, now_ns, jobs_put(f->jobs, "q", &later, 1, now_ns, &new, &f->err)), 0);

    for (int i = 0; i < JOB_STATES; i++) {
        assert_int_equal(
            jobs_peek(f->jobs, "q", (enum job_state)i, JOBS_PEEK_MAX, jobs, &count, &f->err), 0);
        assert_int_equal(count, i == JOB_READY ? 2 : 1);
        assert_string_equal(jobs[0].id, expected[i]);
        assert_int_equal(jobs[0].state, i);
        if (i == JOB_DEAD)
            assert_string_equal(jobs[0].note, "broken");
        if (i == JOB_LEASED) {
            assert_string_equal(jobs[0].note, "w");
            assert_int_equal(jobs[0].until_ns, now_ns + 10 * S);
        }
    }
    assert_int_equal(jobs_peek(f->jobs, "none", JOB_READY, 1, jobs, &count, &f->err), -ENOENT);
}

static void dead_jobs_come_back_with_all_their_attempts(void **state)
{
    struct fixture *f = *state;
    uint64_t count = 77, now_ns;
    struct job job;

    put_one(f, "a");
    now_ns = kill_job(f);
    put_one(f, "b");
    assert_int_equal(
        IN_TRANSACTION(f, now_ns, jobs_requeue(f->jobs, "q", "b", 100, &count, &f->err)), -ENOENT);
    assert_string_equal(f->err.text, "job 'b' of queue 'q' is ready, not dead");
    assert_int_equal(
        IN_TRANSACTION(f, now_ns, jobs_requeue(f->jobs, "q", NULL, 100, &count, &f->err)), 0);
    assert_int_equal(count, 1);
    assert_int_equal(stats_of(f, "q").dead, 0);
    assert_true(lease_at(f, "q", now_ns, &job));
    assert_string_equal(job.id, "a");
    assert_int_equal(job.attempt, 1);
    assert_int_equal(ack_at(f, "q", now_ns, &job), 0);
}

static void a_purge_takes_the_ready_ones_up_to_a_number_and_leaves_the_rest(void **state)
{
    struct fixture *f = *state;
    uint64_t new = 0, count = 0;
    int64_t last = 0;
    struct job job;

    assert_int_equal(jobs_last(f->jobs, &last, &f->err), 0);
    assert_int_equal(last, 0);
    assert_int_equal(put(f, "q", "a", 5, &new), 0);
    assert_true(lease_at(f, "q", NOW, &job));
    assert_int_equal(jobs_last(f->jobs, &last, &f->err), 0);
    put_one(f, "after");
    assert_int_equal(
        IN_TRANSACTION(f, NOW, jobs_purge(f->jobs, "q", JOB_READY, NULL, last, &count, &f->err)),
        0);
    assert_int_equal(count, 4);
    assert_counts(f, 1, 1, 0);
    assert_int_equal(stats_of(f, "q").purged, 4);
    assert_int_equal(
        IN_TRANSACTION(f, NOW, jobs_purge(f->jobs, "q", JOB_READY, "after", 0, &count, &f->err)),
        0);
    assert_int_equal(ack_at(f, "q", NOW, &job), 0);
    assert_counts(f, 0, 0, 1);
}

static void puts_stop_while_there_is_still_room_for_acknowledgements(void **state)
{
    struct fixture *f = *state;
    struct jobs_config config = fixture_config(f->path);
    uint64_t new = 0, count = 0;
    char data[JOBS_DATA_MAX];
    struct job job;
    int r = 0;

    jobs_close(f->jobs);
    config.disk_max_bytes = 16 * MIB;
    config.jobs_max = 1000000;
    assert_int_equal(jobs_open(&f->jobs, &config, &f->err), 0);
    memset(data, 'x', sizeof(data));
    for (int i = 0; r == 0; i++) {
        char id[16];
        const struct job_put big = {
            .id = id, .cpu_ms = 1, .count = 1, .data = data, .data_len = sizeof(data)};
        (void)snprintf(id, sizeof(id), "a%d", i);
        r = IN_TRANSACTION(f, NOW, jobs_put(f->jobs, "q", &big, 1, NOW, &new, &f->err));
        count += r == 0;
    }
    assert_int_equal(r, -EDQUOT);
    assert_non_null(strstr(f->err.text, "kept for acknowledgements"));
    assert_in_range(count, 100, 130); /* 16 MiB without the reserve of 8, in pieces of 64 KiB */
    assert_int_equal(stats_of(f, "q").depth, count);
    while (lease_at(f, "q", NOW, &job)) {
        job_done(&job);
        assert_int_equal(ack_at(f, "q", NOW, &job), 0);
    }
    assert_counts(f, 0, 0, count);
}

static void counts_and_states_survive_a_restart(void **state)
{
    struct fixture *f = *state;
    struct job_stats before, after;

    put_one(f, "a");
    (void)kill_job(f);
    put_one(f, "b");
    before = stats_of(f, "q");
    jobs_close(f->jobs);
    open_jobs(f);
    after = stats_of(f, "q");
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(after.dead, 1);
    assert_int_equal(after.leased, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(a_failed_job_waits_twice_as_long_each_time_then_is_dead),
        WITH_FILE(a_failure_may_say_how_long_to_wait),
        WITH_FILE(leases_that_run_out_kill_a_job_too),
        WITH_FILE(a_released_job_is_ready_at_once_and_the_attempt_does_not_count),
        WITH_FILE(an_extended_lease_lasts_longer),
        WITH_FILE(who_does_not_hold_the_lease_changes_nothing),
        WITH_FILE(a_delayed_put_is_ready_when_its_time_has_come),
        WITH_FILE(data_comes_back_with_the_lease),
        WITH_FILE(jobs_of_each_state_can_be_looked_at),
        WITH_FILE(dead_jobs_come_back_with_all_their_attempts),
        WITH_FILE(a_purge_takes_the_ready_ones_up_to_a_number_and_leaves_the_rest),
        WITH_FILE(puts_stop_while_there_is_still_room_for_acknowledgements),
        WITH_FILE(counts_and_states_survive_a_restart),
    };
    return cmocka_run_group_tests_name("jobs_retry", tests, NULL, NULL);
}
