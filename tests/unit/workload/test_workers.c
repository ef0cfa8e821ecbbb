// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "metrics/service.h"
#include "workload/workers.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A source that gives jobs of one cost and remembers what is said about them. */
static struct {
    double cpu_ms;
    atomic_int left, taken, extended, done, failed, given_back, refusals_left;
    int refusal;        /* what done and the others return while refusals are left */
    int extend_refusal; /* what extend returns; 0: it extends */
} script;

static int check(const struct source_config *config, struct err *err)
{
    (void)config;
    (void)err;
    return 0;
}

static void *open_source(const struct source_config *config)
{
    (void)config;
    return &script;
}

static void close_source(void *source)
{
    (void)source;
}

static int take(void *source, struct source_job *ret, struct err *err)
{
    (void)source;
    (void)err;
    if (atomic_fetch_sub(&script.left, 1) <= 0) {
        atomic_fetch_add(&script.left, 1);
        return 0;
    }
    *ret = (struct source_job){.id = "a", .cpu_ms = script.cpu_ms, .age_ns = NS_PER_S};
    atomic_fetch_add(&script.taken, 1);
    return 1;
}

static int answer(atomic_int *said, struct err *err)
{
    if (atomic_fetch_sub(&script.refusals_left, 1) > 0)
        return err_set(err, script.refusal, "refused");
    atomic_fetch_add(said, 1);
    return 0;
}

static int extend(void *source, struct err *err)
{
    (void)source;
    atomic_fetch_add(&script.extended, 1);
    return script.extend_refusal ? err_set(err, script.extend_refusal, "refused") : 0;
}

static int done(void *source, struct err *err)
{
    (void)source;
    return answer(&script.done, err);
}

static int fail_job(void *source, const char *reason, struct err *err)
{
    (void)source;
    assert_string_not_equal(reason, "");
    return answer(&script.failed, err);
}

static int give_back(void *source, struct err *err)
{
    (void)source;
    return answer(&script.given_back, err);
}

static const struct source_kind scripted = {"scripted", check, open_source, close_source, take,
                                            extend,     done,  fail_job,    give_back};

struct fixture {
    uint64_t lease_ns;
    struct service *service;
    struct workers *workers;
};

static int set_up(void **state)
{
    static struct fixture f;

    memset(&script, 0, sizeof(script));
    f = (struct fixture){.lease_ns = 600 * NS_PER_S,
                         .service = service_new("swell-workload", "work")};
    *state = &f;
    return f.service ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    workers_free(f->workers);
    service_free(f->service);
    return 0;
}

static void start(struct fixture *f, int jobs, size_t threads, double fail_rate)
{
    const struct workers_config config = {
        .kind = &scripted,
        .source = {.queue = "jobs", .worker = "w", .lease_ns = f->lease_ns},
        .count = threads,
        .fail_rate = fail_rate,
        .service = f->service};
    struct err err = {0};

    atomic_store(&script.left, jobs);
    if (workers_start(&f->workers, &config, &err) < 0)
        fail_msg("%s", err.text);
}

static void wait_for(atomic_int *what, int value)
{
    const struct timespec ms = {.tv_nsec = 1000000};
    uint64_t until_ns = clock_mono_ns() + 60 * NS_PER_S;

    while (atomic_load(what) < value && clock_mono_ns() < until_ns)
        (void)nanosleep(&ms, NULL);
    assert_int_equal(atomic_load(what), value);
}

static void assert_metric(struct fixture *f, const char *line)
{
    scoped(buf_done) struct buf text = {.max = 64 * KIB};

    assert_int_equal(metrics_write(service_metrics(f->service), METRICS_TEXT, &text), 0);
    if (!strstr(text.data, line))
        fail_msg("no '%s' in\n%s", line, text.data);
}

static void every_job_is_worked_on_and_said_to_be_done(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 1;
    start(f, 20, 4, 0);
    wait_for(&script.done, 20);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_int_equal(script.failed + script.given_back, 0);
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"done\"} 20\n");
    assert_metric(f, "swell_job_wait_seconds_sum{queue=\"jobs\"} 20\n");
}

static void a_job_that_is_done_is_said_again_until_the_queue_hears_it(void **state)
{
    struct fixture *f = *state;

    script.refusal = -ECONNREFUSED;
    atomic_store(&script.refusals_left, 3);
    start(f, 1, 1, 0);
    wait_for(&script.done, 1);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"done\"} 1\n");
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"unacknowledged\"} 0\n");
}

static void a_lease_that_is_lost_is_a_duplicate_and_nothing_is_said_again(void **state)
{
    struct fixture *f = *state;

    script.refusal = -ESTALE;
    atomic_store(&script.refusals_left, 1);
    start(f, 2, 1, 0);
    wait_for(&script.done, 1);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"duplicate\"} 1\n");
}

static void a_job_in_hand_is_extended_for_as_long_as_it_takes(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 500;
    f->lease_ns = 100 * NS_PER_MS;
    start(f, 1, 1, 0);
    wait_for(&script.done, 1);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_true(script.extended >= 1); /* 9 times, but for a machine that is busy with others */
    assert_true(script.extended < 500);
}

static void a_short_job_is_not_extended(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 1;
    start(f, 5, 1, 0);
    wait_for(&script.done, 5);
    assert_int_equal(script.extended, 0);
}

static void a_job_that_went_to_somebody_else_is_worked_on_no_more(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 60000;
    script.extend_refusal = -ESTALE;
    f->lease_ns = 100 * NS_PER_MS;
    start(f, 1, 1, 0);
    wait_for(&script.extended, 1);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_int_equal(script.done + script.given_back, 0);
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"duplicate\"} 1\n");
}

static void work_goes_on_while_the_queue_cannot_be_asked_to_extend(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 300;
    script.extend_refusal = -ECONNREFUSED;
    f->lease_ns = 100 * NS_PER_MS;
    start(f, 1, 1, 0);
    wait_for(&script.done, 1);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_true(script.extended >= 1);
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"done\"} 1\n");
}

static void a_fail_rate_of_1_fails_all(void **state)
{
    struct fixture *f = *state;

    start(f, 5, 1, 1);
    wait_for(&script.failed, 5);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_int_equal(script.done, 0);
}

static void a_drain_waits_for_the_jobs_in_hand_and_takes_no_more(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 100;
    start(f, 1000, 2, 0);
    wait_for(&script.taken, 2);
    assert_true(workers_drain(f->workers, 60 * NS_PER_S));
    assert_int_equal(script.done + script.given_back, script.taken);
    assert_in_range(script.taken, 2, 100);
}

static void when_the_time_is_over_the_rest_is_given_back(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 60000;
    start(f, 2, 2, 0);
    wait_for(&script.taken, 2);
    assert_true(workers_drain(f->workers, 0));
    assert_int_equal(script.given_back, 2);
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"returned\"} 2\n");
}

static void what_cannot_be_given_back_is_left_behind(void **state)
{
    struct fixture *f = *state;

    script.cpu_ms = 60000;
    script.refusal = -ECONNREFUSED;
    atomic_store(&script.refusals_left, 1000000);
    start(f, 1, 1, 0);
    wait_for(&script.taken, 1);
    assert_false(workers_drain(f->workers, 0));
    assert_metric(f, "swell_jobs_total{queue=\"jobs\",outcome=\"unacknowledged\"} 1\n");
}

#define WITH_SERVICE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVICE(every_job_is_worked_on_and_said_to_be_done),
        WITH_SERVICE(a_job_that_is_done_is_said_again_until_the_queue_hears_it),
        WITH_SERVICE(a_lease_that_is_lost_is_a_duplicate_and_nothing_is_said_again),
        WITH_SERVICE(a_job_in_hand_is_extended_for_as_long_as_it_takes),
        WITH_SERVICE(a_short_job_is_not_extended),
        WITH_SERVICE(a_job_that_went_to_somebody_else_is_worked_on_no_more),
        WITH_SERVICE(work_goes_on_while_the_queue_cannot_be_asked_to_extend),
        WITH_SERVICE(a_fail_rate_of_1_fails_all),
        WITH_SERVICE(a_drain_waits_for_the_jobs_in_hand_and_takes_no_more),
        WITH_SERVICE(when_the_time_is_over_the_rest_is_given_back),
        WITH_SERVICE(what_cannot_be_given_back_is_left_behind),
    };
    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
