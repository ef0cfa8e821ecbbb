// SPDX-License-Identifier: MIT
/* run: `swell-load run`, an open or a closed loop of one request. */
#include "base/clock.h"
#include "base/command.h"
#include "base/err.h"
#include "base/log.h"
#include "base/options.h"
#include "base/scoped.h"
#include "base/version.h"
#include "load/commands.h"
#include "load/schedule.h"
#include "load/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "swell-load run"
#define CONNECTIONS_MAX 100000

struct run_options {
    const char *rate, *method, *body;
    uint64_t clients, max_connections;
    uint64_t duration_ns, pause_ns, timeout_ns, progress_ns;
    bool keepalive;
    struct opt_list headers;
    int output, log_level, log_format;
};

#define AT(member) offsetof(struct run_options, member)

static const struct opt opts[] = {
    {"rate", OPT_STRING, AT(rate), NULL,
     "open loop: requests, or requests/time such as 100/s or 90/1m, whatever the server does"},
    {"clients", OPT_U64, AT(clients), "0",
     "closed loop: so many clients, each of which waits for its answer, pauses, and asks again",
     .max = CONNECTIONS_MAX},
    {"pause", OPT_DURATION, AT(pause_ns), "10ms", "closed loop: between answer and next request",
     .max = 3600},
    {"duration", OPT_DURATION, AT(duration_ns), "0", "how long to send; 0: until a signal"},
    {"max-connections", OPT_U64, AT(max_connections), "1000",
     "open loop: most requests under way; what is due meanwhile waits, and its latency counts",
     .min = 1, .max = CONNECTIONS_MAX},
    {"keepalive", OPT_BOOL, AT(keepalive), "false",
     "reuse connections; otherwise one for each request, so that a Service spreads them"},
    {"timeout", OPT_DURATION, AT(timeout_ns), "30s", "of one request", .min = 0.001, .max = 86400},
    {"method", OPT_STRING, AT(method), NULL, "GET, or POST when there is a body, unless given"},
    {"header", OPT_LIST, AT(headers), NULL, "'Name: value'; may be given several times"},
    {"body", OPT_STRING, AT(body), NULL, "text to send with each request"},
    {"output", OPT_CHOICE, AT(output), "text", "form of the result", .choices = output_names},
    {"progress", OPT_DURATION, AT(progress_ns), "0",
     "print a JSON line every so often, and the result as the last one; 0: do not", .max = 3600},
    {"log-level", OPT_CHOICE, AT(log_level), "info", "how much to log on stderr",
     .choices = log_level_names, .env = "LOG_LEVEL"},
    {"log-format", OPT_CHOICE, AT(log_format), "logfmt", "form of log lines",
     .choices = log_format_names},
};

static const struct opt_table table = {
    .program = PROGRAM,
    .summary = "sends one request again and again, and counts from when each should have left",
    .positional = "URL",
    OPT_TABLE(opts),
};

struct run {
    struct run_options options;
    const char *url;
    struct pace pace;
    struct schedule schedule;
    struct session session;
    size_t max_in_flight;
    bool over; /* the end of sending has come */
};

static int check_header(const char *header, struct err *err)
{
    const char *colon = strchr(header, ':');

    if (!colon || colon == header || strpbrk(header, "\r\n"))
        return err_set(err, -EINVAL, "--header takes 'Name: value', not '%s'", header);
    return 0;
}

static int check_options(struct run *run, struct err *err)
{
    const struct run_options *o = &run->options;
    int r = transport_check_url(run->url, err);

    if (r == 0 && !o->rate == !o->clients)
        r = err_set(err, -EINVAL, "exactly one of --rate (open loop) and --clients (closed loop)");
    if (r == 0 && o->rate)
        r = pace_parse(o->rate, &run->pace, err);
    for (size_t i = 0; i < o->headers.count && r == 0; i++)
        r = check_header(o->headers.values[i], err);
    if (r == 0 && o->method && (!*o->method || strpbrk(o->method, " \t\r\n")))
        r = err_set(err, -EINVAL, "--method takes a word such as PUT, not '%s'", o->method);
    return r;
}

static int read_options(struct run *run, int argc, char **argv, struct err *err)
{
    int first = options_parse(&table, argc, argv, &run->options, err);

    if (first < 0)
        return first;
    if (first == argc)
        return err_set(err, -EINVAL, "the URL is missing; see '%s --help'", PROGRAM);
    if (argc - first > 1)
        return err_set(err, -EINVAL, "one URL, and flags in front of it: what is '%s'?",
                       argv[first + 1]);
    run->url = argv[first];
    return check_options(run, err);
}

static uint64_t next_due_ns(const void *app)
{
    const struct run *run = app;

    if (run->over || transport_in_flight(run->session.transport) == run->max_in_flight)
        return UINT64_MAX;
    return schedule_next_ns(&run->schedule);
}

static int send_next(void *app)
{
    struct run *run = app;
    const char *body = run->options.body;
    uint64_t intended_ns = schedule_take(&run->schedule);

    run->session.tally->sent++;
    return transport_send(run->session.transport, intended_ns, 0, body, body ? strlen(body) : 0);
}

static void on_done(void *arg, const struct outcome *o)
{
    struct run *run = arg;

    session_log_failure(&run->session, o);
    tally_outcome(run->session.tally, o);
    schedule_answered(&run->schedule, o->done_ns);
}

/* What was due before the end and found no connection counts with the time that it waited. */
static void on_end(void *app, uint64_t end_ns)
{
    struct run *run = app;

    while (schedule_next_ns(&run->schedule) < end_ns)
        tally_unsent(run->session.tally, end_ns - schedule_take(&run->schedule));
    run->over = true;
}

static bool is_idle(const void *app)
{
    return transport_in_flight(((const struct run *)app)->session.transport) == 0;
}

static int print_progress(void *app, uint64_t now_ns)
{
    return session_print_progress(&((struct run *)app)->session, now_ns);
}

static const struct drive_ops ops = {next_due_ns, send_next, on_end, is_idle, print_progress};

static int open_session(struct run *run, struct err *err)
{
    const struct run_options *o = &run->options;
    struct transport_config config = {
        .url = run->url,
        .method = o->method,
        .headers = o->headers.values,
        .header_count = o->headers.count,
        .keepalive = o->keepalive,
        .timeout_ns = o->timeout_ns,
        .max_in_flight = run->max_in_flight,
        .done = on_done,
        .arg = run,
    };

    return session_open(&run->session, &config, err);
}

static int drive(struct run *run)
{
    const struct run_options *o = &run->options;
    struct drive *d = &run->session.drive;

    session_start(&run->session, o->duration_ns, o->progress_ns);
    d->ops = &ops;
    d->app = run;
    d->grace_ns = 2 * o->timeout_ns; /* each request has its own time-out; this is a safety net */
    if (o->clients) {
        if (schedule_init_closed(&run->schedule, run->max_in_flight, o->pause_ns, d->start_ns) < 0)
            return -ENOMEM;
    } else {
        schedule_init_open(&run->schedule, &run->pace, d->start_ns);
    }
    return drive_run(d);
}

static void log_start(const struct run *run)
{
    const struct run_options *o = &run->options;

    log_info("running", LOG_STR("version", SWELL_VERSION), LOG_STR("libcurl", transport_version()),
             LOG_STR("url", run->url), LOG_STR("rate", o->rate),
             LOG_INT("clients", (int64_t)o->clients),
             LOG_DOUBLE("duration_s", (double)o->duration_ns / (double)NS_PER_S),
             LOG_STR("keepalive", o->keepalive ? "true" : "false"));
}

static int run_and_print(struct run *run)
{
    const struct run_options *o = &run->options;
    struct err err = {0};
    bool lines = o->progress_ns || o->output == OUTPUT_JSON;

    if (open_session(run, &err) < 0) {
        log_error("cannot run", LOG_STR("reason", err.text));
        return EXIT_FAILURE;
    }
    log_start(run);
    int r = drive(run);
    if (r < 0) {
        log_error("the run broke off", LOG_STR("reason", strerror(-r)));
        return EXIT_FAILURE;
    }
    return session_print_result(&run->session, o->clients ? "closed" : "open", run->url,
                                lines ? OUTPUT_JSON : OUTPUT_TEXT, NULL);
}

int run_command(int argc, char **argv)
{
    struct run run = {.session = {.signal_fd = -1}};
    const struct run_options *o = &run.options;
    struct err err = {0};
    int r = read_options(&run, argc, argv, &err);

    if (r < 0)
        return command_refuse(PROGRAM, r, &err);
    log_init(stderr, (enum log_format)o->log_format, (enum log_level)o->log_level);
    run.max_in_flight = (size_t)(o->clients ? o->clients : o->max_connections);
    r = run_and_print(&run);

    schedule_done(&run.schedule);
    session_close(&run.session);
    return r;
}
