// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "http/connections.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT 4

static int ours[COUNT], theirs[COUNT]; /* the two ends of connections */

static int open_sockets(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
            return -1;
        ours[i] = ends[0];
        theirs[i] = ends[1];
    }
    return 0;
}

static int close_sockets(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        (void)close(ours[i]);
        (void)close(theirs[i]);
    }
    return 0;
}

static bool was_cut(int i)
{
    struct pollfd end = {.fd = theirs[i], .events = POLLRDHUP};

    return poll(&end, 1, 0) == 1;
}

static void who_waited_longest_makes_room(void **state)
{
    struct connections *all = connections_new(2, 3600 * NS_PER_S);
    (void)state;

    struct connection *a = connections_enter(all, ours[0]);
    struct connection *b = connections_enter(all, ours[1]);
    connections_wait(all, a, clock_mono_ns()); /* was answered: b waits longer now */
    struct connection *c = connections_enter(all, ours[2]);
    assert_non_null(c);
    assert_true(was_cut(1));
    assert_false(was_cut(0) || was_cut(2));
    connections_leave(all, a);
    connections_leave(all, b);
    connections_leave(all, c);
    connections_free(all);
}

static void who_is_busy_stays(void **state)
{
    struct connections *all = connections_new(2, 3600 * NS_PER_S);
    (void)state;

    struct connection *a = connections_enter(all, ours[0]);
    struct connection *b = connections_enter(all, ours[1]);
    connections_busy(all, a);
    connections_busy(all, b);
    assert_null(connections_enter(all, ours[2]));
    connections_wait(all, b, clock_mono_ns());
    struct connection *d = connections_enter(all, ours[3]);
    assert_non_null(d);
    assert_true(was_cut(1));
    assert_false(was_cut(0) || was_cut(3));
    connections_leave(all, a);
    connections_leave(all, b);
    connections_leave(all, d);
    connections_free(all);
}

static void who_leaves_makes_room_too(void **state)
{
    struct connections *all = connections_new(1, 3600 * NS_PER_S);
    (void)state;

    for (int i = 0; i < COUNT; i++) {
        struct connection *c = connections_enter(all, ours[i]);
        assert_non_null(c);
        connections_busy(all, c);
        connections_leave(all, c);
        assert_false(was_cut(i));
    }
    connections_free(all);
}

static void who_waits_too_long_is_cut(void **state)
{
    struct connections *all = connections_new(9, 0);
    (void)state;

    struct connection *a = connections_enter(all, ours[0]);
    struct connection *b = connections_enter(all, ours[1]);
    assert_true(was_cut(0));
    connections_busy(all, b);
    connections_wait(all, a, clock_mono_ns()); /* the end of an answer that nobody reads */
    assert_false(was_cut(1));
    connections_leave(all, a);
    connections_leave(all, b);
    connections_free(all);
}

static void others_requests_cut_who_waits_too_long(void **state)
{
    struct connections *all = connections_new(9, 3600 * NS_PER_S);
    uint64_t now_ns = clock_mono_ns();
    (void)state;

    struct connection *a = connections_enter(all, ours[0]);
    struct connection *b = connections_enter(all, ours[1]);
    connections_wait(all, b, now_ns + 1800 * NS_PER_S);
    assert_false(was_cut(0));
    connections_wait(all, b, now_ns + 3601 * NS_PER_S);
    assert_true(was_cut(0));
    assert_false(was_cut(1));
    connections_leave(all, a);
    connections_leave(all, b);
    connections_free(all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sockets, close_sockets)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_waited_longest_makes_room),
        TEST(who_is_busy_stays),
        TEST(who_leaves_makes_room_too),
        TEST(who_waits_too_long_is_cut),
        TEST(others_requests_cut_who_waits_too_long),
    };
    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
