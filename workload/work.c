// SPDX-License-Identifier: MIT
/* work: takes jobs from a queue, burns their CPU, acknowledges them. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/options.h"
#include "base/scoped.h"
#include "http/client.h"
#include "metrics/service.h"
#include "workload/burn.h"
#include "workload/governor.h"
#include "workload/role.h"
#include "workload/source.h"
#include "workload/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct work_options {
    struct role_options role;
    struct governor_options governor;
    int source;
    const char *queue_url, *queue, *group;
    uint64_t concurrency, lease_ns, poll_ns;
    double job_cpu_ms, fail_rate;
};

struct work_app {
    struct work_options options;
    struct service *service;
    struct workers *workers;
};

static const struct role_part part = {.metrics = workers_metrics, .metric_count = WORKERS_METRICS};

static void help(FILE *out)
{
    role_help((const struct role_part *const[]){&part, &governor_part}, 2, out);
}

static const struct opt opts[] = {
    {"source", OPT_CHOICE, offsetof(struct work_options, source), "swell-queue",
     "kind of the queue", .choices = source_kind_names},
    {"queue-url", OPT_STRING, offsetof(struct work_options, queue_url), "http://queue/",
     "where it is: http://queue/, redis://[[user]:password@]redis[:6379][/0], or Kafka's brokers "
     "as kafka-0:9092,kafka-1:9092"},
    {"queue", OPT_STRING, offsetof(struct work_options, queue), "jobs",
     "name of the queue, list, stream or topic"},
    {"group", OPT_STRING, offsetof(struct work_options, group), "swell",
     "consumer group of a stream or topic"},
    {"concurrency", OPT_U64, offsetof(struct work_options, concurrency), "1",
     "jobs to work on at a time, each on a thread of its own", .min = 1, .max = WORKERS_MAX},
    {"lease", OPT_DURATION, offsetof(struct work_options, lease_ns), "30s",
     "how long a job is ours when nothing is heard of us; extended at half of it while the work "
     "goes on",
     .min = 0.1, .max = 3600},
    {"poll", OPT_DURATION, offsetof(struct work_options, poll_ns), "1s",
     "how long the queue may hold a call until it has a job", .max = 20},
    {"job-cpu-ms", OPT_DOUBLE, offsetof(struct work_options, job_cpu_ms), "20",
     "CPU time of a job in Redis or Kafka that is neither {\"cpu_ms\":20} nor a number",
     .max = BURN_CPU_MS_MAX},
    {"fail-rate", OPT_DOUBLE, offsetof(struct work_options, fail_rate), "0",
     "part of the jobs, 0 to 1, that fails after its work and is tried again", .max = 1},
};
static const struct opt_part parts[] = {
    {&role_opts, offsetof(struct work_options, role)},
    {&governor_part.opts, offsetof(struct work_options, governor)},
};
static const struct opt_table table = {
    .program = "swell-workload work",
    .summary = "takes jobs from a queue, burns their CPU, acknowledges them",
    OPT_PARTS(parts),
    OPT_TABLE(opts),
    .more_help = help,
};

/* Where url's part without user and password begins; the scheme is then missing. */
static const char *without_credentials(const char *url)
{
    const char *at = strrchr(url, '@');

    return at ? at + 1 : url;
}

static int start(void *arg, struct err *err)
{
    struct work_app *app = arg;
    const struct work_options *o = &app->options;
    struct http_server_config server = {
        .address = o->role.address, .port = (uint16_t)o->role.port, .cut_waiting = true};
    struct workers_config config = {.source = {.url = o->queue_url,
                                               .queue = o->queue,
                                               .group = o->group,
                                               .lease_ns = o->lease_ns,
                                               .wait_ns = o->poll_ns,
                                               .cpu_ms = o->job_cpu_ms},
                                    .count = o->concurrency,
                                    .fail_rate = o->fail_rate};
    int r = governor_init(o->governor.cpu_limit, err);

    if (r < 0)
        return r;
    r = http_client_setup();
    if (r < 0)
        return err_set(err, r, "cannot set up libcurl");
    r = source_find(o->source, &config.kind, err);
    r = r < 0 ? r : config.kind->check(&config.source, err);
    if (r < 0)
        return r;
    app->service = service_new("swell-workload", "work");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    governor_add_metrics(service_metrics(app->service));
    config.service = app->service;
    config.source.worker = service_pod_name(app->service);
    r = service_start(app->service, &server, NULL, 0, err);
    if (r < 0)
        return r;
    log_info("working", LOG_STR("source", config.kind->name),
             LOG_STR("url", without_credentials(o->queue_url)), LOG_STR("queue", o->queue),
             LOG_INT("concurrency", (int64_t)o->concurrency));
    return workers_start(&app->workers, &config, err);
}

static void app_done(struct work_app *app)
{
    workers_free(app->workers);
    if (app->service)
        (void)service_stop(app->service, NS_PER_S);
    service_free(app->service);
    http_client_teardown();
}

static int stop(void *arg)
{
    struct work_app *app = arg;

    service_drain(app->service);
    return workers_drain(app->workers, app->options.role.drain_timeout_ns) ? EXIT_SUCCESS
                                                                           : EXIT_FAILURE;
}

static const struct role role = {&table, start, stop};

int work_run(int argc, char **argv)
{
    scoped(app_done) struct work_app app = {0};

    return role_run(&role, argc, argv, &app.options.role, &app);
}
