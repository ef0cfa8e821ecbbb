// SPDX-License-Identifier: MIT
/* consume: the twin of Kubernetes' e2e resource-consumer: steady CPU, memory and gauges on request.
 *
 * A role of its own, because the original's /metrics shows the bumped gauges and nothing else, and
 * every path but that one takes POST only: serve could not be both. What our other roles show at
 * /metrics is at /swell/metrics here. */
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "metrics/service.h"
#include "workload/ballast.h"
#include "workload/bumps.h"
#include "workload/consumer.h"
#include "workload/cpu_limit.h"
#include "workload/demand.h"
#include "workload/go_flags.h"
#include "workload/go_float.h"
#include "workload/governor.h"
#include "workload/role.h"
#include "workload/steady.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MEGABYTES_MAX 1000000
#define DELTA_MAX 1e300
#define GAUGES_MAX_BYTES (2 * MIB)

struct consume_options {
    struct role_options role;
    struct governor_options governor;
};

struct consume_app { /* set before the server starts; then any thread */
    struct consume_options options;
    struct service *service;
    struct steady *steady;
    struct ballast *ballast;
    struct metric *cpu_seconds, *millicores, *bytes;

    pthread_mutex_t bumps_lock; /* guards bumps */
    struct bumps bumps;
};

static const struct metric_desc millicores_asked = {
    "swell_consume_millicores", METRIC_GAUGE, "CPU that is asked for now, in thousandths.", {0}};
static const struct metric_desc memory_held = {
    "swell_consume_memory_bytes", METRIC_GAUGE, "Memory that is held and written to.", {0}};
static const struct metric_desc *const descs[] = {&role_cpu_seconds_total, &millicores_asked,
                                                  &memory_held};

static struct http_reply out_of_range(const char *name, int64_t value, int64_t max)
{
    return consumer_refuse(400, "%s is at most %" PRId64 ", not %" PRId64, name, max, value);
}

/* Negative amounts are accepted as the original does, and nothing is used. */
static struct http_reply consume_cpu(void *arg, const struct consumer_call *call)
{
    struct consumer_int ints[] = {{"millicores", 0}, {"durationSec", 0}};
    struct consume_app *app = arg;
    struct http_reply refusal;

    if (!consumer_ints(call, ints, ARRAY_LEN(ints), &refusal))
        return refusal;
    int64_t millicores = ints[0].value, duration_s = ints[1].value;
    if (millicores > DEMAND_MILLICORES_MAX)
        return out_of_range("millicores", millicores, DEMAND_MILLICORES_MAX);
    if (millicores > 0 &&
        steady_add(app->steady, (uint32_t)millicores, consumer_duration_ns(duration_s)) < 0)
        return consumer_refuse(503, "%d requests use CPU already", DEMAND_MAX);
    return http_reply_printf(200, "ConsumeCPU\n%" PRId64 " millicores\n%" PRId64 " durationSec\n",
                             millicores, duration_s);
}

static struct http_reply consume_mem(void *arg, const struct consumer_call *call)
{
    struct consumer_int ints[] = {{"megabytes", 0}, {"durationSec", 0}};
    struct consume_app *app = arg;
    struct http_reply refusal;
    int r = 0;

    if (!consumer_ints(call, ints, ARRAY_LEN(ints), &refusal))
        return refusal;
    int64_t megabytes = ints[0].value, duration_s = ints[1].value;
    if (megabytes > MEGABYTES_MAX)
        return out_of_range("megabytes", megabytes, MEGABYTES_MAX);
    if (megabytes > 0)
        r = ballast_add(app->ballast, (uint64_t)megabytes * MIB, consumer_duration_ns(duration_s));
    if (r == -ENOSPC)
        return consumer_refuse(503, "%d requests hold memory already", BALLAST_BLOCKS_MAX);
    if (r < 0)
        return consumer_refuse(503, "cannot hold %" PRId64 " megabytes more: %s", megabytes,
                               strerror(-r));
    return http_reply_printf(200, "ConsumeMem\n%" PRId64 " megabytes\n%" PRId64 " durationSec\n",
                             megabytes, duration_s);
}

static int bump(struct consume_app *app, const char *name, double delta, uint64_t duration_ns)
{
    uint64_t now_ns = clock_mono_ns();

    pthread_mutex_lock(&app->bumps_lock);
    int r = bumps_add(&app->bumps, now_ns, now_ns + duration_ns, name, delta);
    pthread_mutex_unlock(&app->bumps_lock);
    return r;
}

static struct http_reply bump_metric(void *arg, const struct consumer_call *call)
{
    const char *name = consumer_param(call, "metric"), *delta_text = consumer_param(call, "delta");
    struct consumer_int duration = {"durationSec", 0};
    char text[GO_FLOAT_TEXT_MAX];
    struct http_reply refusal;
    double delta;

    if (!name || !delta_text)
        return consumer_not_given();
    if (!consumer_ints(call, &duration, 1, &refusal))
        return refusal;
    if (parse_double(delta_text, -DELTA_MAX, DELTA_MAX, &delta) < 0)
        return consumer_incorrect();

    int r = bump(arg, name, delta, consumer_duration_ns(duration.value));
    if (r == -EINVAL)
        return consumer_refuse(400, "metric is 1 to %d letters, digits, _ and :, not a digit first",
                               BUMPS_NAME_MAX);
    if (r < 0)
        return consumer_refuse(503, "there are %d metrics or %d bumps already", BUMPS_GAUGES_MAX,
                               BUMPS_MAX);
    return http_reply_printf(200, "BumpMetric\n%s metric\n%s delta\n%" PRId64 " durationSec\n",
                             name, go_float(delta, text), duration.value);
}

static struct http_reply get_current_status(void *arg, const struct consumer_call *call)
{
    (void)arg;
    (void)call;
    return http_reply_text(200, "Warning: not implemented!\nGetCurrentStatus");
}

static const struct consumer_function functions[] = {
    {"/ConsumeCPU", consume_cpu},
    {"/ConsumeMem", consume_mem},
    {"/BumpMetric", bump_metric},
    {"/GetCurrentStatus", get_current_status},
};

static struct http_reply serve_function(void *arg, const struct http_request *r)
{
    return consumer_serve(functions, ARRAY_LEN(functions), arg, r, true);
}

static struct http_reply serve_gauges(void *arg, const struct http_request *r)
{
    struct buf out = {.max = GAUGES_MAX_BYTES};
    struct consume_app *app = arg;
    size_t len = 0;

    if (strcmp(r->path, "/metrics") != 0)
        return serve_function(arg, r);
    pthread_mutex_lock(&app->bumps_lock);
    int written = bumps_write(&app->bumps, clock_mono_ns(), &out);
    pthread_mutex_unlock(&app->bumps_lock);
    if (written < 0) {
        buf_done(&out);
        return consumer_refuse(500, "the metrics do not fit");
    }
    char *text = buf_take(&out, &len);
    return http_reply_take(200, "text/plain; charset=utf-8", text, len);
}

/* The same answer as other roles give at /metrics. */
static struct http_reply serve_own_metrics(void *arg, const struct http_request *r)
{
    const struct consume_app *app = arg;
    const struct http_routes standard = service_routes(app->service);
    struct http_request as_metrics = *r;

    as_metrics.path = "/metrics";
    return http_routes_serve(&standard, 1, &as_metrics);
}

static const struct http_route function_routes[] = {
    {NULL, "/ConsumeCPU", serve_function,
     "POST: uses millicores= of CPU for durationSec=, evenly and besides what other requests ask "
     "for. Parameters of all functions are in the query or in a form."},
    {NULL, "/ConsumeMem", serve_function, "POST: holds megabytes= of memory for durationSec=."},
    {NULL, "/BumpMetric", serve_function,
     "POST: raises the gauge metric= by delta= for durationSec=."},
    {NULL, "/GetCurrentStatus", serve_function, "POST: says that it is not implemented."},
    {NULL, "/metrics", serve_gauges, "The bumped gauges and nothing else, as resource-consumer."},
    {"GET", "/swell/metrics", serve_own_metrics, "The series below."},
};

static const struct http_route unknown_routes[] = {
    {NULL, "/{path...}", serve_function,
     "400 when it is not POST, else 404 with 'unknown function: ' and the path."},
};

static const struct role_part function_part = {
    .routes = function_routes,
    .route_count = ARRAY_LEN(function_routes),
    .metrics = descs,
    .metric_count = ARRAY_LEN(descs),
};
static const struct role_part unknown_part = {.routes = unknown_routes,
                                              .route_count = ARRAY_LEN(unknown_routes)};

static void help(FILE *out)
{
    static const struct role_part *const parts[] = {&function_part, &unknown_part, &governor_part};

    role_help(parts, ARRAY_LEN(parts), out);
}

static const struct opt_part flags[] = {
    {&role_opts, offsetof(struct consume_options, role)},
    {&governor_part.opts, offsetof(struct consume_options, governor)},
};
static const struct opt_table table = {
    .program = "swell-workload consume",
    .summary = "uses CPU and memory as it is asked to, as Kubernetes' resource-consumer",
    OPT_PARTS(flags),
    .more_help = help,
};

static void collect(void *arg)
{
    struct consume_app *app = arg;
    struct steady_state state = steady_read(app->steady);

    metric_set(app->cpu_seconds, (double)state.used_ns / (double)NS_PER_S);
    metric_set(app->millicores, (double)state.millicores);
    metric_set(app->bytes, (double)ballast_resident_bytes(app->ballast));
}

static void add_metrics(struct consume_app *app)
{
    struct metrics *m = service_metrics(app->service);

    app->cpu_seconds = metrics_series(m, &role_cpu_seconds_total, "consume");
    app->millicores = metrics_series(m, &millicores_asked);
    app->bytes = metrics_series(m, &memory_held);
    metrics_on_collect(m, collect, app);
    governor_add_metrics(m);
}

static int listen_and_serve(struct consume_app *app, struct err *err)
{
    const struct role_options *o = &app->options.role;
    struct http_server_config config = {
        .address = o->address, .port = (uint16_t)o->port, .cut_waiting = true};
    const struct http_routes routes[] = {
        {function_routes, ARRAY_LEN(function_routes), app},
        service_routes(app->service),
        {unknown_routes, ARRAY_LEN(unknown_routes), app},
    };
    int r = service_start(app->service, &config, routes, ARRAY_LEN(routes), err);

    if (r < 0)
        return role_explain_port(o, r, err);
    service_set_ready(app->service, true);
    return 0;
}

static int start(void *arg, struct err *err)
{
    struct consume_app *app = arg;
    int r = governor_init(app->options.governor.cpu_limit, err);

    if (r < 0)
        return r;
    app->service = service_new("swell-workload", "consume");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    r = steady_new(&app->steady, cpu_limit_workers(), err);
    if (r == 0)
        r = ballast_new(&app->ballast, err);
    if (r < 0)
        return r;
    add_metrics(app);
    return listen_and_serve(app, err);
}

static struct consume_app *app_new(void)
{
    struct consume_app *app = calloc(1, sizeof(*app));

    if (app)
        pthread_mutex_init(&app->bumps_lock, NULL);
    return app;
}

static void app_free(struct consume_app **at)
{
    struct consume_app *app = *at;

    if (!app)
        return;
    steady_free(app->steady);
    ballast_free(app->ballast);
    service_free(app->service);
    pthread_mutex_destroy(&app->bumps_lock);
    free(app);
}

static int stop(void *arg)
{
    struct consume_app *app = arg;

    return service_stop(app->service, app->options.role.drain_timeout_ns) ? EXIT_FAILURE
                                                                          : EXIT_SUCCESS;
}

static const struct role role = {&table, start, stop};

int consume_run(int argc, char **argv)
{
    scoped(free_at) char **args = go_flags_new(argc, argv);
    scoped(app_free) struct consume_app *app = app_new();

    return app && args ? role_run(&role, argc, args, &app->options.role, app) : EXIT_FAILURE;
}
