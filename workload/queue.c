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
#include "workload/job_request.h"
#include "workload/jobs.h"
#include "workload/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 2000 /* workers that wait for a job hold one each */
#define BODY_MAX_BYTES (64 * KIB)

struct queue_options {
    struct role_options role;
    const char *db;
    uint64_t max_jobs, keep_done_ns;
};

struct queue_app { /* set before the server starts; then any thread */
    struct queue_options options;
    struct service *service;
    struct clerk *clerk;
};

static const struct metric_desc depth = {
    "swell_queue_depth", METRIC_GAUGE, "Jobs that are ready to be leased.", {"queue"}};
static const struct metric_desc in_flight = {
    "swell_queue_in_flight", METRIC_GAUGE, "Jobs that are leased.", {"queue"}};
static const struct metric_desc oldest = {"swell_queue_oldest_job_seconds",
                                          METRIC_GAUGE,
                                          "Age of the oldest job that is ready; 0 without one.",
                                          {"queue"}};
static const struct metric_desc jobs_total = {
    "swell_jobs_total",
    METRIC_COUNTER,
    "Jobs put and done, leases expired, and acknowledgements without a lease (duplicate), since "
    "the file was made.",
    {"queue", "outcome"}};
static const struct metric_desc *const descs[] = {&depth, &in_flight, &oldest, &jobs_total};

/* ---- statistics ---- */

static double age_seconds(uint64_t since_ns, uint64_t now_ns)
{
    if (since_ns == 0 || since_ns > now_ns)
        return 0;
    return (double)(now_ns - since_ns) / (double)NS_PER_S;
}

static json_t *stats_to_json(const struct job_stats *q)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "queue", q->queue, "depth",
                     (json_int_t)q->depth, "in_flight", (json_int_t)q->in_flight, "put",
                     (json_int_t)q->put, "done", (json_int_t)q->done, "duplicates",
                     (json_int_t)q->duplicates, "expired", (json_int_t)q->expired, "oldest_seconds",
                     age_seconds(q->oldest_ns, clock_wall_ns()));
}

static struct http_reply serve_list(void *arg, const struct http_request *r)
{
    struct queue_app *app = arg;
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = clerk_stats(app->clerk, stats);
    json_t *list = json_array();

    (void)r;
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, stats_to_json(&stats[i])) < 0) {
            json_decref(list);
            return json_reply(500, NULL);
        }
    return json_reply(200, json_pack("{s:o}", "queues", list));
}

static struct http_reply serve_stats(void *arg, const struct http_request *r)
{
    struct queue_app *app = arg;
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = clerk_stats(app->clerk, stats);

    for (size_t i = 0; i < count; i++)
        if (strcmp(stats[i].queue, r->params[0]) == 0)
            return json_reply(200, stats_to_json(&stats[i]));
    return status_replyf(404, "there is no queue '%s': nobody has put or asked for a job in it",
                         r->params[0]);
}

static void collect_queue(struct metrics *m, const struct job_stats *q, uint64_t now_ns)
{
    metric_set(metrics_series(m, &depth, q->queue), (double)q->depth);
    metric_set(metrics_series(m, &in_flight, q->queue), (double)q->in_flight);
    metric_set(metrics_series(m, &oldest, q->queue), age_seconds(q->oldest_ns, now_ns));
    metric_set(metrics_series(m, &jobs_total, q->queue, "put"), (double)q->put);
    metric_set(metrics_series(m, &jobs_total, q->queue, "done"), (double)q->done);
    metric_set(metrics_series(m, &jobs_total, q->queue, "expired"), (double)q->expired);
    metric_set(metrics_series(m, &jobs_total, q->queue, "duplicate"), (double)q->duplicates);
}

static void collect(void *arg)
{
    struct queue_app *app = arg;
    struct job_stats stats[JOBS_QUEUES_MAX];
    size_t count = clerk_stats(app->clerk, stats);
    uint64_t now_ns = clock_wall_ns();

    for (size_t i = 0; i < count; i++)
        collect_queue(service_metrics(app->service), &stats[i], now_ns);
}

/* ---- changes ---- */

static struct http_reply bad_name(const char *name)
{
    return status_replyf(400, "'%.80s' is no name of a queue: 1 to %d of a-z, 0-9 and -", name,
                         JOBS_QUEUE_NAME_MAX);
}

static struct http_reply serve_put(void *arg, const struct http_request *r)
{
    struct queue_app *app = arg;
    struct put_request put;
    struct err err = {0};

    if (!jobs_queue_name_valid(r->params[0]))
        return bad_name(r->params[0]);
    if (put_request_read(r->body, r->body_len, &put, &err) < 0)
        return status_reply(400, err.text);
    return clerk_put(app->clerk, r, r->params[0], &put);
}

static struct http_reply serve_lease(void *arg, const struct http_request *r)
{
    struct queue_app *app = arg;
    struct lease_request lease;
    struct err err = {0};

    if (!jobs_queue_name_valid(r->params[0]))
        return bad_name(r->params[0]);
    if (lease_request_read(r->body, r->body_len, &lease, &err) < 0)
        return status_reply(400, err.text);
    return clerk_lease(app->clerk, r, r->params[0], &lease);
}

static struct http_reply serve_ack(void *arg, const struct http_request *r)
{
    struct queue_app *app = arg;
    struct ack_request ack;
    struct err err = {0};

    if (!jobs_queue_name_valid(r->params[0]))
        return bad_name(r->params[0]);
    if (ack_request_read(r->body, r->body_len, &ack, &err) < 0)
        return status_reply(400, err.text);
    return clerk_ack(app->clerk, r, r->params[0], &ack);
}

static const struct http_route routes[] = {
    {"GET", "/queues", serve_list, "All queues: {\"queues\":[...]}, each as below."},
    {"GET", "/queues/{queue}", serve_stats,
     "{\"queue\",\"depth\" (ready, not leased),\"in_flight\",\"put\",\"done\",\"duplicates\","
     "\"expired\",\"oldest_seconds\"}; 404 before the first put or lease."},
    {"POST", "/queues/{queue}/jobs", serve_put,
     "Puts {\"cpu_ms\":20,\"id\":\"order-1\",\"count\":1}. id is optional and makes repeated puts "
     "harmless; with a count of 2 to 10000 the jobs are id.1, id.2 and so on. 201 "
     "{\"queue\",\"id\",\"count\",\"new\"}, 200 when all were known, 429 when the queue is full, "
     "507 when the disk is."},
    {"POST", "/queues/{queue}/lease", serve_lease,
     "Leases {\"worker\":\"w\",\"lease_seconds\":30,\"max\":1,\"wait_seconds\":0}, all optional; "
     "waits up to 20 s for a job. 200 {\"jobs\":[{\"id\",\"cpu_ms\",\"lease\",\"attempt\"}]}."},
    {"POST", "/queues/{queue}/ack", serve_ack,
     "Acknowledges {\"id\",\"lease\"}. 200, also when repeated; 409 when the lease is not held any "
     "more (the work was done twice); 404 for an unknown job."},
};

static const struct role_part part = {.routes = routes,
                                      .route_count = ARRAY_LEN(routes),
                                      .metrics = descs,
                                      .metric_count = ARRAY_LEN(descs)};

static void help(FILE *out)
{
    role_help((const struct role_part *const[]){&part}, 1, out);
}

static const struct opt opts[] = {
    {"db", OPT_STRING, offsetof(struct queue_options, db), "swell-queue.db",
     "file that keeps the jobs; made when it is not there"},
    {"max-jobs", OPT_U64, offsetof(struct queue_options, max_jobs), "1000000",
     "jobs not yet done that one queue may hold; more are told 429", .min = 1, .max = 1e9},
    {"keep-done", OPT_DURATION, offsetof(struct queue_options, keep_done_ns), "1h",
     "how long the id of a done job is remembered, to recognise it when it is put again",
     .max = 31536000},
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
                                        .max_body_bytes = BODY_MAX_BYTES};
    struct http_routes groups[] = {{routes, ARRAY_LEN(routes), app}};

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
    struct jobs *jobs = NULL;
    int r = jobs_open(&jobs, o->db, o->max_jobs, o->keep_done_ns, err);

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
