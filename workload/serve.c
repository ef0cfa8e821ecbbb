// SPDX-License-Identifier: MIT
/* serve: an HTTP service for demonstrations and tests, composed of parts: the burner with
 * php-apache's twin, faults, podinfo's endpoints. Each part has flags, routes and series of its
 * own.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/reload.h"
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
#include "workload/settings.h"
#include "workload/upstream.h"

#include <errno.h>
#include <stdlib.h>

/* Connections beyond the line: keep-alive clients that are idle, probes, scrapes, and those who
 * are told 503. */
#define SPARE_CONNECTIONS 256

/* Room for the longest line that Apache takes, 8190 bytes, and headers beside it. Not more: the
 * server clears so much between two requests. */
#define HEADERS_MAX_BYTES (12 * KIB)

struct serve_options {
    struct role_options role;
    struct governor_options governor;
    struct burn_options burn;
    struct upstream_options upstream;
    struct fault_options faults;
    const char *config;
    uint64_t idle_timeout_ns;
    bool exemplars;
};

struct serve_app { /* set before the server starts */
    struct serve_options options;
    struct service *service;
    struct faults *faults;
    struct delays *delays;
    struct burn_api *burn;
    struct settings settings;  /* in effect; once reload is there, its thread's own */
    struct reload *reload;     /* NULL without --config */
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

static const struct opt opts[] = {
    {"config", OPT_STRING, offsetof(struct serve_options, config), NULL,
     "file with lines such as cpu-ms=20: log-level, cpu-ms and error-rate; it wins over flags and "
     "environment, and is read again when it changes"},
    {"idle-timeout", OPT_DURATION, offsetof(struct serve_options, idle_timeout_ns), "120s",
     "how long a connection may take to send a whole request before it is closed; whole seconds",
     .min = 1, .max = 3600},
    {"exemplars", OPT_BOOL, offsetof(struct serve_options, exemplars), "false",
     "show traces (header traceparent) beside the buckets of http_request_duration_seconds, in "
     "OpenMetrics"},
};
static const struct opt_table table = {
    .program = "swell-workload serve",
    .summary = "an HTTP service whose requests cost an exact amount of CPU",
    OPT_PARTS(flags),
    OPT_TABLE(opts),
    .more_help = help,
};

/* ---- settings that change ---- */

static struct settings settings_of_flags(const struct serve_options *o)
{
    return (struct settings){o->role.log_level, o->burn.cpu_ms, o->faults.error_rate};
}

/* Only what differs, so that a rate that was set over HTTP outlives a change of the log level. */
static void use_settings(struct serve_app *app, const struct settings *new)
{
    const struct settings old = app->settings;

    app->settings = *new;
    if (new->log_level != old.log_level)
        log_set_level((enum log_level) new->log_level);
    if (new->cpu_ms != old.cpu_ms)
        burn_api_set_cpu_ms(app->burn, new->cpu_ms);
    if (new->error_rate != old.error_rate)
        faults_set_error_rate(app->faults, new->error_rate);
}

static int apply_config(void *arg, const char *text, size_t len, struct err *err)
{
    struct serve_app *app = arg;
    struct settings new = settings_of_flags(&app->options);
    int r = settings_parse(text, len, &new, err);

    if (r < 0)
        return err_wrap(err, r, "'%s'", app->options.config);
    use_settings(app, &new);
    return 0;
}

static int start_settings(struct serve_app *app, struct err *err)
{
    app->settings = settings_of_flags(&app->options);
    if (!app->options.config)
        return 0;
    return reload_new(&app->reload, app->options.config, SETTINGS_MAX_BYTES, apply_config, app,
                      err);
}

/* ---- the role ---- */

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

static void set_up_metrics(struct serve_app *app)
{
    double bounds[BUCKETS_MAX];
    size_t count = buckets_for_cost(burn_api_cpu_ms(app->burn) / 1000, bounds);

    service_set_duration_buckets(app->service, bounds, count);
    if (app->options.exemplars)
        service_show_exemplars(app->service);
    governor_add_metrics(service_metrics(app->service));
    cpu_throttling_add_metrics(service_metrics(app->service));
}

static int listen_and_serve(struct serve_app *app, struct err *err)
{
    const struct role_options *role = &app->options.role;
    const struct burn_options *burn = &app->options.burn;
    uint64_t idle_ns = app->options.idle_timeout_ns;
    size_t connections =
        burn->workers + burn->queue + app->options.upstream.pool + DELAYS_MAX + SPARE_CONNECTIONS;
    struct http_server_config config = {.address = role->address,
                                        .port = (uint16_t)role->port,
                                        .max_connections = (unsigned)role_want_files(connections),
                                        .cut_waiting = true,
                                        .max_header_bytes = HEADERS_MAX_BYTES,
                                        .idle_timeout_s = (unsigned)(idle_ns / NS_PER_S)};
    /* Readiness is a fault's business before it is the service's. */
    struct http_routes routes[] = {burn_api_routes(app->burn), faults_routes(app->faults),
                                   podinfo_routes(app->delays), service_routes(app->service),
                                   burn_api_any_path(app->burn)};
    int r = service_start(app->service, &config, routes, ARRAY_LEN(routes), err);
    if (r < 0)
        return role_explain_port(role, r, err);
    log_info("ready", LOG_STR("loop", burn_loop_names[burn->loop]),
             LOG_DOUBLE("cpu_ms", burn_api_cpu_ms(app->burn)),
             LOG_INT("workers", (int64_t)burn->workers), LOG_INT("queue", (int64_t)burn->queue));
    service_set_ready(app->service, true);
    return 0;
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
    r = start_parts(app, err);
    if (r == 0)
        r = start_settings(app, err);
    if (r < 0)
        return r;
    set_up_metrics(app);
    return listen_and_serve(app, err);
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
    reload_free(app->reload);
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
