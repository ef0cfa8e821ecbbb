// SPDX-License-Identifier: MIT
#include "lab/stopper.h"

#include "base/clock.h"
#include "base/err.h"
#include "lab/cpu.h"
#include "lab/resident.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#define DEBT_PERIODS 10
#define LOOK_MIN_NS NS_PER_MS /* between two looks at a group */

struct member {
    struct member *next;
    int proc_fd; /* the directory /proc/PID */
    clockid_t clock;
    uint64_t seen_ns; /* CPU time at the last look */
};

struct stopper_group {
    struct stopper *stopper;
    struct stopper_group *next;
    struct member *members;
    int64_t quota_ns;   /* per period; 0: no limit */
    int64_t balance_ns; /* left of the quota, or debt */
    uint64_t period_end_ns, look_ns;
    uint64_t stopped_since_ns;
    bool stopped;
    bool ran, throttled; /* in this period */
    uint64_t used_ns, periods, throttled_periods, throttled_ns;
};

struct stopper {
    pthread_t thread;
    pthread_mutex_t lock; /* guards everything below, and all groups */
    pthread_cond_t changed;
    struct stopper_group *groups;
    int64_t cores;
    bool ending;
};

static void send_to_all(const struct stopper_group *g, int signal)
{
    for (const struct member *m = g->members; m; m = m->next)
        (void)pidfd_send_signal(m->proc_fd, signal, NULL, 0);
}

/* False when the process was reaped. The clock is named by a number that may have a new owner by
 * now; the signal 0 afterwards tells whether it was still ours when the clock was read. */
static bool read_cpu_clock(const struct member *m, uint64_t *ret_ns)
{
    struct timespec t;

    if (clock_gettime(m->clock, &t) < 0 || pidfd_send_signal(m->proc_fd, 0, NULL, 0) < 0)
        return false;
    *ret_ns = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
    return true;
}

static void forget(struct member **at)
{
    struct member *m = *at;

    *at = m->next;
    (void)close(m->proc_fd);
    free(m);
}

/* Books the CPU time since the last look. */
static void look(struct stopper_group *g)
{
    struct member **at = &g->members;
    uint64_t used_ns = 0;

    while (*at) {
        struct member *m = *at;
        uint64_t now_ns;

        if (!read_cpu_clock(m, &now_ns)) {
            forget(at);
            continue;
        }
        if (now_ns > m->seen_ns) {
            used_ns += now_ns - m->seen_ns;
            m->seen_ns = now_ns;
        }
        at = &m->next;
    }
    g->used_ns += used_ns;
    g->balance_ns -= (int64_t)used_ns;
    g->ran |= used_ns > 0;
}

static void stop(struct stopper_group *g, uint64_t now_ns)
{
    send_to_all(g, SIGSTOP);
    g->stopped = g->throttled = true;
    g->stopped_since_ns = now_ns;
}

static void resume(struct stopper_group *g, uint64_t now_ns)
{
    g->stopped = false;
    g->throttled_ns += now_ns - g->stopped_since_ns;
    send_to_all(g, SIGCONT);
}

static int64_t between(int64_t low, int64_t value, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static void begin_period(struct stopper_group *g, uint64_t now_ns)
{
    uint64_t ended = 1 + (now_ns - g->period_end_ns) / CPU_PERIOD_NS;

    if (g->ran || g->stopped)
        g->periods += ended;
    if (g->throttled)
        g->throttled_periods += ended;
    g->period_end_ns += ended * CPU_PERIOD_NS;
    g->balance_ns = between(-DEBT_PERIODS * g->quota_ns,
                            g->balance_ns + (int64_t)ended * g->quota_ns, g->quota_ns);
    if (g->stopped && g->balance_ns > 0)
        resume(g, now_ns);
    g->ran = false;
    g->throttled = g->stopped;
}

/* The quota cannot be used up before all cores have worked on the rest of it. */
static uint64_t next_look_ns(const struct stopper_group *g, uint64_t now_ns)
{
    if (g->stopped)
        return g->period_end_ns;

    uint64_t at_ns = now_ns + (uint64_t)between(LOOK_MIN_NS, g->balance_ns / g->stopper->cores,
                                                (int64_t)CPU_PERIOD_NS);
    return at_ns < g->period_end_ns ? at_ns : g->period_end_ns;
}

static void enforce(struct stopper_group *g, uint64_t now_ns)
{
    look(g);
    if (now_ns >= g->period_end_ns)
        begin_period(g, now_ns);
    if (!g->stopped && g->balance_ns <= 0)
        stop(g, now_ns);
    g->look_ns = next_look_ns(g, now_ns);
}

/* Returns when the next group wants to be looked at. */
static uint64_t enforce_due(struct stopper *s)
{
    uint64_t now_ns = clock_mono_ns(), next_ns = UINT64_MAX;

    for (struct stopper_group *g = s->groups; g; g = g->next) {
        if (g->quota_ns == 0)
            continue;
        if (g->look_ns <= now_ns)
            enforce(g, now_ns);
        if (g->look_ns < next_ns)
            next_ns = g->look_ns;
    }
    return next_ns;
}

static void wait_until(struct stopper *s, uint64_t at_ns)
{
    const struct timespec at = {.tv_sec = (time_t)(at_ns / NS_PER_S),
                                .tv_nsec = (long)(at_ns % NS_PER_S)};

    if (at_ns == UINT64_MAX)
        (void)pthread_cond_wait(&s->changed, &s->lock);
    else
        (void)pthread_cond_timedwait(&s->changed, &s->lock, &at);
}

static void *run(void *arg)
{
    struct stopper *s = arg;

    pthread_mutex_lock(&s->lock);
    while (!s->ending)
        wait_until(s, enforce_due(s));
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void init_monotonic(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

int stopper_new(struct stopper **ret, struct err *err)
{
    struct stopper *s = calloc(1, sizeof(*s));

    if (!s)
        return err_set(err, -ENOMEM, "out of memory");
    pthread_mutex_init(&s->lock, NULL);
    init_monotonic(&s->changed);
    s->cores = between(1, sysconf(_SC_NPROCESSORS_ONLN), 1024);

    int r = pthread_create(&s->thread, NULL, run, s);
    if (r != 0) {
        free(s);
        return err_errno(err, r, "cannot start the thread of the CPU limiter");
    }
    *ret = s;
    return 0;
}

void stopper_free(struct stopper *s)
{
    if (!s)
        return;

    pthread_mutex_lock(&s->lock);
    assert(!s->groups);
    s->ending = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int stopper_group_new(struct stopper *s, uint32_t limit_milli, struct stopper_group **ret,
                      struct err *err)
{
    struct stopper_group *g = calloc(1, sizeof(*g));

    if (!g)
        return err_set(err, -ENOMEM, "out of memory");
    g->stopper = s;
    g->quota_ns = (int64_t)(limit_milli * (CPU_PERIOD_NS / 1000));
    g->balance_ns = g->quota_ns;
    g->look_ns = clock_mono_ns();
    g->period_end_ns = g->look_ns + CPU_PERIOD_NS;

    pthread_mutex_lock(&s->lock);
    g->next = s->groups;
    s->groups = g;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    *ret = g;
    return 0;
}

static int open_member(struct member *m, pid_t pid)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    m->proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->proc_fd < 0)
        return errno;

    int r = clock_getcpuclockid(pid, &m->clock);
    if (r != 0)
        (void)close(m->proc_fd);
    return r;
}

int stopper_group_add(struct stopper_group *g, pid_t pid, struct err *err)
{
    struct member *m = calloc(1, sizeof(*m));

    if (!m)
        return err_set(err, -ENOMEM, "out of memory");
    int r = open_member(m, pid);
    if (r != 0) {
        free(m);
        return err_errno(err, r, "cannot watch process %d", (int)pid);
    }

    pthread_mutex_lock(&g->stopper->lock);
    m->next = g->members;
    g->members = m;
    pthread_mutex_unlock(&g->stopper->lock);
    return 0;
}

static uint64_t memory_bytes(const struct stopper_group *g)
{
    uint64_t sum = 0;

    for (const struct member *m = g->members; m; m = m->next)
        sum += resident_bytes(m->proc_fd, "statm");
    return sum;
}

void stopper_group_usage(struct stopper_group *g, struct cpu_usage *ret)
{
    pthread_mutex_lock(&g->stopper->lock);
    uint64_t now_ns = clock_mono_ns();
    look(g);
    *ret = (struct cpu_usage){
        .usage_ns = g->used_ns,
        .periods = g->periods,
        .throttled_periods = g->throttled_periods,
        .throttled_ns = g->throttled_ns + (g->stopped ? now_ns - g->stopped_since_ns : 0),
        .memory_bytes = memory_bytes(g),
    };
    pthread_mutex_unlock(&g->stopper->lock);
}

static void unlink_group(struct stopper_group *g)
{
    struct stopper_group **at = &g->stopper->groups;

    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
}

void stopper_group_free(struct stopper_group *g)
{
    if (!g)
        return;

    pthread_mutex_lock(&g->stopper->lock);
    unlink_group(g);
    if (g->stopped)
        send_to_all(g, SIGCONT);
    pthread_mutex_unlock(&g->stopper->lock);
    while (g->members)
        forget(&g->members);
    free(g);
}
