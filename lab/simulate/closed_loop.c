// SPDX-License-Identifier: MIT
#include "lab/simulate/closed_loop.h"

#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

struct closed_loop {
    struct closed_loop_setup setup;
    struct model *model;
    struct hpa *hpa;
    uint64_t seed, now_ns, next_sync_ns, next_point_ns;
    double shift_s; /* how much later than the plan says its load comes */
    int32_t wanted; /* what the metrics asked for last */

    /* For the HPA, one per metric; samples has a row of sample_size for each. */
    struct hpa_answer *answers;
    int64_t *values;
    struct hpa_sample *samples;
    size_t sample_size;

    struct point point; /* of the stretch that has begun */
    size_t point_index;
    struct figures figures;
};

/* ---- life ---- */

/* Copies differ in their noise, whatever else is in the plan. */
static uint64_t seed_of(const struct closed_loop_setup *s)
{
    return hash_text(HASH_START ^ s->plan->seed, s->blueprint->workload->name) + s->copy;
}

static double shift_of(const struct closed_loop_setup *s)
{
    const struct plan_workload *w = s->blueprint->workload;

    if (w->copies < 2)
        return 0;
    return (double)w->spread_ns / (double)NS_PER_S * (double)s->copy / (double)(w->copies - 1);
}

static int make_model(struct closed_loop *l)
{
    const struct blueprint *b = l->setup.blueprint;
    const struct model_setup setup = {.service = b->service,
                                      .sampling = l->setup.plan->sampling,
                                      .nodes = l->setup.nodes,
                                      .request_milli = b->request_milli,
                                      .requests = b->requests};
    int r = model_new(&setup, &l->model);

    return r < 0 ? r : model_begin(l->model, b->replicas);
}

int closed_loop_new(const struct closed_loop_setup *setup, struct closed_loop **ret)
{
    struct closed_loop *l = calloc(1, sizeof(*l));
    const size_t metrics = setup->blueprint->spec->metric_count;

    if (!l)
        return -ENOMEM;
    l->setup = *setup;
    l->seed = seed_of(setup);
    l->shift_s = shift_of(setup);
    l->next_sync_ns = setup->plan->sync_period_ns;
    l->next_point_ns = setup->series->stretch_ns;
    l->wanted = (int32_t)setup->blueprint->replicas;
    l->answers = calloc(metrics + 1, sizeof(*l->answers));
    l->values = calloc(metrics + 1, sizeof(*l->values));
    if (!l->answers || !l->values || make_model(l) < 0 || hpa_new(NULL, &l->hpa) < 0) {
        closed_loop_free(l);
        return -ENOMEM;
    }
    *ret = l;
    return 0;
}

void closed_loop_free(struct closed_loop *l)
{
    if (!l)
        return;
    model_free(l->model);
    hpa_free(l->hpa);
    free(l->answers);
    free(l->values);
    free(l->samples);
    free(l);
}

const struct figures *closed_loop_figures(const struct closed_loop *l)
{
    return &l->figures;
}

/* ---- deciding ---- */

static int reserve_samples(struct closed_loop *l)
{
    const size_t count = model_replicas(l->model);

    if (count <= l->sample_size)
        return 0;
    struct hpa_sample *samples = reallocarray(
        l->samples, 2 * count * l->setup.blueprint->spec->metric_count, sizeof(*samples));
    if (!samples)
        return -ENOMEM;
    l->samples = samples;
    l->sample_size = 2 * count;
    return 0;
}

static int fill_answers(struct closed_loop *l)
{
    const struct blueprint *b = l->setup.blueprint;
    int r = reserve_samples(l);

    for (size_t i = 0; r == 0 && i < b->spec->metric_count; i++) {
        const struct metric_meaning *m = &b->meanings[i];
        l->answers[i] =
            m->base == METRIC_PER_READY_POD
                ? model_samples(l->model, m->quantity, l->now_ns, &l->samples[i * l->sample_size])
                : model_value(l->model, m->quantity, l->now_ns, &l->values[i]);
    }
    return r;
}

static int carry_out(struct closed_loop *l, struct hpa_decision *d)
{
    const struct change_listener *listener = &l->setup.listener;
    int r = model_scale(l->model, (size_t)d->desired, l->now_ns);

    if (r < 0)
        return r;
    hpa_commit(l->hpa, l->setup.blueprint->spec, d, NULL, d->now_ns);
    figures_scaled(&l->figures, d->desired > d->current, l->now_ns);
    if (listener->fn)
        listener->fn(listener->arg, l->setup.blueprint, l->setup.copy, l->now_ns, d);
    return 0;
}

static int evaluate(struct closed_loop *l)
{
    const struct hpa_spec *spec = l->setup.blueprint->spec;
    const struct hpa_input in = {
        .now_ns = MODEL_EPOCH_NS + l->now_ns,
        .spec_replicas = (int32_t)model_replicas(l->model),
        .status_replicas = (int32_t)model_replicas(l->model),
        .selector = "simulated", /* not looked at, but for being there */
        .pods = model_pods(l->model),
        .pod_count = model_replicas(l->model),
        .answers = l->answers,
    };
    struct hpa_decision d;
    int r = hpa_needs_metrics(spec, &in) ? fill_answers(l) : 0;

    if (r == 0)
        r = hpa_evaluate(l->hpa, spec, &in, &d);
    if (r < 0)
        return r;
    if (d.recommendation_known)
        l->wanted = d.recommendation;
    return d.rescale ? carry_out(l, &d) : 0;
}

/* ---- accounting ---- */

static double metric_value(const struct closed_loop *l, const struct metric_meaning *m,
                           const struct model_flow *f, double step_s)
{
    const double backlog = model_backlog(l->model);
    const double ready = (double)model_ready(l->model);
    const double replicas = (double)model_replicas(l->model);

    if (m->base == METRIC_PER_READY_POD) {
        if (m->quantity == MODEL_CPU)
            return f->pod_cpu;
        return (m->quantity == MODEL_RATE ? f->served / step_s : backlog) / ready;
    }
    const double whole = m->quantity == MODEL_RATE ? f->arrived / step_s : backlog;
    return m->base == METRIC_PER_REPLICA ? whole / replicas : whole;
}

static bool is_over_target(const struct closed_loop *l, const struct model_flow *f, double step_s)
{
    const struct blueprint *b = l->setup.blueprint;

    if (model_ready(l->model) == 0)
        return f->arrived > 0 || model_backlog(l->model) > 0;
    for (size_t i = 0; i < b->spec->metric_count; i++)
        if (metric_value(l, &b->meanings[i], f, step_s) > b->meanings[i].over)
            return true;
    return false;
}

/* How long a request that comes now would wait. Without a pod that could serve it nobody knows. */
static double wait_s(const struct closed_loop *l)
{
    const double capacity = model_capacity(l->model);

    return capacity > 0 ? model_backlog(l->model) / capacity : 0;
}

static void account(struct closed_loop *l, const struct model_flow *f)
{
    const double step_s = (double)l->setup.plan->step_ns / (double)NS_PER_S;
    const double requested_s =
        (double)model_ready(l->model) * (double)l->setup.blueprint->request_milli / 1000 * step_s;
    const struct figures_step step = {
        .seconds = step_s,
        .arrived = f->arrived,
        .served = f->served,
        .lost = f->lost,
        .cpu_s = f->cpu_s,
        .requested_s = requested_s,
        .backlog = model_backlog(l->model),
        .wait_s = wait_s(l),
        .replicas = model_replicas(l->model),
        .placed = model_placed(l->model),
        .over_target = is_over_target(l, f, step_s),
    };
    const struct point point = {
        .arrived = f->arrived,
        .cpu_s = f->cpu_s,
        .requested_s = requested_s,
        .wanted = l->wanted,
        .granted = (double)step.replicas,
        .ready = (double)model_ready(l->model),
        .backlog = step.backlog,
    };

    figures_step(&l->figures, &step);
    point_step(&l->point, &point);
}

/* ---- time goes on ---- */

static double rate_now(const struct closed_loop *l)
{
    const struct plan_workload *w = l->setup.blueprint->workload;
    const double rate = profile_rate(&w->load, (double)l->now_ns / (double)NS_PER_S - l->shift_s);

    if (w->noise == 0)
        return rate;
    return rate * profile_noise(w->noise, l->seed, l->now_ns / PLAN_NOISE_NS);
}

static void end_point(struct closed_loop *l)
{
    series_add(l->setup.series, l->point_index++, &l->point);
    l->point = (struct point){0};
    l->next_point_ns += l->setup.series->stretch_ns;
}

int closed_loop_step(struct closed_loop *l)
{
    const struct plan *plan = l->setup.plan;
    int r = 0;

    model_advance(l->model, l->now_ns);
    if (l->now_ns == l->next_sync_ns) {
        l->next_sync_ns += plan->sync_period_ns;
        r = evaluate(l);
    }
    if (r < 0)
        return r;

    const struct model_flow flow = model_serve(l->model, rate_now(l), plan->step_ns);
    account(l, &flow);
    l->now_ns += plan->step_ns;
    if (l->now_ns == l->next_point_ns || l->now_ns == plan->duration_ns)
        end_point(l);
    return 0;
}
