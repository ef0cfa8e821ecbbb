// SPDX-License-Identifier: MIT
#include "lab/simulate/model.h"

#include "base/clock.h"
#include "lab/simulate/nodes.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LONG_AGO_NS (3600 * NS_PER_S) /* since when the first pods are ready */
#define NOT_YET UINT64_MAX

struct totals {     /* ever-growing since the start */
    double cpu_s;   /* used by one pod that was ready all the time */
    double served;  /* by such a pod */
    double arrived; /* for all */
};

struct scrape { /* one sampling */
    struct totals totals;
    double backlog;
    size_t ready;
};

struct pod {
    int node;                      /* once placed */
    uint64_t running_ns, ready_ns; /* NOT_YET until placed */
    struct totals at_ready;        /* where it began to serve */
};

/*   pods   | ready | running, not ready | placed, Pending | without a place |
 *          0     ready              running            placed              count  */
struct model {
    struct model_setup setup;
    uint64_t scrapes_taken;
    struct totals totals;
    double backlog;

    struct pod *pods;
    struct hpa_pod *rows; /* the same pods as the HPA sees them */
    size_t ready, running, placed, count, size;

    struct scrape *scrapes; /* a ring of the last scrape_count */
    size_t scrape_count;
};

/* Of all models: "pod-17" is the pod that stands at index 17. Nobody but the HPA's matching of
 * samples and pods reads them, so one set serves all. */
static char pod_names[MODEL_PODS_MAX][12];

static const char *pod_name(size_t i)
{
    if (!*pod_names[i])
        (void)snprintf(pod_names[i], sizeof(pod_names[i]), "pod-%zu", i);
    return pod_names[i];
}

int model_new(const struct model_setup *setup, struct model **ret)
{
    struct model *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->setup = *setup;
    /* The newest that may be seen, the one before it, and those that are too new. */
    m->scrape_count = (size_t)(setup->sampling.delay_ns / setup->sampling.resolution_ns) + 3;
    m->scrapes = calloc(m->scrape_count, sizeof(*m->scrapes));
    if (!m->scrapes) {
        model_free(m);
        return -ENOMEM;
    }
    *ret = m;
    return 0;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    free(m->pods);
    free(m->rows);
    free(m->scrapes);
    free(m);
}

double model_backlog(const struct model *m)
{
    return m->backlog;
}

size_t model_replicas(const struct model *m)
{
    return m->count;
}

size_t model_placed(const struct model *m)
{
    return m->placed;
}

size_t model_ready(const struct model *m)
{
    return m->ready;
}

static double pod_capacity(const struct service *s)
{
    return (s->limit_cores - s->idle_cores) / s->cpu_per_request_s;
}

double model_capacity(const struct model *m)
{
    return (double)m->ready * pod_capacity(&m->setup.service);
}

/* ---- pods come, start and go ---- */

static int reserve(struct model *m, size_t count)
{
    const size_t size = count > 2 * m->size ? count : 2 * m->size;

    if (count <= m->size)
        return 0;
    struct pod *pods = reallocarray(m->pods, size, sizeof(*pods));
    if (!pods)
        return -ENOMEM;
    m->pods = pods;

    struct hpa_pod *rows = reallocarray(m->rows, size, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    m->rows = rows;
    m->size = size;
    return 0;
}

static void add_pod(struct model *m)
{
    const size_t i = m->count++;

    m->pods[i] = (struct pod){.running_ns = NOT_YET, .ready_ns = NOT_YET};
    m->rows[i] =
        (struct hpa_pod){.name = pod_name(i), .phase = HPA_PENDING, .requests = m->setup.requests};
}

static void remove_last(struct model *m)
{
    const size_t i = --m->count;

    if (i >= m->placed)
        return;
    m->placed = i;
    if (m->running > i)
        m->running = i;
    if (m->ready > i)
        m->ready = i;
    if (m->setup.nodes)
        nodes_give(m->setup.nodes, m->pods[i].node, m->setup.request_milli);
}

/* False when no node has room. */
static bool place_next(struct model *m, uint64_t now_ns)
{
    const struct service *s = &m->setup.service;
    struct pod *pod = &m->pods[m->placed];
    struct hpa_pod *row = &m->rows[m->placed];

    if (m->setup.nodes) {
        pod->node = nodes_take(m->setup.nodes, m->setup.request_milli);
        if (pod->node < 0)
            return false;
    }
    pod->running_ns = now_ns + s->start_up_ns;
    pod->ready_ns = pod->running_ns + s->readiness_delay_ns;
    row->started = true;
    row->start_ns = row->ready_changed_ns = MODEL_EPOCH_NS + now_ns;
    row->ready = HPA_READY_FALSE;
    m->placed++;
    return true;
}

static void make_ready(struct model *m, uint64_t since_ns)
{
    m->pods[m->ready].at_ready = m->totals;
    m->rows[m->ready].ready = HPA_READY_TRUE;
    m->rows[m->ready].ready_changed_ns = since_ns;
    m->ready++;
}

static int resize(struct model *m, size_t replicas)
{
    int r = reserve(m, replicas);

    if (r < 0)
        return r;
    while (m->count < replicas)
        add_pod(m);
    while (m->count > replicas)
        remove_last(m);
    return 0;
}

static void place_all(struct model *m, uint64_t now_ns)
{
    while (m->placed < m->count && place_next(m, now_ns))
        ;
}

int model_begin(struct model *m, size_t replicas)
{
    int r = resize(m, replicas);

    if (r < 0)
        return r;
    place_all(m, 0);
    for (size_t i = 0; i < m->placed; i++) {
        m->pods[i].running_ns = m->pods[i].ready_ns = 0;
        m->rows[i].phase = HPA_RUNNING;
        m->rows[i].start_ns = MODEL_EPOCH_NS - LONG_AGO_NS;
        make_ready(m, MODEL_EPOCH_NS - LONG_AGO_NS);
    }
    m->running = m->placed;
    return 0;
}

int model_scale(struct model *m, size_t replicas, uint64_t now_ns)
{
    int r = resize(m, replicas);

    if (r == 0)
        place_all(m, now_ns);
    return r;
}

static void take_scrape(struct model *m)
{
    m->scrapes[m->scrapes_taken++ % m->scrape_count] =
        (struct scrape){.totals = m->totals, .backlog = m->backlog, .ready = m->ready};
}

void model_advance(struct model *m, uint64_t now_ns)
{
    place_all(m, now_ns);
    while (m->running < m->placed && m->pods[m->running].running_ns <= now_ns)
        m->rows[m->running++].phase = HPA_RUNNING;
    while (m->ready < m->running && m->pods[m->ready].ready_ns <= now_ns)
        make_ready(m, MODEL_EPOCH_NS + now_ns);
    if (now_ns == m->scrapes_taken * m->setup.sampling.resolution_ns)
        take_scrape(m);
}

/* ---- work ---- */

/* Nobody waits longer than the timeout: neither those who came in that time nor those who can be
 * served in it are more than this. */
static double give_up(const struct model *m, double waiting, double rate)
{
    const double capacity = model_capacity(m);
    const double patient = (double)m->setup.service.timeout_ns / (double)NS_PER_S *
                           (rate > capacity ? rate : capacity);

    return m->setup.service.timeout_ns && waiting > patient ? waiting - patient : 0;
}

struct model_flow model_serve(struct model *m, double rate, uint64_t step_ns)
{
    const struct service *s = &m->setup.service;
    const double step_s = (double)step_ns / (double)NS_PER_S;
    const double possible = model_capacity(m) * step_s;
    const double ready = (double)m->ready;
    struct model_flow f = {.arrived = rate * step_s};
    double waiting = m->backlog + f.arrived;

    f.served = waiting < possible ? waiting : possible;
    waiting -= f.served;
    f.lost = give_up(m, waiting, rate);
    m->backlog = waiting - f.lost;
    m->totals.arrived += f.arrived;
    if (m->ready == 0)
        return f;

    f.pod_cpu = s->idle_cores + f.served * s->cpu_per_request_s / (ready * step_s);
    f.cpu_s = f.pod_cpu * ready * step_s;
    m->totals.cpu_s += f.pod_cpu * step_s;
    m->totals.served += f.served / ready;
    return f;
}

/* ---- as the HPA sees it ---- */

const struct hpa_pod *model_pods(const struct model *m)
{
    return m->rows;
}

struct window { /* between the two newest samplings that can be seen */
    uint64_t from_ns, to_ns;
    const struct scrape *before, *now;
    double seconds;
};

/* False as long as there were not two. */
static bool find_window(const struct model *m, uint64_t now_ns, struct window *ret)
{
    const struct sampling *s = &m->setup.sampling;

    if (now_ns < s->delay_ns + s->resolution_ns)
        return false;
    const uint64_t newest = (now_ns - s->delay_ns) / s->resolution_ns;
    *ret = (struct window){.from_ns = (newest - 1) * s->resolution_ns,
                           .to_ns = newest * s->resolution_ns,
                           .before = &m->scrapes[(newest - 1) % m->scrape_count],
                           .now = &m->scrapes[newest % m->scrape_count],
                           .seconds = (double)s->resolution_ns / (double)NS_PER_S};
    return true;
}

/* How much of the window lies between two times. */
static double overlap_s(const struct window *w, uint64_t from_ns, uint64_t to_ns)
{
    const uint64_t from = from_ns > w->from_ns ? from_ns : w->from_ns;
    const uint64_t to = to_ns < w->to_ns ? to_ns : w->to_ns;

    return to > from ? (double)(to - from) / (double)NS_PER_S : 0;
}

/* What grew in the window, for a pod that began to serve where total was at_ready. */
static double growth(double before, double now, double at_ready)
{
    const double from = before > at_ready ? before : at_ready;

    return now > from ? now - from : 0;
}

/* Mean over the window of pod i; serves: it was ready in some part of it. */
static double pod_value(const struct model *m, enum model_quantity quantity, const struct window *w,
                        size_t i)
{
    const struct pod *pod = &m->pods[i];
    const bool serves = i < m->ready && pod->ready_ns <= w->to_ns;
    const struct totals *before = &w->before->totals, *now = &w->now->totals;
    double value = 0;

    switch (quantity) {
    case MODEL_CPU:
        value = overlap_s(w, pod->running_ns, pod->ready_ns) * m->setup.service.warm_up_cores;
        if (serves)
            value += growth(before->cpu_s, now->cpu_s, pod->at_ready.cpu_s);
        return value / w->seconds;
    case MODEL_RATE:
        if (serves)
            value = growth(before->served, now->served, pod->at_ready.served);
        return value / w->seconds;
    case MODEL_BACKLOG:
        return serves && w->now->ready ? w->now->backlog / (double)w->now->ready : 0;
    }
    return 0;
}

/* As a quantity is read: what is finer than a thousandth is rounded up. A hair below the next
 * thousandth is that thousandth, because sums of doubles are a hair off. */
static int64_t milli_of(double value)
{
    const double milli = ceil(value * 1000 - 1e-6);

    return milli < 9e18 ? (int64_t)milli : INT64_MAX;
}

struct hpa_answer model_samples(const struct model *m, enum model_quantity quantity,
                                uint64_t now_ns, struct hpa_sample *samples)
{
    struct window w;
    size_t count = 0;
    int64_t settled = -1; /* the value of every pod that served in the whole window */

    if (!find_window(m, now_ns, &w))
        return (struct hpa_answer){0};
    for (; count < m->running && m->pods[count].running_ns <= w.from_ns; count++) {
        const bool whole = count < m->ready && m->pods[count].ready_ns <= w.from_ns;
        const int64_t milli =
            whole && settled >= 0 ? settled : milli_of(pod_value(m, quantity, &w, count));
        if (whole)
            settled = milli;
        samples[count] = (struct hpa_sample){.pod = m->rows[count].name,
                                             .milli = milli,
                                             .time_ns = MODEL_EPOCH_NS + w.to_ns,
                                             .window_ns = w.to_ns - w.from_ns};
    }
    return (struct hpa_answer){.item_count = count, .samples = samples, .sample_count = count};
}

struct hpa_answer model_value(const struct model *m, enum model_quantity quantity, uint64_t now_ns,
                              int64_t *value)
{
    struct window w;

    if (!find_window(m, now_ns, &w))
        return (struct hpa_answer){0};
    *value = milli_of(quantity == MODEL_BACKLOG
                          ? w.now->backlog
                          : (w.now->totals.arrived - w.before->totals.arrived) / w.seconds);
    return (struct hpa_answer){.item_count = 1, .values = value};
}
