// SPDX-License-Identifier: MIT
#include "adapter/commands.h"

#include "adapter/api/external.h"
#include "adapter/front.h"
#include "adapter/poller.h"
#include "adapter/selfmetrics.h"
#include "base/command.h"
#include "base/err.h"
#include "base/log.h"
#include "base/options.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "http/client.h"
#include "metrics/service.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>

struct options {
    struct front_options front;
    const char *config_file;
    uint64_t drain_timeout_ns;
    int log_level, log_format;
};

static const struct opt_part parts[] = {
    {&front_flags, offsetof(struct options, front)},
    {&cluster_flags, offsetof(struct options, front.cluster)},
};

static const struct opt opts[] = {
    {"config", OPT_STRING, offsetof(struct options, config_file), NULL,
     "The configuration file (YAML, see below). Needed."},
    {"drain-timeout", OPT_DURATION, offsetof(struct options, drain_timeout_ns), "10s",
     "How long accepted requests may take after SIGTERM.", .max = 3600},
    {"log-level", OPT_CHOICE, offsetof(struct options, log_level), "info", "What is logged.",
     .choices = log_level_names, .env = "LOG_LEVEL"},
    {"log-format", OPT_CHOICE, offsetof(struct options, log_format), "logfmt",
     "How a log line looks.", .choices = log_format_names},
};

static void more_help(FILE *out)
{
    config_help(out);
    (void)fputs("\nEndpoints:\n", out);
    http_routes_help(external_routes, external_route_count, out);
    service_help(out);
    selfmetrics_help(out);
    front_help(out);
}

static const struct opt_table table = {
    .program = "swell-adapter run",
    .summary = "polls the sources and serves external.metrics.k8s.io from memory",
    OPT_PARTS(parts),
    OPT_TABLE(opts),
    .more_help = more_help,
};

struct app { /* {0} is ready; app_done releases what is there */
    struct options options;
    struct adapter_config config;
    struct feeds feeds;
    struct external_api api;
    struct selfmetrics selfmetrics;
    struct service *service;
    struct front *front;
    struct poller *poller;
};

static int read_settings(struct app *a, int argc, char **argv, struct err *err)
{
    a->options.front = (struct front_options)FRONT_OPTIONS_INIT;
    int r = options_parse(&table, argc, argv, &a->options, err);

    if (r >= 0 && !a->options.config_file)
        r = err_set(err, -EINVAL, "--config=FILE is missing; see '%s --help'", table.program);
    if (r >= 0)
        r = config_read_file(a->options.config_file, &a->config, err);
    return r;
}

/* Each source may hold a connection; the usual soft limit of 1024 is close to that. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int build(struct app *a, struct err *err)
{
    if (feeds_init(&a->feeds, &a->config) < 0 || external_api_init(&a->api, &a->feeds) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    a->service = service_new("swell-adapter", "run");
    if (!a->service)
        return err_set(err, -ENOMEM, "out of memory");
    selfmetrics_init(&a->selfmetrics, service_metrics(a->service), &a->feeds);
    return 0;
}

static int listen_and_serve(struct app *a, struct err *err)
{
    const struct http_routes routes = {external_routes, external_route_count, &a->api};

    return front_start(&a->front, &a->options.front, a->service, &routes, 1, err);
}

/* Ready at once: a source that hangs must not take the whole API away from the cluster. */
static int poll_until_told(struct app *a)
{
    struct err err = {0};

    log_info("polling", LOG_STR("config", a->options.config_file),
             LOG_INT("metrics", (int64_t)a->feeds.count));
    int r = poller_start(&a->poller, &a->feeds, service_metrics(a->service), &err);
    if (r == 0)
        r = front_go(a->front, &err);
    if (r < 0) {
        log_error(err.text);
        front_stop(a->front, 0);
        return EXIT_FAILURE;
    }
    (void)signals_wait();
    front_stop(a->front, a->options.drain_timeout_ns);
    return EXIT_SUCCESS;
}

static void app_done(struct app *a)
{
    poller_stop(a->poller);
    front_free(a->front);
    service_free(a->service);
    external_api_done(&a->api);
    feeds_done(&a->feeds);
    config_done(&a->config);
    http_client_teardown();
}

int adapter_run(int argc, char **argv)
{
    scoped(app_done) struct app a = {0};
    struct err err = {0};

    json_object_seed(0);
    int r = read_settings(&a, argc, argv, &err);
    if (r < 0)
        return command_refuse(table.program, r, &err);

    log_init(stdout, (enum log_format)a.options.log_format, (enum log_level)a.options.log_level);
    raise_descriptor_limit();
    signals_block();
    r = http_client_setup();
    if (r < 0)
        return command_refuse(table.program, err_errno(&err, -r, "libcurl"), &err);

    r = build(&a, &err);
    if (r == 0)
        r = listen_and_serve(&a, &err);
    return r == 0 ? poll_until_told(&a) : command_refuse(table.program, r, &err);
}
