// SPDX-License-Identifier: MIT
#include "lab/simulate/blueprint.h"

#include "base/err.h"
#include "kube/jpath.h"
#include "kube/quantity.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct making { /* one blueprint being made */
    struct blueprint *b;
    const json_t *hpa, *deployment;
    struct err *err;
};

static const char *namespace_of(const json_t *object)
{
    return jpath_str(object, "metadata.namespace", "default");
}

static int no_memory(const struct making *m)
{
    return err_set(m->err, -ENOMEM, "out of memory");
}

/* ---- the manifests ---- */

static const json_t *find_deployment(const struct plan_workload *w, const json_t *deployments)
{
    const json_t *object;
    size_t i;

    json_array_foreach (deployments, i, object)
        if (strcmp(namespace_of(object), w->namespace) == 0 &&
            strcmp(jpath_str(object, "metadata.name", ""), w->deployment) == 0)
            return object;
    return NULL;
}

static const json_t *find_hpa(const struct plan_workload *w, const json_t *hpas)
{
    const json_t *object;
    size_t i;

    json_array_foreach (hpas, i, object)
        if (strcmp(namespace_of(object), w->namespace) == 0 &&
            strcmp(jpath_str(object, "spec.scaleTargetRef.kind", ""), "Deployment") == 0 &&
            strcmp(jpath_str(object, "spec.scaleTargetRef.name", ""), w->deployment) == 0)
            return object;
    return NULL;
}

static int find_objects(struct making *m, const json_t *hpas, const json_t *deployments)
{
    const struct plan_workload *w = m->b->workload;

    m->deployment = find_deployment(w, deployments);
    if (!m->deployment)
        return err_set(m->err, -EINVAL, "workload %s: there is no Deployment %s in namespace %s",
                       w->name, w->deployment, w->namespace);
    m->hpa = find_hpa(w, hpas);
    if (!m->hpa)
        return err_set(m->err, -EINVAL,
                       "workload %s: no HorizontalPodAutoscaler points to Deployment %s", w->name,
                       w->deployment);
    return 0;
}

/* ---- the HPA ---- */

static int read_spec(struct making *m)
{
    struct hpa_spec_error bad = {0};
    int r = hpa_spec_parse(m->hpa, &m->b->spec, &bad);

    if (r < 0)
        return err_set(m->err, r, "HorizontalPodAutoscaler %s: %s",
                       jpath_str(m->hpa, "metadata.name", ""), bad.err.text);
    const struct hpa_spec *spec = m->b->spec;
    if (spec->max > MODEL_PODS_MAX)
        return err_set(
            m->err, -EINVAL,
            "HorizontalPodAutoscaler %s: spec.maxReplicas is %d; simulate takes up to %d",
            spec->name, spec->max, MODEL_PODS_MAX);

    m->b->meanings = calloc(spec->metric_count + 1, sizeof(*m->b->meanings));
    m->b->requests = calloc(spec->metric_count + 1, sizeof(*m->b->requests));
    m->b->request_errors = calloc(spec->metric_count + 1, sizeof(*m->b->request_errors));
    return m->b->meanings && m->b->requests && m->b->request_errors ? 0 : no_memory(m);
}

static int find_quantity(const struct making *m, const struct hpa_metric *metric,
                         enum model_quantity *ret)
{
    const struct plan_workload *w = m->b->workload;

    if (metric->source == HPA_RESOURCE || metric->source == HPA_CONTAINER_RESOURCE) {
        if (metric->resource != HPA_CPU)
            return err_set(m->err, -EINVAL,
                           "HorizontalPodAutoscaler %s: the model has no %s, only cpu",
                           m->b->spec->name, metric->name);
        *ret = MODEL_CPU;
        return 0;
    }
    for (size_t i = 0; i < w->metric_count; i++) {
        if (strcmp(w->metrics[i].name, metric->name) != 0)
            continue;
        *ret = w->metrics[i].quantity;
        return 0;
    }
    return err_set(m->err, -EINVAL,
                   "HorizontalPodAutoscaler %s asks for metric %s; the metrics of workload %s do "
                   "not say what it is (rate or backlog)",
                   m->b->spec->name, metric->name, w->name);
}

static enum metric_base base_of(const struct hpa_metric *metric)
{
    if (metric->source != HPA_OBJECT && metric->source != HPA_EXTERNAL)
        return METRIC_PER_READY_POD;
    return metric->form == HPA_AVERAGE_VALUE ? METRIC_PER_REPLICA : METRIC_WHOLE;
}

/* The target in the model's units. */
static double target_of(const struct blueprint *b, size_t i)
{
    const struct hpa_metric *metric = &b->spec->metrics[i];

    if (metric->form != HPA_UTILIZATION)
        return (double)metric->target / 1000;
    if (b->requests[i].error)
        return INFINITY;
    return (double)metric->target / 100 * (double)b->requests[i].milli / 1000;
}

static int read_metric(struct making *m, const json_t *pod, size_t i)
{
    struct blueprint *b = m->b;
    const struct hpa_metric *metric = &b->spec->metrics[i];
    const double tolerance =
        isnan(b->spec->up.tolerance) ? HPA_SETTINGS_DEFAULT.tolerance : b->spec->up.tolerance;
    struct metric_meaning *meaning = &b->meanings[i];

    if (metric->form == HPA_UTILIZATION &&
        hpa_pod_request(pod, metric, &b->requests[i].milli, &b->request_errors[i]) < 0)
        b->requests[i].error = b->request_errors[i].text;
    meaning->base = base_of(metric);
    meaning->over = target_of(b, i) * (1 + tolerance);
    if (metric->form == HPA_UTILIZATION)
        b->target_percent = (double)metric->target;
    return find_quantity(m, metric, &meaning->quantity);
}

static int read_metrics(struct making *m, const json_t *pod)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->b->spec->metric_count; i++)
        r = read_metric(m, pod, i);
    return r;
}

/* ---- the Deployment ---- */

/* A Pod as the Deployment would make it. New. */
static json_t *make_pod(const struct making *m)
{
    return json_pack("{s:{s:s, s:s}, s:O*}", "metadata", "name", m->b->workload->deployment,
                     "namespace", m->b->workload->namespace, "spec",
                     jpath(m->deployment, "spec.template.spec"));
}

/* The sum over the containers; false when one of them has none. */
static bool sum_limits(const json_t *pod, double *ret_cores)
{
    const json_t *container;
    int64_t sum = 0, milli;
    size_t i;

    json_array_foreach (jpath(pod, "spec.containers"), i, container) {
        if (quantity_from_json(jpath(container, "resources.limits.cpu"), &milli) < 0)
            return false;
        sum += milli;
    }
    *ret_cores = (double)sum / 1000;
    return sum > 0;
}

static int read_limit(struct making *m, const json_t *pod)
{
    const struct plan_workload *w = m->b->workload;
    struct service *s = &m->b->service;

    *s = w->service;
    if (s->limit_cores == 0 && !sum_limits(pod, &s->limit_cores))
        return err_set(m->err, -EINVAL,
                       "workload %s: not every container of Deployment %s has limits.cpu, so its "
                       "service needs cpuLimit",
                       w->name, w->deployment);
    if (s->idle_cores >= s->limit_cores)
        return err_set(m->err, -EINVAL,
                       "workload %s: with idleCpu %g of cpuLimit %g no CPU is left for requests",
                       w->name, s->idle_cores, s->limit_cores);
    return 0;
}

static int read_deployment(struct making *m, const json_t *pod)
{
    const struct hpa_metric cpu = {.source = HPA_RESOURCE,
                                   .resource = HPA_CPU,
                                   .form = HPA_UTILIZATION,
                                   .name = (char[]){"cpu"}};
    const int64_t replicas = jpath_int(m->deployment, "spec.replicas", 1);

    if (replicas < 0 || replicas > MODEL_PODS_MAX)
        return err_set(m->err, -EINVAL, "Deployment %s: spec.replicas takes 0 to %d",
                       m->b->workload->deployment, MODEL_PODS_MAX);
    m->b->replicas = (size_t)replicas;
    if (hpa_pod_request(pod, &cpu, &m->b->request_milli, NULL) < 0)
        m->b->request_milli = 0;
    return read_limit(m, pod);
}

static int make(struct making *m, const json_t *hpas, const json_t *deployments)
{
    int r = find_objects(m, hpas, deployments);

    if (r < 0)
        return r;
    json_auto_t *pod = make_pod(m);
    if (!pod)
        return no_memory(m);
    r = read_deployment(m, pod);
    if (r == 0)
        r = read_spec(m);
    return r == 0 ? read_metrics(m, pod) : r;
}

int blueprint_new(const struct plan_workload *workload, const json_t *hpas,
                  const json_t *deployments, struct blueprint **ret, struct err *err)
{
    struct making m = {.b = calloc(1, sizeof(*m.b)), .err = err};

    if (!m.b)
        return no_memory(&m);
    m.b->workload = workload;
    int r = make(&m, hpas, deployments);
    if (r < 0)
        blueprint_free(m.b);
    else
        *ret = m.b;
    return r;
}

void blueprint_free(struct blueprint *b)
{
    if (!b)
        return;
    hpa_spec_free(b->spec);
    free(b->meanings);
    free(b->requests);
    free(b->request_errors);
    free(b);
}
