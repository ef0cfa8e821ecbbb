// SPDX-License-Identifier: MIT
#include "adapter/selfmetrics.h"

#include "adapter/api/metrics_api.h"
#include "base/clock.h"
#include "base/scoped.h"

#include <errno.h>

static const struct metric_desc polls_total = {
    "swell_adapter_polls_total",
    METRIC_COUNTER,
    "Polls of a source that ended, by outcome: ok, timeout, unreachable, status (not 2xx), "
    "too_large, no_value (the answer is not understood, or no usable number is in it).",
    {"source", "outcome"}};
static const double poll_bounds[] = {0.005, 0.025, 0.1, 0.5, 2.5, 10};
static const struct metric_desc poll_seconds = {"swell_adapter_poll_duration_seconds",
                                                METRIC_HISTOGRAM,
                                                "How long polls of a source took, good and bad.",
                                                {"source"},
                                                poll_bounds,
                                                ARRAY_LEN(poll_bounds)};
static const struct metric_desc source_last_success = {
    "swell_adapter_source_last_success_timestamp_seconds",
    METRIC_GAUGE,
    "When a poll of a source last brought a value, in seconds since 1970; 0 before the first.",
    {"source"}};
static const struct metric_desc value_age = {"swell_adapter_value_age_seconds",
                                             METRIC_GAUGE,
                                             "Age of the last good value; absent before the first. "
                                             "Metrics of objects have their resource in labels.",
                                             {"metric", "namespace", "labels"}};
static const struct metric_desc state = {
    "swell_adapter_metric_state",
    METRIC_GAUGE,
    "Always 1; the label says the state: waiting, fresh, held (source failing, value young "
    "enough), expired.",
    {"metric", "namespace", "labels", "state"}};
static const struct metric_desc config_generation = {
    "swell_adapter_config_generation",
    METRIC_GAUGE,
    "Which configuration is in force, counted from 1 with each change of the file that was taken.",
    {NULL}};
static const struct metric_desc config_refused = {
    "swell_adapter_config_refused",
    METRIC_GAUGE,
    "1 while the file as it is now was refused and an older configuration is in force.",
    {NULL}};
static const struct metric_desc *const descs[] = {
    &polls_total, &poll_seconds,      &source_last_success, &value_age,
    &state,       &config_generation, &config_refused};

static const char *const outcome_names[POLL_OUTCOMES] = {"ok",     "timeout",   "unreachable",
                                                         "status", "too_large", "no_value"};

enum poll_outcome poll_outcome(int result)
{
    switch (result) {
    case 0:
        return POLL_OK;
    case -ETIMEDOUT:
        return POLL_TIMEOUT;
    case -EBADMSG:
        return POLL_STATUS;
    case -E2BIG:
        return POLL_TOO_LARGE;
    case -ENOMSG:
        return POLL_NO_VALUE;
    default:
        return POLL_UNREACHABLE;
    }
}

struct poll_series selfmetrics_poll_series(struct metrics *m, const char *source)
{
    struct poll_series series = {.duration = metrics_series(m, &poll_seconds, source),
                                 .last_success = metrics_series(m, &source_last_success, source)};

    for (int i = 0; i < POLL_OUTCOMES; i++)
        series.of[i] = metrics_series(m, &polls_total, source, outcome_names[i]);
    return series;
}

void poll_series_count(const struct poll_series *s, int result, uint64_t duration_ns)
{
    metric_add(s->of[poll_outcome(result)], 1);
    metric_observe(s->duration, (double)duration_ns / (double)NS_PER_S);
    if (result == 0)
        metric_set(s->last_success, (double)(clock_wall_ns() / NS_PER_S));
}

/* Of which metric a query gives the values. */
struct shown {
    const char *name, *namespace, *labels;
    uint64_t max_age_ns;
};

static void write_state(struct metrics *m, const struct shown *s, struct query *query,
                        uint64_t now_ns)
{
    const char *namespace = s->namespace ? s->namespace : "";
    struct reading *r = query_newest(query);
    enum reading_state is = reading_state(r, s->max_age_ns, now_ns);

    metric_set(metrics_series(m, &state, s->name, namespace, s->labels, reading_state_names[is]),
               1);
    if (r && r->samples)
        metric_set(metrics_series(m, &value_age, s->name, namespace, s->labels),
                   (double)reading_age_ns(r, now_ns) / (double)NS_PER_S);
    reading_unref(r);
}

static void write_feed(struct metrics *m, const struct feed *f, uint64_t now_ns)
{
    const struct external_metric *e = f->metric;
    const struct shown shown = {e->name, e->namespace, e->label_text, e->max_age_ns};

    write_state(m, &shown, f->query, now_ns);
}

static void write_custom_feed(struct metrics *m, const struct custom_feed *f, uint64_t now_ns)
{
    const struct custom_metric *c = f->metric;
    char labels[300];

    (void)snprintf(labels, sizeof(labels), "resource=%s%s%s", c->resource.plural,
                   *c->resource.group ? "." : "", c->resource.group);
    const struct shown shown = {c->name, c->namespace, labels, c->max_age_ns};
    write_state(m, &shown, f->query, now_ns);
}

static void collect(void *arg)
{
    struct selfmetrics *s = arg;
    uint64_t now_ns = clock_mono_ns();

    struct metrics_api *api = metrics_api_take(s->slot);
    metrics_clear(s->metrics, &state); /* a metric has one state: the others go */
    metrics_clear(s->metrics, &value_age);
    for (size_t i = 0; i < api->feeds->count; i++)
        write_feed(s->metrics, &api->feeds->items[i], now_ns);
    for (size_t i = 0; i < api->feeds->custom_count; i++)
        write_custom_feed(s->metrics, &api->feeds->customs[i], now_ns);
    counts_clear_states(s->metrics);
    for (size_t i = 0; i < PASS_GROUPS; i++)
        if (api->forwards[i])
            forward_write_state(api->forwards[i], s->metrics);
    metrics_api_unref(api);
}

void selfmetrics_init(struct selfmetrics *s, struct metrics *m, struct metrics_api_slot *slot)
{
    *s = (struct selfmetrics){m, slot};
    metrics_on_collect(m, collect, s);
}

void selfmetrics_set_config(struct metrics *m, uint64_t generation, bool refused)
{
    metric_set(metrics_series(m, &config_generation), (double)generation);
    metric_set(metrics_series(m, &config_refused), refused);
}

void selfmetrics_help(FILE *out)
{
    metrics_help(descs, ARRAY_LEN(descs), out);
    counts_help(out);
}
