// SPDX-License-Identifier: MIT
#include "workload/queue_views.h"

#include "base/clock.h"
#include "base/scoped.h"

static const struct metric_desc depth = {
    "swell_queue_depth", METRIC_GAUGE, "Jobs that are ready to be leased.", {"queue"}};
static const struct metric_desc in_flight = {
    "swell_queue_in_flight", METRIC_GAUGE, "Jobs that are leased.", {"queue"}};
static const struct metric_desc delayed = {
    "swell_queue_delayed",
    METRIC_GAUGE,
    "Jobs that will be ready later: put with a delay, or failed.",
    {"queue"}};
static const struct metric_desc dead = {
    "swell_queue_dead", METRIC_GAUGE, "Jobs that were tried too often and are kept.", {"queue"}};
static const struct metric_desc oldest = {"swell_queue_oldest_job_seconds",
                                          METRIC_GAUGE,
                                          "Age of the oldest job that is ready; 0 without one.",
                                          {"queue"}};
static const struct metric_desc jobs_total = {
    "swell_jobs_total",
    METRIC_COUNTER,
    "Jobs put, leased, done and purged; leases that expired, failed or were released; and "
    "acknowledgements without a lease (duplicate), since the file was made.",
    {"queue", "outcome"}};

const struct metric_desc *const queue_metrics[QUEUE_METRICS] = {&depth, &in_flight, &delayed,
                                                                &dead,  &oldest,    &jobs_total};

static double age_seconds(uint64_t since_ns, uint64_t now_ns)
{
    if (since_ns == 0 || since_ns > now_ns)
        return 0;
    return (double)(now_ns - since_ns) / (double)NS_PER_S;
}

json_t *queue_to_json(const struct job_stats *q, uint64_t now_ns)
{
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "queue",
        q->queue, "depth", (json_int_t)q->depth, "in_flight", (json_int_t)q->in_flight, "delayed",
        (json_int_t)q->delayed, "dead", (json_int_t)q->dead, "oldest_seconds",
        age_seconds(q->oldest_ns, now_ns), "arrival_per_second", q->put_per_s, "service_per_second",
        q->done_per_s, "put", (json_int_t)q->put, "leased", (json_int_t)q->leased, "done",
        (json_int_t)q->done, "duplicates", (json_int_t)q->duplicates, "expired",
        (json_int_t)q->expired, "failed", (json_int_t)q->failed, "released",
        (json_int_t)q->released, "purged", (json_int_t)q->purged);
}

static json_t *rabbitmq_stats(const struct job_stats *q)
{
    return json_pack("{s:I, s:{s:f}, s:I, s:{s:f}, s:I, s:{s:f}}", "publish", (json_int_t)q->put,
                     "publish_details", "rate", q->put_per_s, "deliver_get", (json_int_t)q->leased,
                     "deliver_get_details", "rate", q->leased_per_s, "ack", (json_int_t)q->done,
                     "ack_details", "rate", q->done_per_s);
}

json_t *queue_to_rabbitmq(const struct job_stats *q, const char *vhost)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "name", q->queue, "vhost",
                     vhost, "type", "classic", "state", "running", "durable", 1, "messages",
                     (json_int_t)(q->depth + q->in_flight), "messages_ready", (json_int_t)q->depth,
                     "messages_unacknowledged", (json_int_t)q->in_flight, "message_stats",
                     rabbitmq_stats(q));
}

static void collect_totals(const struct job_stats *q, struct metrics *m)
{
    const struct {
        const char *outcome;
        uint64_t total;
    } totals[] = {{"put", q->put},
                  {"leased", q->leased},
                  {"done", q->done},
                  {"expired", q->expired},
                  {"failed", q->failed},
                  {"released", q->released},
                  {"duplicate", q->duplicates},
                  {"purged", q->purged}};

    for (size_t i = 0; i < ARRAY_LEN(totals); i++)
        metric_set(metrics_series(m, &jobs_total, q->queue, totals[i].outcome),
                   (double)totals[i].total);
}

void queue_to_metrics(const struct job_stats *q, uint64_t now_ns, struct metrics *m)
{
    metric_set(metrics_series(m, &depth, q->queue), (double)q->depth);
    metric_set(metrics_series(m, &in_flight, q->queue), (double)q->in_flight);
    metric_set(metrics_series(m, &delayed, q->queue), (double)q->delayed);
    metric_set(metrics_series(m, &dead, q->queue), (double)q->dead);
    metric_set(metrics_series(m, &oldest, q->queue), age_seconds(q->oldest_ns, now_ns));
    collect_totals(q, m);
}
