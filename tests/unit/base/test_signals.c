// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "base/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_returns_the_signal_that_came(void **state)
{
    (void)state;
    (void)kill(getpid(), SIGTERM);
    assert_int_equal(signals_wait(), SIGTERM);
    (void)kill(getpid(), SIGINT);
    assert_int_equal(signals_wait(), SIGINT);
}

static void the_descriptor_is_readable_once_a_signal_came(void **state)
{
    scoped(close_at) int fd = signals_fd();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    (void)state;

    assert_true(fd >= 0);
    assert_int_equal(poll(&p, 1, 0), 0);
    (void)kill(getpid(), SIGTERM);
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_int_equal(signals_wait(), SIGTERM);
    assert_int_equal(poll(&p, 1, 0), 0);
}

static void *waits(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)signals_wait();
}

static void threads_inherit_the_mask(void **state)
{
    pthread_t thread;
    void *number;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, waits, NULL), 0);
    (void)kill(getpid(), SIGINT);
    assert_int_equal(pthread_join(thread, &number), 0);
    assert_int_equal((intptr_t)number, SIGINT);
}

static void a_broken_pipe_is_an_error_and_not_the_end(void **state)
{
    int ends[2];
    (void)state;

    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    (void)close(ends[1]);
}

/* How a child ends that sends itself number. */
static int fate(int number, bool restore)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (restore)
            signals_restore();
        (void)raise(number);
        _exit(7);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_child_gets_the_usual_signals_back(void **state)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGPIPE};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        int status = fate(numbers[i], false);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
        status = fate(numbers[i], true);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_returns_the_signal_that_came),
        cmocka_unit_test(the_descriptor_is_readable_once_a_signal_came),
        cmocka_unit_test(threads_inherit_the_mask),
        cmocka_unit_test(a_broken_pipe_is_an_error_and_not_the_end),
        cmocka_unit_test(a_child_gets_the_usual_signals_back),
    };
    signals_block();
    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
