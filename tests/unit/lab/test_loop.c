// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "http/client.h"
#include "lab/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static int make_loop(void **state)
{
    struct loop *l = NULL;

    if (loop_new(&l, NULL) < 0)
        return -1;
    *state = l;
    return 0;
}

static int free_loop(void **state)
{
    loop_free(*state);
    return 0;
}

struct probe { /* what a callback does and counts */
    struct loop *loop;
    struct loop_timer timer;
    struct probe *other;
    int fds[2], calls;
    char order[8], letter;
};

static void count(void *arg)
{
    struct probe *p = arg;

    p->calls++;
}

static void note(void *arg)
{
    struct probe *p = arg;
    struct probe *first = p->other;
    size_t len = strlen(first->order);

    first->order[len] = p->letter;
}

static void read_one(void *arg)
{
    struct probe *p = arg;
    char byte;

    p->calls++;
    (void)!read(p->fds[0], &byte, 1);
}

static void unwatch_both(void *arg)
{
    struct probe *p = arg;

    p->calls++;
    loop_unwatch(p->loop, p->fds[0]);
    loop_unwatch(p->loop, p->other->fds[0]);
}

static void again_at_once(void *arg)
{
    struct probe *p = arg;

    p->calls++;
    loop_timer_set(p->loop, &p->timer, clock_mono_ns(), again_at_once, p);
}

static void turn_other_off(void *arg)
{
    struct probe *p = arg;

    p->calls++;
    loop_timer_off(p->loop, &p->other->timer);
}

static void stop(void *arg)
{
    struct probe *p = arg;

    p->calls++;
    loop_stop(p->loop);
}

static uint64_t soon(void)
{
    return clock_mono_ns() + 20 * NS_PER_MS;
}

static void fires_timers_in_the_order_of_their_times(void **state)
{
    struct probe a = {.letter = 'a'}, b = {.letter = 'b'}, c = {.letter = 'c'};
    uint64_t now_ns = clock_mono_ns();

    a.other = b.other = c.other = &a;
    loop_timer_set(*state, &c.timer, now_ns - 1, note, &c);
    loop_timer_set(*state, &a.timer, now_ns - 3, note, &a);
    loop_timer_set(*state, &b.timer, now_ns - 2, note, &b);
    loop_once(*state, soon());
    assert_string_equal(a.order, "abc");
    loop_once(*state, clock_mono_ns());
    assert_string_equal(a.order, "abc"); /* once a set */
}

static void waits_no_longer_than_the_first_timer(void **state)
{
    struct probe p = {0};
    uint64_t start_ns = clock_mono_ns();

    loop_timer_set(*state, &p.timer, start_ns + 20 * NS_PER_MS, count, &p);
    while (!p.calls)
        loop_once(*state, start_ns + 30 * NS_PER_S);
    assert_true(clock_mono_ns() >= start_ns + 20 * NS_PER_MS);
    assert_true(clock_mono_ns() < start_ns + 20 * NS_PER_S);
}

static void a_timer_that_is_off_does_not_fire(void **state)
{
    struct probe p = {0}, killer = {.loop = *state, .other = &p};

    loop_timer_set(*state, &p.timer, 2, count, &p);
    loop_timer_set(*state, &killer.timer, 1, turn_other_off, &killer);
    loop_once(*state, soon());
    assert_int_equal(killer.calls, 1);
    assert_int_equal(p.calls, 0);
    loop_timer_off(*state, &p.timer); /* off already: nothing */
}

static void a_timer_set_again_moves(void **state)
{
    struct probe p = {0};

    loop_timer_set(*state, &p.timer, 1, count, &p);
    loop_timer_set(*state, &p.timer, clock_mono_ns() + 60 * NS_PER_S, count, &p);
    loop_once(*state, clock_mono_ns());
    assert_int_equal(p.calls, 0);
    loop_timer_off(*state, &p.timer);
}

static void a_timer_that_sets_itself_again_lets_descriptors_in(void **state)
{
    struct probe busy = {.loop = *state}, p = {0};

    assert_int_equal(pipe2(p.fds, O_CLOEXEC), 0);
    assert_int_equal(loop_watch(*state, p.fds[0], read_one, &p), 0);
    assert_int_equal(write(p.fds[1], "x", 1), 1);
    loop_timer_set(*state, &busy.timer, 1, again_at_once, &busy);
    loop_once(*state, soon());
    loop_once(*state, soon());
    assert_int_equal(p.calls, 1);
    assert_int_equal(busy.calls, 2);
    loop_timer_off(*state, &busy.timer);
    loop_unwatch(*state, p.fds[0]);
    (void)close(p.fds[0]);
    (void)close(p.fds[1]);
}

static void calls_for_what_is_readable_and_for_what_was_closed(void **state)
{
    struct probe p = {0};

    assert_int_equal(pipe2(p.fds, O_CLOEXEC), 0);
    assert_int_equal(loop_watch(*state, p.fds[0], read_one, &p), 0);
    loop_once(*state, clock_mono_ns());
    assert_int_equal(p.calls, 0);
    assert_int_equal(write(p.fds[1], "x", 1), 1);
    loop_once(*state, soon());
    assert_int_equal(p.calls, 1);
    (void)close(p.fds[1]);
    loop_once(*state, soon());
    assert_int_equal(p.calls, 2);
    loop_unwatch(*state, p.fds[0]);
    loop_once(*state, clock_mono_ns());
    assert_int_equal(p.calls, 2);
    (void)close(p.fds[0]);
}

static void unwatching_in_a_callback_holds_for_events_of_the_same_round(void **state)
{
    struct probe a = {.loop = *state}, b = {.loop = *state, .other = &a};

    a.other = &b;
    assert_int_equal(pipe2(a.fds, O_CLOEXEC), 0);
    assert_int_equal(pipe2(b.fds, O_CLOEXEC), 0);
    assert_int_equal(loop_watch(*state, a.fds[0], unwatch_both, &a), 0);
    assert_int_equal(loop_watch(*state, b.fds[0], unwatch_both, &b), 0);
    (void)close(a.fds[1]);
    (void)close(b.fds[1]);
    loop_once(*state, soon());
    loop_once(*state, clock_mono_ns());
    assert_int_equal(a.calls + b.calls, 1);
    (void)close(a.fds[0]);
    (void)close(b.fds[0]);
}

static void refuses_what_cannot_be_watched(void **state)
{
    struct probe p = {0};

    assert_int_equal(loop_watch(*state, 9999, count, &p), -EBADF);
    loop_unwatch(*state, 9999);
}

static void a_failed_request_is_called_back(void *arg, int result, int status,
                                            const struct buf *body, const struct err *err)
{
    struct probe *p = arg;

    (void)status;
    (void)body;
    (void)err;
    assert_true(result < 0);
    p->calls++;
}

static void serves_requests_too(void **state)
{
    struct probe p = {0};
    const struct http_call call = {.url = "http://127.0.0.1:1/", .timeout_ns = NS_PER_S};
    uint64_t until_ns = clock_mono_ns() + 20 * NS_PER_S;

    assert_true(
        fetcher_start(loop_fetcher(*state), &call, 100, a_failed_request_is_called_back, &p) > 0);
    while (!p.calls && clock_mono_ns() < until_ns)
        loop_once(*state, until_ns);
    assert_int_equal(p.calls, 1);
}

static void *stop_from_outside(void *arg)
{
    loop_stop(arg);
    return NULL;
}

static void runs_until_it_is_stopped_from_any_thread(void **state)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, *state), 0);
    loop_run(*state);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void stops_from_a_callback(void **state)
{
    struct probe p = {.loop = *state};

    loop_timer_set(*state, &p.timer, 1, stop, &p);
    loop_run(*state);
    assert_int_equal(p.calls, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_loop, free_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fires_timers_in_the_order_of_their_times),
        TEST(waits_no_longer_than_the_first_timer),
        TEST(a_timer_that_is_off_does_not_fire),
        TEST(a_timer_set_again_moves),
        TEST(a_timer_that_sets_itself_again_lets_descriptors_in),
        TEST(calls_for_what_is_readable_and_for_what_was_closed),
        TEST(unwatching_in_a_callback_holds_for_events_of_the_same_round),
        TEST(refuses_what_cannot_be_watched),
        TEST(serves_requests_too),
        TEST(runs_until_it_is_stopped_from_any_thread),
        TEST(stops_from_a_callback),
    };
    json_object_seed(0);
    http_client_setup();
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
