// SPDX-License-Identifier: MIT
/* world: a small world to evaluate in: one HPA, up to 16 pods web-0..., one answer a metric. */
#ifndef WORLD_H
#define WORLD_H

#include "unit.h"

#include "lab/hpa/hpa.h"

#include <stdio.h>
#include <string.h>

#define S UINT64_C(1000000000)
#define T0 (UINT64_C(1700000000) * S) /* a time that is easy to read in failures */

#define WORLD_PODS 16
#define WORLD_METRICS 3

#define CPU(percent)                                                                               \
    "{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization',"                  \
    "'averageUtilization':" percent "}}}"
#define QUEUE(form)                                                                                \
    "{'type':'External','external':{'metric':{'name':'queue_depth'},'target':{'type':"             \
    "'AverageValue'," form "}}}"

struct world {
    struct hpa_spec *spec;
    struct hpa *hpa;
    char names[WORLD_PODS][16];
    struct hpa_pod pods[WORLD_PODS];
    struct hpa_request requests[WORLD_PODS][WORLD_METRICS];
    struct hpa_sample samples[WORLD_METRICS][WORLD_PODS];
    int64_t values[WORLD_METRICS][WORLD_PODS];
    struct hpa_answer answers[WORLD_METRICS];
    struct hpa_input in;
    struct hpa_decision d;
};

/* JSON with ' for ". New. */
static inline json_t *world_json(const char *text)
{
    char copy[4096];

    assert_true(strlen(text) < sizeof(copy));
    strcpy(copy, text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *json = json_loads(copy, 0, NULL);
    assert_non_null(json);
    return json;
}

/* An HPA of Deployment web; rest is the spec behind scaleTargetRef. New. */
static inline json_t *world_object(const char *rest)
{
    char text[4096];

    (void)snprintf(text, sizeof(text),
                   "{'apiVersion':'autoscaling/v2','kind':'HorizontalPodAutoscaler','metadata':"
                   "{'name':'web','namespace':'shop'},'spec':{'scaleTargetRef':{'apiVersion':"
                   "'apps/v1','kind':'Deployment','name':'web'},%s}}",
                   rest);
    return world_json(text);
}

static inline void world_respec(struct world *w, const char *rest)
{
    struct hpa_spec_error bad;
    json_t *object = world_object(rest);

    hpa_spec_free(w->spec);
    int r = hpa_spec_parse(object, &w->spec, &bad);
    json_decref(object);
    if (r < 0)
        fail_msg("%s", bad.err.text);
}

static inline int64_t world_request(const struct hpa_spec *spec, size_t m)
{
    return m < spec->metric_count && spec->metrics[m].resource == HPA_MEMORY ? 1000000 : 100;
}

/* Ready pods that ask for 100m cpu and 1000 bytes, started an hour ago. */
static inline void world_pods(struct world *w, int count)
{
    w->in.pod_count = (size_t)count;
    w->in.spec_replicas = w->in.status_replicas = count;
    for (int i = 0; i < count; i++) {
        (void)snprintf(w->names[i], sizeof(w->names[i]), "web-%d", i);
        w->pods[i] = (struct hpa_pod){.name = w->names[i],
                                      .phase = HPA_RUNNING,
                                      .started = true,
                                      .start_ns = T0 - 3600 * S,
                                      .ready = HPA_READY_TRUE,
                                      .ready_changed_ns = T0 - 3590 * S,
                                      .requests = w->requests[i]};
        for (size_t m = 0; m < WORLD_METRICS; m++)
            w->requests[i][m].milli = world_request(w->spec, m);
    }
}

/* Metric m: one sample for each of the first count pods. */
static inline void world_samples(struct world *w, size_t m, int count, const int64_t *milli)
{
    for (int i = 0; i < count; i++)
        w->samples[m][i] = (struct hpa_sample){.pod = w->names[i],
                                               .milli = milli[i],
                                               .time_ns = w->in.now_ns - 10 * S,
                                               .window_ns = 30 * S};
    w->answers[m] = (struct hpa_answer){
        .item_count = (size_t)count, .samples = w->samples[m], .sample_count = (size_t)count};
}

/* All pods alike. */
static inline void world_usage(struct world *w, size_t m, int64_t milli)
{
    int64_t each[WORLD_PODS];

    for (int i = 0; i < WORLD_PODS; i++)
        each[i] = milli;
    world_samples(w, m, (int)w->in.pod_count, each);
}

static inline void world_value(struct world *w, size_t m, int64_t milli)
{
    w->values[m][0] = milli;
    w->answers[m] = (struct hpa_answer){.item_count = 1, .values = w->values[m]};
}

static inline void world_begin(struct world *w, const char *rest)
{
    memset(w, 0, sizeof(*w));
    assert_int_equal(hpa_new(NULL, &w->hpa), 0);
    world_respec(w, rest);
    w->in = (struct hpa_input){
        .now_ns = T0, .selector = "app=web", .pods = w->pods, .answers = w->answers};
}

static inline void world_end(struct world *w)
{
    hpa_spec_free(w->spec);
    hpa_free(w->hpa);
}

/* Evaluates, writes, and moves the scale. Returns the size afterwards. */
static inline int32_t world_step(struct world *w)
{
    assert_int_equal(hpa_evaluate(w->hpa, w->spec, &w->in, &w->d), 0);
    if (w->d.rescale)
        hpa_commit(w->hpa, w->spec, &w->d, NULL, w->in.now_ns);
    return w->d.desired;
}

static inline const struct hpa_condition *world_condition(const struct world *w, const char *type)
{
    for (size_t i = 0; i < w->d.condition_count; i++)
        if (strcmp(w->d.conditions[i].type, type) == 0)
            return &w->d.conditions[i];
    return NULL;
}

static inline void world_expect(const struct world *w, const char *type, bool status,
                                const char *reason)
{
    const struct hpa_condition *c = world_condition(w, type);

    assert_non_null(c);
    assert_string_equal(c->reason, reason);
    assert_int_equal(c->status, status);
}

#endif
