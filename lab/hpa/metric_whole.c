// SPDX-License-Identifier: MIT
#include "lab/hpa/metric_source.h"
#include "lab/hpa/wrap.h"

#include <math.h>

static void fail(struct hpa_result *ret, const char *error, const char *cause)
{
    ret->reason = "FailedGetExternalMetric";
    ret->error = error;
    ret->cause = cause;
}

static void fail_to_fetch(const struct metric_run *run, size_t i, struct hpa_result *ret,
                          const char *cause, const char *what)
{
    const struct hpa_metric *m = &run->spec->metrics[i];

    fail(ret,
         texts_format(run->texts, "unable to get external metric %s/%s/%s: %s%s",
                      run->spec->namespace, m->name, m->selector_print, what, cause),
         cause);
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
    static const char no_pods[] = "no pods returned by selector while calculating replica count";

    ret->value = sum_capped(&run->in->answers[i]);
    ret->ratio = ret->final_ratio = (double)ret->value / (double)run->spec->metrics[i].target;
    ret->has_value = true;
    ret->within = tolerance_within(&run->tolerance, ret->ratio);
    ret->proposal = run->in->spec_replicas;
    if (ret->within)
        return;

    if (run->in->pod_count == 0) {
        fail(ret, texts_format(run->texts, "unable to calculate ready pods: %s", no_pods), no_pods);
        return;
    }
    ret->multiplier = pods_ready_now(run->pods);
    ret->proposal = capped_replicas(ret->ratio * (double)ret->multiplier);
}

/* The value is shared out: target is what one pod may have. The base is the scale's status. */
static void evaluate_average(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const double target = (double)run->spec->metrics[i].target;
    const double replicas = (double)run->in->status_replicas;

    ret->value = sum_not_negative(&run->in->answers[i]);
    const double value = (double)ret->value;

    ret->ratio = ret->final_ratio = value / (target * replicas);
    ret->has_value = true;
    ret->within = tolerance_within(&run->tolerance, ret->ratio);
    ret->proposal = ret->within ? run->in->status_replicas : capped_replicas(ceil(value / target));
    ret->average = value >= 0x1p63 ? INT64_MAX : int64_from_double(ceil(value / replicas));
}

void metric_external(const struct metric_run *run, size_t i, struct hpa_result *ret)
{
    const struct hpa_metric *m = &run->spec->metrics[i];
    const struct hpa_answer *answer = &run->in->answers[i];

    if (m->refused)
        fail(ret, m->refused, m->refused);
    else if (answer->error)
        fail_to_fetch(run, i, ret, answer->error,
                      "unable to fetch metrics from external metrics API: ");
    else if (answer->item_count == 0)
        fail_to_fetch(run, i, ret, "no metrics returned from external metrics API", "");
    else if (m->form == HPA_VALUE)
        evaluate_value(run, i, ret);
    else
        evaluate_average(run, i, ret);
}
