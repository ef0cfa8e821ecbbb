// SPDX-License-Identifier: MIT
/* serve: an HTTP service for demonstrations and tests, composed of parts: the burner with
 * php-apache's twin, faults, podinfo's endpoints. Each part has flags, routes and series of its
 * own.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "metrics/service.h"
#include "workload/buckets.h"
#include "workload/burn_api.h"
#include "workload/cpu_limit.h"
#include "workload/delays.h"
#include "workload/faults.h"
#include "workload/governor.h"
#include "workload/podinfo.h"
#include "workload/role.h"
#include "workload/upstream.h"

#include <errno.h>
#include <stdlib.h>

/* Connections beyond the line: keep-alive clients that are idle, probes, scrapes, and those who
 * are told 503. */
#define SPARE_CONNECTIONS 256

struct serve_options {
    struct role_options role;
    struct governor_options governor;
    struct burn_options burn;
    struct upstream_options upstream;
    struct fault_options faults;
};

struct serve_app { /* set before the server starts */
    struct serve_options options;
    struct service *service;
    struct faults *faults;
    struct delays *delays;
    struct burn_api *burn;
    struct upstream *upstream; /* NULL: none is called */
};

static const struct opt_part flags[] = {
    {&role_opts, offsetof(struct serve_options, role)},
    {&governor_part.opts, offsetof(struct serve_options, governor)},
    {&burn_part.opts, offsetof(struct serve_options, burn)},
    {&faults_part.opts, offsetof(struct serve_options, faults)},
    {&upstream_part.opts, offsetof(struct serve_options, upstream)},
};
static const struct role_part *const parts[] = {
    &burn_part, &faults_part, &podinfo_part, &governor_part, &cpu_throttling_part, &upstream_part};

static void help(FILE *out)
{
    role_help(parts, ARRAY_LEN(parts), out);
}

static const struct opt_table table = {
    .program = "swell-workload serve",
    .summary = "an HTTP service whose requests cost an exact amount of CPU",
    OPT_PARTS(flags),
    .more_help = help,
};

static void call_upstream(void *arg, struct http_pending *pending, struct http_reply answer,
                          uint64_t deadline_ns)
{
    upstream_call(arg, pending, answer, deadline_ns);
}

static int start_parts(struct serve_app *app, struct err *err)
{
    struct serve_options *o = &app->options;

    struct metrics *m = service_metrics(app->service);

    app->faults = faults_new(&o->faults, o->burn.seed, app->service);
    if (!app->faults)
        return err_set(err, -ENOMEM, "out of memory");
    int r = delays_new(&app->delays, err);
    if (r == 0)
        r = upstream_new(&app->upstream, &o->upstream, m, err);
    if (r == 0)
        r = burn_api_new(&app->burn, &o->burn, app->faults, m, err);
    if (r == 0 && app->upstream)
        burn_api_then(app->burn, call_upstream, app->upstream);
    return r;
}

static int listen_and_serve(struct serve_app *app, struct err *err)
{
    const struct role_options *role = &app->options.role;
    const struct burn_options *burn = &app->options.burn;
    size_t connections = burn->workers + burn->queue + DELAYS_MAX + SPARE_CONNECTIONS;
    struct http_server_config config = {.address = role->address,
                                        .port = (uint16_t)role->port,
                                        .max_connections = (unsigned)connections};
    /* Readiness is a fault's business first, and the burner's rows may see every path. */
    struct http_routes routes[] = {faults_routes(app->faults), podinfo_routes(app->delays),
                                   service_routes(app->service), burn_api_routes(app->burn)};

    role_want_files(connections);
    int r = service_start(app->service, &config, routes, ARRAY_LEN(routes), err);
    if (r < 0)
        return r;
    log_info("ready", LOG_STR("loop", burn_loop_names[burn->loop]),
             LOG_DOUBLE("cpu_ms", burn->cpu_ms), LOG_INT("workers", (int64_t)burn->workers),
             LOG_INT("queue", (int64_t)burn->queue));
    service_set_ready(app->service, true);
    return 0;
}

static void set_up_metrics(struct serve_app *app)
{
    double bounds[BUCKETS_MAX];
    size_t count = buckets_for_cost(app->options.burn.cpu_ms / 1000, bounds);

    service_set_duration_buckets(app->service, bounds, count);
    governor_add_metrics(service_metrics(app->service));
    cpu_throttling_add_metrics(service_metrics(app->service));
}

static int start(void *arg, struct err *err)
{
    struct serve_app *app = arg;
    int r = governor_init(app->options.governor.cpu_limit, err);

    if (r < 0)
        return r;
    app->service = service_new("swell-workload", "serve");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    set_up_metrics(app);
    r = start_parts(app, err);
    return r < 0 ? r : listen_and_serve(app, err);
}

/* What is still burning when the time is up is cancelled: those clients got no answer. */
static int stop(void *arg)
{
    struct serve_app *app = arg;
    size_t left = service_stop(app->service, app->options.role.drain_timeout_ns);

    burn_api_cancel(app->burn);
    upstream_cancel(app->upstream);
    return left ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void app_done(struct serve_app *app)
{
    burn_api_free(app->burn);
    upstream_free(app->upstream);
    delays_free(app->delays);
    faults_free(app->faults);
    service_free(app->service);
}

static const struct role role = {&table, start, stop};

int serve_run(int argc, char **argv)
{
    scoped(app_done) struct serve_app app = {0};

    return role_run(&role, argc, argv, &app.options.role, &app);
}
