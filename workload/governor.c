// SPDX-License-Identifier: MIT
#include "workload/governor.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/quantity.h"
#include "workload/bandwidth.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define LIMIT_MIN_MILLI 10 /* the kernel's least quota, 1 ms in a period */
#define LIMIT_MAX_MILLI (1024 * 1000)

static struct {
    int64_t limit_milli; /* 0: none; set before threads */

    pthread_mutex_t lock; /* guards what follows */
    struct bandwidth bandwidth;
    uint64_t throttled_ns; /* summed over threads, as the kernel sums over CPUs */
} governor = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* As the swell_cgroup_cpu_* series, which show a limit that the kernel keeps. */
static const struct metric_desc periods_total = {
    "swell_governor_cpu_periods_total",
    METRIC_COUNTER,
    "Periods of --cpu-limit in which something burned.",
    {0}};
static const struct metric_desc throttled_periods_total = {
    "swell_governor_cpu_throttled_periods_total",
    METRIC_COUNTER,
    "Periods of --cpu-limit whose quota was used up.",
    {0}};
static const struct metric_desc throttled_seconds_total = {
    "swell_governor_cpu_throttled_seconds_total",
    METRIC_COUNTER,
    "Time that threads were held back by --cpu-limit.",
    {0}};
static const struct metric_desc *const descs[] = {&periods_total, &throttled_periods_total,
                                                  &throttled_seconds_total};

static const struct opt rows[] = {
    {"cpu-limit", OPT_STRING, offsetof(struct governor_options, cpu_limit), NULL,
     "the most CPU that burns may use, as in a manifest (500m, 1.5): kept in periods of 100 ms as "
     "the kernel keeps a container's limit; for where no cgroup can be set"},
};

const struct role_part governor_part = {
    .opts = {rows, ARRAY_LEN(rows)}, .metrics = descs, .metric_count = ARRAY_LEN(descs)};

int governor_init(const char *limit, struct err *err)
{
    int64_t milli = 0;

    if (limit &&
        (quantity_parse(limit, &milli) < 0 || milli < LIMIT_MIN_MILLI || milli > LIMIT_MAX_MILLI))
        return err_set(err, -EINVAL,
                       "--cpu-limit takes CPUs from %dm to %d, such as 500m, not '%s'",
                       LIMIT_MIN_MILLI, LIMIT_MAX_MILLI / 1000, limit);

    governor.limit_milli = milli;
    governor.bandwidth =
        (struct bandwidth){.quota_ns = (uint64_t)milli * BANDWIDTH_PERIOD_NS / 1000};
    governor.throttled_ns = 0;
    return 0;
}

double governor_limit(void)
{
    return (double)governor.limit_milli / 1000;
}

static void sleep_until(uint64_t mono_ns)
{
    struct timespec until = {.tv_sec = (time_t)(mono_ns / NS_PER_S),
                             .tv_nsec = (long)(mono_ns % NS_PER_S)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

bool governor_admit(void)
{
    if (governor.limit_milli == 0)
        return true;

    pthread_mutex_lock(&governor.lock);
    uint64_t now_ns = clock_mono_ns();
    uint64_t wait_ns = bandwidth_wait_ns(&governor.bandwidth, now_ns, clock_process_cpu_ns());
    pthread_mutex_unlock(&governor.lock);
    if (wait_ns == 0)
        return true;

    sleep_until(now_ns + wait_ns);
    pthread_mutex_lock(&governor.lock);
    governor.throttled_ns += wait_ns;
    pthread_mutex_unlock(&governor.lock);
    return false;
}

static void collect(void *arg)
{
    struct metrics *m = arg;

    pthread_mutex_lock(&governor.lock);
    const struct bandwidth seen = governor.bandwidth;
    double throttled_s = (double)governor.throttled_ns / (double)NS_PER_S;
    pthread_mutex_unlock(&governor.lock);

    metric_set(metrics_series(m, &periods_total), (double)seen.periods);
    metric_set(metrics_series(m, &throttled_periods_total), (double)seen.throttled_periods);
    metric_set(metrics_series(m, &throttled_seconds_total), throttled_s);
}

void governor_add_metrics(struct metrics *m)
{
    if (governor.limit_milli != 0)
        metrics_on_collect(m, collect, m);
}
