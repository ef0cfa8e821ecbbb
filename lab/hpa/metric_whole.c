// SPDX-License-Identifier: MIT
#include "lab/hpa/metric_source.h"
#include "lab/hpa/wrap.h"

#include <math.h>

static void fail(struct hpa_result *ret, const char *error, const char *cause)
{
    ret->error = error;
    ret->cause = cause;
}

/* The controller mixes up kind and error in the text of an Object metric. */
static void fail_to_fetch(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const struct hpa_metric *m = &run->spec->metrics[i];
    const struct hpa_answer *a = &run->in->answers[i];
    const char *what;

    if (m->source == HPA_OBJECT) {
        fail(
            ret,
            texts_format(run->texts,
                         "unable to get metric %s: %s on %s %s/unable to fetch metrics from custom "
                         "metrics API: %s",
                         m->name, m->object.kind, run->spec->namespace, m->object.name, a->error),
            a->error);
        return;
    }
    what = a->error
               ? texts_format(run->texts, "unable to fetch metrics from external metrics API: %s",
                              a->error)
               : "no metrics returned from external metrics API";
    fail(ret,
         texts_format(run->texts, "unable to get external metric %s/%s/%s: %s",
                      run->spec->namespace, m->name, m->selector_print, what),
         a->error ? a->error : what);
}

/* Stops at the largest number where a positive value would go beyond it. */
static int64_t sum_capped(const struct hpa_answer *answer)
{
    int64_t sum = 0;

    for (size_t i = 0; i < answer->item_count; i++) {
        int64_t value = answer->values[i];
        if (value > 0 && sum > INT64_MAX - value)
            return INT64_MAX;
        sum = wrap_add64(sum, value);
    }
    return sum;
}

/* Takes every negative sum for an overflow, as the controller does. */
static int64_t sum_not_negative(const struct hpa_answer *answer)
{
    int64_t sum = 0;

    for (size_t i = 0; i < answer->item_count; i++) {
        sum = wrap_add64(sum, answer->values[i]);
        if (sum < 0)
            return INT64_MAX;
    }
    return sum;
}

static int32_t capped_replicas(double replicas)
{
    return replicas > (double)INT32_MAX ? INT32_MAX : int32_from_double(ceil(replicas));
}

/* The value is for the whole workload: target is what the pods that are ready now may have in all.
 */
static void evaluate_value(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const struct hpa_metric *m = &run->spec->metrics[i];
    const struct hpa_answer *answer = &run->in->answers[i];

    ret->value = m->source == HPA_OBJECT ? answer->values[0] : sum_capped(answer);
    ret->ratio = ret->final_ratio = (double)ret->value / (double)m->target;
    ret->has_value = true;
    ret->within = tolerance_within(&run->tolerance, ret->ratio);
    ret->proposal = run->in->spec_replicas;
    if (ret->within)
        return;

    if (run->in->pod_count == 0) {
        const char *error =
            texts_format(run->texts, "unable to calculate ready pods: %s", metric_no_pods);
        fail(ret, error, metric_no_pods);
        return;
    }
    ret->multiplier = pods_ready_now(run->pods);
    ret->proposal = capped_replicas(ret->ratio * (double)ret->multiplier);
}

/* The value is shared out: target is what one pod may have. The base is the scale's status. Only
 * External is guarded against overflow. */
static void evaluate_average(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const struct hpa_metric *m = &run->spec->metrics[i];
    const struct hpa_answer *answer = &run->in->answers[i];
    const bool external = m->source == HPA_EXTERNAL;
    const double target = (double)m->target;
    const double replicas = (double)run->in->status_replicas;

    ret->value = external ? sum_not_negative(answer) : answer->values[0];
    const double value = (double)ret->value, share = ceil(value / target);

    ret->ratio = ret->final_ratio = value / (target * replicas);
    ret->has_value = true;
    ret->within = tolerance_within(&run->tolerance, ret->ratio);
    ret->proposal = run->in->status_replicas;
    if (!ret->within)
        ret->proposal = external ? capped_replicas(share) : int32_from_double(share);
    ret->average =
        external && value >= 0x1p63 ? INT64_MAX : int64_from_double(ceil(value / replicas));
}

void metric_whole(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const struct hpa_metric *m = &run->spec->metrics[i];
    const struct hpa_answer *answer = &run->in->answers[i];

    if (answer->error || (m->source == HPA_EXTERNAL && answer->item_count == 0))
        fail_to_fetch(run, i, ret);
    else if (m->form == HPA_VALUE)
        evaluate_value(run, i, ret);
    else
        evaluate_average(run, i, ret);
}
