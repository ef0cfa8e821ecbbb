// SPDX-License-Identifier: MIT
/* HorizontalPodAutoscalers: what the API would take is also read unchecked, what it refuses has a
 * message with a path, and whatever was read can be evaluated. */
#include "lab/hpa/hpa.h"

#include "base/err.h"
#include "base/scoped.h"
#include "kube/yaml.h"

#include <stdlib.h>
#include <string.h>

#define S UINT64_C(1000000000)
#define PODS 3
#define STEPS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decision(const struct hpa_spec *spec, const struct hpa_decision *d, bool checked)
{
    const bool limited =
        d->outcome == HPA_DECIDED || d->outcome == HPA_ABOVE_MAX || d->outcome == HPA_BELOW_MIN;

    if (checked && limited && (d->desired < spec->min || d->desired > spec->max))
        abort();
}

/* One step; returns the new size and replaces the status. */
static int32_t step(struct hpa *hpa, const struct hpa_spec *spec, const struct hpa_input *in,
                    bool checked, json_t **status)
{
    struct hpa_decision d;

    if (hpa_evaluate(hpa, spec, in, &d) < 0)
        abort();
    check_decision(spec, &d, checked);
    if (d.rescale)
        hpa_commit(hpa, spec, &d, NULL, in->now_ns);
    hpa_commit_status(hpa, &d, "conflict");

    json_t *next = hpa_status(spec, &d, *status, in->now_ns);
    if (!next || !hpa_status_same(next, next))
        abort();
    json_decref(*status);
    *status = next;
    return d.desired;
}

static void evaluate(const struct hpa_spec *spec, bool checked)
{
    static const struct hpa_sample samples[] = {{"a", 900, 0, 30 * S}, {"b", 1, 0, 30 * S}};
    static const int64_t values[] = {INT64_MAX, 5};
    const size_t count = spec->metric_count;
    scoped(free_at) struct hpa_request *requests = calloc(count, sizeof(*requests));
    scoped(free_at) struct hpa_answer *answers = calloc(count, sizeof(*answers));
    const struct hpa_pod pods[PODS] = {
        {.name = "a",
         .phase = HPA_RUNNING,
         .ready = HPA_READY_TRUE,
         .started = true,
         .requests = requests},
        {.name = "b", .phase = HPA_RUNNING, .requests = requests},
        {.name = "c", .phase = HPA_PENDING, .requests = requests},
    };
    struct hpa_input in = {.spec_replicas = 3,
                           .selector = "app=web",
                           .pods = pods,
                           .pod_count = PODS,
                           .answers = answers};
    struct hpa *hpa = NULL;
    json_t *status = NULL;

    if (!requests || !answers || hpa_new(NULL, &hpa) < 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        requests[i].milli = 100;
        answers[i] = (struct hpa_answer){
            .item_count = 2, .samples = samples, .sample_count = 2, .values = values};
    }
    for (uint64_t i = 1; i <= STEPS; i++) {
        in.now_ns = i * 1000 * S;
        in.status_replicas = in.spec_replicas;
        in.spec_replicas = step(hpa, spec, &in, checked, &status);
    }
    json_decref(status);
    hpa_free(hpa);
}

static void check_object(const json_t *object)
{
    struct hpa_spec *spec = NULL;
    struct hpa_spec_error bad;
    const bool checked = hpa_spec_parse(object, &spec, &bad) == 0;

    if (!checked && (!*bad.path || !strstr(bad.err.text, bad.path)))
        abort();
    hpa_spec_free(spec);
    spec = NULL;
    if (hpa_spec_parse_unchecked(object, &spec, &bad) == 0)
        evaluate(spec, checked);
    else if (checked)
        abort();
    hpa_spec_free(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_file *f = NULL;

    if (yaml_parse("f", (const char *)data, size, &f, NULL) < 0)
        return 0;
    for (size_t i = 0; i < yaml_count(f); i++)
        check_object(yaml_document(f, i));
    yaml_file_free(f);
    return 0;
}
