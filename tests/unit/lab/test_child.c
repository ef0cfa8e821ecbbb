// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "lab/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 20000

static struct child_spec shell(char *argv[4], const char *script)
{
    argv[0] = (char *)(uintptr_t) "sh";
    argv[1] = (char *)(uintptr_t) "-c";
    argv[2] = (char *)(uintptr_t)script;
    argv[3] = NULL;
    return (struct child_spec){.program = "/bin/sh", .argv = argv, .stdout_fd = -1};
}

static void assert_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&p, 1, TIMEOUT_MS), 1);
}

/* Runs a script to its end and returns what child_reap says. */
static int run_shell(const char *script)
{
    char *argv[4];
    struct child_spec spec = shell(argv, script);
    int pidfd = -1;
    pid_t pid = child_start(&spec, &pidfd, NULL);

    assert_true(pid > 0);
    assert_readable(pidfd);
    (void)close(pidfd);
    return child_reap(pid);
}

static void reaps_the_exit_code(void **state)
{
    (void)state;
    assert_int_equal(run_shell("exit 0"), 0);
    assert_int_equal(run_shell("exit 7"), 7);
}

static void reaps_a_signal_as_a_shell_does(void **state)
{
    (void)state;
    assert_int_equal(run_shell("kill -KILL $$"), 128 + SIGKILL);
    assert_int_equal(run_shell("kill -TERM $$"), 128 + SIGTERM); /* not blocked as in the lab */
}

static void reports_that_a_program_cannot_run(void **state)
{
    char *argv[4];
    struct child_spec spec = shell(argv, "");
    struct err e = {0};
    int pidfd = -7;
    (void)state;

    spec.program = "/nonexistent/program";
    assert_int_equal(child_start(&spec, &pidfd, &e), -ENOENT);
    assert_non_null(strstr(e.text, "/nonexistent/program"));
    spec.program = "/etc/passwd";
    assert_int_equal(child_start(&spec, &pidfd, &e), -EACCES);
    assert_int_equal(pidfd, -7);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to be reaped */
    assert_int_equal(errno, ECHILD);
}

static void reports_that_a_folder_is_missing(void **state)
{
    char *argv[4];
    struct child_spec spec = shell(argv, "exit 0");
    struct err e = {0};
    int pidfd = -1;
    (void)state;

    spec.folder = "/nonexistent";
    assert_int_equal(child_start(&spec, &pidfd, &e), -ENOENT);
}

static void reports_that_a_log_cannot_be_written(void **state)
{
    char *argv[4];
    struct child_spec spec = shell(argv, "exit 0");
    struct err e = {0};
    int pidfd = -1;
    (void)state;

    spec.log = "/nonexistent/log";
    assert_int_equal(child_start(&spec, &pidfd, &e), -ENOENT);
    assert_non_null(strstr(e.text, "/nonexistent/log"));
}

static void appends_both_outputs_to_the_log(void **state)
{
    char *argv[4], path[] = "/tmp/swell-test-child-XXXXXX", text[64] = "";
    int fd = mkstemp(path), pidfd = -1;
    struct child_spec spec = shell(argv, "echo out; echo err >&2");
    (void)state;

    assert_int_equal(write(fd, "old\n", 4), 4);
    spec.log = path;
    pid_t pid = child_start(&spec, &pidfd, NULL);
    assert_true(pid > 0);
    (void)close(pidfd);
    assert_int_equal(child_reap(pid), 0);
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, "old\nout\nerr\n");
    (void)close(fd);
    (void)unlink(path);
}

static void inherits_no_descriptor(void **state)
{
    int fds[2];
    (void)state;

    assert_int_equal(pipe(fds), 0); /* as a library may do it: without close-on-exec */
    assert_int_equal(run_shell("for i in 3 4 5 6 7 8 9 10 11 12; do "
                               "test -e /proc/self/fd/$i && exit $i; done; exit 0"),
                     0);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void reads_nothing_from_stdin(void **state)
{
    (void)state;
    assert_int_equal(run_shell("read line && exit 1; exit 0"), 0);
}

/* Starts a child that never ends by itself and holds fd. */
static pid_t start_endless(int fd)
{
    char *argv[4];
    struct child_spec spec = shell(argv, "exec sleep 1000");
    int pidfd = -1;

    spec.stdout_fd = fd;
    pid_t pid = child_start(&spec, &pidfd, NULL);
    if (pidfd >= 0)
        (void)close(pidfd);
    return pid;
}

static void dies_with_the_process_that_started_it(void **state)
{
    int fds[2];
    char byte;
    (void)state;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t lab = fork();
    if (lab == 0)
        _exit(start_endless(fds[1]) > 0 ? 0 : 1); /* no time for goodbyes */
    (void)close(fds[1]);
    assert_int_equal(child_reap(lab), 0);
    assert_readable(fds[0]); /* the last holder of the other end is gone */
    assert_int_equal(read(fds[0], &byte, 1), 0);
    (void)close(fds[0]);
}

static void *start_in_thread(void *arg)
{
    return (void *)(intptr_t)start_endless(*(int *)arg);
}

static void dies_with_the_thread_that_started_it(void **state)
{
    int fds[2];
    pthread_t thread;
    void *pid = NULL;
    (void)state;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, start_in_thread, &fds[1]), 0);
    assert_int_equal(pthread_join(thread, &pid), 0);
    assert_true((intptr_t)pid > 0);
    (void)close(fds[1]);
    assert_int_equal(child_reap((pid_t)(intptr_t)pid), 128 + SIGKILL);
    (void)close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reaps_the_exit_code),
        cmocka_unit_test(reaps_a_signal_as_a_shell_does),
        cmocka_unit_test(reports_that_a_program_cannot_run),
        cmocka_unit_test(reports_that_a_folder_is_missing),
        cmocka_unit_test(reports_that_a_log_cannot_be_written),
        cmocka_unit_test(appends_both_outputs_to_the_log),
        cmocka_unit_test(inherits_no_descriptor),
        cmocka_unit_test(reads_nothing_from_stdin),
        cmocka_unit_test(dies_with_the_process_that_started_it),
        cmocka_unit_test(dies_with_the_thread_that_started_it),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
