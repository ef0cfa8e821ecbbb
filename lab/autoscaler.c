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

struct scaler { /* one HorizontalPodAutoscaler */
    struct autoscaler *all;
    struct scaler *next;
    struct hpa_spec *spec;
    struct hpa *hpa;
    struct loop_timer timer;
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

struct reading {        /* the world as one evaluation sees it */
    json_t *deployment; /* NULL: gone */
    char *selector;
    struct observed observed;
    struct hpa_answer *answers;
    char no_scale[300];
};

/* The Deployment's selector as a scale has it: a canonical text. New, or NULL. */
static char *selector_text(const json_t *deployment, struct selector **ret_selector)
{
    struct buf text = {.max = 64 * 1024};

    if (selector_from_json(jpath(deployment, "spec.selector"), ret_selector, NULL) < 0)
        return NULL;
    int r = selector_format(*ret_selector, &text);
    char *out = r == 0 ? buf_take(&text, NULL) : NULL;
    buf_done(&text);
    return out;
}

static void fill_answers(const struct scaler *s, struct reading *r)
{
    for (size_t i = 0; i < s->spec->metric_count; i++) {
        const struct hpa_metric *m = &s->spec->metrics[i];
        struct hpa_answer *a = &r->answers[i];
        if (m->source == HPA_EXTERNAL) {
            const struct answer *kept = &s->answers[i];
            *a = (struct hpa_answer){.error = *kept->error ? kept->error : NULL,
                                     .item_count = kept->count,
                                     .values = kept->values};
            continue;
        }
        *a = observed_answer(&r->observed, i);
    }
}

static int read_world(const struct scaler *s, struct reading *r)
{
    const struct env *env = s->all->env;
    struct selector *selector = NULL;

    *r = (struct reading){0};
    r->answers = calloc(s->spec->metric_count + 1, sizeof(*r->answers));
    if (!r->answers)
        return -ENOMEM;
    r->deployment =
        store_get(env->store, KIND_DEPLOYMENT, s->spec->namespace, s->spec->target_name);
    if (!r->deployment) {
        (void)snprintf(r->no_scale, sizeof(r->no_scale), "deployments.apps \"%.200s\" not found",
                       s->spec->target_name);
        return 0;
    }
    r->selector = selector_text(r->deployment, &selector);
    int ret =
        r->selector
            ? observed_init(&r->observed, s->spec,
                            store_list(env->store, KIND_POD, s->spec->namespace, selector),
                            store_list(env->store, KIND_POD_METRICS, s->spec->namespace, selector))
            : -ENOMEM;
    selector_free(selector);
    if (ret == 0)
        fill_answers(s, r);
    return ret;
}

static void reading_done(struct reading *r)
{
    observed_done(&r->observed);
    free(r->answers);
    free(r->selector);
    json_decref(r->deployment);
}

static struct hpa_input input_from(const struct scaler *s, const struct reading *r)
{
    return (struct hpa_input){
        .now_ns = labclock_now_ns(&s->all->env->clock),
        .scale_error = *r->no_scale ? r->no_scale : NULL,
        .spec_replicas = (int32_t)jpath_int(r->deployment, "spec.replicas", 1),
        .status_replicas = (int32_t)jpath_int(r->deployment, "status.replicas", 0),
        .selector = r->selector,
        .pods = r->observed.pod_rows,
        .pod_count = r->observed.pod_count,
        .answers = r->answers,
    };
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
    json_t *status = hpa_status(s->spec, d, old_status, d->now_ns);

    if (status)
        (void)store_patch(s->all->env->store, KIND_HPA, s->spec->namespace, s->spec->name, "status",
                          status);
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
    struct reading r;
    struct hpa_decision d;

    if (read_world(s, &r) == 0) {
        struct hpa_input in = input_from(s, &r);
        int ret = hpa_evaluate(s->hpa, s->spec, &in, &d);
        if (ret == 0 && d.rescale)
            hpa_commit(s->hpa, s->spec, &d, write_scale(s, d.desired), in.now_ns);
        if (ret == 0)
            write_all(s, &in, &d);
    }
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

    if (m->source != HPA_EXTERNAL)
        return;
    s->waiting++;
    struct external_ask *ask = external_ask(
        s->all->env, &(struct external_query){s->spec->namespace, m->name, m->selector},
        on_external, a);
    if (ask)
        a->ask = ask;
}

/* One period: ask for what is served elsewhere, then decide. Evaluations of one HPA never overlap:
 * a period in which answers are still missing is left out. */
static void sync(void *arg)
{
    struct scaler *s = arg;
    struct env *env = s->all->env;

    s->next_sync_ns = labclock_now_ns(&env->clock) + s->all->period_ns;
    loop_timer_set(env->loop, &s->timer,
                   clock_mono_ns() + labclock_real_ns(&env->clock, s->all->period_ns), sync, s);
    if (s->waiting)
        return;
    s->waiting = 1; /* ours, so that an answer that comes at once does not evaluate too early */
    for (size_t i = 0; i < s->spec->metric_count; i++)
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
