// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "load/tally.h"

#include <stdio.h>
#include <stdlib.h>

static int make(void **state)
{
    *state = calloc(1, sizeof(struct tally));
    return *state ? 0 : -1;
}

static int release(void **state)
{
    free(*state);
    return 0;
}

static struct outcome answer(uint64_t intended_ms, uint64_t sent_ms, uint64_t done_ms)
{
    return (struct outcome){.intended_ns = intended_ms * NS_PER_MS,
                            .sent_ns = sent_ms * NS_PER_MS,
                            .done_ns = done_ms * NS_PER_MS,
                            .status = 200};
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* One connection to a server that takes 2 ms and stands still from second 4 to 5.5 of 10, asked
 * 100 times a second: one request waits on the connection, and 150 in front of it. */
static void a_stall_shows_in_the_corrected_latency_only(void **state)
{
    struct tally *t = *state;
    uint64_t free_ms = 0;

    for (uint64_t intended_ms = 0; intended_ms < 10000; intended_ms += 10) {
        uint64_t sent_ms = later(intended_ms, free_ms);
        uint64_t done_ms = sent_ms >= 4000 && sent_ms < 5500 ? 5502 : sent_ms + 2;
        struct outcome o = answer(intended_ms, sent_ms, done_ms);
        tally_outcome(t, &o);
        free_ms = done_ms;
    }
    assert_int_equal(t->answered, 1000);
    assert_in_range(histogram_percentile(&t->service, 99), 2 * NS_PER_MS, 3 * NS_PER_MS);
    assert_in_range(histogram_percentile(&t->corrected, 99), 1400 * NS_PER_MS, 1450 * NS_PER_MS);
    assert_int_equal(t->service.max_ns, 1502 * NS_PER_MS);
    assert_int_equal(t->corrected.max_ns, 1502 * NS_PER_MS);
}

static void an_answer_is_a_success_or_an_error_by_its_status(void **state)
{
    static const struct {
        int status;
        bool success;
    } cases[] = {{200, true},  {204, true},  {301, true},  {399, true}, {400, false},
                 {404, false}, {503, false}, {599, false}, {199, false}};
    struct tally *t = *state;
    uint64_t successes = 0, count = sizeof(cases) / sizeof(cases[0]);

    for (size_t i = 0; i < count; i++) {
        struct outcome o = answer(0, 1, 2);
        o.status = cases[i].status;
        tally_outcome(t, &o);
        successes += cases[i].success;
        assert_int_equal(t->statuses[cases[i].status], !cases[i].success);
    }
    assert_int_equal(t->answered, count);
    assert_int_equal(t->succeeded, successes);
    assert_int_equal(t->errors, count - successes);
    assert_int_equal(t->corrected.count, count);
}

static void a_status_that_no_server_should_send_does_no_harm(void **state)
{
    struct tally *t = *state;
    struct outcome o = answer(0, 1, 2);

    o.status = 999;
    tally_outcome(t, &o);
    assert_int_equal(t->errors, 1);
    assert_int_equal(t->statuses[0], 1);
}

static void a_timeout_counts_with_the_time_that_was_waited(void **state)
{
    struct tally *t = *state;
    struct outcome o = {
        .intended_ns = NS_PER_S, .done_ns = 31 * NS_PER_S, .failure = FAILURE_TIMEOUT};

    tally_outcome(t, &o);
    assert_int_equal(t->answered, 0);
    assert_int_equal(t->errors, 1);
    assert_int_equal(t->failures[FAILURE_TIMEOUT], 1);
    assert_int_equal(t->corrected.max_ns, 30 * NS_PER_S);
    assert_int_equal(t->service.count, 0);
}

static void a_refused_connection_does_not_flatter_the_latency(void **state)
{
    struct tally *t = *state;
    struct outcome o = {.intended_ns = NS_PER_S, .done_ns = NS_PER_S, .failure = FAILURE_REFUSED};

    tally_outcome(t, &o);
    assert_int_equal(t->errors, 1);
    assert_int_equal(t->failures[FAILURE_REFUSED], 1);
    assert_int_equal(t->corrected.count, 0);
}

static void what_never_left_or_never_ended_counts_with_the_time_up_to_the_end(void **state)
{
    struct tally *t = *state;
    struct outcome o = {
        .intended_ns = NS_PER_S, .done_ns = 3 * NS_PER_S, .failure = FAILURE_UNFINISHED};

    tally_unsent(t, 7 * NS_PER_S);
    tally_outcome(t, &o);
    assert_int_equal(t->unsent, 1);
    assert_int_equal(t->unfinished, 1);
    assert_int_equal(t->errors, 0);
    assert_int_equal(t->corrected.min_ns, 2 * NS_PER_S);
    assert_int_equal(t->corrected.max_ns, 7 * NS_PER_S);
}

static void a_failed_attempt_is_an_error_without_latency(void **state)
{
    struct tally *t = *state;
    struct outcome o = answer(0, 1, 2);

    o.status = 503;
    tally_failed_attempt(t, &o);
    assert_int_equal(t->errors, 1);
    assert_int_equal(t->answered, 0);
    assert_int_equal(t->corrected.count, 0);
}

static void answers_are_counted_by_pod(void **state)
{
    struct tally *t = *state;
    const char *const pods[] = {"a", "b", "a", NULL, "a"};

    for (size_t i = 0; i < 5; i++) {
        struct outcome o = answer(0, 1, 2);
        o.pod = pods[i];
        tally_outcome(t, &o);
    }
    assert_int_equal(t->pod_count, 2);
    assert_string_equal(t->pods[0].name, "a");
    assert_int_equal(t->pods[0].answered, 3);
    assert_int_equal(t->pods[1].answered, 1);
}

static void more_pods_than_there_is_room_for_are_counted_together(void **state)
{
    struct tally *t = *state;
    char name[400];

    for (int i = 0; i < TALLY_PODS_MAX + 10; i++) {
        struct outcome o = answer(0, 1, 2);
        (void)snprintf(name, sizeof(name), "%0300d", i); /* and longer than a name may be */
        if (i < TALLY_PODS_MAX)
            (void)snprintf(name, sizeof(name), "pod-%d", i);
        o.pod = name;
        tally_outcome(t, &o);
    }
    assert_int_equal(t->pod_count, TALLY_PODS_MAX);
    assert_string_equal(t->pods[TALLY_PODS_MAX - 1].name, "(more)");
    assert_int_equal(t->pods[TALLY_PODS_MAX - 1].answered, 11);
}

static void a_window_holds_what_came_since_the_last_one(void **state)
{
    struct tally *t = *state;
    struct outcome slow = answer(0, 1, 900), fast = answer(0, 1, 5);

    tally_outcome(t, &slow);
    tally_next_window(t);
    tally_outcome(t, &fast);
    assert_int_equal(t->window_answered, 1);
    assert_int_equal(t->window.max_ns, 5 * NS_PER_MS);
    assert_int_equal(t->corrected.max_ns, 900 * NS_PER_MS);
}

#define WITH_TALLY(test) cmocka_unit_test_setup_teardown(test, make, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TALLY(a_stall_shows_in_the_corrected_latency_only),
        WITH_TALLY(an_answer_is_a_success_or_an_error_by_its_status),
        WITH_TALLY(a_status_that_no_server_should_send_does_no_harm),
        WITH_TALLY(a_timeout_counts_with_the_time_that_was_waited),
        WITH_TALLY(a_refused_connection_does_not_flatter_the_latency),
        WITH_TALLY(what_never_left_or_never_ended_counts_with_the_time_up_to_the_end),
        WITH_TALLY(a_failed_attempt_is_an_error_without_latency),
        WITH_TALLY(answers_are_counted_by_pod),
        WITH_TALLY(more_pods_than_there_is_room_for_are_counted_together),
        WITH_TALLY(a_window_holds_what_came_since_the_last_one),
    };

    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
