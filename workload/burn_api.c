// SPDX-License-Identifier: MIT
#include "workload/burn_api.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "workload/apache_path.h"
#include "workload/burn.h"
#include "workload/burners.h"
#include "workload/cost.h"
#include "workload/cpu_limit.h"
#include "workload/faults.h"
#include "workload/spread.h"

#include <errno.h>
#include <stdlib.h>

enum loop { LOOP_CPU_TIME, LOOP_PHP_APACHE };
const char *const burn_loop_names[] = {"cpu-time", "php-apache", NULL};

struct burn_api { /* set before the server starts; then any thread */
    struct burn_options options;
    _Atomic double cpu_ms;
    struct spread spread;
    struct dice dice;
    struct faults *faults;
    struct burners *burners;
    burn_then_fn *then; /* or NULL */
    void *then_arg;
    struct metric *cpu_answered, *cpu_wasted, *waiting, *burning;
    struct metric *rejected_full, *rejected_gone, *rejected_late;
};

struct visit { /* one request from its route to its answer; owned by the burn task */
    struct burn_api *api;
    struct http_pending *pending;
    uint64_t cpu_ns;      /* 0 when it is not known before */
    uint64_t deadline_ns; /* monotonic; 0: none */
    bool begun, late;
};

static const struct metric_desc requests_waiting = {
    "swell_requests_waiting", METRIC_GAUGE, "Requests in line that no burner has begun.", {0}};
static const struct metric_desc requests_burning = {
    "swell_requests_burning", METRIC_GAUGE, "Requests that a burner works on.", {0}};
static const struct metric_desc requests_rejected = {
    "swell_requests_rejected_total",
    METRIC_COUNTER,
    "Requests not burned to the end: queue_full, client_gone, or deadline.",
    {"reason"}};
static const struct metric_desc *const descs[] = {&role_cpu_seconds_total, &requests_waiting,
                                                  &requests_burning, &requests_rejected};

/* ---- one request ---- */

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

static struct http_reply too_late(void)
{
    return http_reply_text(504, "not done before the deadline\n");
}

/* A burn takes at least its CPU time: what cannot be done in time is not begun. Nobody has to watch
 * those who wait: all have the same time, so whoever burns in front of a request is stopped before
 * that request's own deadline, and then it is told. */
static bool not_wanted(void *arg)
{
    struct visit *v = arg;
    uint64_t need_ns = v->begun ? 0 : v->cpu_ns;

    v->begun = true;
    v->late = v->deadline_ns && clock_mono_ns() + need_ns > v->deadline_ns;
    return v->late || http_pending_client_gone(v->pending);
}

static struct http_reply reply_to(const struct visit *v, enum burn_outcome outcome)
{
    if (outcome == BURN_DONE)
        return ok();
    return v->late ? too_late() : busy("stopping\n");
}

static void answer(void *arg, enum burn_outcome outcome, uint64_t used_ns)
{
    scoped(free_at) struct visit *v = arg;
    struct burn_api *api = v->api;
    double used_s = (double)used_ns / (double)NS_PER_S;

    metric_add(outcome == BURN_DONE ? api->cpu_answered : api->cpu_wasted, used_s);
    if (outcome == BURN_GIVEN_UP)
        metric_add(v->late ? api->rejected_late : api->rejected_gone, 1);
    if (outcome == BURN_DONE && api->then)
        api->then(api->then_arg, v->pending, ok(), v->deadline_ns);
    else
        http_pending_reply(v->pending, reply_to(v, outcome));
}

/* Takes task's cost; its other members are filled in here. */
static struct http_reply burn_then_answer(struct burn_api *api, const struct http_request *r,
                                          struct burn_task task)
{
    uint64_t deadline_ns = api->options.deadline_ns;
    struct visit *v = calloc(1, sizeof(*v));

    if (v)
        *v = (struct visit){api,         http_defer(r),
                            task.cpu_ns, deadline_ns ? clock_mono_ns() + deadline_ns : 0,
                            false,       false};
    if (!v || !v->pending) {
        free(v);
        return http_reply_text(500, "out of memory\n");
    }

    task.give_up = not_wanted;
    task.done = answer;
    task.arg = v;
    if (burners_add(api->burners, &task) < 0) {
        metric_add(api->rejected_full, 1);
        http_pending_reply(v->pending, busy("too many requests are waiting\n"));
        free(v);
    }
    return http_reply_later();
}

static struct http_reply injected(void)
{
    return http_reply_text(500, "failed on purpose\n");
}

static struct http_reply serve_burn(void *arg, const struct http_request *r)
{
    struct burn_api *api = arg;
    struct err err = {0};
    uint64_t cpu_ns = 0;

    if (cost_of_request(r, api->cpu_ms, &cpu_ns, &err) < 0)
        return http_reply_printf(400, "%s\n", err.text);
    if (faults_strike(api->faults))
        return injected();

    double factor = faults_cost_factor(api->faults) * spread_factor(&api->spread, &api->dice);
    cpu_ns = cost_times(cpu_ns, factor);
    if (api->options.deadline_ns && cpu_ns > api->options.deadline_ns) {
        metric_add(api->rejected_late, 1);
        return too_late();
    }
    if (cpu_ns == 0 && !api->then) /* there is nothing to wait in line for */
        return ok();
    return burn_then_answer(api, r, (struct burn_task){.cpu_ns = cpu_ns});
}

static struct http_reply serve_php_apache(void *arg, const struct http_request *r)
{
    struct burn_api *api = arg;

    if (!apache_runs_index(r->path))
        return http_reply_printf(404, "nothing is served at %.200s\n", r->path);
    if (faults_strike(api->faults))
        return injected();

    double times = (double)api->options.loop_times * faults_cost_factor(api->faults);
    return burn_then_answer(api, r, (struct burn_task){.php_apache_times = (uint64_t)times});
}

#define CPU_TIME_ROUTES 2 /* then those of --loop=php-apache */
static const struct http_route routes[] = {
    {"GET", "/", serve_burn,
     "Burns --cpu-ms, or ?cpu_ms= milliseconds of CPU, then answers 'OK!'. 503 with Retry-After "
     "when --queue requests wait already, 504 when it cannot be or is not done by --deadline."},
    {"GET", "/index.php", serve_burn, "The same."},
    {NULL, "/{path...}", serve_php_apache,
     "With --loop=php-apache: /, /index.php and what Apache maps to them (/index.php/more) run the "
     "loop with any method, then answer 'OK!'."},
};

static const struct opt opts[] = {
    {"cpu-ms", OPT_DOUBLE, offsetof(struct burn_options, cpu_ms), "10",
     "CPU time that a request costs, in milliseconds; fractions count", .max = BURN_CPU_MS_MAX},
    {"cpu-spread", OPT_STRING, offsetof(struct burn_options, cpu_spread), "constant",
     "how CPU times differ from that mean: constant, exponential, or lognormal:SIGMA"},
    {"seed", OPT_U64, offsetof(struct burn_options, seed), "1",
     "start of the random numbers: the same seed gives the same costs in the same order"},
    {"loop", OPT_CHOICE, offsetof(struct burn_options, loop), "cpu-time",
     "what a request does: burn CPU time, or the exact loop of the hpa-example image, which has no "
     "parameters",
     .choices = burn_loop_names},
    {"loop-times", OPT_U64, offsetof(struct burn_options, loop_times), "1",
     "how often a request runs the loop of --loop=php-apache: more for the cost of PHP 5", .min = 1,
     .max = 1000},
    {"workers", OPT_U64, offsetof(struct burn_options, workers), "0",
     "threads that burn; 0 takes the CPU limit of the cgroup rounded up, else the online CPUs",
     .max = 1024},
    {"queue", OPT_U64, offsetof(struct burn_options, queue), "1000",
     "requests that may wait for a burner; one more is told 503", .max = 100000},
    {"deadline", OPT_DURATION, offsetof(struct burn_options, deadline_ns), "0s",
     "how long a request may take, waiting included, before it is told 504 and no longer burned "
     "for; 0 is for ever",
     .max = 86400},
};

const struct role_part burn_part = {
    {opts, ARRAY_LEN(opts)}, routes, ARRAY_LEN(routes), descs, ARRAY_LEN(descs)};

static void collect(void *arg)
{
    struct burn_api *api = arg;
    size_t burning = 0;

    metric_set(api->waiting, (double)burners_waiting(api->burners, &burning));
    metric_set(api->burning, (double)burning);
}

static void add_metrics(struct burn_api *api, struct metrics *m)
{
    api->cpu_answered = metrics_series(m, &role_cpu_seconds_total, "answered");
    api->cpu_wasted = metrics_series(m, &role_cpu_seconds_total, "wasted");
    api->waiting = metrics_series(m, &requests_waiting);
    api->burning = metrics_series(m, &requests_burning);
    api->rejected_full = metrics_series(m, &requests_rejected, "queue_full");
    api->rejected_gone = metrics_series(m, &requests_rejected, "client_gone");
    api->rejected_late = metrics_series(m, &requests_rejected, "deadline");
    metrics_on_collect(m, collect, api);
}

static int burn_api_init(struct burn_api *api, struct burn_options *options, struct err *err)
{
    int r = spread_parse("--cpu-spread", options->cpu_spread, &api->spread, err);

    if (r == 0 && options->loop == LOOP_PHP_APACHE)
        r = burn_php_apache_self_test(err);
    if (r < 0)
        return r;
    if (options->workers == 0)
        options->workers = cpu_limit_workers();
    api->options = *options;
    api->cpu_ms = options->cpu_ms;
    api->dice.seed = options->seed;
    return burners_new(&api->burners, (unsigned)options->workers, options->queue, err);
}

int burn_api_new(struct burn_api **ret, struct burn_options *options, struct faults *faults,
                 struct metrics *m, struct err *err)
{
    struct burn_api *api = calloc(1, sizeof(*api));

    if (!api)
        return err_set(err, -ENOMEM, "out of memory");
    int r = burn_api_init(api, options, err);
    if (r < 0) {
        free(api);
        return r;
    }
    api->faults = faults;
    add_metrics(api, m);
    *ret = api;
    return 0;
}

double burn_api_cpu_ms(const struct burn_api *api)
{
    return api->cpu_ms;
}

void burn_api_then(struct burn_api *api, burn_then_fn *fn, void *arg)
{
    api->then = fn;
    api->then_arg = arg;
}

void burn_api_set_cpu_ms(struct burn_api *api, double cpu_ms)
{
    api->cpu_ms = cpu_ms;
}

struct http_routes burn_api_routes(struct burn_api *api)
{
    bool wanted = api->options.loop == LOOP_CPU_TIME;

    return (struct http_routes){routes, wanted ? CPU_TIME_ROUTES : 0, api};
}

struct http_routes burn_api_any_path(struct burn_api *api)
{
    bool wanted = api->options.loop == LOOP_PHP_APACHE;

    return (struct http_routes){routes + CPU_TIME_ROUTES,
                                wanted ? ARRAY_LEN(routes) - CPU_TIME_ROUTES : 0, api};
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
