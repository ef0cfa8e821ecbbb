// SPDX-License-Identifier: MIT
/* serve: an HTTP service whose requests cost an exact amount of CPU, and php-apache's twin. */
#include "base/clock.h"
#include "base/command.h"
#include "base/err.h"
#include "base/options.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "metrics/service.h"
#include "workload/burn.h"
#include "workload/burners.h"
#include "workload/cost.h"
#include "workload/cpu_limit.h"
#include "workload/role.h"

#include <errno.h>
#include <stdlib.h>

/* Connections beyond the line: keep-alive clients that are idle, probes, scrapes, and those who
 * are told 503. */
#define SPARE_CONNECTIONS 256

enum loop { LOOP_CPU_TIME, LOOP_PHP_APACHE };
static const char *const loop_names[] = {"cpu-time", "php-apache", NULL};

struct serve_options {
    struct role_options role;
    double cpu_ms;
    int loop;
    uint64_t workers, queue;
};

struct serve_app { /* set before the server starts; then any thread */
    struct serve_options options;
    struct service *service;
    struct burners *burners;
    struct metric *cpu_seconds, *waiting, *rejected_full, *rejected_gone;
};

struct visit { /* one request from its route to its answer; owned by the burn task */
    struct serve_app *app;
    struct http_pending *pending;
};

static const struct metric_desc requests_waiting = {
    "swell_requests_waiting", METRIC_GAUGE, "Requests in line that no burner has begun.", {0}};
static const struct metric_desc requests_rejected = {
    "swell_requests_rejected_total",
    METRIC_COUNTER,
    "Requests not burned to the end: the line was full, or the client went away.",
    {"reason"}};
static const struct metric_desc *const descs[] = {&role_cpu_seconds_total, &requests_waiting,
                                                  &requests_rejected};

static struct http_reply ok(void)
{
    /* To the byte what PHP sends: no newline, and the charset in capitals. */
    return http_reply_static(200, "text/html; charset=UTF-8", "OK!", 3);
}

static struct http_reply busy(const char *why)
{
    struct http_reply reply = http_reply_text(503, why);

    reply.headers[0] = (struct http_pair){"Retry-After", "1"};
    return reply;
}

static bool client_gone(void *arg)
{
    const struct visit *v = arg;

    return http_pending_client_gone(v->pending);
}

static void answer(void *arg, enum burn_outcome outcome, uint64_t used_ns)
{
    scoped(free_at) struct visit *v = arg;
    struct serve_app *app = v->app;

    metric_add(app->cpu_seconds, (double)used_ns / (double)NS_PER_S);
    if (outcome == BURN_GIVEN_UP)
        metric_add(app->rejected_gone, 1);
    http_pending_reply(v->pending, outcome == BURN_DONE ? ok() : busy("stopping\n"));
}

static struct http_reply burn_then_answer(struct serve_app *app, const struct http_request *r,
                                          uint64_t cpu_ns)
{
    struct visit *v = calloc(1, sizeof(*v));

    if (v)
        *v = (struct visit){app, http_defer(r)};
    if (!v || !v->pending) {
        free(v);
        return http_reply_text(500, "out of memory\n");
    }

    struct burn_task task = {.cpu_ns = cpu_ns,
                             .php_apache = app->options.loop == LOOP_PHP_APACHE,
                             .give_up = client_gone,
                             .done = answer,
                             .arg = v};
    if (burners_add(app->burners, &task) < 0) {
        metric_add(app->rejected_full, 1);
        http_pending_reply(v->pending, busy("too many requests are waiting\n"));
        free(v);
    }
    return http_reply_later();
}

static struct http_reply serve_burn(void *arg, const struct http_request *r)
{
    struct serve_app *app = arg;
    struct err err = {0};
    uint64_t cpu_ns = 0;

    if (cost_of_request(r, app->options.cpu_ms, &cpu_ns, &err) < 0)
        return http_reply_printf(400, "%s\n", err.text);
    return burn_then_answer(app, r, cpu_ns);
}

static struct http_reply serve_php_apache(void *arg, const struct http_request *r)
{
    return burn_then_answer(arg, r, 0);
}

static const struct http_route burn_routes[] = {
    {"GET", "/", serve_burn,
     "Burns --cpu-ms, or ?cpu_ms= milliseconds of CPU, then answers 'OK!'. 503 with Retry-After "
     "when --queue requests wait already."},
    {"GET", "/index.php", serve_burn, "The same."},
};

static const struct http_route php_apache_routes[] = {
    {NULL, "/{path...}", serve_php_apache,
     "With --loop=php-apache: any other path and method runs the loop, then answers 'OK!'."},
};

static void help(FILE *out)
{
    (void)fprintf(out, "\nEndpoints:\n");
    http_routes_help(burn_routes, ARRAY_LEN(burn_routes), out);
    http_routes_help(php_apache_routes, ARRAY_LEN(php_apache_routes), out);
    service_help(out);
    metrics_help(descs, ARRAY_LEN(descs), out);
}

static const struct opt opts[] = {
    ROLE_OPTIONS(offsetof(struct serve_options, role)),
    {"cpu-ms", OPT_DOUBLE, offsetof(struct serve_options, cpu_ms), "10",
     "CPU time that a request costs, in milliseconds; fractions count", .max = BURN_CPU_MS_MAX},
    {"loop", OPT_CHOICE, offsetof(struct serve_options, loop), "cpu-time",
     "what a request does: burn CPU time, or the exact loop of the hpa-example image, which has no "
     "parameters",
     .choices = loop_names},
    {"workers", OPT_U64, offsetof(struct serve_options, workers), "0",
     "threads that burn; 0 takes the CPU limit of the cgroup rounded up, else the online CPUs",
     .max = 1024},
    {"queue", OPT_U64, offsetof(struct serve_options, queue), "1000",
     "requests that may wait for a burner; one more is told 503", .max = 100000},
};
static const struct opt_table table = {
    .program = "swell-workload serve",
    .summary = "an HTTP service whose requests cost an exact amount of CPU",
    OPT_TABLE(opts),
    .more_help = help,
};

static void collect(void *arg)
{
    struct serve_app *app = arg;

    metric_set(app->waiting, (double)burners_waiting(app->burners));
}

static void add_metrics(struct serve_app *app)
{
    struct metrics *m = service_metrics(app->service);

    app->cpu_seconds = metrics_series(m, &role_cpu_seconds_total);
    app->waiting = metrics_series(m, &requests_waiting);
    app->rejected_full = metrics_series(m, &requests_rejected, "queue_full");
    app->rejected_gone = metrics_series(m, &requests_rejected, "client_gone");
    metrics_on_collect(m, collect, app);
}

static int listen_and_serve(struct serve_app *app, struct err *err)
{
    const struct serve_options *o = &app->options;
    bool php_apache = o->loop == LOOP_PHP_APACHE;
    size_t connections = o->workers + o->queue + SPARE_CONNECTIONS;
    struct http_server_config config = {.address = o->role.address,
                                        .port = (uint16_t)o->role.port,
                                        .max_connections = (unsigned)connections};
    struct http_routes routes[] = {
        service_routes(app->service),
        {php_apache ? php_apache_routes : burn_routes,
         php_apache ? ARRAY_LEN(php_apache_routes) : ARRAY_LEN(burn_routes), app},
    };

    role_want_files(connections);
    int r = service_start(app->service, &config, routes, ARRAY_LEN(routes), err);
    if (r < 0)
        return r;
    log_info("ready", LOG_STR("loop", loop_names[o->loop]), LOG_DOUBLE("cpu_ms", o->cpu_ms),
             LOG_INT("workers", (int64_t)o->workers), LOG_INT("queue", (int64_t)o->queue));
    service_set_ready(app->service, true);
    return 0;
}

static int start(struct serve_app *app, struct err *err)
{
    struct serve_options *o = &app->options;
    int r = o->loop == LOOP_PHP_APACHE ? burn_php_apache_self_test(err) : 0;

    if (r < 0)
        return r;
    if (o->workers == 0)
        o->workers = cpu_limit_workers();
    app->service = service_new("swell-workload", "serve");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    add_metrics(app);
    r = burners_new(&app->burners, (unsigned)o->workers, o->queue, err);
    return r < 0 ? r : listen_and_serve(app, err);
}

/* What is still burning when the time is up is cancelled: those clients got no answer. */
static int stop(struct serve_app *app)
{
    size_t left = service_stop(app->service, app->options.role.drain_timeout_ns);

    burners_cancel(app->burners);
    return left ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void app_done(struct serve_app *app)
{
    burners_free(app->burners);
    service_free(app->service);
}

int serve_run(int argc, char **argv)
{
    scoped(app_done) struct serve_app app = {0};
    struct err err = {0};
    int r = options_parse(&table, argc, argv, &app.options, &err);

    if (r < 0)
        return command_refuse(table.program, r, &err);
    role_log_init(&app.options.role);
    r = start(&app, &err);
    if (r < 0)
        return command_refuse(table.program, r, &err);

    (void)signals_wait();
    return stop(&app);
}
