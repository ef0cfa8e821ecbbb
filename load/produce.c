// SPDX-License-Identifier: MIT
/* produce: `swell-load produce`, an open loop that puts jobs into a queue of swell-workload.
 *
 * Every job has an id of its own, and a put that failed is repeated with the same id until the
 * queue has acknowledged it: the queue takes an id once, so nothing is lost and nothing is doubled
 * when an answer gets lost. A job that waits to be repeated keeps its place among
 * --max-connections, and jobs that find no place wait for their turn, so memory stays bounded
 * however long the queue is away. */
#include "base/buf.h"
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
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PROGRAM "swell-load produce"
#define RETRY_NS (200 * NS_PER_MS)
#define QUEUE_NAME_MAX 63 /* a DNS label, as the queue has it */
#define PREFIX_SIZE 17    /* 64 bits in hexadecimal */

struct produce_options {
    const char *queue_url, *queue, *rate;
    double cpu_ms;
    uint64_t duration_ns, timeout_ns, progress_ns, max_connections;
    int output, log_level, log_format;
};

#define AT(member) offsetof(struct produce_options, member)

static const struct opt opts[] = {
    {"queue-url", OPT_STRING, AT(queue_url), NULL, "where the queue is, such as http://queue"},
    {"queue", OPT_STRING, AT(queue), "jobs", "the queue's name"},
    {"rate", OPT_STRING, AT(rate), NULL, "jobs, or jobs/time such as 60/s or 90/1m"},
    {"duration", OPT_DURATION, AT(duration_ns), "0", "how long to produce; 0: until a signal"},
    {"cpu-ms", OPT_DOUBLE, AT(cpu_ms), "20", "CPU time that each job asks for", .max = 3600000},
    {"max-connections", OPT_U64, AT(max_connections), "100",
     "most jobs on their way; what is due meanwhile waits, and its latency counts", .min = 1,
     .max = 10000},
    {"timeout", OPT_DURATION, AT(timeout_ns), "30s",
     "of one put; and how long to go on repeating after the end", .min = 0.001, .max = 86400},
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
    .summary = "puts jobs into a queue at a rate, each until it is acknowledged",
    OPT_TABLE(opts),
};

struct job { /* a place for a job on its way; its number is the tag of its requests */
    uint64_t intended_ns;
    char *body; /* owned; NULL: the place is free */
};

struct produce {
    struct produce_options options;
    struct pace pace;
    struct schedule schedule;
    struct session session;
    struct buf url;
    char prefix[PREFIX_SIZE]; /* of the ids of this run */
    struct job *jobs;         /* options.max_connections */
    uint64_t *free_jobs;      /* a stack of places */
    size_t free_count;
    struct due retries; /* places of jobs that wait to be put again */
    uint64_t rejected, retry_count;
    bool over; /* the end of producing has come */
};

static int check_queue(const char *name, struct err *err)
{
    size_t len = strlen(name);

    if (len == 0 || len > QUEUE_NAME_MAX ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return err_set(err, -EINVAL,
                       "--queue takes 1 to %d of the characters a-z, 0-9 and -, not '%s'",
                       QUEUE_NAME_MAX, name);
    return 0;
}

static int build_url(struct produce *p, struct err *err)
{
    const struct produce_options *o = &p->options;
    size_t len = strlen(o->queue_url);

    while (len > 0 && o->queue_url[len - 1] == '/')
        len--;
    p->url.max = 4 * KIB;
    if (buf_printf(&p->url, "%.*s/queues/%s/jobs", (int)len, o->queue_url, o->queue) < 0)
        return err_set(err, -EINVAL, "--queue-url is too long");
    return 0;
}

static int read_options(struct produce *p, int argc, char **argv, struct err *err)
{
    const struct produce_options *o = &p->options;
    int r = options_parse(&table, argc, argv, &p->options, err);

    if (r < 0)
        return r;
    if (!o->queue_url || !o->rate)
        return err_set(err, -EINVAL, "--queue-url and --rate are needed; see '%s --help'", PROGRAM);
    r = transport_check_url(o->queue_url, err);
    if (r == 0)
        r = check_queue(o->queue, err);
    if (r == 0)
        r = pace_parse(o->rate, &p->pace, err);
    return r == 0 ? build_url(p, err) : r;
}

static uint64_t next_due_ns(const void *app)
{
    const struct produce *p = app;
    uint64_t retry_ns = due_first_ns(&p->retries);
    uint64_t new_ns = p->over || !p->free_count ? UINT64_MAX : schedule_next_ns(&p->schedule);

    return retry_ns < new_ns ? retry_ns : new_ns;
}

/* A new text, or NULL when out of memory. */
static char *job_body(const struct produce *p, uint64_t number)
{
    char id[PREFIX_SIZE + 24];

    (void)snprintf(id, sizeof(id), "%s-%" PRIu64, p->prefix, number);
    json_auto_t *body = json_pack("{s:s, s:f}", "id", id, "cpu_ms", p->options.cpu_ms);
    return body ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
}

static int put(struct produce *p, uint64_t place)
{
    const struct job *job = &p->jobs[place];

    return transport_send(p->session.transport, job->intended_ns, place, job->body,
                          strlen(job->body));
}

static int put_new(struct produce *p)
{
    uint64_t place = p->free_jobs[p->free_count - 1];
    char *body = job_body(p, p->session.tally->sent);

    if (!body)
        return -ENOMEM;
    p->free_count--;
    p->jobs[place] = (struct job){.intended_ns = schedule_take(&p->schedule), .body = body};
    p->session.tally->sent++;
    return put(p, place);
}

static int send_next(void *app)
{
    struct produce *p = app;

    if (due_first_ns(&p->retries) > next_due_ns(app))
        return put_new(p);
    p->retry_count++;
    return put(p, due_take(&p->retries).number);
}

static void release(struct produce *p, uint64_t place)
{
    free(p->jobs[place].body);
    p->jobs[place].body = NULL;
    p->free_jobs[p->free_count++] = place;
}

static bool is_acknowledged(const struct outcome *o)
{
    return o->failure == FAILURE_NONE && o->status >= 200 && o->status < 300;
}

/* The same put would be answered the same again. 408 and 429 say "later". */
static bool is_rejected(const struct outcome *o)
{
    return o->failure == FAILURE_NONE && o->status < 500 && o->status != 408 && o->status != 429;
}

static void on_done(void *arg, const struct outcome *o)
{
    struct produce *p = arg;

    session_log_failure(&p->session, o);
    if (is_acknowledged(o) || o->failure == FAILURE_UNFINISHED) {
        tally_outcome(p->session.tally, o);
        release(p, o->tag);
        return;
    }
    tally_failed_attempt(p->session.tally, o);
    if (!is_rejected(o)) {
        due_push(&p->retries, o->done_ns + RETRY_NS, o->tag);
        return;
    }
    if (p->rejected++ == 0)
        log_warn("job rejected; from now on such are only counted", LOG_INT("status", o->status));
    release(p, o->tag);
}

static void on_end(void *app, uint64_t end_ns)
{
    struct produce *p = app;

    while (schedule_next_ns(&p->schedule) < end_ns)
        tally_unsent(p->session.tally, end_ns - schedule_take(&p->schedule));
    p->over = true;
}

static bool is_idle(const void *app)
{
    const struct produce *p = app;

    return p->free_count == p->options.max_connections;
}

static int print_progress(void *app, uint64_t now_ns)
{
    return session_print_progress(&((struct produce *)app)->session, now_ns);
}

static const struct drive_ops ops = {next_due_ns, send_next, on_end, is_idle, print_progress};

static int allocate(struct produce *p)
{
    size_t count = (size_t)p->options.max_connections;

    p->jobs = calloc(count, sizeof(*p->jobs));
    p->free_jobs = calloc(count, sizeof(*p->free_jobs));
    if (!p->jobs || !p->free_jobs || due_init(&p->retries, count) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        p->free_jobs[p->free_count++] = count - 1 - i;
    return 0;
}

static int make_prefix(struct produce *p)
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return -EIO;
    (void)snprintf(p->prefix, sizeof(p->prefix), "%016" PRIx64, number);
    return 0;
}

static int open_session(struct produce *p, struct err *err)
{
    static const char *const headers[] = {"Content-Type: application/json"};
    struct transport_config config = {
        .url = p->url.data,
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .keepalive = true,
        .timeout_ns = p->options.timeout_ns,
        .max_in_flight = (size_t)p->options.max_connections,
        .done = on_done,
        .arg = p,
    };

    if (allocate(p) < 0 || make_prefix(p) < 0)
        return err_set(err, -ENOMEM, "no memory or no random numbers");
    return session_open(&p->session, &config, err);
}

static void give_up_retries(struct produce *p)
{
    while (p->retries.count) {
        uint64_t place = due_take(&p->retries).number;
        tally_unfinished(p->session.tally, p->session.drive.done_ns - p->jobs[place].intended_ns);
        release(p, place);
    }
}

static int drive(struct produce *p)
{
    struct drive *d = &p->session.drive;

    session_start(&p->session, p->options.duration_ns, p->options.progress_ns);
    d->ops = &ops;
    d->app = p;
    d->grace_ns = p->options.timeout_ns;
    schedule_init_open(&p->schedule, &p->pace, d->start_ns);

    int r = drive_run(d);
    give_up_retries(p);
    return r;
}

static int print_json(struct produce *p, uint64_t unacknowledged)
{
    json_t *more = json_pack("{s:I, s:I, s:I, s:I, s:s}", "acknowledged",
                             (json_int_t)p->session.tally->answered, "rejected",
                             (json_int_t)p->rejected, "unacknowledged", (json_int_t)unacknowledged,
                             "retries", (json_int_t)p->retry_count, "id_prefix", p->prefix);

    return session_print_result(&p->session, "produce", p->url.data, OUTPUT_JSON, more);
}

static int print_text(struct produce *p, uint64_t unacknowledged)
{
    int code = session_print_result(&p->session, "produce", p->url.data, OUTPUT_TEXT, NULL);

    (void)printf("Jobs          %" PRIu64 " acknowledged, %" PRIu64 " rejected, %" PRIu64
                 " unacknowledged; %" PRIu64 " puts repeated\n",
                 p->session.tally->answered, p->rejected, unacknowledged, p->retry_count);
    return fflush(stdout) == EOF ? EXIT_FAILURE : code;
}

static int print_result(struct produce *p)
{
    const struct tally *t = p->session.tally;
    uint64_t unacknowledged = t->sent - t->answered - p->rejected;

    if (p->options.progress_ns || p->options.output == OUTPUT_JSON)
        return print_json(p, unacknowledged);
    return print_text(p, unacknowledged);
}

static int produce_and_print(struct produce *p)
{
    struct err err = {0};

    if (open_session(p, &err) < 0) {
        log_error("cannot produce", LOG_STR("reason", err.text));
        return EXIT_FAILURE;
    }
    log_info("producing", LOG_STR("version", SWELL_VERSION),
             LOG_STR("libcurl", transport_version()), LOG_STR("url", p->url.data),
             LOG_STR("rate", p->options.rate), LOG_DOUBLE("cpu_ms", p->options.cpu_ms),
             LOG_STR("id_prefix", p->prefix));
    int r = drive(p);
    if (r < 0) {
        log_error("the run broke off", LOG_STR("reason", strerror(-r)));
        return EXIT_FAILURE;
    }
    return print_result(p);
}

static void produce_done(struct produce *p)
{
    session_close(&p->session);
    for (size_t i = 0; p->jobs && i < p->options.max_connections; i++)
        free(p->jobs[i].body);
    free(p->jobs);
    free(p->free_jobs);
    due_done(&p->retries);
    buf_done(&p->url);
}

int produce_command(int argc, char **argv)
{
    struct produce p = {.session = {.signal_fd = -1}};
    struct err err = {0};
    int r = read_options(&p, argc, argv, &err);

    if (r < 0) {
        buf_done(&p.url);
        return command_refuse(PROGRAM, r, &err);
    }
    log_init(stderr, (enum log_format)p.options.log_format, (enum log_level)p.options.log_level);
    r = produce_and_print(&p);

    produce_done(&p);
    return r;
}
