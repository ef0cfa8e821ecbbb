// SPDX-License-Identifier: MIT
#include "load/report.h"

#include "base/clock.h"
#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double percent;
} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"max", 100}};

/* Digits beyond these are noise, and 17 of them are hard to read. */
static double rounded(double value, double per_one)
{
    return round(value * per_one) / per_one;
}

static double per_s(uint64_t count, uint64_t ns)
{
    return ns ? rounded((double)count * (double)NS_PER_S / (double)ns, 100) : 0;
}

static double to_ms(double ns)
{
    return rounded(ns / (double)NS_PER_MS, 1000);
}

static double percentile_ms(const struct histogram *h, double percent)
{
    return to_ms((double)histogram_percentile(h, percent));
}

static json_t *percentile_json(const struct histogram *h, double percent)
{
    return h->count ? json_real(percentile_ms(h, percent)) : json_null();
}

static json_t *pods_json(const struct tally *t)
{
    json_t *pods = json_object();

    for (size_t i = 0; pods && i < t->pod_count; i++)
        (void)json_object_set_new(pods, t->pods[i].name,
                                  json_integer((json_int_t)t->pods[i].answered));
    return pods;
}

json_t *report_progress(const struct tally *t, uint64_t elapsed_ns, uint64_t window_ns)
{
    return json_pack("{s:f, s:I, s:I, s:I, s:f, s:o, s:o, s:o}", "t",
                     rounded((double)elapsed_ns / (double)NS_PER_S, 1000), "sent",
                     (json_int_t)t->sent, "answered", (json_int_t)t->answered, "errors",
                     (json_int_t)t->errors, "rate", per_s(t->window_answered, window_ns), "p50_ms",
                     percentile_json(&t->window, 50), "p99_ms", percentile_json(&t->window, 99),
                     "pods", pods_json(t));
}

/* Calls each with the name and number of every kind of error that occurred: "500", "timeout". */
static void for_each_error(const struct tally *t,
                           void (*each)(void *arg, const char *name, uint64_t count), void *arg)
{
    char status[24];

    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        (void)snprintf(status, sizeof(status), "%d", i);
        if (t->statuses[i])
            each(arg, status, t->statuses[i]);
    }
    for (int i = 0; i < FAILURE_COUNT; i++)
        if (t->failures[i])
            each(arg, failure_names[i], t->failures[i]);
}

static void add_kind(void *arg, const char *name, uint64_t count)
{
    (void)json_object_set_new(arg, name, json_integer((json_int_t)count));
}

static json_t *kinds_json(const struct tally *t)
{
    json_t *kinds = json_object();

    if (kinds)
        for_each_error(t, add_kind, kinds);
    return kinds;
}

static json_t *latency_json(const struct histogram *h)
{
    json_t *latency = json_object();

    if (!latency)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(percentiles); i++)
        (void)json_object_set_new(latency, percentiles[i].name,
                                  percentile_json(h, percentiles[i].percent));
    (void)json_object_set_new(latency, "mean",
                              h->count ? json_real(to_ms(histogram_mean(h))) : json_null());
    (void)json_object_set_new(latency, "count", json_integer((json_int_t)h->count));
    return latency;
}

static double share_percent(const struct tally *t, const struct tally_pod *pod)
{
    return rounded(100.0 * (double)pod->answered / (double)t->answered, 100);
}

static json_t *shares_json(const struct tally *t)
{
    json_t *shares = json_object();

    for (size_t i = 0; shares && i < t->pod_count; i++)
        (void)json_object_set_new(shares, t->pods[i].name,
                                  json_real(share_percent(t, &t->pods[i])));
    return shares;
}

static double seconds(uint64_t ns)
{
    return rounded((double)ns / (double)NS_PER_S, 1000);
}

json_t *report_result(const struct report *r)
{
    const struct tally *t = r->tally;

    return json_pack("{s:s, s:s, s:b, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:f, s:I, "
                     "s:{s:o, s:o}, s:o, s:o}",
                     "mode", r->mode, "url", r->url, "interrupted", r->interrupted, "duration_s",
                     seconds(r->duration_ns), "wait_s", seconds(r->wait_ns), "planned",
                     (json_int_t)t->sent + (json_int_t)t->unsent, "sent", (json_int_t)t->sent,
                     "unsent", (json_int_t)t->unsent, "answered", (json_int_t)t->answered,
                     "unfinished", (json_int_t)t->unfinished, "errors", (json_int_t)t->errors,
                     "error_kinds", kinds_json(t), "rate", per_s(t->sent, r->duration_ns),
                     "throughput", per_s(t->succeeded, r->duration_ns + r->wait_ns), "body_bytes",
                     (json_int_t)t->body_bytes, "latency_ms", "corrected",
                     latency_json(&t->corrected), "service", latency_json(&t->service), "pods",
                     pods_json(t), "pod_share_percent", shares_json(t));
}

static void print_kind(void *arg, const char *name, uint64_t count)
{
    (void)fprintf(arg, "              %s: %" PRIu64 "\n", name, count);
}

static void print_latency(const char *name, const struct histogram *h, FILE *out)
{
    (void)fprintf(out, "%-14s", name);
    for (size_t i = 0; i < ARRAY_LEN(percentiles); i++) {
        if (h->count)
            (void)fprintf(out, "%11.3f", percentile_ms(h, percentiles[i].percent));
        else
            (void)fprintf(out, "%11s", "-");
    }
    (void)fprintf(out, "\n");
}

static void print_latencies(const struct tally *t, FILE *out)
{
    (void)fprintf(out, "%-14s", "Latency (ms)");
    for (size_t i = 0; i < ARRAY_LEN(percentiles); i++)
        (void)fprintf(out, "%11s", percentiles[i].name);
    (void)fprintf(out, "\n");
    print_latency("  corrected", &t->corrected, out);
    print_latency("  service", &t->service, out);
}

static void print_pods(const struct tally *t, FILE *out)
{
    if (t->pod_count)
        (void)fprintf(out, "Pods\n");
    for (size_t i = 0; i < t->pod_count; i++)
        (void)fprintf(out, "  %-40s %10" PRIu64 " %6.2f %%\n", t->pods[i].name, t->pods[i].answered,
                      share_percent(t, &t->pods[i]));
}

void report_text(const struct report *r, FILE *out)
{
    const struct tally *t = r->tally;
    char duration[CLOCK_TEXT_MAX], wait[CLOCK_TEXT_MAX];

    (void)fprintf(out, "Run           %s, %s, %s and %s of waiting%s\n", r->mode, r->url,
                  clock_duration(r->duration_ns / NS_PER_MS * NS_PER_MS, duration),
                  clock_duration(r->wait_ns / NS_PER_MS * NS_PER_MS, wait),
                  r->interrupted ? ", ended by a signal" : "");
    (void)fprintf(out,
                  "Requests      %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64
                  " unfinished, %" PRIu64 " never left\n",
                  t->sent, t->answered, t->unfinished, t->unsent);
    (void)fprintf(out, "Rate          %.2f/s sent, %.2f/s succeeded\n",
                  per_s(t->sent, r->duration_ns), per_s(t->succeeded, r->duration_ns + r->wait_ns));
    (void)fprintf(out, "Errors        %" PRIu64 "\n", t->errors);
    for_each_error(t, print_kind, out);
    print_latencies(t, out);
    print_pods(t, out);
}

int report_line(json_t *line, FILE *out)
{
    if (!line)
        return -ENOMEM;
    int failed = json_dumpf(line, out, JSON_COMPACT | JSON_REAL_PRECISION(15));

    json_decref(line);
    if (failed || fputc('\n', out) == EOF || fflush(out) == EOF)
        return errno == EPIPE ? -EPIPE : -EIO;
    return 0;
}
