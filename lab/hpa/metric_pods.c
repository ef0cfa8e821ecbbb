// SPDX-License-Identifier: MIT
#include "lab/hpa/metric_source.h"
#include "lab/hpa/wrap.h"

#include <math.h>

/* The samples that are held at one point of the computation. */
struct load {
    int64_t total;
    int64_t requests; /* of the pods behind total; HPA_UTILIZATION */
    int64_t matched;  /* how many samples are in total */
    int64_t held;     /* how many there are; with HPA_UTILIZATION those of unknown pods too */
};

struct measure {
    int64_t value;   /* percent or milli */
    int64_t average; /* milli */
    double ratio;
};

static void fail(const struct metric_run *run, size_t i, struct hpa_result *ret, const char *cause)
{
    const struct hpa_metric *m = &run->spec->metrics[i];

    ret->error = ret->cause = cause;
    if (m->source != HPA_PODS)
        ret->error = texts_format(run->texts, "failed to get %s %s: %s", m->name,
                                  m->form == HPA_UTILIZATION ? "utilization" : "usage", cause);
}

/* error NULL: the answer was empty. */
static void fail_to_fetch(const struct metric_run *run, size_t i, struct hpa_result *ret,
                          const char *error)
{
    const struct hpa_metric *m = &run->spec->metrics[i];
    const bool custom = m->source == HPA_PODS;
    const char *cause = error    ? error
                        : custom ? "no metrics returned from custom metrics API"
                                 : "no metrics returned from resource metrics API";
    const char *tried = !error   ? ""
                        : custom ? "unable to fetch metrics from custom metrics API: "
                                 : "unable to fetch metrics from resource metrics API: ";

    fail(run, i, ret,
         texts_format(run->texts, "unable to get metric%s %s: %s%s", custom ? "" : "s for resource",
                      m->name, tried, cause));
    ret->cause = cause;
}

static int64_t request_of(const struct metric_run *run, size_t i, size_t pod)
{
    if (run->spec->metrics[i].form != HPA_UTILIZATION)
        return 0;
    return run->in->pods[pod].requests[i].milli;
}

static void add(struct load *l, int64_t value, int64_t request)
{
    l->total = wrap_add64(l->total, value);
    l->requests = wrap_add64(l->requests, request);
    l->matched++;
    l->held++;
}

/* Unknown pods have a sample but no request: their load is nobody's percentage. */
static void add_strangers(const struct metric_run *run, size_t i, struct load *l)
{
    const struct pods *p = run->pods;
    const bool counts = run->spec->metrics[i].form != HPA_UTILIZATION;

    for (size_t k = 0; k < p->stranger_count; k++) {
        if (counts)
            add(l, p->samples[p->strangers[k]].milli, 0);
        else
            l->held++;
    }
}

static struct load measured(const struct metric_run *run, size_t i, const uint8_t *classes)
{
    const struct pods *p = run->pods;
    struct load l = {0};

    for (size_t k = 0; k < p->count; k++)
        if (classes[k] == HPA_POD_READY)
            add(&l, p->samples[p->sample_of[k]].milli, request_of(run, i, k));
    add_strangers(run, i, &l);
    return l;
}

bool metric_stand_in(const struct hpa_metric *m, const struct hpa_result *r, enum hpa_class class,
                     int64_t request_milli, int64_t *ret_milli)
{
    const bool missing = class == HPA_POD_MISSING;

    if (missing && r->ratio < 1.0) {
        const int64_t percent = m->target > 100 ? m->target : 100;
        *ret_milli =
            m->form == HPA_AVERAGE_VALUE ? m->target : wrap_mul64(request_milli, percent) / 100;
        return true;
    }
    if ((missing || class == HPA_POD_UNREADY) && r->ratio > 1.0) {
        *ret_milli = 0;
        return true;
    }
    return false;
}

static struct load filled(const struct metric_run *run, size_t i, const struct hpa_result *r,
                          struct load l)
{
    int64_t milli;

    for (size_t k = 0; k < run->pods->count; k++)
        if (metric_stand_in(&run->spec->metrics[i], r, r->classes[k], request_of(run, i, k),
                            &milli))
            add(&l, milli, request_of(run, i, k));
    return l;
}

/* False when there is nothing to divide by. */
static bool measure(const struct hpa_metric *m, const struct load *l, struct measure *ret)
{
    if (m->form == HPA_AVERAGE_VALUE) {
        int64_t average = l->total / l->held;
        *ret = (struct measure){average, average, (double)average / (double)m->target};
        return true;
    }
    if (l->requests == 0)
        return false;

    /* whole percents, before the ratio; the quotient wraps at 32 bits */
    int32_t percent = (int32_t)(uint32_t)wrap_div64(wrap_mul64(l->total, 100), l->requests);
    *ret = (struct measure){percent, l->total / l->matched,
                            (double)percent / (double)(int32_t)m->target};
    return true;
}

static void propose(struct hpa_result *ret, int64_t count)
{
    ret->multiplier = count;
    ret->proposal = int32_from_double(ceil(ret->final_ratio * (double)count));
}

/* Filling in may have turned the wish around, or the count may have: then nothing moves. */
static void propose_filled(struct hpa_result *ret, int64_t held, int32_t current)
{
    const double before = ret->ratio, after = ret->final_ratio;

    ret->proposal = current;
    if (ret->within || (before < 1.0 && after > 1.0) || (before > 1.0 && after < 1.0))
        return;

    propose(ret, held);
    if ((after < 1.0 && ret->proposal > current) || (after > 1.0 && ret->proposal < current)) {
        ret->proposal = current;
        ret->multiplier = 0;
    }
}

static const char *missing_request(const struct metric_run *run, size_t i)
{
    const struct hpa_metric *m = &run->spec->metrics[i];

    for (size_t k = 0; m->form == HPA_UTILIZATION && k < run->in->pod_count; k++)
        if (run->in->pods[k].requests[i].error)
            return run->in->pods[k].requests[i].error;
    return NULL;
}

static void compute(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    static const char no_match[] = "no metrics returned matched known pods";
    const struct hpa_metric *m = &run->spec->metrics[i];
    const int32_t current = run->in->spec_replicas;
    struct load l = measured(run, i, ret->classes);
    struct measure first, second;

    if (l.held == 0) {
        fail(run, i, ret, "did not receive metrics for targeted pods (pods might be unready)");
        return;
    }
    const char *missing = missing_request(run, i);
    if (missing || !measure(m, &l, &first)) {
        fail(run, i, ret, missing ? missing : no_match);
        return;
    }

    ret->has_value = true;
    ret->value = first.value;
    ret->average = first.average;
    ret->ratio = ret->final_ratio = first.ratio;
    ret->within = tolerance_within(&run->tolerance, first.ratio);
    ret->proposal = current;

    const bool up_unready = ret->unready > 0 && first.ratio > 1.0;
    if (!up_unready && ret->missing == 0) {
        if (!ret->within)
            propose(ret, (int64_t)ret->ready);
        return;
    }

    l = filled(run, i, ret, l);
    if (!measure(m, &l, &second)) {
        fail(run, i, ret, no_match);
        return;
    }
    ret->final_ratio = second.ratio;
    ret->within = tolerance_within(&run->tolerance, second.ratio);
    propose_filled(ret, l.held, current);
}

void metric_pods(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const struct hpa_metric *m = &run->spec->metrics[i];
    const struct hpa_answer *answer = &run->in->answers[i];
    const bool cpu = m->source != HPA_PODS && m->resource == HPA_CPU;

    if (answer->error || answer->item_count == 0) {
        fail_to_fetch(run, i, ret, answer->error);
        return;
    }
    if (run->in->pod_count == 0) {
        fail(run, i, ret, metric_no_pods);
        return;
    }

    pods_match(run->pods, answer);
    pods_classify(run->pods, run->settings, run->in->now_ns, cpu, i, ret);
    compute(run, i, ret);
}
