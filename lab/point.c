// SPDX-License-Identifier: MIT
#include "lab/point.h"

#include "base/clock.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "kube/quantity.h"
#include "kube/selector.h"
#include "lab/cpu.h"
#include "lab/env.h"
#include "lab/player.h"
#include "lab/pods.h"
#include "lab/proxy.h"
#include "lab/sampler.h"
#include "lab/services.h"
#include "lab/store.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_SHOWN 6
#define PODS_SHOWN 64

struct counter { /* the last reading of something that only grows */
    struct counter *next;
    char name[300];
    uint64_t value, at_ns; /* CLOCK_MONOTONIC */
    double rate;
    bool read;                         /* for this point */
    struct proxy_durations *durations; /* of a target's Service; NULL: none seen yet */
};

struct point_maker {
    struct env *env;
    struct counter *counters;
};

struct point_maker *point_maker_new(struct env *env)
{
    struct point_maker *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->env = env;
    return m;
}

static void counter_free(struct counter *c)
{
    free(c->durations);
    free(c);
}

void point_maker_free(struct point_maker *m)
{
    if (!m)
        return;
    for (struct counter *next, *c = m->counters; c; c = next) {
        next = c->next;
        counter_free(c);
    }
    free(m);
}

static struct counter *find_or_add(struct point_maker *m, const char *name)
{
    struct counter *c = m->counters;

    while (c && strcmp(c->name, name) != 0)
        c = c->next;
    if (c)
        return c;
    c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    (void)snprintf(c->name, sizeof(c->name), "%s", name);
    c->next = m->counters;
    m->counters = c;
    return c;
}

/* Events per real second since the last reading; the first one, and a restart, give 0. */
static double rate_of(struct counter *c, uint64_t value)
{
    uint64_t now_ns = clock_mono_ns();

    if (!c)
        return 0;
    if (value < c->value) { /* counted by another than the last time */
        free(c->durations);
        c->durations = NULL;
        c->rate = 0;
    } else if (c->at_ns && now_ns > c->at_ns) {
        c->rate = (double)(value - c->value) * (double)NS_PER_S / (double)(now_ns - c->at_ns);
    }
    c->value = value;
    c->at_ns = now_ns;
    c->read = true;
    return c->rate;
}

/* Of pods that are gone. */
static void forget_counters(struct point_maker *m)
{
    struct counter **at = &m->counters;

    while (*at) {
        struct counter *c = *at;
        if (c->read) {
            c->read = false;
            at = &c->next;
            continue;
        }
        *at = c->next;
        counter_free(c);
    }
}

static json_t *real_or_null(double value, bool known)
{
    return known ? json_real(value) : json_null();
}

/* Control seconds since the lab's start. */
static double seconds_since_start(const struct point_maker *m, const char *text)
{
    uint64_t ns = 0;

    if (clock_parse_rfc3339(text, &ns) < 0 || ns < m->env->clock.wall_start_ns)
        return 0;
    return (double)(ns - m->env->clock.wall_start_ns) / (double)NS_PER_S;
}

/* ---- the Service in front of a Deployment ---- */

static bool selects(const json_t *service, const json_t *labels)
{
    json_auto_t *wanted =
        json_pack("{s:o?}", "matchLabels", json_deep_copy(jpath(service, "spec.selector")));
    struct selector *selector = NULL;

    if (!jpath(service, "spec.selector") || selector_from_json(wanted, &selector, NULL) < 0)
        return false;
    bool yes = selector_matches(selector, labels);
    selector_free(selector);
    return yes;
}

static struct proxy *proxy_of(const struct point_maker *m, struct services *services,
                              const json_t *deployment)
{
    const char *ns = jpath_str(deployment, "metadata.namespace", "default");
    json_auto_t *all = store_list(m->env->store, KIND_SERVICE, ns, NULL);
    size_t i;
    const json_t *service;

    if (!services)
        return NULL;
    json_array_foreach (all, i, service)
        if (selects(service, jpath(deployment, "spec.template.metadata.labels")))
            return services_find(services, ns, jpath_str(service, "metadata.name", ""));
    return NULL;
}

/* ---- pods ---- */

static const char *state_of(const json_t *pod)
{
    const json_t *status = jpath(pod, "status.containerStatuses[0]");

    if (pod_is_deleting(pod))
        return "leaving";
    if (jpath(status, "state.terminated") || jpath(status, "state.waiting"))
        return "crashed";
    if (pod_is_ready(pod))
        return "ready";
    return jpath(pod, "metadata.annotations[\"swell.dev/was-ready\"]") ? "unready" : "starting";
}

static json_t *cpu_of(const json_t *metrics)
{
    int64_t milli;

    if (quantity_from_json(jpath(metrics, "containers[0].usage.cpu"), &milli) < 0)
        return json_null();
    return json_integer(milli);
}

struct endpoint_rates {
    struct proxy_endpoint_stats rows[PODS_SHOWN];
    size_t count;
};

static json_t *rate_of_pod(struct point_maker *m, const struct endpoint_rates *rates,
                           const char *name)
{
    for (size_t i = 0; i < rates->count; i++)
        if (strcmp(rates->rows[i].endpoint.id, name) == 0)
            return json_real(rate_of(find_or_add(m, name), rates->rows[i].accepted));
    return json_null();
}

static json_t *pod_row(struct point_maker *m, const json_t *pod, const struct endpoint_rates *rates)
{
    const char *name = jpath_str(pod, "metadata.name", "");
    json_auto_t *metrics = store_get(m->env->store, KIND_POD_METRICS,
                                     jpath_str(pod, "metadata.namespace", "default"), name);
    double now_s = (double)labclock_elapsed_ns(&m->env->clock) / (double)NS_PER_S;

    return json_pack(
        "{s:s, s:s, s:o, s:f, s:o, s:f, s:I}", "name", name, "state", state_of(pod), "cpu_milli",
        cpu_of(metrics), "throttled",
        strtod(jpath_str(metrics, "metadata.annotations[\"" SAMPLER_THROTTLED "\"]", "0"), NULL),
        "rate", rate_of_pod(m, rates, name), "age",
        now_s - seconds_since_start(m, jpath_str(pod, "status.startTime", "")), "restarts",
        (json_int_t)jpath_int(pod, "status.containerStatuses[0].restartCount", 0));
}

static json_t *pod_rows(struct point_maker *m, const json_t *deployment,
                        const struct endpoint_rates *rates)
{
    struct selector *selector = NULL;
    json_t *rows = json_array();
    size_t i;
    const json_t *pod;

    if (selector_from_json(jpath(deployment, "spec.selector"), &selector, NULL) < 0)
        return rows;
    json_auto_t *pods = store_list(
        m->env->store, KIND_POD, jpath_str(deployment, "metadata.namespace", "default"), selector);
    selector_free(selector);
    json_array_foreach (pods, i, pod)
        if (i < PODS_SHOWN)
            (void)json_array_append_new(rows, pod_row(m, pod, rates));
    return rows;
}

/* ---- metric and decision ---- */

/* The target as a plain number: percent for utilization, else units. */
static double target_number(const json_t *target)
{
    static const char *const forms[] = {"averageUtilization", "averageValue", "value"};
    int64_t milli;

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const json_t *value = json_object_get(target, forms[i]);
        if (i == 0 && value)
            return json_number_value(value);
        if (value && quantity_from_json(value, &milli) == 0)
            return (double)milli / 1000;
    }
    return 80; /* an HPA without metrics: 80 % of the requested CPU */
}

/* What identifies a metric in the object: {type: T, t: {...}}, where t begins in lower case. */
static const json_t *source_of(const json_t *metric)
{
    char member[32];

    (void)snprintf(member, sizeof(member), "%s", jpath_str(metric, "type", "Resource"));
    member[0] = (char)tolower((unsigned char)member[0]);
    return json_object_get(metric, member);
}

/* The value is shown as what the target is compared with: percent of the requests, or per pod, or
 * the whole. The record's ratio times the target is just that. */
static json_t *metric_row(const json_t *decision, const json_t *metric, const json_t *spec)
{
    const json_t *source = source_of(spec);
    const json_t *target = jpath(source, "target");
    const char *type = jpath_str(target, "type", "Utilization");
    const double wanted = target_number(target);
    const double low = jpath_double(decision, "record.tolerance[0]", 0);
    const double high = jpath_double(decision, "record.tolerance[1]", 0);

    return json_pack(
        "{s:s, s:s, s:o, s:f, s:o, s:o, s:s, s:s?}", "name",
        jpath_str(source, "metric.name", jpath_str(source, "name", "cpu")), "type", type, "value",
        real_or_null(jpath_double(metric, "ratio", 0) * wanted, jpath(metric, "ratio") != NULL),
        "target", wanted, "low", real_or_null(low * wanted, metric != NULL), "high",
        real_or_null(high * wanted, metric != NULL), "unit",
        strcmp(type, "Utilization") == 0 ? "%" : "", "error",
        jpath_str(metric, "error.message", NULL));
}

/* An HPA without metrics has one all the same: CPU. */
static json_t *metric_rows(const json_t *decision, const json_t *hpa)
{
    const json_t *specs = jpath(hpa, "spec.metrics"), *metrics = jpath(decision, "record.metrics");
    json_t *rows = json_array();
    size_t i = 0;

    do
        (void)json_array_append_new(
            rows, metric_row(decision, json_array_get(metrics, i), json_array_get(specs, i)));
    while (++i < json_array_size(specs));
    return rows;
}

static json_t *decision_row(const struct point_maker *m, const json_t *decision)
{
    double now_s = (double)labclock_elapsed_ns(&m->env->clock) / (double)NS_PER_S;
    double next_s = seconds_since_start(m, jpath_str(decision, "nextSyncTime", ""));

    return json_pack("{s:s, s:s, s:f, s:f}", "sentence",
                     jpath_str(decision, "record.sentence", "waiting for the first look"), "why",
                     jpath_str(decision, "record.why", ""), "at",
                     seconds_since_start(m, jpath_str(decision, "record.time", "")), "next_in",
                     next_s > now_s ? (next_s - now_s) / m->env->clock.speed : 0.0);
}

/* ---- load and queue ---- */

/* The 99th percentile of connections that finished since the last point: for hand-made load, where
 * each request is a connection. */
static json_t *connection_p99(struct counter *c, const struct proxy_durations *now)
{
    uint64_t ns = 0;

    if (!c)
        return NULL;
    if (!c->durations)
        c->durations = calloc(1, sizeof(*c->durations));
    int r = c->durations ? proxy_durations_quantile(now, c->durations, 0.99, &ns) : -ENOMEM;
    if (c->durations)
        *c->durations = *now;
    return real_or_null((double)ns / (double)NS_PER_MS, r == 0);
}

static json_t *load_row(struct point_maker *m, struct proxy *proxy, const char *ns, const char *hpa)
{
    char name[300]; /* no pod's: they have no spaces */
    json_auto_t *report = store_get(m->env->store, KIND_LOAD, "default", "load");
    const json_t *status = jpath(report, "status");
    struct proxy_stats *stats = calloc(1, sizeof(*stats));
    json_t *p99 = NULL;
    double rate = 0;

    if (stats && proxy) {
        proxy_stats(proxy, stats);
        (void)snprintf(name, sizeof(name), "hpa %s/%s", ns, hpa);
        struct counter *c = find_or_add(m, name);
        rate = rate_of(c, stats->accepted);
        p99 = connection_p99(c, &stats->durations);
    }
    free(stats);
    if (jpath_bool(status, "running", false)) {
        json_decref(p99);
        p99 = real_or_null(jpath_double(status, "p99_ms", 0), jpath(status, "p99_ms") != NULL);
        rate = jpath_double(status, "rate", rate);
    }
    return json_pack("{s:f, s:o, s:I, s:s, s:s}", "rate", rate, "p99_ms", p99 ? p99 : json_null(),
                     "errors", (json_int_t)jpath_int(status, "errors", 0), "unit", "/s", "label",
                     "load");
}

static json_t *queue_row(const struct point_maker *m)
{
    json_auto_t *all = store_list(m->env->store, KIND_QUEUE, "default", NULL);
    const json_t *status = jpath(json_array_get(all, 0), "status");

    if (!status)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I, s:f}", "depth",
                     (json_int_t)jpath_int(status, "depth", 0), "in_flight",
                     (json_int_t)jpath_int(status, "in_flight", 0), "done",
                     (json_int_t)jpath_int(status, "done", 0), "duplicates",
                     (json_int_t)jpath_int(status, "duplicates", 0), "oldest_s",
                     jpath_double(status, "oldest_seconds", 0));
}

/* A queue's load is what is put into it. */
static json_t *produce_row(const struct point_maker *m)
{
    json_auto_t *report = store_get(m->env->store, KIND_LOAD, "default", "produce");
    const json_t *status = jpath(report, "status");

    return json_pack(
        "{s:f, s:o, s:I, s:s, s:s}", "rate", jpath_double(status, "rate", 0), "p99_ms",
        real_or_null(jpath_double(status, "p99_ms", 0), jpath(status, "p99_ms") != NULL), "errors",
        (json_int_t)jpath_int(status, "errors", 0), "unit", "/s", "label", "jobs put");
}

/* ---- targets ---- */

static json_t *replicas_row(const json_t *hpa, const json_t *deployment, const json_t *decision)
{
    int64_t current = jpath_int(deployment, "status.replicas", 0);

    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "current", (json_int_t)current, "ready",
                     (json_int_t)jpath_int(deployment, "status.readyReplicas", 0), "desired",
                     (json_int_t)jpath_int(decision, "record.result",
                                           jpath_int(deployment, "spec.replicas", current)),
                     "min", (json_int_t)jpath_int(hpa, "spec.minReplicas", 1), "max",
                     (json_int_t)jpath_int(hpa, "spec.maxReplicas", 1));
}

static json_t *milli_or_null(const json_t *deployment, const char *which)
{
    long long milli = pod_resource_milli(jpath(deployment, "spec.template.spec"), which, "cpu");

    return milli < 0 ? json_null() : json_integer(milli);
}

static json_t *target_row(struct point_maker *m, struct services *services, const json_t *hpa)
{
    const char *ns = jpath_str(hpa, "metadata.namespace", "default");
    const char *name = jpath_str(hpa, "metadata.name", "");
    const char *target = jpath_str(hpa, "spec.scaleTargetRef.name", "");
    json_auto_t *deployment = store_get(m->env->store, KIND_DEPLOYMENT, ns, target);
    json_auto_t *decision = store_get(m->env->store, KIND_DECISION, ns, name);
    struct proxy *proxy = proxy_of(m, services, deployment);
    struct endpoint_rates *rates = calloc(1, sizeof(*rates));
    json_t *queue = proxy ? json_null() : queue_row(m);

    if (proxy && rates)
        rates->count = proxy_endpoint_stats(proxy, rates->rows, PODS_SHOWN);
    if (rates && rates->count > PODS_SHOWN)
        rates->count = PODS_SHOWN;
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "hpa", name, "namespace",
        ns, "kind", "Deployment", "name", target, "request_milli",
        milli_or_null(deployment, "requests"), "limit_milli", milli_or_null(deployment, "limits"),
        "replicas", replicas_row(hpa, deployment, decision), "metrics", metric_rows(decision, hpa),
        "decision", decision_row(m, decision), "load",
        json_is_null(queue) ? load_row(m, proxy, ns, name) : produce_row(m), "pods",
        rates ? pod_rows(m, deployment, rates) : json_array(), "queue", queue);
    free(rates);
    return row;
}

static json_t *target_rows(struct point_maker *m, struct services *services)
{
    json_auto_t *hpas = store_list(m->env->store, KIND_HPA, NULL, NULL);
    json_t *rows = json_array();
    size_t i;
    const json_t *hpa;

    json_array_foreach (hpas, i, hpa)
        (void)json_array_append_new(rows, target_row(m, services, hpa));
    return rows;
}

/* What pods do shows in their tiles; what is told in words are decisions and troubles. */
static bool is_worth_telling(const json_t *event)
{
    return strcmp(jpath_str(event, "type", ""), "Warning") == 0 ||
           strcmp(jpath_str(event, "involvedObject.kind", ""), kinds[KIND_HPA].kind) == 0;
}

static json_t *event_row(const struct point_maker *m, const json_t *e)
{
    return json_pack("{s:f, s:s, s:s, s:s++}", "t",
                     seconds_since_start(m, jpath_str(e, "lastTimestamp", "")), "type",
                     jpath_str(e, "type", ""), "object", jpath_str(e, "involvedObject.name", ""),
                     "text", jpath_str(e, "reason", ""), ": ", jpath_str(e, "message", ""));
}

static json_t *event_rows(const struct point_maker *m)
{
    json_auto_t *events = store_list(m->env->store, KIND_EVENT, NULL, NULL);
    json_t *rows = json_array();

    for (size_t i = json_array_size(events); i-- > 0 && json_array_size(rows) < EVENTS_SHOWN;)
        if (is_worth_telling(json_array_get(events, i)))
            (void)json_array_insert_new(rows, 0, event_row(m, json_array_get(events, i)));
    return rows;
}

json_t *point_make(struct point_maker *m, struct services *services, const struct player *player)
{
    double elapsed_s = (double)labclock_elapsed_ns(&m->env->clock) / (double)NS_PER_S;

    json_t *point = json_pack("{s:f, s:f, s:f, s:s, s:o, s:o, s:o}", "t", elapsed_s, "wall",
                              elapsed_s / m->env->clock.speed, "speed", m->env->clock.speed,
                              "limits", cpu_control_name(m->env->cpu), "scene",
                              player ? player_view(player) : json_null(), "targets",
                              target_rows(m, services), "events", event_rows(m));
    forget_counters(m);
    return point;
}
