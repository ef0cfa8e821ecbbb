// SPDX-License-Identifier: MIT
/* Every behaviour is tested in every way that works on the machine; one that does not is named and
 * skipped. The pods are this program again, run as "test_lab_cpu ROLE". */
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "lab/cpu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BURN_NS (400 * NS_PER_MS)
#define PATIENCE_NS (10 * NS_PER_S)
#define TOUCHED (16 * MIB)

static uint64_t process_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void *spin(void *arg)
{
    for (;;)
        (void)process_cpu_ns();
    return arg;
}

static void *burn(void *arg)
{
    while (process_cpu_ns() < BURN_NS)
        continue;
    return arg;
}

static void run_in_thread(void *(*work)(void *), bool wait)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, work, NULL) != 0)
        _exit(98);
    if (wait)
        pthread_join(thread, NULL);
}

/* Tells the parent that the role is played, then waits to be killed. */
static void rest(void)
{
    (void)!write(STDOUT_FILENO, "!", 1);
    for (;;)
        pause();
}

static void touch_memory(void)
{
    volatile char *memory = malloc(TOUCHED);

    for (size_t at = 0; memory && at < TOUCHED; at += 1024)
        memory[at] = 1;
}

static int play(const char *role)
{
    if (strcmp(role, "spin") == 0) {
        spin(NULL);
    } else if (strcmp(role, "spin-in-two-threads") == 0) {
        run_in_thread(spin, false);
        spin(NULL);
    } else if (strcmp(role, "burn") == 0) {
        burn(NULL);
    } else if (strcmp(role, "burn-in-a-thread-that-ends") == 0) {
        run_in_thread(burn, true);
    } else if (strcmp(role, "touch-memory") == 0) {
        touch_memory();
    } else {
        return EXIT_FAILURE;
    }
    rest();
    return EXIT_FAILURE;
}

struct fixture {
    enum cpu_way way;
    struct cpu_control *control;
    struct cpu_group *group;
    pid_t pid;
    int out; /* of the pod */
};

static bool file_has(const char *path, const char *word)
{
    char text[4096] = "";
    scoped(close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, word);
}

/* What the machine offers, judged by the usual places and not by the code under test. */
static bool must_work(enum cpu_way way)
{
    switch (way) {
    case CPU_CGROUP1:
        return access("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", W_OK) == 0 &&
               access("/sys/fs/cgroup/cpuacct/cpuacct.usage", W_OK) == 0;
    case CPU_CGROUP2:
        return access("/sys/fs/cgroup/cgroup.procs", W_OK) == 0 &&
               file_has("/sys/fs/cgroup/cgroup.subtree_control", "cpu");
    default:
        return true;
    }
}

static int set_up(void **state)
{
    const enum cpu_way way = *(const enum cpu_way *)*state;
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};

    *f = (struct fixture){.way = way, .out = -1};
    *state = f;
    int r = cpu_control_new(way, &f->control, &err);
    if (r == 0)
        return 0;
    print_message("NOT TESTED: %s\n", err.text);
    assert_int_equal(r, -EOPNOTSUPP);
    assert_false(must_work(way));
    return 0;
}

static struct fixture *usable(void **state)
{
    struct fixture *f = *state;

    if (!f->control)
        skip();
    return f;
}

static void kill_pod(struct fixture *f)
{
    if (f->pid > 0) {
        (void)kill(f->pid, SIGKILL);
        (void)waitpid(f->pid, NULL, 0);
    }
    f->pid = 0;
    close_at(&f->out);
    f->out = -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    kill_pod(f);
    cpu_group_free(f->group);
    cpu_control_free(f->control);
    free(f);
    return 0;
}

static void make_group(struct fixture *f, uint32_t limit_milli)
{
    struct err err = {0};

    if (cpu_group_new(f->control, "web-7d9c-x2x", limit_milli, 200, &f->group, &err) < 0)
        fail_msg("%s", err.text);
}

static void become_pod(const struct fixture *f, const char *role, int out)
{
    char name[] = "test_lab_cpu", *argv[] = {name, strdup(role), NULL};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpriority(PRIO_PROCESS, 0, -15); /* as root: whatever else runs on the machine */
    if (cpu_group_join(f->group) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(99);
    (void)execv("/proc/self/exe", argv);
    _exit(99);
}

static void start(struct fixture *f, const char *role)
{
    struct err err = {0};
    int out[2];

    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0)
        become_pod(f, role, out[1]);
    if (cpu_group_add(f->group, f->pid, &err) < 0)
        fail_msg("%s", err.text);
    (void)close(out[1]);
    f->out = out[0];
}

static void wait_until_played(struct fixture *f)
{
    char done = '\0';

    assert_int_equal(read(f->out, &done, 1), 1);
    assert_int_equal(done, '!');
}

static struct cpu_usage usage(const struct fixture *f)
{
    struct cpu_usage u = {0};

    assert_int_equal(cpu_group_usage(f->group, &u), 0);
    return u;
}

static void let_run(uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};

    (void)nanosleep(&t, NULL);
}

static void assert_within_percent(double value, double expected, double percent)
{
    if (value < expected * (1 - percent / 100) || value > expected * (1 + percent / 100))
        fail_msg("%f is not within %.0f %% of %f", value, percent, expected);
}

static void wait_for_throttling(const struct fixture *f)
{
    const uint64_t give_up_ns = clock_mono_ns() + PATIENCE_NS;

    while (usage(f).throttled_periods == 0 && clock_mono_ns() < give_up_ns)
        let_run(5 * NS_PER_MS);
    assert_true(usage(f).throttled_periods > 0);
}

static char process_state(pid_t pid)
{
    char path[32], text[256] = "";

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    scoped(close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
    return strrchr(text, ')')[2];
}

/* True once the process is, or while it stays, in a state; asks for at most PATIENCE_NS. */
static bool reaches_state(pid_t pid, const char *states)
{
    const uint64_t give_up_ns = clock_mono_ns() + PATIENCE_NS;

    while (!strchr(states, process_state(pid)) && clock_mono_ns() < give_up_ns)
        let_run(NS_PER_MS);
    return strchr(states, process_state(pid));
}

static double cores_used(const struct fixture *f, uint64_t for_ns)
{
    const uint64_t from_ns = clock_mono_ns(), used_from_ns = usage(f).usage_ns;

    let_run(for_ns);
    const uint64_t used_ns = usage(f).usage_ns - used_from_ns;
    return (double)used_ns / (double)(clock_mono_ns() - from_ns);
}

/* Too much is wrong at once. Too little can be the fault of others who want the CPU: look again. */
static void assert_cores_used(const struct fixture *f, double expected, uint64_t for_ns)
{
    double cores = cores_used(f, for_ns);

    for (int again = 0; again < 4 && cores < expected * 0.85; again++)
        cores = cores_used(f, for_ns);
    assert_within_percent(cores, expected, 15);
}

static void holds_a_spinning_pod_to_its_limit(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 200);
    start(f, "spin");
    wait_for_throttling(f);
    assert_cores_used(f, 0.2, 3 * NS_PER_S);
}

static void holds_two_spinning_threads_together_to_the_limit(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 500);
    start(f, "spin-in-two-threads");
    wait_for_throttling(f);
    assert_cores_used(f, 0.5, 2 * NS_PER_S);
}

static void counts_periods_and_throttled_time(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 200);
    start(f, "spin");
    wait_for_throttling(f);
    const struct cpu_usage before = usage(f);
    let_run(NS_PER_S);
    const struct cpu_usage after = usage(f);

    /* Ten periods in this second, each with some 80 ms of throttling; less where others on the
     * machine let the pod take longer for its quota. */
    assert_in_range(after.periods - before.periods, 8, 12);
    assert_in_range(after.throttled_periods - before.throttled_periods, 5, 12);
    assert_true(after.throttled_periods <= after.periods);
    assert_in_range(after.throttled_ns - before.throttled_ns, 200 * NS_PER_MS, 1100 * NS_PER_MS);
}

static void does_not_throttle_without_a_limit(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 0);
    start(f, "burn");
    wait_until_played(f);
    assert_int_equal(usage(f).throttled_periods, 0);
    assert_int_equal(usage(f).throttled_ns, 0);
}

static void counts_the_cpu_time_that_the_pod_counts(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 0);
    start(f, "burn");
    wait_until_played(f);
    const uint64_t used_ns = usage(f).usage_ns;

    struct rusage own;
    assert_int_equal(kill(f->pid, SIGKILL), 0);
    assert_int_equal(wait4(f->pid, NULL, 0, &own), f->pid);
    f->pid = 0;
    double own_s = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
                   (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
    assert_within_percent((double)used_ns / 1e9, own_s, 3);
    assert_within_percent((double)used_ns / 1e9, (double)BURN_NS / 1e9, 5);
}

static void counts_threads_that_have_ended(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 0);
    start(f, "burn-in-a-thread-that-ends");
    wait_until_played(f);
    assert_within_percent((double)usage(f).usage_ns, (double)BURN_NS, 5);
}

static void usage_does_not_fall_when_a_container_is_restarted(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 0);
    start(f, "burn");
    wait_until_played(f);
    const uint64_t first_ns = usage(f).usage_ns;
    kill_pod(f);
    start(f, "burn");
    assert_true(usage(f).usage_ns >= first_ns);
    wait_until_played(f);
    assert_within_percent((double)usage(f).usage_ns, 2 * (double)BURN_NS, 5);
}

static uint64_t resident_of_status(pid_t pid)
{
    char path[32], line[256];
    uint64_t kib = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtoull(line + 6, NULL, 10);
    (void)fclose(file);
    return kib * 1024;
}

static void reports_resident_memory(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 0);
    start(f, "touch-memory");
    wait_until_played(f);
    const uint64_t memory_bytes = usage(f).memory_bytes;
    assert_true(memory_bytes >= TOUCHED);
    assert_within_percent((double)memory_bytes, (double)resident_of_status(f->pid), 15);

    kill_pod(f);
    assert_int_equal(usage(f).memory_bytes, 0);
}

static void a_throttled_pod_ends_on_sigterm(void **state)
{
    struct fixture *f = usable(state);
    siginfo_t how = {0};

    make_group(f, 10);
    start(f, "spin");
    wait_for_throttling(f);
    assert_int_equal(kill(f->pid, SIGTERM), 0);
    const uint64_t from_ns = clock_mono_ns();
    assert_int_equal(waitid(P_PID, (id_t)f->pid, &how, WEXITED), 0);
    assert_true(clock_mono_ns() - from_ns < 3 * NS_PER_S);
    assert_int_equal(how.si_code, CLD_KILLED);
    assert_int_equal(how.si_status, SIGTERM);
    f->pid = 0;
}

static bool exists(const char *hierarchy, const char *lab)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", hierarchy, lab);
    return access(path, F_OK) == 0;
}

static bool has_directory(int pid)
{
    static const char *const hierarchies[] = {"", "/cpu", "/cpuacct", "/cpu,cpuacct", "/unified"};
    char lab[32];

    (void)snprintf(lab, sizeof(lab), "swell-lab-%d", pid);
    for (size_t i = 0; i < ARRAY_LEN(hierarchies); i++)
        if (exists(hierarchies[i], lab))
            return true;
    return false;
}

static void leaves_nothing_behind(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 100);
    start(f, "spin");
    wait_for_throttling(f);
    if (f->way != CPU_SIGNALS)
        assert_true(has_directory(getpid()));
    kill_pod(f);
    cpu_group_free(f->group);
    f->group = NULL;
    cpu_control_free(f->control);
    f->control = NULL;
    assert_false(has_directory(getpid()));
}

/* The pod is freed while it still exits: what was busy then is removed with the control. */
static void removes_the_directory_of_a_pod_that_was_still_running(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 100);
    start(f, "spin");
    cpu_group_free(f->group);
    f->group = NULL;
    kill_pod(f);
    cpu_control_free(f->control);
    f->control = NULL;
    assert_false(has_directory(getpid()));
}

static void refuses_names_that_are_no_pod_names(void **state)
{
    static const char *const names[] = {"", ".", "..", "../up", "a/b", "Web", "-x", "a_b", "a b"};
    struct fixture *f = usable(state);

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct cpu_group *group = NULL;
        struct err err = {0};
        assert_int_equal(cpu_group_new(f->control, names[i], 100, 100, &group, &err), -EINVAL);
        assert_null(group);
        assert_non_null(strstr(err.text, "is not a pod name"));
    }
}

static void signals_never_leave_a_pod_stopped(void **state)
{
    struct fixture *f = usable(state);

    make_group(f, 10);
    start(f, "spin");
    assert_true(reaches_state(f->pid, "T"));
    cpu_group_free(f->group);
    f->group = NULL;
    assert_true(reaches_state(f->pid, "RS"));
    let_run(3 * CPU_PERIOD_NS);
    assert_true(reaches_state(f->pid, "RS"));
}

static void signals_refuse_a_process_that_does_not_exist(void **state)
{
    struct fixture *f = usable(state);
    struct err err = {0};

    make_group(f, 10);
    assert_int_equal(cpu_group_add(f->group, INT32_MAX, &err), -ENOENT);
    assert_string_equal(err.text, "cannot watch process 2147483647: No such file or directory");
}

static pid_t pid_of_the_dead(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

static void make_lab_directory(const char *hierarchy, int pid, const char *pod)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/swell-lab-%d%s", hierarchy, pid, pod);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void cgroup1_removes_what_a_killed_lab_left(void **state)
{
    struct fixture *f = usable(state);
    const int dead = pid_of_the_dead(), living = getppid();
    struct err err = {0};

    if (!must_work(CPU_CGROUP1))
        skip();
    make_lab_directory("/cpu", dead, "");
    make_lab_directory("/cpu", dead, "/web-1");
    make_lab_directory("/cpuacct", dead, "");
    make_lab_directory("/cpu", living, "");
    cpu_control_free(f->control);
    f->control = NULL;
    assert_int_equal(cpu_control_new(CPU_CGROUP1, &f->control, &err), 0);

    assert_false(has_directory(dead));
    assert_true(has_directory(living));
    char path[64];
    (void)snprintf(path, sizeof(path), "/sys/fs/cgroup/cpu/swell-lab-%d", living);
    assert_int_equal(rmdir(path), 0);
}

static void auto_takes_the_best_that_works(void **state)
{
    struct fixture *f = usable(state);
    const char *name = cpu_control_name(f->control);

    print_message("CPU limits on this machine: %s\n", name);
    if (must_work(CPU_CGROUP2))
        assert_string_equal(name, "cgroup v2");
    else if (must_work(CPU_CGROUP1))
        assert_string_not_equal(name, "signals");
}

static enum cpu_way ways[] = {CPU_AUTO, CPU_CGROUP2, CPU_CGROUP1, CPU_SIGNALS};

#define IN(way, title, test)                                                                       \
    {                                                                                              \
        title ": " #test, test, set_up, tear_down, &ways[way]                                      \
    }
#define IN_EVERY_WAY(test)                                                                         \
    IN(CPU_CGROUP2, "cgroup v2", test), IN(CPU_CGROUP1, "cgroup v1", test),                        \
        IN(CPU_SIGNALS, "signals", test)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        IN_EVERY_WAY(holds_a_spinning_pod_to_its_limit),
        IN_EVERY_WAY(holds_two_spinning_threads_together_to_the_limit),
        IN_EVERY_WAY(counts_periods_and_throttled_time),
        IN_EVERY_WAY(does_not_throttle_without_a_limit),
        IN_EVERY_WAY(counts_the_cpu_time_that_the_pod_counts),
        IN_EVERY_WAY(counts_threads_that_have_ended),
        IN_EVERY_WAY(usage_does_not_fall_when_a_container_is_restarted),
        IN_EVERY_WAY(reports_resident_memory),
        IN_EVERY_WAY(a_throttled_pod_ends_on_sigterm),
        IN_EVERY_WAY(leaves_nothing_behind),
        IN_EVERY_WAY(removes_the_directory_of_a_pod_that_was_still_running),
        IN_EVERY_WAY(refuses_names_that_are_no_pod_names),
        IN(CPU_SIGNALS, "signals", signals_never_leave_a_pod_stopped),
        IN(CPU_SIGNALS, "signals", signals_refuse_a_process_that_does_not_exist),
        IN(CPU_CGROUP1, "cgroup v1", cgroup1_removes_what_a_killed_lab_left),
        IN(CPU_AUTO, "auto", auto_takes_the_best_that_works),
    };

    if (argc > 1)
        return play(argv[1]);
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
