// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_parts.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "kube/quantity.h"
#include "kube/selector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void spec_metric_done(struct hpa_metric *m)
{
    free(m->name);
    free(m->selector);
    free(m->refused);
    free(m->selector_print);
    free(m->description);
    free(m->valid_message);
    json_decref(m->identifier);
}

static const struct {
    const char *type, *member;
    bool supported;
    enum hpa_source source;
} sources[] = {
    {"Resource", "resource", true, HPA_RESOURCE},
    {"External", "external", true, HPA_EXTERNAL},
    {"ContainerResource", "containerResource", false, 0},
    {"Pods", "pods", false, 0},
    {"Object", "object", false, 0},
};

/* --- target --- */

/* ret_milli is 0 when the member is absent. */
static int parse_value(const struct place *target, const char *member, int64_t *ret_milli)
{
    const json_t *value = spec_get(target, member);
    int r;

    *ret_milli = 0;
    if (!value)
        return 0;
    r = quantity_from_json(value, ret_milli);
    if (r == -ERANGE)
        return spec_bad(target, member, -EINVAL, "must be less than 9.2e15");
    if (r < 0)
        return spec_bad(target, member, -EINVAL, "must be a quantity such as 5, 200m or 1Gi");
    if (*ret_milli <= 0)
        return spec_bad(target, member, -EINVAL, "must be greater than 0");
    return 0;
}

static int check_target_type(const struct place *target)
{
    const char *type;
    int r = spec_text(target, "type", &type);

    if (r < 0)
        return r;
    if (!*type)
        return spec_bad(target, "type", -EINVAL, "is required: Utilization, Value or AverageValue");
    if (strcmp(type, "Utilization") != 0 && strcmp(type, "Value") != 0 &&
        strcmp(type, "AverageValue") != 0)
        return spec_bad(target, "type", -EINVAL,
                        "must be Utilization, Value or AverageValue, is '%.80s'", type);
    return 0;
}

struct target { /* 0: absent */
    int64_t value, average_value;
    int32_t utilization;
};

static int parse_target(const struct place *source, struct place *ret_at, struct target *ret)
{
    const struct range utilization = {.min = 1, .max = INT32_MAX};
    int r = spec_enter(source, "target", ret_at);

    if (r == 0)
        r = check_target_type(ret_at);
    if (r == 0)
        r = parse_value(ret_at, "value", &ret->value);
    if (r == 0)
        r = parse_value(ret_at, "averageValue", &ret->average_value);
    if (r == 0)
        r = spec_int(ret_at, "averageUtilization", utilization, &ret->utilization);
    return r;
}

/* The fields decide about the form, not target.type. */
static int parse_resource_target(const struct place *source, struct hpa_metric *m)
{
    struct target t = {0};
    struct place at;
    int r = parse_target(source, &at, &t);

    if (r < 0)
        return r;
    if (!t.utilization && !t.average_value)
        return spec_bad(&at, "averageUtilization", -EINVAL,
                        "averageUtilization or averageValue must be set");
    if (t.utilization && t.average_value)
        return spec_bad(&at, "averageValue", -EINVAL,
                        "must not be set together with averageUtilization");

    m->form = t.average_value ? HPA_AVERAGE_VALUE : HPA_UTILIZATION;
    m->target = t.average_value ? t.average_value : t.utilization;
    return 0;
}

static int parse_external_target(const struct place *source, struct hpa_metric *m)
{
    struct target t = {0};
    struct place at;
    int r = parse_target(source, &at, &t);

    if (r < 0)
        return r;
    if (!t.value && !t.average_value)
        return spec_bad(&at, "averageValue", -EINVAL, "averageValue or value must be set");
    if (t.value && t.average_value)
        return spec_bad(&at, "value", -EINVAL, "must not be set together with averageValue");

    m->form = t.average_value ? HPA_AVERAGE_VALUE : HPA_VALUE;
    m->target = t.average_value ? t.average_value : t.value;
    return 0;
}

/* --- sources --- */

static int parse_resource(const struct place *source, struct hpa_metric *m)
{
    int r = spec_name(source, "name", &m->name);

    if (r < 0)
        return r;
    if (strcmp(m->name, "cpu") != 0 && strcmp(m->name, "memory") != 0)
        return spec_bad(source, "name", -ENOTSUP,
                        "resource '%.80s' is not supported yet; cpu and memory are", m->name);

    m->resource = strcmp(m->name, "cpu") == 0 ? HPA_CPU : HPA_MEMORY;
    return parse_resource_target(source, m);
}

/* A selector in error is the metric's trouble at every evaluation, not the object's. */
static int parse_selector(const struct place *metric, struct hpa_metric *m)
{
    scoped(buf_done) struct buf text = {.max = 64 * KIB};
    const json_t *object = spec_get(metric, "selector");
    struct selector *selector = NULL;
    struct err err = {0};
    int r = selector_from_json(object, &selector, &err);

    if (r == -EINVAL) {
        m->refused = strdup(err.text);
        r = m->refused ? 0 : -ENOMEM;
    } else if (r == 0) {
        r = selector_format(selector, &text);
        selector_free(selector);
    }
    if (r == -E2BIG)
        return spec_bad(metric, "selector", -EINVAL, "is longer than 64 KiB");
    if (r < 0)
        return spec_no_memory(metric);

    m->selector = strdup(text.data ? text.data : "");
    m->selector_print = spec_selector_print(object);
    return m->selector && m->selector_print ? 0 : spec_no_memory(metric);
}

static int parse_external(const struct place *source, struct hpa_metric *m)
{
    struct place metric;
    int r = spec_enter(source, "metric", &metric);

    if (r == 0)
        r = spec_name(&metric, "name", &m->name);
    if (r == 0)
        r = spec_enter(&metric, "selector", &(struct place){0});
    if (r == 0)
        r = parse_selector(&metric, m);
    if (r < 0)
        return r;

    const json_t *selector = spec_get(&metric, "selector");
    m->identifier = json_pack("{s:s}", "name", m->name);
    if (!m->identifier)
        return spec_no_memory(source);
    if (selector && json_object_set_new(m->identifier, "selector", json_deep_copy(selector)) < 0)
        return spec_no_memory(source);
    return parse_external_target(source, m);
}

/* --- the entry --- */

static int only_member(const struct place *at, const char *wanted)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (strcmp(sources[i].member, wanted) != 0 && spec_get(at, sources[i].member))
            return spec_bad(at, sources[i].member, -EINVAL,
                            "must not be set in a metric that has '%s'", wanted);
    if (!spec_get(at, wanted))
        return spec_bad(at, wanted, -EINVAL, "is required in a metric of this type");
    return 0;
}

static int parse_type(const struct place *at, size_t *ret_source)
{
    const char *type;
    int r = spec_text(at, "type", &type);

    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (strcmp(type, sources[i].type) != 0)
            continue;
        if (!sources[i].supported)
            return spec_bad(at, "type", -ENOTSUP,
                            "metric type %s is not supported yet; Resource and External are", type);
        *ret_source = i;
        return 0;
    }
    return spec_bad(at, "type", -EINVAL,
                    "must be Resource, ContainerResource, Pods, Object or External, is '%.80s'",
                    type);
}

static int describe(const struct place *at, struct hpa_metric *m)
{
    int r;

    if (m->source == HPA_EXTERNAL)
        r = asprintf(&m->description, "external metric %s(%s)", m->name, m->selector_print);
    else if (m->form == HPA_UTILIZATION)
        r = asprintf(&m->description, "%s resource utilization (percentage of request)", m->name);
    else
        r = asprintf(&m->description, "%s resource", m->name);
    if (r < 0) {
        m->description = NULL; /* asprintf leaves it undefined */
        return spec_no_memory(at);
    }

    r = asprintf(&m->valid_message,
                 "the HPA was able to successfully calculate a replica count from %s",
                 m->description);
    if (r < 0) {
        m->valid_message = NULL;
        return spec_no_memory(at);
    }
    return 0;
}

int spec_metric_parse(const struct place *at, struct hpa_metric *m)
{
    struct place source;
    size_t i = 0;
    int r = parse_type(at, &i);

    if (r == 0)
        r = only_member(at, sources[i].member);
    if (r == 0)
        r = spec_enter(at, sources[i].member, &source);
    if (r < 0)
        return r;

    m->source = sources[i].source;
    r = m->source == HPA_RESOURCE ? parse_resource(&source, m) : parse_external(&source, m);
    return r < 0 ? r : describe(at, m);
}

int spec_metric_default(const struct place *at, struct hpa_metric *m)
{
    m->source = HPA_RESOURCE;
    m->resource = HPA_CPU;
    m->form = HPA_UTILIZATION;
    m->target = 80;
    m->name = strdup("cpu");
    return m->name ? describe(at, m) : spec_no_memory(at);
}
