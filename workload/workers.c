// SPDX-License-Identifier: MIT
#include "workload/workers.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "metrics/service.h"
#include "workload/backoff.h"
#include "workload/burn.h"
#include "workload/cost.h"
#include "workload/role.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* A source that is empty is asked about every second; with one that holds the call that long there
 * is no pause at all. */
#define EMPTY_PAUSE_MAX_NS NS_PER_S
#define ERROR_PAUSE_MAX_NS (5 * NS_PER_S)

enum ending { DONE, FAIL, GIVE_BACK }; /* what is to be said about a job */

struct workers {
    struct workers_config config;
    struct metric *cpu_seconds, *wait_seconds;
    struct metric *done, *failed, *returned, *duplicate, *unacknowledged;
    pthread_t threads[WORKERS_MAX];
    size_t thread_count;
    atomic_bool abandon; /* the drain's time is up: stop in the middle of a job */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t change;
    bool stopping;       /* take no more jobs */
    bool left_behind;    /* a job was neither finished nor given back */
    size_t working;      /* threads that have not ended */
    bool asked, reached; /* the newest call to the source: was there one, did it succeed */
};

struct worker { /* one thread's own */
    struct workers *all;
    void *source;
    struct backoff backoff;
    uint64_t lease_until_ns, extend_at_ns; /* monotonic; of the job in hand */
    int lost; /* the job in hand is not ours any more: the source's error, else 0 */
    struct err why_lost;
};

static const double wait_buckets[] = {.005, .01, .025, .05, .1, .25, .5,  1,
                                      2.5,  5,   10,   30,  60, 120, 300, 600};

static const struct metric_desc jobs_total = {
    "swell_jobs_total",
    METRIC_COUNTER,
    "Jobs taken: done; failed, as --fail-rate asks; returned unfinished; duplicate, when somebody "
    "else had the job meanwhile; unacknowledged, when the queue could not be told.",
    {"queue", "outcome"}};
static const struct metric_desc wait_seconds = {
    "swell_job_wait_seconds",
    METRIC_HISTOGRAM,
    "Time from the put of a job to its take, where the queue knows it.",
    {"queue"},
    wait_buckets,
    ARRAY_LEN(wait_buckets)};

const struct metric_desc *const workers_metrics[WORKERS_METRICS] = {&jobs_total, &wait_seconds,
                                                                    &role_cpu_seconds_total};

/* ---- waiting ---- */

/* Ready means that the newest call to the source succeeded. Changes are logged, not every failure.
 */
static void note_contact(struct workers *all, bool reached, const struct err *err)
{
    pthread_mutex_lock(&all->lock);
    bool changed = !all->asked || all->reached != reached;
    all->asked = true;
    all->reached = reached;
    service_set_ready(all->config.service, reached);
    pthread_mutex_unlock(&all->lock);

    if (!changed)
        return;
    if (reached)
        log_info("queue reached", LOG_STR("source", all->config.kind->name));
    else
        log_warn("queue not reached, trying again", LOG_STR("error", err->text));
}

static bool is_stopping(struct workers *all)
{
    pthread_mutex_lock(&all->lock);
    bool stopping = all->stopping;
    pthread_mutex_unlock(&all->lock);
    return stopping;
}

static struct timespec at(uint64_t mono_ns)
{
    return (struct timespec){.tv_sec = (time_t)(mono_ns / NS_PER_S),
                             .tv_nsec = (long)(mono_ns % NS_PER_S)};
}

/* Sleeps until the time (monotonic), or until the workers stop. */
static void pause_until(struct workers *all, uint64_t until_ns)
{
    struct timespec until = at(until_ns);
    int r = 0;

    pthread_mutex_lock(&all->lock);
    while (!all->stopping && r == 0)
        r = pthread_cond_timedwait(&all->change, &all->lock, &until);
    pthread_mutex_unlock(&all->lock);
}

/* Sleeps even while stopping: the end of a job is still to be said. */
static void pause_anyway(uint64_t ns)
{
    struct timespec until = at(clock_mono_ns() + ns);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

static bool must_abandon(const struct workers *all)
{
    return atomic_load(&all->abandon);
}

/* ---- the lease of the job in hand ---- */

static void begin_lease(struct worker *w)
{
    uint64_t now_ns = clock_mono_ns(), lease_ns = w->all->config.source.lease_ns;

    w->lease_until_ns = now_ns + lease_ns;
    w->extend_at_ns = now_ns + lease_ns / 2; /* leaves time to try again */
}

static bool means_lost(int result)
{
    return result == -ESTALE || result == -ENOENT;
}

static void extend_lease(struct worker *w)
{
    struct err err = {0};
    int r = w->all->config.kind->extend(w->source, &err);

    note_contact(w->all, r == 0 || means_lost(r), &err);
    if (r == 0) {
        backoff_reset(&w->backoff);
        begin_lease(w);
    } else if (means_lost(r)) {
        w->lost = r;
        w->why_lost = err;
    } else {
        w->extend_at_ns = clock_mono_ns() + backoff_next_ns(&w->backoff, EMPTY_PAUSE_MAX_NS);
    }
}

/* Asked between the pieces of a burn. The source is one thread's own, so that the lease is extended
 * here and not beside the work. */
static bool must_stop_working(void *arg)
{
    struct worker *w = arg;

    if (must_abandon(w->all))
        return true;
    if (clock_mono_ns() >= w->extend_at_ns)
        extend_lease(w);
    return w->lost != 0;
}

/* ---- one job ---- */

static int say(struct worker *w, enum ending ending, struct err *err)
{
    const struct source_kind *kind = w->all->config.kind;

    switch (ending) {
    case DONE:
        return kind->done(w->source, err);
    case FAIL:
        return kind->fail(w->source, "as --fail-rate asks", err);
    default:
        return kind->give_back(w->source, err);
    }
}

static void count(struct worker *w, enum ending ending, int result, const struct source_job *job,
                  const struct err *err)
{
    struct workers *all = w->all;
    struct metric *const said[] = {
        [DONE] = all->done, [FAIL] = all->failed, [GIVE_BACK] = all->returned};

    if (result == 0) {
        metric_add(said[ending], 1);
        return;
    }
    if (result == -ESTALE) {
        metric_add(all->duplicate, 1);
        log_warn("a job was given to somebody else, its lease was over", LOG_STR("job", job->id));
        return;
    }
    metric_add(all->unacknowledged, 1);
    log_warn("the queue could not be told of the end of a job", LOG_STR("job", job->id),
             LOG_STR("error", err->text));
    pthread_mutex_lock(&all->lock);
    all->left_behind = true;
    pthread_mutex_unlock(&all->lock);
}

/* Tells the source, again and again while the lease lasts: work that is done should not be done
 * twice because the queue restarts. */
static void settle(struct worker *w, enum ending ending, const struct source_job *job)
{
    struct err err = {0};
    int r;

    while ((r = say(w, ending, &err)) < 0 && !means_lost(r)) {
        note_contact(w->all, false, &err);
        if (must_abandon(w->all) || clock_mono_ns() > w->lease_until_ns)
            break;
        pause_anyway(backoff_next_ns(&w->backoff, EMPTY_PAUSE_MAX_NS));
    }
    count(w, ending, r, job, &err);
}

static bool must_fail(struct worker *w)
{
    uint64_t random = 0;

    if (w->all->config.fail_rate <= 0 ||
        getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return false;
    return (double)random / (double)UINT64_MAX < w->all->config.fail_rate;
}

static enum ending do_job(struct worker *w, const struct source_job *job)
{
    uint64_t cpu_ns = cost_ns(job->cpu_ms);
    uint64_t used_ns = burn_cpu(cpu_ns, must_stop_working, w);

    metric_add(w->all->cpu_seconds, (double)used_ns / (double)NS_PER_S);
    if (used_ns < cpu_ns)
        return GIVE_BACK;
    log_debug("worked", LOG_STR("job", job->id));
    return must_fail(w) ? FAIL : DONE;
}

static void work(struct worker *w, const struct source_job *job)
{
    enum ending ending = is_stopping(w->all) ? GIVE_BACK : do_job(w, job);

    if (w->lost) {
        count(w, ending, w->lost, job, &w->why_lost);
        return;
    }
    if (ending == GIVE_BACK)
        log_warn("a job is given back, the time to drain is over", LOG_STR("job", job->id));
    settle(w, ending, job);
}

static void take_and_work(struct worker *w)
{
    struct workers *all = w->all;
    uint64_t asked_ns = clock_mono_ns();
    struct source_job job;
    struct err err = {0};
    int r = all->config.kind->take(w->source, &job, &err);

    note_contact(all, r >= 0, &err);
    if (r == 1) {
        backoff_reset(&w->backoff);
        if (job.age_ns != SOURCE_AGE_UNKNOWN)
            metric_observe(all->wait_seconds, (double)job.age_ns / (double)NS_PER_S);
        w->lost = 0;
        begin_lease(w);
        work(w, &job);
        return;
    }
    uint64_t max_ns = r == 0 ? EMPTY_PAUSE_MAX_NS : ERROR_PAUSE_MAX_NS;
    pause_until(all, asked_ns + backoff_next_ns(&w->backoff, max_ns));
}

static void *worker_main(void *arg)
{
    struct workers *all = arg;
    const struct source_kind *kind = all->config.kind;
    struct worker w = {.all = all, .source = kind->open(&all->config.source)};

    if (getrandom(&w.backoff.seed, sizeof(w.backoff.seed), 0) < 0 || w.backoff.seed == 0)
        w.backoff.seed = clock_mono_ns();
    while (w.source && !is_stopping(all))
        take_and_work(&w);
    if (!w.source)
        log_error("a worker could not start", LOG_STR("error", "out of memory"));
    kind->close(w.source);

    pthread_mutex_lock(&all->lock);
    all->working--;
    pthread_cond_broadcast(&all->change);
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* ---- all of them ---- */

static void add_metrics(struct workers *all)
{
    struct metrics *m = service_metrics(all->config.service);
    const char *queue = all->config.source.queue;

    all->cpu_seconds = metrics_series(m, &role_cpu_seconds_total, "job");
    all->wait_seconds = metrics_series(m, &wait_seconds, queue);
    all->done = metrics_series(m, &jobs_total, queue, "done");
    all->failed = metrics_series(m, &jobs_total, queue, "failed");
    all->returned = metrics_series(m, &jobs_total, queue, "returned");
    all->duplicate = metrics_series(m, &jobs_total, queue, "duplicate");
    all->unacknowledged = metrics_series(m, &jobs_total, queue, "unacknowledged");
}

static void init_lock(struct workers *all)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&all->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&all->change, &attr);
    pthread_condattr_destroy(&attr);
}

static int start_threads(struct workers *all, struct err *err)
{
    int r = 0;

    pthread_mutex_lock(&all->lock); /* a worker that ends at once must not be missed */
    while (all->working < all->config.count && r == 0) {
        r = pthread_create(&all->threads[all->working], NULL, worker_main, all);
        all->working += r == 0;
    }
    all->thread_count = all->working;
    pthread_mutex_unlock(&all->lock);
    return r == 0 ? 0 : err_errno(err, r, "cannot start worker %zu", all->thread_count + 1);
}

int workers_start(struct workers **ret, const struct workers_config *config, struct err *err)
{
    struct workers *all = calloc(1, sizeof(*all));

    if (!all)
        return err_set(err, -ENOMEM, "out of memory");
    all->config = *config;
    init_lock(all);
    add_metrics(all);
    int r = start_threads(all, err);
    if (r < 0) {
        workers_free(all);
        return r;
    }
    *ret = all;
    return 0;
}

/* True when every worker ended by itself in time. */
static bool wait_for_threads(struct workers *all, uint64_t timeout_ns)
{
    struct timespec until = at(clock_mono_ns() + timeout_ns);
    int r = 0;

    pthread_mutex_lock(&all->lock);
    all->stopping = true;
    pthread_cond_broadcast(&all->change);
    while (all->working && r == 0)
        r = pthread_cond_timedwait(&all->change, &all->lock, &until);
    bool ended = all->working == 0;
    pthread_mutex_unlock(&all->lock);
    return ended;
}

bool workers_drain(struct workers *all, uint64_t timeout_ns)
{
    if (!wait_for_threads(all, timeout_ns))
        atomic_store(&all->abandon, true);
    for (size_t i = 0; i < all->thread_count; i++)
        (void)pthread_join(all->threads[i], NULL);
    all->thread_count = 0;
    return !all->left_behind;
}

void workers_free(struct workers *all)
{
    if (!all)
        return;
    (void)workers_drain(all, 0);
    pthread_cond_destroy(&all->change);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
