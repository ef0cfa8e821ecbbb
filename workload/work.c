// SPDX-License-Identifier: MIT
/* work: takes jobs from a queue, burns their CPU, acknowledges them. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/options.h"
#include "base/scoped.h"
#include "http/client.h"
#include "metrics/service.h"
#include "workload/backoff.h"
#include "workload/burn.h"
#include "workload/cost.h"
#include "workload/queue_client.h"
#include "workload/role.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define CONCURRENCY_MAX 64
/* A queue that is empty is asked about every second; with a queue that holds the call that long
 * there is no pause at all. */
#define EMPTY_PAUSE_MAX_NS NS_PER_S
#define ERROR_PAUSE_MAX_NS (5 * NS_PER_S)

struct work_options {
    struct role_options role;
    const char *queue_url, *queue;
    uint64_t concurrency, lease_ns, poll_ns;
};

struct work_app {
    struct work_options options;
    struct service *service;
    struct queue_client_config client;
    struct metric *cpu_seconds, *jobs_done, *jobs_duplicate, *jobs_unacknowledged;
    pthread_t threads[CONCURRENCY_MAX];
    size_t thread_count;
    atomic_bool abandon; /* the drain's time is up: stop in the middle of a job */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t change;
    bool stopping;       /* take no more jobs */
    size_t working;      /* threads that have not ended */
    bool asked, reached; /* the newest call to the queue: was there one, did it succeed */
};

struct worker { /* one thread's own */
    struct work_app *app;
    struct queue_client *client;
    struct backoff backoff;
};

static const struct metric_desc jobs_total = {
    "swell_jobs_total",
    METRIC_COUNTER,
    "Jobs worked on: done; duplicate, when the lease had run out before; unacknowledged, when the "
    "queue could not be told or the drain's time was up.",
    {"queue", "outcome"}};
static const struct metric_desc *const descs[] = {&jobs_total, &role_cpu_seconds_total};

/* ---- one worker ---- */

/* Ready means that the newest call to the queue succeeded. Changes are logged, not every failure.
 */
static void note_contact(struct work_app *app, bool reached, const struct err *err)
{
    pthread_mutex_lock(&app->lock);
    bool changed = !app->asked || app->reached != reached;
    app->asked = true;
    app->reached = reached;
    service_set_ready(app->service, reached);
    pthread_mutex_unlock(&app->lock);

    if (!changed)
        return;
    if (reached)
        log_info("queue reached", LOG_STR("url", app->options.queue_url));
    else
        log_warn("queue not reached, trying again", LOG_STR("error", err->text));
}

static bool is_stopping(struct work_app *app)
{
    pthread_mutex_lock(&app->lock);
    bool stopping = app->stopping;
    pthread_mutex_unlock(&app->lock);
    return stopping;
}

static struct timespec at(uint64_t mono_ns)
{
    return (struct timespec){.tv_sec = (time_t)(mono_ns / NS_PER_S),
                             .tv_nsec = (long)(mono_ns % NS_PER_S)};
}

/* Sleeps until the time (monotonic), or until the role stops. */
static void pause_until(struct work_app *app, uint64_t until_ns)
{
    struct timespec until = at(until_ns);
    int r = 0;

    pthread_mutex_lock(&app->lock);
    while (!app->stopping && r == 0)
        r = pthread_cond_timedwait(&app->change, &app->lock, &until);
    pthread_mutex_unlock(&app->lock);
}

/* Sleeps even while stopping: an acknowledgement is still due. */
static void pause_anyway(uint64_t ns)
{
    struct timespec until = at(clock_mono_ns() + ns);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

static bool must_abandon(void *arg)
{
    const struct work_app *app = arg;

    return atomic_load(&app->abandon);
}

/* Tells the queue, again and again while the lease lasts: work that is done should not be done
 * twice because the queue restarts. */
static void acknowledge(struct worker *w, const struct job *job, uint64_t lease_until_ns)
{
    struct work_app *app = w->app;
    struct err err = {0};
    int r;

    while ((r = queue_client_ack(w->client, job, &err)) < 0 && r != -ESTALE && r != -ENOENT) {
        note_contact(app, false, &err);
        if (must_abandon(app) || clock_mono_ns() > lease_until_ns)
            break;
        pause_anyway(backoff_next_ns(&w->backoff, EMPTY_PAUSE_MAX_NS));
    }
    if (r == 0) {
        metric_add(app->jobs_done, 1);
    } else if (r == -ESTALE) {
        metric_add(app->jobs_duplicate, 1);
        log_warn("a job took longer than its lease", LOG_STR("job", job->id));
    } else {
        metric_add(app->jobs_unacknowledged, 1);
        log_warn("a job is done, but not acknowledged", LOG_STR("job", job->id),
                 LOG_STR("error", err.text));
    }
}

static void do_job(struct worker *w, const struct job *job, uint64_t leased_ns)
{
    struct work_app *app = w->app;
    uint64_t cpu_ns = cost_ns(job->cpu_ms);
    uint64_t used_ns = burn_cpu(cpu_ns, must_abandon, app);

    metric_add(app->cpu_seconds, (double)used_ns / (double)NS_PER_S);
    if (used_ns >= cpu_ns) {
        acknowledge(w, job, leased_ns + app->options.lease_ns);
        return;
    }
    metric_add(app->jobs_unacknowledged, 1);
    log_warn("a job is left undone, its lease will run out", LOG_STR("job", job->id));
}

static void ask_and_work(struct worker *w)
{
    uint64_t asked_ns = clock_mono_ns();
    struct err err = {0};
    struct job job;
    int r = queue_client_lease(w->client, &job, &err);

    note_contact(w->app, r >= 0, &err);
    if (r == 1) {
        backoff_reset(&w->backoff);
        do_job(w, &job, asked_ns);
        return;
    }
    uint64_t max_ns = r == 0 ? EMPTY_PAUSE_MAX_NS : ERROR_PAUSE_MAX_NS;
    pause_until(w->app, asked_ns + backoff_next_ns(&w->backoff, max_ns));
}

static void *worker_main(void *arg)
{
    struct work_app *app = arg;
    struct worker w = {.app = app, .client = queue_client_new(&app->client)};

    if (getrandom(&w.backoff.seed, sizeof(w.backoff.seed), 0) < 0 || w.backoff.seed == 0)
        w.backoff.seed = clock_mono_ns();
    while (w.client && !is_stopping(app))
        ask_and_work(&w);
    if (!w.client)
        log_error("a worker could not start", LOG_STR("error", "out of memory"));
    queue_client_free(w.client);

    pthread_mutex_lock(&app->lock);
    app->working--;
    pthread_cond_broadcast(&app->change);
    pthread_mutex_unlock(&app->lock);
    return NULL;
}

/* ---- the role ---- */

static const struct role_part part = {.metrics = descs, .metric_count = ARRAY_LEN(descs)};

static void help(FILE *out)
{
    role_help((const struct role_part *const[]){&part}, 1, out);
}

static const struct opt opts[] = {
    {"queue-url", OPT_STRING, offsetof(struct work_options, queue_url), "http://queue/",
     "address of a swell-workload queue"},
    {"queue", OPT_STRING, offsetof(struct work_options, queue), "jobs", "name of the queue"},
    {"concurrency", OPT_U64, offsetof(struct work_options, concurrency), "1",
     "jobs to work on at a time, each on a thread of its own", .min = 1, .max = CONCURRENCY_MAX},
    {"lease", OPT_DURATION, offsetof(struct work_options, lease_ns), "30s",
     "how long a job is ours; when it takes longer, somebody else gets it too", .min = 0.1,
     .max = 3600},
    {"poll", OPT_DURATION, offsetof(struct work_options, poll_ns), "1s",
     "how long the queue may hold a call until it has a job", .max = 20},
};
static const struct opt_part parts[] = {{&role_opts, offsetof(struct work_options, role)}};
static const struct opt_table table = {
    .program = "swell-workload work",
    .summary = "takes jobs from a queue, burns their CPU, acknowledges them",
    OPT_PARTS(parts),
    OPT_TABLE(opts),
    .more_help = help,
};

static void add_metrics(struct work_app *app)
{
    struct metrics *m = service_metrics(app->service);
    const char *queue = app->options.queue;

    app->cpu_seconds = metrics_series(m, &role_cpu_seconds_total, "job");
    app->jobs_done = metrics_series(m, &jobs_total, queue, "done");
    app->jobs_duplicate = metrics_series(m, &jobs_total, queue, "duplicate");
    app->jobs_unacknowledged = metrics_series(m, &jobs_total, queue, "unacknowledged");
}

static int start_workers(struct work_app *app, struct err *err)
{
    int r = 0;

    pthread_mutex_lock(&app->lock); /* a worker that ends at once must not be missed */
    while (app->working < app->options.concurrency && r == 0) {
        r = pthread_create(&app->threads[app->working], NULL, worker_main, app);
        app->working += r == 0;
    }
    app->thread_count = app->working;
    pthread_mutex_unlock(&app->lock);
    if (r == 0)
        return 0;
    return err_errno(err, r, "cannot start worker %zu", app->thread_count + 1);
}

static int start(void *arg, struct err *err)
{
    struct work_app *app = arg;
    const struct work_options *o = &app->options;
    struct http_server_config config = {.address = o->role.address, .port = (uint16_t)o->role.port};
    int r = http_client_setup();

    if (r < 0)
        return err_set(err, r, "cannot set up libcurl");
    app->client = (struct queue_client_config){
        .url = o->queue_url, .queue = o->queue, .lease_ns = o->lease_ns, .wait_ns = o->poll_ns};
    r = queue_client_check(&app->client, err);
    if (r < 0)
        return r;
    app->service = service_new("swell-workload", "work");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    app->client.worker = service_pod_name(app->service);
    add_metrics(app);
    r = service_start(app->service, &config, NULL, 0, err);
    if (r < 0)
        return r;
    log_info("working", LOG_STR("url", o->queue_url), LOG_STR("queue", o->queue),
             LOG_INT("concurrency", (int64_t)o->concurrency));
    return start_workers(app, err);
}

/* True when every worker ended by itself in time. */
static bool wait_for_workers(struct work_app *app, uint64_t timeout_ns)
{
    struct timespec until = at(clock_mono_ns() + timeout_ns);
    int r = 0;

    pthread_mutex_lock(&app->lock);
    app->stopping = true;
    pthread_cond_broadcast(&app->change);
    while (app->working && r == 0)
        r = pthread_cond_timedwait(&app->change, &app->lock, &until);
    bool ended = app->working == 0;
    pthread_mutex_unlock(&app->lock);
    return ended;
}

static void app_init(struct work_app *app)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&app->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&app->change, &attr);
    pthread_condattr_destroy(&attr);
}

/* Ends what was started, however far that got. A worker may be in a call to the queue, which has a
 * time limit of its own. */
static void app_done(struct work_app *app)
{
    atomic_store(&app->abandon, true);
    (void)wait_for_workers(app, 0);
    for (size_t i = 0; i < app->thread_count; i++)
        (void)pthread_join(app->threads[i], NULL);
    if (app->service)
        (void)service_stop(app->service, NS_PER_S);
    service_free(app->service);
    pthread_cond_destroy(&app->change);
    pthread_mutex_destroy(&app->lock);
    http_client_teardown();
}

/* The jobs in hand are finished and acknowledged. */
static int stop(void *arg)
{
    struct work_app *app = arg;

    service_drain(app->service);
    return wait_for_workers(app, app->options.role.drain_timeout_ns) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct role role = {&table, start, stop};

int work_run(int argc, char **argv)
{
    scoped(app_done) struct work_app app = {0};

    app_init(&app);
    return role_run(&role, argc, argv, &app.options.role, &app);
}
