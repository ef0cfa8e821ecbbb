// SPDX-License-Identifier: MIT
#include "adapter/forward/counts.h"

#include "base/clock.h"
#include "base/scoped.h"

static const char *const outcome_names[FORWARD_OUTCOMES] = {
    "values",  "unknown",     "status",    "denied", "invalid",
    "timeout", "unreachable", "too_large", "busy",   "failing"};
static const char *const list_names[] = {"failed", "read"};

static const struct metric_desc requests_total = {
    "swell_adapter_forward_requests_total",
    METRIC_COUNTER,
    "Reads of metrics that are not ours, by what the other adapter made of them: values, unknown "
    "(404), status (another error, passed on), denied (401, 403: it does not let us read), invalid "
    "(no answer to this question), timeout, unreachable, too_large; or it was not asked: busy (too "
    "many at a time), failing (it did not answer before).",
    {"group", "outcome"}};
static const double bounds[] = {0.005, 0.025, 0.1, 0.5, 2.5, 10};
static const struct metric_desc duration = {"swell_adapter_forward_duration_seconds",
                                            METRIC_HISTOGRAM,
                                            "How long the other adapter took, good and bad.",
                                            {"group"},
                                            bounds,
                                            ARRAY_LEN(bounds)};
static const struct metric_desc failing = {"swell_adapter_forward_failing",
                                           METRIC_GAUGE,
                                           "1 while the other adapter is not asked, but for a try "
                                           "now and then, because it did not answer.",
                                           {"group"}};
static const struct metric_desc lists_total = {
    "swell_adapter_forward_lists_total",
    METRIC_COUNTER,
    "Reads of the other adapter's list of metrics, by outcome: read, failed.",
    {"group", "outcome"}};
static const struct metric_desc listed = {
    "swell_adapter_forward_listed",
    METRIC_GAUGE,
    "How many metrics the other adapter's list has; absent while there is none.",
    {"group"}};
static const struct metric_desc list_age = {
    "swell_adapter_forward_list_age_seconds",
    METRIC_GAUGE,
    "Age of the other adapter's list of metrics; absent while there is none.",
    {"group"}};
static const struct metric_desc conflicts = {
    "swell_adapter_forward_conflicts",
    METRIC_GAUGE,
    "How many metrics both adapters list: ours are served.",
    {"group"}};

struct counts counts_of(struct metrics *m, const char *group)
{
    struct counts c = {.duration = metrics_series(m, &duration, group)};

    for (size_t i = 0; i < FORWARD_OUTCOMES; i++)
        c.outcomes[i] = metrics_series(m, &requests_total, group, outcome_names[i]);
    for (size_t i = 0; i < ARRAY_LEN(list_names); i++)
        c.lists[i] = metrics_series(m, &lists_total, group, list_names[i]);
    return c;
}

void counts_clear_states(struct metrics *m)
{
    static const struct metric_desc *const states[] = {&failing, &listed, &list_age, &conflicts};

    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        metrics_clear(m, states[i]);
}

void counts_write_state(struct metrics *m, const char *group, const struct forward_state *s)
{
    metric_set(metrics_series(m, &failing, group), s->failing);
    metric_set(metrics_series(m, &conflicts, group), (double)s->conflicts);
    if (!s->has_list)
        return;
    metric_set(metrics_series(m, &listed, group), (double)s->listed);
    metric_set(metrics_series(m, &list_age, group), (double)s->list_age_ns / (double)NS_PER_S);
}

void counts_help(FILE *out)
{
    static const struct metric_desc *const descs[] = {
        &requests_total, &duration, &failing, &lists_total, &listed, &list_age, &conflicts};

    metrics_help(descs, ARRAY_LEN(descs), out);
}
