// SPDX-License-Identifier: MIT
#include "adapter/commands.h"

#include "adapter/api/custom.h"
#include "adapter/api/external.h"
#include "adapter/api/usage.h"
#include "adapter/front.h"
#include "adapter/pod_watch.h"
#include "adapter/poller.h"
#include "adapter/rules/connection.h"
#include "adapter/selfmetrics.h"
#include "adapter/setup.h"
#include "base/command.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/options.h"
#include "base/reload.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "http/client.h"
#include "metrics/service.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>

#define CONFIG_MAX_BYTES MIB

struct options {
    struct front_options front;
    const char *config_file;
    uint64_t drain_timeout_ns;
    int log_level, log_format;
    const char *verbosity;
    bool log_to_stderr;
    struct connection_options prometheus;
};

static const struct opt opts[] = {
    {"config", OPT_STRING, offsetof(struct options, config_file), NULL,
     "The configuration file (YAML, see below). Needed. Read again when it changes."},
    {"drain-timeout", OPT_DURATION, offsetof(struct options, drain_timeout_ns), "10s",
     "How long accepted requests may take after SIGTERM.", .max = 3600},
    {"log-level", OPT_CHOICE, offsetof(struct options, log_level), "info", "What is logged.",
     .choices = log_level_names, .env = "LOG_LEVEL"},
    {"log-format", OPT_CHOICE, offsetof(struct options, log_format), "logfmt",
     "How a log line looks.", .choices = log_format_names},
    {"v", OPT_STRING, offsetof(struct options, verbosity), NULL,
     "Read for prometheus-adapter's sake, without effect: see --log-level.",
     .env = "SWELL_KLOG_VERBOSITY"},
    {"logtostderr", OPT_BOOL, offsetof(struct options, log_to_stderr), NULL,
     "Read for its sake too: the log goes to stdout."},
};

static void more_help(FILE *out)
{
    config_help(out);
    (void)fputs("\nEndpoints:\n", out);
    http_routes_help(discovery_routes, discovery_route_count, out);
    http_routes_help(external_routes, external_route_count, out);
    http_routes_help(custom_routes, custom_route_count, out);
    http_routes_help(usage_routes, usage_route_count, out);
    service_help(out);
    selfmetrics_help(out);
    front_help(out);
}

static const struct opt_part parts[] = {
    {&front_flags, offsetof(struct options, front)},
    {&cluster_flags, offsetof(struct options, front.cluster)},
    {&connection_opts, offsetof(struct options, prometheus)},
};
static const struct opt_table table = {
    .program = "swell-adapter run",
    .summary = "polls the sources and serves external and custom metrics from memory",
    OPT_PARTS(parts),
    OPT_TABLE(opts),
    .more_help = more_help,
};

struct app { /* {0} is ready; app_done releases what is there */
    struct options options;
    struct adapter_config config; /* as read at the start, until it is in force */
    struct endpoint *prometheus;  /* that its rules ask */
    uint64_t config_hash;         /* of the text in force; reload's thread's own once that runs */
    uint64_t generation;
    struct queries *queries;
    struct discovery *discovery;
    struct setup_place *place;
    struct kube_access access;
    struct object_watches *watches;
    struct selfmetrics selfmetrics;
    struct service *service;
    struct front *front;
    struct poller *poller;
    struct reload *reload;
};

/* What is passed on is read with our rights, so that who asks must have been let in. */
static int refuse_open_door(const struct app *a, const struct adapter_config *config,
                            struct err *err)
{
    if (a->options.front.port == FRONT_PORT_UNSET || !pass_throughs_any(&config->pass_throughs))
        return 0;
    return err_set(err, -EINVAL,
                   "%s: passThrough needs the HTTPS port: --port would let everybody read with the "
                   "adapter's rights",
                   a->options.config_file);
}

/* *ret and *ret_prometheus are new. */
static int read_config_text(struct app *a, const char *text, size_t len, struct adapter_config *ret,
                            struct endpoint **ret_prometheus, struct err *err)
{
    struct adapter_config config = {0};
    int r = config_parse(a->options.config_file, text, len, &config, err);

    if (r == 0)
        r = refuse_open_door(a, &config, err);
    if (r == 0)
        r = connection_choose(&a->options.prometheus, &config, a->options.config_file,
                              ret_prometheus, err);
    if (r == 0)
        *ret = config;
    else
        config_done(&config);
    return r;
}

static int read_config_file(struct app *a, struct err *err)
{
    scoped(buf_done) struct buf text = {.max = CONFIG_MAX_BYTES};
    int r = buf_read_file(&text, a->options.config_file, err);

    if (r < 0)
        return r;
    const char *data = text.data ? text.data : "";
    a->config_hash = hash_text(HASH_START, data);
    return read_config_text(a, data, text.len, &a->config, &a->prometheus, err);
}

static int read_settings(struct app *a, int argc, char **argv, struct err *err)
{
    a->options.front = (struct front_options)FRONT_OPTIONS_INIT;
    int r = options_parse(&table, argc, argv, &a->options, err);

    if (r >= 0 && !a->options.config_file)
        r = err_set(err, -EINVAL, "--config=FILE is missing; see '%s --help'", table.program);
    if (r >= 0)
        r = read_config_file(a, err);
    return r;
}

/* With an arena for each thread, what one of them frees lies idle while the others ask for more.
 * And large texts, such as files and scrapes, go back to the system each time: left alone, glibc
 * would keep the room of the largest. */
static void keep_memory_small(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, (int)(128 * KIB));
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

/* Which objects there are is only asked where there is an API server and somebody wants to know. */
static int watch_objects(struct app *a, const struct adapter_config *config, struct err *err)
{
    const struct cluster_options *o = &a->options.front.cluster;
    const char *kubeconfig = o->lister_kubeconfig ? o->lister_kubeconfig : o->kubeconfig;
    bool of_objects = config->custom.count || config->rules.custom_count ||
                      config->rules.has_resource_rules || config_finds_pods(config);

    if (a->watches || !of_objects)
        return 0;
    int r = kube_access_find(kubeconfig, &a->access, err);
    if (r == -ENOENT && !kubeconfig)
        return 0;
    return r == 0 ? object_watches_start(&a->watches, &a->access, err) : r;
}

/* Takes config, which leaves {0}. */
static int use_config(struct app *a, struct adapter_config *config, struct endpoint *prometheus,
                      struct err *err)
{
    struct object_lister lister = {0};
    int r = watch_objects(a, config, err);

    if (a->watches) {
        lister = object_watches_lister(a->watches);
        queries_set_pods(a->queries, pod_watch_finder(a->watches));
    }
    if (r == 0)
        r = setup_use(a->place, config, prometheus, lister, err);
    config_done(config);
    if (r == 0)
        selfmetrics_set_config(service_metrics(a->service), ++a->generation, false);
    (void)malloc_trim(0); /* the file's tree was larger than what is made of it */
    return r;
}

static int build(struct app *a, struct err *err)
{
    a->queries = queries_new();
    a->discovery = discovery_new();
    a->service = service_new("swell-adapter", "run");
    const struct setup_config config = {a->queries, a->discovery, a->options.prometheus.relist_ns,
                                        a->options.prometheus.max_age_ns,
                                        a->service ? service_metrics(a->service) : NULL};
    a->place = setup_place_new(&config);
    if (!a->queries || !a->discovery || !a->service || !a->place)
        return err_set(err, -ENOMEM, "out of memory");
    selfmetrics_init(&a->selfmetrics, service_metrics(a->service), setup_slot(a->place));
    return use_config(a, &a->config, a->prometheus, err);
}

/* ---- the file changes ---- */

static int take_over(struct app *a, const char *text, size_t len, struct err *err)
{
    struct adapter_config config = {0};
    struct endpoint *prometheus = NULL;
    int r = read_config_text(a, text, len, &config, &prometheus, err);

    if (r == 0)
        r = use_config(a, &config, prometheus, err);
    endpoint_unref(prometheus);
    return r;
}

/* For reload: a text that is in force already, as at the start, changes nothing. */
static int on_config_text(void *arg, const char *text, size_t len, struct err *err)
{
    struct app *a = arg;
    uint64_t hash = hash_text(HASH_START, text);
    int r = hash == a->config_hash ? 0 : take_over(a, text, len, err);

    if (r == 0)
        a->config_hash = hash;
    selfmetrics_set_config(service_metrics(a->service), a->generation, r < 0);
    return r;
}

/* ---- serving ---- */

static int listen_and_serve(struct app *a, struct err *err)
{
    const struct http_routes routes[] = {
        {external_routes, external_route_count, setup_slot(a->place)},
        {custom_routes, custom_route_count, setup_slot(a->place)},
        {usage_routes, usage_route_count, setup_slot(a->place)},
        {discovery_routes, discovery_route_count, a->discovery}};

    return front_start(&a->front, &a->options.front, a->service, routes, ARRAY_LEN(routes), err);
}

static int start_threads(struct app *a, struct err *err)
{
    int r = poller_start(&a->poller, a->queries, service_metrics(a->service), err);

    if (r == 0)
        r = reload_new(&a->reload, a->options.config_file, CONFIG_MAX_BYTES, on_config_text, a,
                       err);
    return r == 0 ? front_go(a->front, err) : r;
}

/* Ready at once: a source that hangs must not take the whole API away from the cluster. */
static int poll_until_told(struct app *a)
{
    struct err err = {0};

    log_info("polling", LOG_STR("config", a->options.config_file),
             LOG_INT("queries", (int64_t)queries_count(a->queries)));
    if (start_threads(a, &err) < 0) {
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
    reload_free(a->reload);
    poller_stop(a->poller);
    front_free(a->front);
    setup_place_free(a->place);
    service_free(a->service);
    object_watches_stop(a->watches);
    kube_access_done(&a->access);
    discovery_free(a->discovery);
    queries_free(a->queries);
    endpoint_unref(a->prometheus);
    config_done(&a->config);
    connection_options_done(&a->options.prometheus);
    http_client_teardown();
}

int adapter_run(int argc, char **argv)
{
    scoped(app_done) struct app a = {.access = KUBE_ACCESS_INIT};
    struct err err = {0};

    keep_memory_small();
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
