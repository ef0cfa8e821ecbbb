// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_parts.h"

#include "base/scoped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void spec_metric_done(struct hpa_metric *m)
{
    free(m->name);
    free(m->container);
    free(m->object.api_version);
    free(m->object.kind);
    free(m->object.name);
    free(m->selector);
    free(m->refused);
    free(m->selector_print);
    free(m->description);
    free(m->valid_message);
    json_decref(m->identifier);
    json_decref(m->described);
}

/* The first reason stays. */
static int refuse(const struct place *at, struct hpa_metric *m, const char *why)
{
    if (!m->refused)
        m->refused = strdup(why);
    return m->refused ? 0 : spec_no_memory(at);
}

/* --- target --- */

struct target {
    const char *type;
    const struct place *at;
    int64_t value, average_value; /* milli */
    int32_t utilization;
};

static bool has(const struct target *t, const char *member)
{
    return spec_get(t->at, member);
}

static int parse_milli(const struct place *at, const char *member, int64_t *ret)
{
    struct amount a = {0};
    int r = spec_amount(at, member, &a);

    if (r == 0)
        *ret = amount_milli(&a);
    return r;
}

static int parse_target(const struct place *at, struct target *ret)
{
    int r = spec_text(at, "type", &ret->type);

    ret->at = at;
    if (r == 0)
        r = parse_milli(at, "value", &ret->value);
    if (r == 0)
        r = parse_milli(at, "averageValue", &ret->average_value);
    if (r == 0)
        r = spec_int(at, "averageUtilization", &ret->utilization);
    return r;
}

/* The members decide about the form, except with Object, where target.type must agree. */
static enum hpa_form form_of(enum hpa_source source, const struct target *t)
{
    const bool resource = source == HPA_RESOURCE || source == HPA_CONTAINER_RESOURCE;
    const bool object = source == HPA_OBJECT;

    if (has(t, "averageValue") && (!object || strcmp(t->type, "AverageValue") == 0))
        return HPA_AVERAGE_VALUE;
    if (resource && has(t, "averageUtilization"))
        return HPA_UTILIZATION;
    if (source == HPA_EXTERNAL && has(t, "value"))
        return HPA_VALUE;
    if (object && has(t, "value") && strcmp(t->type, "Value") == 0)
        return HPA_VALUE;
    return HPA_NO_FORM;
}

static const char *no_form_text(enum hpa_source source)
{
    switch (source) {
    case HPA_RESOURCE:
    case HPA_CONTAINER_RESOURCE:
        return "invalid resource metric source: neither an average utilization target nor an "
               "average value (usage) target was set";
    case HPA_OBJECT:
        return "invalid object metric source: neither a value target nor an average value target "
               "was set";
    case HPA_EXTERNAL:
        return "invalid external metric source: neither a value target nor an average value target "
               "was set";
    case HPA_PODS:
    case HPA_UNKNOWN_SOURCE:
        break;
    }
    return "invalid pods metric source: no average value target was set"; /* ours; theirs crashes */
}

static int set_target(const struct place *source, struct hpa_metric *m)
{
    struct place at;
    struct target t = {0};
    int r = spec_enter(source, "target", &at);

    if (r == 0)
        r = parse_target(&at, &t);
    if (r < 0)
        return r;

    m->form = form_of(m->source, &t);
    m->target = m->form == HPA_UTILIZATION     ? t.utilization
                : m->form == HPA_AVERAGE_VALUE ? t.average_value
                                               : t.value;
    if (m->form != HPA_NO_FORM)
        return 0;
    if (m->source == HPA_EXTERNAL) { /* looked at before its selector */
        free(m->refused);
        m->refused = NULL;
    }
    return refuse(source, m, no_form_text(m->source));
}

/* --- what is measured --- */

static int parse_resource(const struct place *source, struct hpa_metric *m)
{
    int r = spec_copy(source, "name", &m->name);

    if (r < 0)
        return r;
    m->resource = strcmp(m->name, "cpu") == 0      ? HPA_CPU
                  : strcmp(m->name, "memory") == 0 ? HPA_MEMORY
                                                   : HPA_OTHER_RESOURCE;
    return m->source == HPA_CONTAINER_RESOURCE ? spec_copy(source, "container", &m->container) : 0;
}

static int parse_identifier(const struct place *source, struct hpa_metric *m)
{
    struct place metric;
    int r = spec_enter(source, "metric", &metric);

    if (r == 0)
        r = spec_copy(&metric, "name", &m->name);
    return r < 0 ? r : spec_selector_parse(&metric, m);
}

static int parse_object(const struct place *source, struct hpa_metric *m)
{
    struct place described;
    int r = spec_enter(source, "describedObject", &described);

    if (r == 0)
        r = spec_copy(&described, "kind", &m->object.kind);
    if (r == 0)
        r = spec_copy(&described, "name", &m->object.name);
    if (r == 0)
        r = spec_copy(&described, "apiVersion", &m->object.api_version);
    if (r < 0)
        return r;

    m->described = json_pack("{s:s, s:s, s:s*}", "kind", m->object.kind, "name", m->object.name,
                             "apiVersion", *m->object.api_version ? m->object.api_version : NULL);
    return m->described ? parse_identifier(source, m) : spec_no_memory(source);
}

static const struct {
    const char *type, *member;
    int (*parse)(const struct place *source, struct hpa_metric *m);
} sources[] = {
    [HPA_RESOURCE] = {"Resource", "resource", parse_resource},
    [HPA_CONTAINER_RESOURCE] = {"ContainerResource", "containerResource", parse_resource},
    [HPA_PODS] = {"Pods", "pods", parse_identifier},
    [HPA_OBJECT] = {"Object", "object", parse_object},
    [HPA_EXTERNAL] = {"External", "external", parse_identifier},
};

static int parse_source(const struct place *at, enum hpa_source i, struct hpa_metric *m)
{
    struct place source;
    int r = spec_enter(at, sources[i].member, &source);

    m->source = i;
    if (r == 0)
        r = sources[i].parse(&source, m);
    return r < 0 ? r : set_target(&source, m);
}

/* Members that the type does not want must be readable all the same. */
static int parse_others(const struct place *at, enum hpa_source wanted)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(sources); i++) {
        struct hpa_metric ignored = {0};
        if (i != wanted && spec_get(at, sources[i].member))
            r = parse_source(at, (enum hpa_source)i, &ignored);
        spec_metric_done(&ignored);
    }
    return r;
}

static int parse_unknown(const struct place *at, const char *type, struct hpa_metric *m)
{
    char why[160];

    m->source = HPA_UNKNOWN_SOURCE;
    m->form = HPA_NO_FORM;
    m->name = strdup(type);
    (void)snprintf(why, sizeof(why), "unknown metric source type \"%.80s\"", type);
    return m->name ? refuse(at, m, why) : spec_no_memory(at);
}

/* --- how the controller calls it --- */

static int describe(struct hpa_metric *m)
{
    const char *name = m->name;

    switch (m->source) {
    case HPA_RESOURCE:
    case HPA_CONTAINER_RESOURCE:
        if (m->form != HPA_UTILIZATION)
            return asprintf(&m->description, "%s resource", name);
        return asprintf(&m->description, "%s%s resource utilization (percentage of request)", name,
                        m->source == HPA_CONTAINER_RESOURCE ? " container" : "");
    case HPA_PODS:
        return asprintf(&m->description, "pods metric %s", name);
    case HPA_OBJECT:
        if (m->form == HPA_VALUE)
            return asprintf(&m->description, "%s metric %s", m->object.kind, name);
        break;
    case HPA_EXTERNAL:
        break;
    case HPA_UNKNOWN_SOURCE:
        return asprintf(&m->description, "%s", name);
    }
    return asprintf(&m->description, "external metric %s(%s)", name, m->selector_print);
}

static int add_texts(const struct place *at, struct hpa_metric *m)
{
    if (describe(m) < 0) {
        m->description = NULL; /* asprintf leaves it undefined */
        return spec_no_memory(at);
    }
    if (asprintf(&m->valid_message,
                 "the HPA was able to successfully calculate a replica count from %s",
                 m->description) < 0) {
        m->valid_message = NULL;
        return spec_no_memory(at);
    }
    return 0;
}

int spec_metric_parse(const struct place *at, struct hpa_metric *m)
{
    const char *type;
    size_t i = 0;
    int r = spec_text(at, "type", &type);

    if (r < 0)
        return r;
    while (i < ARRAY_LEN(sources) && strcmp(type, sources[i].type) != 0)
        i++;
    r = parse_others(at, (enum hpa_source)i);
    if (r == 0)
        r = i < ARRAY_LEN(sources) ? parse_source(at, (enum hpa_source)i, m)
                                   : parse_unknown(at, type, m);
    return r < 0 ? r : add_texts(at, m);
}

int spec_metric_default(const struct place *at, struct hpa_metric *m)
{
    m->source = HPA_RESOURCE;
    m->resource = HPA_CPU;
    m->form = HPA_UTILIZATION;
    m->target = 80;
    m->name = strdup("cpu");
    return m->name ? add_texts(at, m) : spec_no_memory(at);
}
