// SPDX-License-Identifier: MIT
#include "lab/autoscaler.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "kube/selector.h"
#include "lab/env.h"
#include "lab/events.h"
#include "lab/external.h"
#include "lab/hpa/hpa.h"
#include "lab/loop.h"
#include "lab/observe.h"
#include "lab/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct answer { /* of one External metric, kept until the evaluation */
    struct scaler *scaler;
    struct external_ask *ask; /* under way */
    char error[640];          /* "": none */
    int64_t *values;
    size_t count;
};

struct scale { /* of the target, as an evaluation finds it before it asks for metrics */
    char error[300];
    int32_t spec_replicas, status_replicas;
    struct selector *selector;
    char *selector_text;
};

struct scaler { /* one HorizontalPodAutoscaler */
    struct autoscaler *all;
    struct scaler *next;
    struct hpa_spec *spec;
    struct hpa *hpa;
    struct loop_timer timer;
    struct scale scale;
    struct answer *answers; /* one per metric; only External ones are used */
    size_t waiting;         /* for how many answers */
    uint64_t next_sync_ns;  /* control time */
};

struct autoscaler {
    struct env *env;
    uint64_t period_ns;
    struct scaler *first;
};

/* ---- reading ---- */

static void scale_done(struct scale *scale)
{
    selector_free(scale->selector);
    free(scale->selector_text);
    *scale = (struct scale){0};
}

/* The Deployment's selector as a scale has it: a canonical text. */
static int read_selector(const json_t *deployment, struct scale *ret)
{
    struct buf text = {.max = 64 * 1024};
    int r = selector_from_json(jpath(deployment, "spec.selector"), &ret->selector, NULL);

    if (r == 0)
        r = selector_format(ret->selector, &text);
    if (r == 0)
        ret->selector_text = buf_take(&text, NULL);
    buf_done(&text);
    return r;
}

static void read_scale(struct scaler *s)
{
    struct scale *scale = &s->scale;
    json_auto_t *deployment =
        store_get(s->all->env->store, KIND_DEPLOYMENT, s->spec->namespace, s->spec->target_name);

    scale_done(scale);
    if (!deployment)
        (void)snprintf(scale->error, sizeof(scale->error), "deployments.apps \"%.200s\" not found",
                       s->spec->target_name);
    else if (read_selector(deployment, scale) < 0)
        (void)snprintf(scale->error, sizeof(scale->error), "out of memory");
    scale->spec_replicas = (int32_t)jpath_int(deployment, "spec.replicas", 1);
    scale->status_replicas = (int32_t)jpath_int(deployment, "status.replicas", 0);
}

static struct hpa_input input_of(const struct scaler *s)
{
    return (struct hpa_input){
        .now_ns = labclock_now_ns(&s->all->env->clock),
        .scale_error = *s->scale.error ? s->scale.error : NULL,
        .spec_replicas = s->scale.spec_replicas,
        .status_replicas = s->scale.status_replicas,
        .selector = s->scale.selector_text,
    };
}

struct reading { /* what the metrics say, and of which pods */
    struct observed observed;
    struct hpa_answer *answers;
};

static struct hpa_answer answer_to(const struct scaler *s, const struct observed *o, size_t i)
{
    const struct answer *kept = &s->answers[i];

    switch (s->spec->metrics[i].source) {
    case HPA_RESOURCE:
    case HPA_CONTAINER_RESOURCE:
        return observed_answer(o, i);
    case HPA_EXTERNAL:
        return (struct hpa_answer){.error = *kept->error ? kept->error : NULL,
                                   .item_count = kept->count,
                                   .values = kept->values};
    case HPA_PODS:
    case HPA_OBJECT:
    case HPA_UNKNOWN_SOURCE:
        break;
    }
    return (struct hpa_answer){.error = "no custom metrics API (custom.metrics.k8s.io) registered"};
}

/* Adds pods and answers to the input. 0 or -ENOMEM. */
static int read_metrics(const struct scaler *s, struct reading *r, struct hpa_input *in)
{
    struct store *store = s->all->env->store;
    const struct selector *selector = s->scale.selector;

    r->answers = calloc(s->spec->metric_count + 1, sizeof(*r->answers));
    if (!r->answers)
        return -ENOMEM;
    int ret = observed_init(&r->observed, s->spec,
                            store_list(store, KIND_POD, s->spec->namespace, selector),
                            store_list(store, KIND_POD_METRICS, s->spec->namespace, selector));
    if (ret < 0)
        return ret;

    for (size_t i = 0; i < s->spec->metric_count; i++)
        r->answers[i] = answer_to(s, &r->observed, i);
    in->pods = r->observed.pod_rows.rows;
    in->pod_count = r->observed.pod_rows.count;
    in->answers = r->answers;
    return 0;
}

static void reading_done(struct reading *r)
{
    observed_done(&r->observed);
    free(r->answers);
}

/* ---- acting ---- */

/* Returns why the scale could not be written, or NULL. */
static const char *write_scale(const struct scaler *s, int32_t replicas)
{
    struct env *env = s->all->env;
    json_auto_t *deployment =
        store_get(env->store, KIND_DEPLOYMENT, s->spec->namespace, s->spec->target_name);

    if (!deployment)
        return "the target is gone";
    (void)json_object_set_new(json_object_get(deployment, "spec"), "replicas",
                              json_integer(replicas));
    if (store_put(env->store, KIND_DEPLOYMENT, deployment) < 0)
        return "out of memory";
    env->changed(env->changed_arg);
    return NULL;
}

static void write_status(const struct scaler *s, const struct hpa_decision *d,
                         const json_t *old_status)
{
    json_auto_t *status = hpa_status(s->spec, d, old_status, d->now_ns);

    if (status && (d->rescale || !hpa_status_same(status, old_status)))
        (void)store_patch(s->all->env->store, KIND_HPA, s->spec->namespace, s->spec->name, "status",
                          json_incref(status));
}

static void write_record(const struct scaler *s, const struct hpa_input *in,
                         const struct hpa_decision *d, const json_t *old_status)
{
    char next[CLOCK_TEXT_MAX];
    json_t *record = hpa_record(s->hpa, s->spec, in, d, old_status);
    json_auto_t *object = json_pack("{s:{s:s, s:s}, s:s, s:o?}", "metadata", "name", s->spec->name,
                                    "namespace", s->spec->namespace, "nextSyncTime",
                                    clock_rfc3339_micro(s->next_sync_ns, next), "record", record);

    (void)store_put(s->all->env->store, KIND_DECISION, object);
}

static void write_events(const struct scaler *s, const struct hpa_decision *d)
{
    const struct event_about about = {KIND_HPA, s->spec->namespace, s->spec->name};

    for (size_t i = 0; i < d->event_count; i++)
        event_record(s->all->env, about, d->events[i].type, d->events[i].reason, "%s",
                     d->events[i].message);
}

static void write_all(const struct scaler *s, const struct hpa_input *in,
                      const struct hpa_decision *d)
{
    json_auto_t *hpa = store_get(s->all->env->store, KIND_HPA, s->spec->namespace, s->spec->name);
    const json_t *old_status = jpath(hpa, "status");

    write_events(s, d);
    write_status(s, d, old_status);
    write_record(s, in, d, old_status);
}

static void evaluate(struct scaler *s)
{
    struct reading r = {0};
    struct hpa_decision d;
    struct hpa_input in = input_of(s);
    int ret = hpa_needs_metrics(s->spec, &in) ? read_metrics(s, &r, &in) : 0;

    if (ret == 0)
        ret = hpa_evaluate(s->hpa, s->spec, &in, &d);
    if (ret == 0 && d.rescale)
        hpa_commit(s->hpa, s->spec, &d, write_scale(s, d.desired), in.now_ns);
    if (ret == 0)
        write_all(s, &in, &d);
    reading_done(&r);
}

/* ---- asking ---- */

static void on_external(void *arg, const char *error, const int64_t *values, size_t count)
{
    struct answer *a = arg;

    a->ask = NULL;
    a->error[0] = '\0';
    a->count = 0;
    free(a->values);
    a->values = error ? NULL : calloc(count + 1, sizeof(*a->values));
    if (a->values) {
        memcpy(a->values, values, count * sizeof(*values));
        a->count = count;
    } else {
        (void)snprintf(a->error, sizeof(a->error), "%s", error ? error : "out of memory");
    }
    if (--a->scaler->waiting == 0)
        evaluate(a->scaler);
}

static void ask_for(struct scaler *s, size_t i)
{
    const struct hpa_metric *m = &s->spec->metrics[i];
    struct answer *a = &s->answers[i];

    if (m->source != HPA_EXTERNAL || m->refused)
        return;
    s->waiting++;
    struct external_ask *ask = external_ask(
        s->all->env, &(struct external_query){s->spec->namespace, m->name, m->selector},
        on_external, a);
    if (ask)
        a->ask = ask;
}

/* One period: read the scale, ask for what is served elsewhere if it matters, then decide.
 * Evaluations of one HPA never overlap: a period in which answers are still missing is left out. */
static void sync(void *arg)
{
    struct scaler *s = arg;
    struct env *env = s->all->env;

    s->next_sync_ns = labclock_now_ns(&env->clock) + s->all->period_ns;
    loop_timer_set(env->loop, &s->timer,
                   clock_mono_ns() + labclock_real_ns(&env->clock, s->all->period_ns), sync, s);
    if (s->waiting)
        return;
    read_scale(s);
    s->waiting = 1; /* ours, so that an answer that comes at once does not evaluate too early */
    const struct hpa_input in = input_of(s);
    for (size_t i = 0; hpa_needs_metrics(s->spec, &in) && i < s->spec->metric_count; i++)
        ask_for(s, i);
    if (--s->waiting == 0)
        evaluate(s);
}

/* ---- life ---- */

static void scaler_free(struct scaler *s)
{
    const struct env *env = s->all->env;

    loop_timer_off(env->loop, &s->timer);
    for (size_t i = 0; s->answers && i < s->spec->metric_count; i++) {
        external_cancel(env, s->answers[i].ask);
        free(s->answers[i].values);
    }
    free(s->answers);
    scale_done(&s->scale);
    hpa_free(s->hpa);
    hpa_spec_free(s->spec);
    free(s);
}

static int scaler_new(struct autoscaler *a, const json_t *object, struct err *err)
{
    struct scaler *s = calloc(1, sizeof(*s));
    struct hpa_spec_error bad = {0};

    if (!s)
        return err_set(err, -ENOMEM, "out of memory");
    s->all = a;
    int r = hpa_spec_parse(object, &s->spec, &bad);
    if (r < 0) {
        free(s);
        return err_set(err, r, "%s", bad.err.text);
    }
    s->next = a->first;
    a->first = s;
    s->answers = calloc(s->spec->metric_count + 1, sizeof(*s->answers));
    if (!s->answers || hpa_new(NULL, &s->hpa) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < s->spec->metric_count; i++)
        s->answers[i].scaler = s;
    loop_timer_set(a->env->loop, &s->timer,
                   clock_mono_ns() + labclock_real_ns(&a->env->clock, a->period_ns), sync, s);
    return 0;
}

int autoscaler_new(struct env *env, uint64_t sync_period_ns, struct autoscaler **ret,
                   struct err *err)
{
    struct autoscaler *a = calloc(1, sizeof(*a));
    json_auto_t *objects = store_list(env->store, KIND_HPA, NULL, NULL);
    const json_t *object;
    size_t i;
    int r = 0;

    if (!a)
        return err_set(err, -ENOMEM, "out of memory");
    a->env = env;
    a->period_ns = sync_period_ns;
    json_array_foreach (objects, i, object)
        if (r == 0)
            r = scaler_new(a, object, err);
    if (r < 0)
        autoscaler_free(a);
    else
        *ret = a;
    return r;
}

void autoscaler_free(struct autoscaler *a)
{
    if (!a)
        return;
    for (struct scaler *next, *s = a->first; s; s = next) {
        next = s->next;
        scaler_free(s);
    }
    free(a);
}
