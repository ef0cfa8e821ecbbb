// SPDX-License-Identifier: MIT
/* value: a small API on Redis, for showing a bottleneck that more pods do not help. */
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "metrics/service.h"
#include "workload/role.h"
#include "workload/value_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX_BYTES (64 * KIB)
#define SPARE_CONNECTIONS 256 /* idle ones, probes, and those who are told 503 */

struct role_and_value {
    struct role_options role;
    struct value_options value;
};

struct value_app {
    struct role_and_value options;
    struct service *service;
    struct value_store *store;
};

/* Sets *ret when the key of the path is too long; it is never empty. */
static bool refuse_key(const struct http_request *r, struct http_reply *ret)
{
    if (strlen(r->params[0]) <= VALUE_KEY_MAX)
        return false;
    *ret = http_reply_printf(400, "a key has at most %d bytes\n", VALUE_KEY_MAX);
    return true;
}

static struct http_reply get_value(void *arg, const struct http_request *r)
{
    struct value_app *app = arg;
    struct http_reply refusal;

    if (refuse_key(r, &refusal))
        return refusal;
    return value_store_get(app->store, r, r->params[0]);
}

static struct http_reply set_value(void *arg, const struct http_request *r)
{
    struct value_app *app = arg;
    struct http_reply refusal;

    if (refuse_key(r, &refusal))
        return refusal;
    return value_store_set(app->store, r, r->params[0], r->body, r->body_len);
}

static const struct http_route routes[] = {
    {"GET", "/value/{key}", get_value,
     "The value from --redis-read; 404 when there is none, 503 when Redis is away, 504 after "
     "--deadline."},
    {"POST", "/value/{key}", set_value,
     "Sets the value to the body, at most 64 KiB, at --redis-write; answers 'OK'."},
};

static const struct role_part part = {.routes = routes,
                                      .route_count = ARRAY_LEN(routes),
                                      .metrics = value_store_metrics,
                                      .metric_count = VALUE_STORE_METRICS};

static void help(FILE *out)
{
    role_help((const struct role_part *const[]){&part}, 1, out);
}

static const struct opt opts[] = {
    {"redis-write", OPT_STRING, offsetof(struct role_and_value, value.write_url), "redis://redis",
     "Redis that values are set in: redis://[[user]:password@]host[:6379][/0]"},
    {"redis-read", OPT_STRING, offsetof(struct role_and_value, value.read_url), NULL,
     "Redis that values are read from, such as a replica; not given, it is --redis-write"},
    {"deadline", OPT_DURATION, offsetof(struct role_and_value, value.deadline_ns), "400ms",
     "how long a request may take, its time in line included; then the answer is 504", .min = 0.001,
     .max = 3600},
    {"pool", OPT_U64, offsetof(struct role_and_value, value.pool), "10",
     "connections to each Redis, which are all that can be asked at a time", .min = 1, .max = 1000},
    {"queue", OPT_U64, offsetof(struct role_and_value, value.queue), "1000",
     "requests that may wait for a connection; one more is told 503", .max = 100000},
};
static const struct opt_part flags[] = {{&role_opts, offsetof(struct role_and_value, role)}};
static const struct opt_table table = {
    .program = "swell-workload value",
    .summary = "keeps values in Redis, with a deadline and a limited pool of connections",
    OPT_PARTS(flags),
    OPT_TABLE(opts),
    .more_help = help,
};

static int listen_and_serve(struct value_app *app, struct err *err)
{
    const struct role_options *role = &app->options.role;
    const struct value_options *o = &app->options.value;
    size_t connections = o->pool + o->queue + SPARE_CONNECTIONS;
    const struct http_server_config config = {.address = role->address,
                                              .port = (uint16_t)role->port,
                                              .max_connections = (unsigned)connections,
                                              .max_body_bytes = VALUE_MAX_BYTES};
    const struct http_routes groups[] = {{routes, ARRAY_LEN(routes), app}};

    role_want_files(connections + 2 * o->pool);
    int r = service_start(app->service, &config, groups, ARRAY_LEN(groups), err);
    if (r < 0)
        return r;
    log_info("ready", LOG_INT("pool", (int64_t)o->pool), LOG_INT("queue", (int64_t)o->queue));
    service_set_ready(app->service, true);
    return 0;
}

/* Redis need not be there: who is not ready because of it would be taken out of the Service, and
 * its clients would not even be told why. */
static int start(void *arg, struct err *err)
{
    struct value_app *app = arg;

    app->service = service_new("swell-workload", "value");
    if (!app->service)
        return err_set(err, -ENOMEM, "out of memory");
    int r = value_store_new(&app->store, &app->options.value, service_metrics(app->service), err);
    return r < 0 ? r : listen_and_serve(app, err);
}

static int stop(void *arg)
{
    struct value_app *app = arg;
    size_t left = service_stop(app->service, app->options.role.drain_timeout_ns);

    value_store_cancel(app->store);
    return left ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void app_done(struct value_app *app)
{
    value_store_free(app->store);
    service_free(app->service);
}

static const struct role role = {&table, start, stop};

int value_run(int argc, char **argv)
{
    scoped(app_done) struct value_app app = {0};

    return role_run(&role, argc, argv, &app.options.role, &app);
}
