// SPDX-License-Identifier: MIT
#include "workload/faults.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "workload/dice.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LEAK_KIB_MAX (1024 * 1024) /* by one request */
#define SLOW_START_MAX_S 3600

struct leak { /* what one request leaked: bytes follow */
    struct leak *next;
};

struct slow_start { /* costs fall from times their usual ones to these */
    uint64_t began_ns, lasts_ns;
    double times;
};

struct faults {
    struct fault_options options;
    uint64_t started_ns;
    struct service *service;
    struct dice dice;
    struct metric *leaked_bytes, *injected;
    atomic_bool unready;
    atomic_bool enabled; /* changed with the lock held */

    pthread_mutex_t lock; /* guards what follows */
    double error_rate;
    uint64_t leak_kib;
    struct slow_start slow;
    struct leak *leaks;
};

static const struct metric_desc leaked_bytes = {
    "swell_leaked_bytes", METRIC_GAUGE, "Memory that requests leaked on purpose.", {0}};
static const struct metric_desc injected_total = {
    "swell_faults_injected_total", METRIC_COUNTER, "Requests that failed on purpose.", {0}};
static const struct metric_desc *const descs[] = {&leaked_bytes, &injected_total};

/* ---- what happens to requests ---- */

/* The memory is touched, so that it is resident. */
static void leak(struct faults *f, uint64_t kib)
{
    size_t size = (size_t)kib * 1024;
    struct leak *l = malloc(sizeof(*l) + size);

    if (!l)
        return; /* as far as it goes: the node has no more, or a limit says so */
    memset(l + 1, 0xa5, size);
    metric_add(f->leaked_bytes, (double)size);

    pthread_mutex_lock(&f->lock);
    l->next = f->leaks;
    f->leaks = l;
    pthread_mutex_unlock(&f->lock);
}

bool faults_strike(struct faults *f)
{
    if (!atomic_load(&f->enabled))
        return false;

    pthread_mutex_lock(&f->lock);
    uint64_t leak_kib = f->enabled ? f->leak_kib : 0;
    double error_rate = f->enabled ? f->error_rate : 0;
    pthread_mutex_unlock(&f->lock);

    if (leak_kib)
        leak(f, leak_kib);
    if (error_rate == 0 || dice_roll(&f->dice) > error_rate)
        return false;
    metric_add(f->injected, 1);
    return true;
}

double faults_cost_factor(struct faults *f)
{
    pthread_mutex_lock(&f->lock);
    const struct slow_start slow = f->slow;
    pthread_mutex_unlock(&f->lock);
    uint64_t age_ns = slow.lasts_ns ? clock_mono_ns() - slow.began_ns : 0;

    if (age_ns >= slow.lasts_ns)
        return 1;
    return 1 + (slow.times - 1) * (1 - (double)age_ns / (double)slow.lasts_ns);
}

void faults_set_error_rate(struct faults *f, double rate)
{
    pthread_mutex_lock(&f->lock);
    f->error_rate = rate;
    f->enabled = f->enabled || rate > 0;
    pthread_mutex_unlock(&f->lock);
}

/* ---- readiness ---- */

static struct http_reply serve_ready(void *arg, const struct http_request *r)
{
    struct faults *f = arg;

    (void)r;
    if (service_is_draining(f->service))
        return http_reply_text(503, "draining");
    if (clock_mono_ns() - f->started_ns < f->options.startup_delay_ns)
        return http_reply_text(503, "starting");
    if (atomic_load(&f->unready))
        return http_reply_text(503, "switched off by /readyz/disable");
    return http_reply_text(200, "ok");
}

static struct http_reply accepted(void)
{
    return http_reply_static(202, NULL, "", 0);
}

static struct http_reply serve_ready_enable(void *arg, const struct http_request *r)
{
    struct faults *f = arg;

    (void)r;
    atomic_store(&f->unready, false);
    return accepted();
}

static struct http_reply serve_ready_disable(void *arg, const struct http_request *r)
{
    struct faults *f = arg;

    (void)r;
    atomic_store(&f->unready, true);
    return accepted();
}

/* ---- faults at run time ---- */

struct wish { /* what /fault_injection/enable is asked for */
    double error_rate;
    uint64_t leak_kib, slow_start_ns;
};

static int read_slow_start(const char *text, uint64_t *ret_ns)
{
    uint64_t ns;

    if (clock_parse_duration(text, &ns) < 0 || ns > SLOW_START_MAX_S * NS_PER_S)
        return -EINVAL;
    *ret_ns = ns;
    return 0;
}

static int read_one(const struct http_pair *q, struct wish *wish, struct err *err)
{
    if (strcmp(q->name, "error_rate") == 0) {
        if (parse_double(q->value, 0, 1, &wish->error_rate) < 0)
            return err_set(err, -EINVAL, "error_rate takes a number from 0 to 1, not '%.40s'",
                           q->value);
        return 0;
    }
    if (strcmp(q->name, "leak_kib") == 0) {
        if (parse_u64(q->value, 0, LEAK_KIB_MAX, &wish->leak_kib) < 0)
            return err_set(err, -EINVAL, "leak_kib takes a whole number up to %d, not '%.40s'",
                           LEAK_KIB_MAX, q->value);
        return 0;
    }
    if (strcmp(q->name, "slow_start") == 0) {
        if (read_slow_start(q->value, &wish->slow_start_ns) < 0)
            return err_set(err, -EINVAL,
                           "slow_start takes a time up to 1h such as 30s, not '%.40s'", q->value);
        return 0;
    }
    return err_set(err, -EINVAL, "there is error_rate, leak_kib and slow_start, but no '%.40s'",
                   q->name);
}

static int read_wish(const struct http_request *r, struct wish *wish, struct err *err)
{
    int result = 0;

    for (size_t i = 0; i < r->query_count && result == 0; i++)
        result = read_one(&r->query[i], wish, err);
    return result;
}

/* f->lock is held. */
static void grant(struct faults *f, const struct wish *wish)
{
    bool nothing = wish->error_rate == 0 && wish->leak_kib == 0 && wish->slow_start_ns == 0;

    f->enabled = true;
    f->leak_kib = wish->leak_kib;
    f->error_rate = nothing ? 1 : wish->error_rate;
    if (wish->slow_start_ns)
        f->slow =
            (struct slow_start){clock_mono_ns(), wish->slow_start_ns, f->options.slow_start_times};
}

static struct http_reply serve_faults_enable(void *arg, const struct http_request *r)
{
    struct faults *f = arg;
    struct err err = {0};

    pthread_mutex_lock(&f->lock);
    struct wish wish = {.error_rate = f->error_rate, .leak_kib = f->leak_kib};
    int result = read_wish(r, &wish, &err);
    if (result == 0)
        grant(f, &wish);
    pthread_mutex_unlock(&f->lock);
    return result == 0 ? accepted() : http_reply_printf(400, "%s\n", err.text);
}

static struct http_reply serve_faults_disable(void *arg, const struct http_request *r)
{
    struct faults *f = arg;

    (void)r;
    pthread_mutex_lock(&f->lock);
    f->enabled = false;
    f->slow.lasts_ns = 0;
    pthread_mutex_unlock(&f->lock);
    return accepted();
}

static struct http_reply serve_faults_status(void *arg, const struct http_request *r)
{
    struct faults *f = arg;

    (void)r;
    pthread_mutex_lock(&f->lock);
    bool enabled = f->enabled;
    double error_rate = f->error_rate;
    uint64_t leak_kib = f->leak_kib;
    pthread_mutex_unlock(&f->lock);

    json_auto_t *body = json_pack("{s:b, s:f, s:I}", "enabled", enabled, "error_rate", error_rate,
                                  "leak_kib", (json_int_t)leak_kib);
    char *text = json_dumps(body, JSON_COMPACT);
    return http_reply_take(200, "application/json", text, text ? strlen(text) : 0);
}

static const struct http_route routes[] = {
    {"GET", "/readyz", serve_ready,
     "200 when requests are welcome; 503 before --startup-delay is over, after /readyz/disable, "
     "and in a drain."},
    {"POST", "/readyz/enable", serve_ready_enable, "Undoes /readyz/disable."},
    {"POST", "/readyz/disable", serve_ready_disable, "Makes /readyz answer 503."},
    {"POST", "/fault_injection/enable", serve_faults_enable,
     "Switches --error-rate and --leak on, with ?error_rate= (0 to 1) or ?leak_kib= instead of the "
     "flags' values; ?slow_start=30s begins a slow start now. When nothing else is set every "
     "request fails."},
    {"POST", "/fault_injection/disable", serve_faults_disable,
     "Switches them off, and ends a slow start."},
    {"GET", "/fault_injection/status", serve_faults_status,
     "{\"enabled\",\"error_rate\",\"leak_kib\"}."},
};

static const struct opt opts[] = {
    {"startup-delay", OPT_DURATION, offsetof(struct fault_options, startup_delay_ns), "0s",
     "how long /readyz answers 503 after the start", .max = 3600},
    {"slow-start", OPT_DURATION, offsetof(struct fault_options, slow_start_ns), "0s",
     "how long requests cost more after the start, as before caches are warm",
     .max = SLOW_START_MAX_S},
    {"slow-start-times", OPT_DOUBLE, offsetof(struct fault_options, slow_start_times), "5",
     "how many times its usual cost the first request costs; falls evenly to 1", .min = 1,
     .max = 100},
    {"error-rate", OPT_DOUBLE, offsetof(struct fault_options, error_rate), "0",
     "share of requests that are answered 500 and not burned for", .max = 1},
    {"leak", OPT_U64, offsetof(struct fault_options, leak_kib), "0",
     "KiB of memory that each request leaks", .max = LEAK_KIB_MAX},
};

const struct role_part faults_part = {
    {opts, ARRAY_LEN(opts)}, routes, ARRAY_LEN(routes), descs, ARRAY_LEN(descs)};

struct faults *faults_new(const struct fault_options *options, uint64_t seed, struct service *s)
{
    struct faults *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    pthread_mutex_init(&f->lock, NULL);
    f->options = *options;
    f->started_ns = clock_mono_ns();
    f->slow = (struct slow_start){f->started_ns, options->slow_start_ns, options->slow_start_times};
    f->service = s;
    f->dice.seed = ~seed; /* another sequence than that of the costs */
    f->error_rate = options->error_rate;
    f->leak_kib = options->leak_kib;
    f->enabled = f->error_rate > 0 || f->leak_kib > 0;
    f->leaked_bytes = metrics_series(service_metrics(s), &leaked_bytes);
    f->injected = metrics_series(service_metrics(s), &injected_total);
    return f;
}

void faults_free(struct faults *f)
{
    if (!f)
        return;
    for (struct leak *next, *l = f->leaks; l; l = next) {
        next = l->next;
        free(l);
    }
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct http_routes faults_routes(struct faults *f)
{
    return (struct http_routes){routes, ARRAY_LEN(routes), f};
}
