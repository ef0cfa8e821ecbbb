// SPDX-License-Identifier: MIT
/* consume-controller: the twin of agnhost's resource-consumer-controller, which spreads what is
 * asked for over consumers (allot.h).
 *
 * The answer comes when all consumers have answered, so each request has a thread of its own. */
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "http/client.h"
#include "metrics/service.h"
#include "workload/allot.h"
#include "workload/bumps.h"
#include "workload/consumer.h"
#include "workload/go_flags.h"
#include "workload/role.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define VISITS_MAX 64 /* at a time */

struct controller_options {
    struct role_options role;
    uint64_t consumer_port, consumer_target_port;
    const char *service, *namespace;
};

struct controller_app {
    struct controller_options options;
    struct allot_consumers consumers;
    struct service *service;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t change;
    size_t visits; /* whose threads have not ended */
};

struct visit { /* one request from its route to its answer; owned by its thread */
    struct controller_app *app;
    struct http_pending *pending;
    struct allot allot;
    char *metric; /* the allot's, or NULL */
};

static void visit_free(struct visit *v)
{
    free(v->metric);
    free(v);
}

/* Counts one more, unless there are too many. */
static bool visit_began(struct controller_app *app)
{
    pthread_mutex_lock(&app->lock);
    bool may = app->visits < VISITS_MAX;
    app->visits += may;
    pthread_mutex_unlock(&app->lock);
    return may;
}

static void visit_ended(struct controller_app *app)
{
    pthread_mutex_lock(&app->lock);
    app->visits--;
    pthread_cond_signal(&app->change);
    pthread_mutex_unlock(&app->lock);
}

static void wait_for_visits(struct controller_app *app)
{
    pthread_mutex_lock(&app->lock);
    while (app->visits)
        pthread_cond_wait(&app->change, &app->lock);
    pthread_mutex_unlock(&app->lock);
}

static struct http_reply answer_to(const struct allot *allot)
{
    struct buf answer = {.max = ALLOT_ANSWER_MAX_BYTES};
    size_t len = 0;

    if (allot_run(allot, &answer) < 0) {
        buf_done(&answer);
        return consumer_refuse(500, "out of memory");
    }
    char *text = buf_take(&answer, &len);
    return http_reply_take(200, "text/plain; charset=utf-8", text, len);
}

static void *visit_main(void *arg)
{
    struct visit *v = arg;
    struct controller_app *app = v->app;

    http_pending_reply(v->pending, answer_to(&v->allot));
    visit_free(v);
    visit_ended(app);
    return NULL;
}

static struct visit *visit_new(struct controller_app *app, const struct allot *allot)
{
    struct visit *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    *v = (struct visit){.app = app, .allot = *allot};
    v->allot.metric = v->metric = allot->metric ? strdup(allot->metric) : NULL;
    if (allot->metric && !v->metric) {
        visit_free(v);
        return NULL;
    }
    return v;
}

/* Takes v, which was counted. */
static struct http_reply start_visit(struct visit *v, const struct http_request *r)
{
    struct controller_app *app = v->app;
    struct http_reply reply = http_reply_later();
    pthread_t thread;
    int failed = ENOMEM;

    v->pending = http_defer(r);
    if (v->pending)
        failed = pthread_create(&thread, NULL, visit_main, v);
    if (failed == 0) {
        (void)pthread_detach(thread);
        return reply;
    }
    if (v->pending)
        http_pending_reply(v->pending, consumer_refuse(503, "cannot start a thread"));
    else
        reply = consumer_refuse(500, "out of memory");
    visit_free(v);
    visit_ended(app);
    return reply;
}

static struct http_reply run_later(struct controller_app *app, const struct allot *allot,
                                   const struct http_request *r)
{
    if (!visit_began(app))
        return consumer_refuse(503, "%d requests are being sent already", VISITS_MAX);

    struct visit *v = visit_new(app, allot);
    if (v)
        return start_visit(v, r);
    visit_ended(app);
    return consumer_refuse(500, "out of memory");
}

static struct http_reply serve_resource(struct controller_app *app,
                                        const struct allot_resource *what,
                                        const struct consumer_call *call)
{
    struct consumer_int ints[] = {{what->amount, 0}, {what->size, 0}, {"durationSec", 0}};
    const char *metric = what->named ? consumer_param(call, "metric") : NULL;
    struct http_reply refusal;

    if (what->named && !metric)
        return consumer_not_given();
    if (metric && strlen(metric) > BUMPS_NAME_MAX)
        return consumer_refuse(400, "metric has at most %d characters", BUMPS_NAME_MAX);
    if (!consumer_ints(call, ints, ARRAY_LEN(ints), &refusal))
        return refusal;
    int64_t amount = ints[0].value, size = ints[1].value;
    if (size <= 0)
        return consumer_incorrect();
    if (amount / size > ALLOT_POSTS_MAX)
        return consumer_refuse(400, "%s in steps of %s are at most %d requests, not %" PRId64,
                               what->amount, what->size, ALLOT_POSTS_MAX, amount / size);

    const struct allot allot = {.consumers = &app->consumers,
                                .resource = what,
                                .amount = amount,
                                .size = size,
                                .duration_s = ints[2].value,
                                .metric = metric};
    return run_later(app, &allot, call->request);
}

static struct http_reply consume_cpu(void *app, const struct consumer_call *call)
{
    return serve_resource(app, &allot_cpu, call);
}

static struct http_reply consume_mem(void *app, const struct consumer_call *call)
{
    return serve_resource(app, &allot_memory, call);
}

static struct http_reply bump_metric(void *app, const struct consumer_call *call)
{
    return serve_resource(app, &allot_gauge, call);
}

static const struct consumer_function functions[] = {
    {"/ConsumeCPU", consume_cpu},
    {"/ConsumeMem", consume_mem},
    {"/BumpMetric", bump_metric},
};

static struct http_reply serve_function(void *app, const struct http_request *r)
{
    return consumer_serve(functions, ARRAY_LEN(functions), app, r, false);
}

static const struct http_route function_routes[] = {
    {NULL, "/ConsumeCPU", serve_function,
     "POST: sends millicores= for durationSec= in requests of requestSizeMillicores=, or equal "
     "parts to the pods of the Service NAME-headless. Parameters are in the query or in a form."},
    {NULL, "/ConsumeMem", serve_function,
     "POST: sends megabytes= for durationSec= in requests of requestSizeMegabytes=."},
    {NULL, "/BumpMetric", serve_function,
     "POST: bumps metric= by delta= for durationSec= in requests of requestSizeMetrics=."},
};
static const struct http_route unknown_routes[] = {
    {NULL, "/{path...}", serve_function,
     "400 when it is not POST, else 404 with 'unknown function'."},
};
static const struct role_part function_part = {.routes = function_routes,
                                               .route_count = ARRAY_LEN(function_routes)};
static const struct role_part unknown_part = {.routes = unknown_routes,
                                              .route_count = ARRAY_LEN(unknown_routes)};

static void help(FILE *out)
{
    static const struct role_part *const parts[] = {&function_part, &unknown_part};

    role_help(parts, ARRAY_LEN(parts), out);
}

static const struct opt opts[] = {
    {"consumer-port", OPT_U64, offsetof(struct controller_options, consumer_port), "8080",
     "port of the consumers' Service", .min = 1, .max = 65535},
    {"consumer-target-port", OPT_U64, offsetof(struct controller_options, consumer_target_port),
     "8080", "port of the consumers' pods", .min = 1, .max = 65535},
    {"consumer-service-name", OPT_STRING, offsetof(struct controller_options, service),
     "resource-consumer", "name of the consumers' Service"},
    {"consumer-service-namespace", OPT_STRING, offsetof(struct controller_options, namespace),
     "default", "its namespace"},
};
static const struct opt_part flags[] = {{&role_opts, offsetof(struct controller_options, role)}};
static const struct opt_table table = {
    .program = "swell-workload consume-controller",
    .summary = "spreads requests over consumers, as agnhost's resource-consumer-controller",
    OPT_PARTS(flags),
    OPT_TABLE(opts),
    .more_help = help,
};

/* A DNS label, of which the names of Services and namespaces are made. */
static int check_name(const char *flag, const char *name, struct err *err)
{
    size_t len = strlen(name);

    if (len > 0 && len <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
        return 0;
    return err_set(err, -EINVAL, "%s takes 1 to 63 of a-z, 0-9 and -, not '%.80s'", flag, name);
}

static int listen_and_serve(struct controller_app *app, struct err *err)
{
    const struct controller_options *o = &app->options;
    struct http_server_config config = {
        .address = o->role.address, .port = (uint16_t)o->role.port, .cut_waiting = true};
    const struct http_routes routes[] = {
        {function_routes, ARRAY_LEN(function_routes), app},
        service_routes(app->service),
        {unknown_routes, ARRAY_LEN(unknown_routes), app},
    };
    int r = service_start(app->service, &config, routes, ARRAY_LEN(routes), err);

    if (r < 0)
        return role_explain_port(&o->role, r, err);
    log_info("ready", LOG_STR("service", o->service), LOG_STR("namespace", o->namespace));
    service_set_ready(app->service, true);
    return 0;
}

static int start(void *arg, struct err *err)
{
    struct controller_app *app = arg;
    const struct controller_options *o = &app->options;
    int r = check_name("--consumer-service-name", o->service, err);

    if (r == 0)
        r = check_name("--consumer-service-namespace", o->namespace, err);
    if (r < 0)
        return r;
    app->consumers = (struct allot_consumers){o->service, o->namespace, (uint16_t)o->consumer_port,
                                              (uint16_t)o->consumer_target_port};
    r = http_client_setup();
    if (r < 0)
        return err_set(err, r, "cannot set up libcurl");
    app->service = service_new("swell-workload", "consume-controller");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    return listen_and_serve(app, err);
}

static int stop(void *arg)
{
    struct controller_app *app = arg;

    return service_stop(app->service, app->options.role.drain_timeout_ns) ? EXIT_FAILURE
                                                                          : EXIT_SUCCESS;
}

static void app_done(struct controller_app *app)
{
    wait_for_visits(app);
    service_free(app->service);
    pthread_cond_destroy(&app->change);
    pthread_mutex_destroy(&app->lock);
    http_client_teardown();
}

static const struct role role = {&table, start, stop};

int consume_controller_run(int argc, char **argv)
{
    scoped(free_at) char **args = go_flags_new(argc, argv);
    scoped(app_done) struct controller_app app = {0};

    pthread_mutex_init(&app.lock, NULL);
    pthread_cond_init(&app.change, NULL);
    return args ? role_run(&role, argc, args, &app.options.role, &app) : EXIT_FAILURE;
}
