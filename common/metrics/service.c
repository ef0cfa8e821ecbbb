// SPDX-License-Identifier: MIT
#include "metrics/service.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "base/version.h"
#include "metrics/answers.h"
#include "metrics/process.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUTE_GROUPS_MAX 8
#define EXPOSITION_MAX_BYTES (16 * MIB)

struct service {
    const char *program, *role;
    char pod_name[256];
    struct metrics *metrics;
    struct metric *in_flight;
    struct answers answers;
    struct metric_desc request_duration; /* with bounds of our own */
    double bounds[SERVICE_BUCKETS_MAX];
    struct http_server *server;
    struct http_routes groups[ROUTE_GROUPS_MAX];
    atomic_bool ready, draining;
};

static const double duration_buckets[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
static const struct metric_desc requests_total = {
    "http_requests_total", METRIC_COUNTER, "HTTP requests answered.", {"method", "route", "code"}};
static const struct metric_desc request_duration = {
    "http_request_duration_seconds",
    METRIC_HISTOGRAM,
    "Time from a request's first line to the last byte of its answer.",
    {"method", "route"},
    duration_buckets,
    ARRAY_LEN(duration_buckets)};
static const struct metric_desc in_flight = {
    "http_requests_in_flight", METRIC_GAUGE, "HTTP requests accepted and not yet answered.", {0}};
static const struct metric_desc build_info = {"swell_build_info",
                                              METRIC_GAUGE,
                                              "Always 1; the labels say what runs.",
                                              {"program", "version"}};

static const struct metric_desc *const descs[] = {&requests_total, &request_duration, &in_flight,
                                                  &build_info};

struct check {
    const char *name;
    bool ok;
};

/* One line per check, as API servers list them. */
static struct http_reply list_checks(const struct http_request *r, int status,
                                     const struct check *checks, size_t count)
{
    struct buf text = {.max = 4 * KIB};
    const char *name = strrchr(r->path, '/');
    int result = 0;

    for (size_t i = 0; i < count; i++)
        result |= buf_printf(&text, checks[i].ok ? "[+]%s ok\n" : "[-]%s failed: reason withheld\n",
                             checks[i].name);
    result |= buf_printf(&text, "%s check %s\n", name ? name + 1 : "",
                         status == 200 ? "passed" : "failed");
    struct http_reply reply = http_reply_text(result == 0 ? status : 500, text.data);
    buf_done(&text);
    return reply;
}

static struct http_reply serve_alive(void *app, const struct http_request *r)
{
    static const struct check alive = {"ping", true};

    (void)app;
    return http_query(r, "verbose") ? list_checks(r, 200, &alive, 1) : http_reply_text(200, "ok");
}

static struct http_reply serve_ready(void *app, const struct http_request *r)
{
    struct service *s = app;
    const struct check checks[] = {
        {"ping", true},
        {"started", atomic_load(&s->ready)},
        {"shutdown", !atomic_load(&s->draining)},
    };
    int status = checks[1].ok && checks[2].ok ? 200 : 503;

    if (http_query(r, "verbose"))
        return list_checks(r, status, checks, ARRAY_LEN(checks));
    return http_reply_text(status, !checks[2].ok ? "draining" : !checks[1].ok ? "not ready" : "ok");
}

static struct http_reply serve_metrics(void *app, const struct http_request *r)
{
    static const char text[] = "text/plain; version=0.0.4; charset=utf-8";
    static const char open[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    struct service *s = app;
    struct buf out = {.max = EXPOSITION_MAX_BYTES};
    const char *accept = http_header(r, "Accept");
    bool openmetrics = accept && strstr(accept, "application/openmetrics-text");
    size_t len = 0;

    if (metrics_write(s->metrics, openmetrics ? METRICS_OPENMETRICS : METRICS_TEXT, &out) < 0) {
        buf_done(&out);
        return http_reply_text(500, "the metrics do not fit\n");
    }
    char *body = buf_take(&out, &len);
    return http_reply_take(200, openmetrics ? open : text, body, len);
}

static struct http_reply serve_version(void *app, const struct http_request *r)
{
    const struct service *s = app;

    (void)r;
    json_auto_t *body = json_pack("{s:s, s:s, s:s+, s:s, s:s}", "major", SWELL_VERSION_MAJOR,
                                  "minor", SWELL_VERSION_MINOR, "gitVersion", "v", SWELL_VERSION,
                                  "program", s->program, "role", s->role);
    char *text = json_dumps(body, JSON_COMPACT);
    return http_reply_take(200, "application/json", text, text ? strlen(text) : 0);
}

static const struct http_route standard_routes[] = {
    {"GET", "/healthz", serve_alive, "200 while the process runs. ?verbose lists what is checked."},
    {"GET", "/livez", serve_alive, "The same."},
    {"GET", "/readyz", serve_ready,
     "200 when requests are welcome, 503 before that and in a drain."},
    {"GET", "/metrics", serve_metrics,
     "Prometheus text format 0.0.4, or OpenMetrics 1.0 when Accept asks for it."},
    {"GET", "/version", serve_version, "JSON with the version."},
};

static void on_start(void *arg)
{
    struct service *s = arg;

    metric_add(s->in_flight, 1);
}

static void on_done(void *arg, const struct http_done *done)
{
    struct service *s = arg;

    metric_add(s->in_flight, -1);
    answers_count(&s->answers, done);
    if (done->id)
        log_debug("answered", LOG_STR("id", done->id), LOG_STR("method", done->method),
                  LOG_STR("route", done->route), LOG_INT("status", done->status),
                  LOG_DOUBLE("seconds", (double)done->duration_ns / (double)NS_PER_S));
}

static void find_pod_name(char name[256])
{
    const char *from = getenv("SWELL_POD_NAME");

    if (!from)
        from = getenv("HOSTNAME");
    if (from)
        (void)snprintf(name, 256, "%s", from);
    else if (gethostname(name, 255) < 0)
        name[0] = '\0';
}

struct service *service_new(const char *program, const char *role)
{
    struct service *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->program = program;
    s->role = role;
    s->metrics = metrics_new();
    if (!s->metrics) {
        free(s);
        return NULL;
    }
    find_pod_name(s->pod_name);
    metrics_add_process(s->metrics);
    s->request_duration = request_duration;
    s->answers = (struct answers){
        .metrics = s->metrics, .total = &requests_total, .duration = &s->request_duration};
    s->in_flight = metrics_series(s->metrics, &in_flight);
    metric_set(metrics_series(s->metrics, &build_info, program, SWELL_VERSION), 1);
    return s;
}

void service_free(struct service *s)
{
    if (!s)
        return;
    answers_done(&s->answers);
    metrics_free(s->metrics);
    free(s);
}

struct metrics *service_metrics(struct service *s)
{
    return s->metrics;
}

void service_set_duration_buckets(struct service *s, const double *bounds, size_t count)
{
    assert(count <= SERVICE_BUCKETS_MAX);
    memcpy(s->bounds, bounds, count * sizeof(*bounds));
    s->request_duration.buckets = s->bounds;
    s->request_duration.bucket_count = count;
}

void service_show_exemplars(struct service *s)
{
    s->request_duration.exemplars = true;
}

struct http_routes service_routes(struct service *s)
{
    return (struct http_routes){standard_routes, ARRAY_LEN(standard_routes), s};
}

int service_start(struct service *s, const struct http_server_config *config,
                  const struct http_routes *routes, size_t count, struct err *err)
{
    struct http_server_config c = *config;

    if (count >= ROUTE_GROUPS_MAX)
        return err_set(err, -E2BIG, "at most %d groups of routes", ROUTE_GROUPS_MAX - 1);

    for (size_t i = 0; i < count; i++)
        s->groups[i] = routes[i];
    s->groups[count] = service_routes(s);
    c.routes = s->groups;
    c.routes_count = count + 1;
    c.headers[0] = (struct http_pair){"X-Swell-Pod", s->pod_name};
    c.on_start = on_start;
    c.on_done = on_done;
    c.on_arg = s;
    c.note_header = s->request_duration.exemplars ? "traceparent" : NULL;

    int r = http_server_start(&s->server, &c, err);
    if (r < 0)
        return r;
    log_info("listening", LOG_STR("program", s->program), LOG_STR("role", s->role),
             LOG_STR("version", SWELL_VERSION), LOG_STR("address", c.address),
             LOG_INT("port", http_server_port(s->server)));
    return 0;
}

struct http_server *service_server(const struct service *s)
{
    return s->server;
}

uint16_t service_port(const struct service *s)
{
    return http_server_port(s->server);
}

const char *service_pod_name(const struct service *s)
{
    return s->pod_name;
}

void service_set_ready(struct service *s, bool ready)
{
    atomic_store(&s->ready, ready);
}

bool service_is_draining(const struct service *s)
{
    return atomic_load(&s->draining);
}

void service_drain(struct service *s)
{
    if (atomic_exchange(&s->draining, true))
        return;
    log_info("draining", LOG_STR("program", s->program));
    http_server_quiesce(s->server);
}

size_t service_stop(struct service *s, uint64_t timeout_ns)
{
    if (!s->server)
        return 0;

    service_drain(s);
    size_t left = http_server_stop(s->server, timeout_ns);
    s->server = NULL;
    if (left)
        log_warn("stopped before every request was answered", LOG_INT("requests", (int64_t)left));
    else
        log_info("stopped", LOG_STR("program", s->program));
    return left;
}

void service_help(FILE *out)
{
    http_routes_help(standard_routes, ARRAY_LEN(standard_routes), out);
    (void)fprintf(out, "\nMetrics:\n");
    metrics_help(descs, ARRAY_LEN(descs), out);
    metrics_help(process_metric_descs, process_metric_desc_count, out);
}
