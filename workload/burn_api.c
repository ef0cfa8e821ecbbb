// SPDX-License-Identifier: MIT
#include "workload/burn_api.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/burn.h"
#include "workload/burners.h"
#include "workload/cost.h"
#include "workload/cpu_limit.h"

#include <errno.h>
#include <stdlib.h>

enum loop { LOOP_CPU_TIME, LOOP_PHP_APACHE };
const char *const burn_loop_names[] = {"cpu-time", "php-apache", NULL};

struct burn_api { /* set before the server starts; then any thread */
    struct burn_options options;
    struct burners *burners;
    burn_then_fn *then; /* or NULL */
    void *then_arg;
    struct metric *cpu_seconds, *waiting, *rejected_full, *rejected_gone;
};

struct visit { /* one request from its route to its answer; owned by the burn task */
    struct burn_api *api;
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
    struct burn_api *api = v->api;

    metric_add(api->cpu_seconds, (double)used_ns / (double)NS_PER_S);
    if (outcome == BURN_GIVEN_UP)
        metric_add(api->rejected_gone, 1);
    if (outcome == BURN_DONE && api->then)
        api->then(api->then_arg, v->pending, ok());
    else
        http_pending_reply(v->pending, outcome == BURN_DONE ? ok() : busy("stopping\n"));
}

static struct http_reply burn_then_answer(struct burn_api *api, const struct http_request *r,
                                          uint64_t cpu_ns)
{
    struct visit *v = calloc(1, sizeof(*v));

    if (v)
        *v = (struct visit){api, http_defer(r)};
    if (!v || !v->pending) {
        free(v);
        return http_reply_text(500, "out of memory\n");
    }

    struct burn_task task = {.cpu_ns = cpu_ns,
                             .php_apache = api->options.loop == LOOP_PHP_APACHE,
                             .give_up = client_gone,
                             .done = answer,
                             .arg = v};
    if (burners_add(api->burners, &task) < 0) {
        metric_add(api->rejected_full, 1);
        http_pending_reply(v->pending, busy("too many requests are waiting\n"));
        free(v);
    }
    return http_reply_later();
}

static struct http_reply serve_burn(void *arg, const struct http_request *r)
{
    struct burn_api *api = arg;
    struct err err = {0};
    uint64_t cpu_ns = 0;

    if (cost_of_request(r, api->options.cpu_ms, &cpu_ns, &err) < 0)
        return http_reply_printf(400, "%s\n", err.text);
    return burn_then_answer(api, r, cpu_ns);
}

static struct http_reply serve_php_apache(void *arg, const struct http_request *r)
{
    return burn_then_answer(arg, r, 0);
}

#define CPU_TIME_ROUTES 2 /* then those of --loop=php-apache */
static const struct http_route routes[] = {
    {"GET", "/", serve_burn,
     "Burns --cpu-ms, or ?cpu_ms= milliseconds of CPU, then answers 'OK!'. 503 with Retry-After "
     "when --queue requests wait already."},
    {"GET", "/index.php", serve_burn, "The same."},
    {NULL, "/{path...}", serve_php_apache,
     "With --loop=php-apache: any other path and method runs the loop, then answers 'OK!'."},
};

static const struct opt opts[] = {
    {"cpu-ms", OPT_DOUBLE, offsetof(struct burn_options, cpu_ms), "10",
     "CPU time that a request costs, in milliseconds; fractions count", .max = BURN_CPU_MS_MAX},
    {"loop", OPT_CHOICE, offsetof(struct burn_options, loop), "cpu-time",
     "what a request does: burn CPU time, or the exact loop of the hpa-example image, which has no "
     "parameters",
     .choices = burn_loop_names},
    {"workers", OPT_U64, offsetof(struct burn_options, workers), "0",
     "threads that burn; 0 takes the CPU limit of the cgroup rounded up, else the online CPUs",
     .max = 1024},
    {"queue", OPT_U64, offsetof(struct burn_options, queue), "1000",
     "requests that may wait for a burner; one more is told 503", .max = 100000},
};

const struct role_part burn_part = {
    {opts, ARRAY_LEN(opts)}, routes, ARRAY_LEN(routes), descs, ARRAY_LEN(descs)};

static void collect(void *arg)
{
    struct burn_api *api = arg;

    metric_set(api->waiting, (double)burners_waiting(api->burners));
}

static void add_metrics(struct burn_api *api, struct metrics *m)
{
    api->cpu_seconds = metrics_series(m, &role_cpu_seconds_total);
    api->waiting = metrics_series(m, &requests_waiting);
    api->rejected_full = metrics_series(m, &requests_rejected, "queue_full");
    api->rejected_gone = metrics_series(m, &requests_rejected, "client_gone");
    metrics_on_collect(m, collect, api);
}

int burn_api_new(struct burn_api **ret, struct burn_options *options, struct metrics *m,
                 struct err *err)
{
    int r = options->loop == LOOP_PHP_APACHE ? burn_php_apache_self_test(err) : 0;

    if (r < 0)
        return r;
    if (options->workers == 0)
        options->workers = cpu_limit_workers();

    struct burn_api *api = calloc(1, sizeof(*api));
    if (!api)
        return err_set(err, -ENOMEM, "out of memory");
    api->options = *options;
    r = burners_new(&api->burners, (unsigned)options->workers, options->queue, err);
    if (r < 0) {
        free(api);
        return r;
    }
    add_metrics(api, m);
    *ret = api;
    return 0;
}

void burn_api_then(struct burn_api *api, burn_then_fn *fn, void *arg)
{
    api->then = fn;
    api->then_arg = arg;
}

struct http_routes burn_api_routes(struct burn_api *api)
{
    if (api->options.loop == LOOP_PHP_APACHE)
        return (struct http_routes){routes + CPU_TIME_ROUTES, ARRAY_LEN(routes) - CPU_TIME_ROUTES,
                                    api};
    return (struct http_routes){routes, CPU_TIME_ROUTES, api};
}

void burn_api_cancel(struct burn_api *api)
{
    burners_cancel(api->burners);
}

void burn_api_free(struct burn_api *api)
{
    if (!api)
        return;
    burners_free(api->burners);
    free(api);
}
