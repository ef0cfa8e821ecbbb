// SPDX-License-Identifier: MIT
/* queue: queues of jobs in one file, over HTTP. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/options.h"
#include "base/scoped.h"
#include "kube/status.h"
#include "metrics/service.h"
#include "workload/clerk.h"
#include "workload/jobs.h"
#include "workload/queue_api.h"
#include "workload/queue_views.h"
#include "workload/role.h"

#include <errno.h>
#include <stdlib.h>

#define CONNECTIONS_MAX 2000        /* workers that wait for a job hold one each */
#define HEADER_MAX_BYTES (16 * KIB) /* cleared for each request, so that more costs time */

struct queue_options {
    struct role_options role;
    const char *db;
    uint64_t max_jobs, max_disk_mib, keep_done_ns, max_attempts, retry_ns, retry_max_ns;
};

struct queue_app { /* set before the server starts; then any thread */
    struct queue_options options;
    struct service *service;
    struct clerk *clerk;
};

static void collect(void *arg)
{
    struct queue_app *app = arg;
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = clerk_stats(app->clerk, stats);
    uint64_t now_ns = clock_wall_ns();

    for (size_t i = 0; i < count; i++)
        queue_to_metrics(&stats[i], now_ns, service_metrics(app->service));
}

static void help(FILE *out)
{
    role_help((const struct role_part *const[]){&queue_part}, 1, out);
}

static const struct opt opts[] = {
    {"db", OPT_STRING, offsetof(struct queue_options, db), "swell-queue.db",
     "file that keeps the jobs; made when it is not there"},
    {"max-jobs", OPT_U64, offsetof(struct queue_options, max_jobs), "1000000",
     "jobs not yet done that one queue may hold; more are told 429", .min = 1, .max = 1e9},
    {"max-disk-mib", OPT_U64, offsetof(struct queue_options, max_disk_mib), "1024",
     "MiB that the file may grow to, its log not counted; more puts are told 507, and so they are "
     "when the file system has less than 8 MiB left",
     .min = 16, .max = 1e6},
    {"keep-done", OPT_DURATION, offsetof(struct queue_options, keep_done_ns), "1h",
     "how long the id of a done job is remembered, to recognise it when it is put again",
     .max = 31536000},
    {"max-attempts", OPT_U64, offsetof(struct queue_options, max_attempts), "10",
     "leases that a job gets; when the last one fails or runs out, the job is dead", .min = 1,
     .max = 1e9},
    {"retry-delay", OPT_DURATION, offsetof(struct queue_options, retry_ns), "1s",
     "how long a job that failed waits; doubles with each failure", .max = 86400},
    {"retry-delay-max", OPT_DURATION, offsetof(struct queue_options, retry_max_ns), "5m",
     "the longest such wait", .max = 86400},
};
static const struct opt_part parts[] = {{&role_opts, offsetof(struct queue_options, role)}};
static const struct opt_table table = {
    .program = "swell-workload queue",
    .summary = "queues of jobs in one file, over HTTP",
    OPT_PARTS(parts),
    OPT_TABLE(opts),
    .more_help = help,
};

static int listen_and_serve(struct queue_app *app, struct err *err)
{
    const struct role_options *o = &app->options.role;
    struct http_server_config config = {.address = o->address,
                                        .port = (uint16_t)o->port,
                                        .error_reply = status_reply,
                                        .max_connections = CONNECTIONS_MAX,
                                        .cut_waiting = true,
                                        .max_header_bytes = HEADER_MAX_BYTES,
                                        .max_body_bytes = QUEUE_BODY_MAX_BYTES};
    struct http_routes groups[] = {{queue_part.routes, queue_part.route_count, app->clerk}};

    role_want_files(CONNECTIONS_MAX);
    int r = service_start(app->service, &config, groups, ARRAY_LEN(groups), err);
    if (r == 0) {
        log_info("ready", LOG_STR("db", app->options.db));
        service_set_ready(app->service, true);
    }
    return r;
}

static int start(void *arg, struct err *err)
{
    struct queue_app *app = arg;
    const struct queue_options *o = &app->options;
    const struct jobs_config config = {.path = o->db,
                                       .jobs_max = o->max_jobs,
                                       .disk_max_bytes = o->max_disk_mib * MIB,
                                       .keep_done_ns = o->keep_done_ns,
                                       .attempts_max = o->max_attempts,
                                       .retry_ns = o->retry_ns,
                                       .retry_max_ns = o->retry_max_ns};
    struct jobs *jobs = NULL;
    int r = jobs_open(&jobs, &config, err);

    r = r < 0 ? r : clerk_new(&app->clerk, jobs, err);
    if (r < 0)
        return r;
    app->service = service_new("swell-workload", "queue");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    metrics_on_collect(service_metrics(app->service), collect, app);
    return listen_and_serve(app, err);
}

static int stop(void *arg)
{
    struct queue_app *app = arg;

    service_drain(app->service);
    clerk_stop_waiting(app->clerk);
    size_t left = service_stop(app->service, app->options.role.drain_timeout_ns);
    return left ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void app_done(struct queue_app *app)
{
    clerk_free(app->clerk);
    service_free(app->service);
}

static const struct role role = {&table, start, stop};

int queue_run(int argc, char **argv)
{
    scoped(app_done) struct queue_app app = {0};

    return role_run(&role, argc, argv, &app.options.role, &app);
}
