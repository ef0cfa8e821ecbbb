// SPDX-License-Identifier: MIT
/* autoscaling/v1 as autoscaling/v2: what v1 has no members for stands in annotations, in a form of
 * its own. Source: pkg/apis/autoscaling/v1/conversion.go. */
#include "lab/hpa/spec_parts.h"

#include "base/scoped.h"
#include "kube/jpath.h"

#include <ctype.h>
#include <string.h>

#define ANNOTATION "autoscaling.alpha.kubernetes.io/"

bool spec_is_v1(const json_t *object)
{
    return strcmp(jpath_str(object, "apiVersion", ""), "autoscaling/v1") == 0;
}

static json_t *resource_target(const json_t *v1)
{
    json_t *utilization = json_object_get(v1, "targetAverageUtilization");

    return json_pack("{s:s, s:O*, s:O*}", "type", utilization ? "Utilization" : "AverageValue",
                     "averageUtilization", utilization, "averageValue",
                     json_object_get(v1, "targetAverageValue"));
}

static json_t *resource(const json_t *v1)
{
    return json_pack("{s:O*, s:O*, s:o}", "name", json_object_get(v1, "name"), "container",
                     json_object_get(v1, "container"), "target", resource_target(v1));
}

static json_t *identifier(const json_t *v1, const char *selector)
{
    return json_pack("{s:O*, s:O*}", "name", json_object_get(v1, "metricName"), "selector",
                     json_object_get(v1, selector));
}

/* A quantity that v1 cannot leave out. New. */
static json_t *required(const json_t *v1, const char *member)
{
    json_t *value = json_object_get(v1, member);

    return value ? json_incref(value) : json_string("0");
}

static json_t *pods(const json_t *v1)
{
    return json_pack("{s:o, s:{s:s, s:o}}", "metric", identifier(v1, "selector"), "target", "type",
                     "AverageValue", "averageValue", required(v1, "targetAverageValue"));
}

static bool is_zero(const json_t *quantity)
{
    struct amount a = {0};

    return amount_from_json(quantity, &a) == 0 && amount_sign(&a) == 0;
}

static json_t *object(const json_t *v1)
{
    json_t *average = json_object_get(v1, "averageValue");
    json_auto_t *value = required(v1, "targetValue");

    return json_pack("{s:O*, s:o, s:{s:s, s:O*, s:O*}}", "describedObject",
                     json_object_get(v1, "target"), "metric", identifier(v1, "selector"), "target",
                     "type", average ? "AverageValue" : "Value", "value",
                     average && is_zero(value) ? NULL : value, "averageValue", average);
}

static json_t *external(const json_t *v1)
{
    json_t *value = json_object_get(v1, "targetValue");

    return json_pack("{s:o, s:{s:s, s:O*, s:O*}}", "metric", identifier(v1, "metricSelector"),
                     "target", "type", value ? "Value" : "AverageValue", "value", value,
                     "averageValue", json_object_get(v1, "targetAverageValue"));
}

static const struct {
    const char *member;
    json_t *(*convert)(const json_t *v1);
} sources[] = {
    {"resource", resource}, {"containerResource", resource}, {"pods", pods},
    {"object", object},     {"external", external},
};

static json_t *metric(const json_t *v1)
{
    json_t *newer = json_pack("{s:O*}", "type", json_object_get(v1, "type"));

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        const json_t *source = json_object_get(v1, sources[i].member);
        if (source &&
            json_object_set_new(newer, sources[i].member, sources[i].convert(source)) < 0) {
            json_decref(newer);
            return NULL;
        }
    }
    return newer;
}

/* The JSON in an annotation. New; NULL when there is none, or none that can be read. */
static json_t *annotation(const json_t *v1, const char *name)
{
    const json_t *value = json_object_get(jpath(v1, "metadata.annotations"), name);

    return json_is_string(value) ? json_loads(json_string_value(value), 0, NULL) : NULL;
}

static json_t *cpu_metric(const json_t *utilization)
{
    return json_pack("{s:s, s:{s:s, s:{s:s, s:O}}}", "type", "Resource", "resource", "name", "cpu",
                     "target", "type", "Utilization", "averageUtilization", utilization);
}

/* Those of the annotation, then the one that v1 knows. */
static json_t *metrics(const json_t *v1)
{
    json_auto_t *others = annotation(v1, ANNOTATION "metrics");
    const json_t *utilization = jpath(v1, "spec.targetCPUUtilizationPercentage");
    json_t *all = json_array();
    const json_t *other;
    size_t i;
    int r = 0;

    json_array_foreach (others, i, other)
        if (r == 0)
            r = json_array_append_new(all, metric(other));
    if (r == 0 && utilization && !json_is_null(utilization))
        r = json_array_append_new(all, cpu_metric(utilization));
    if (r == 0)
        return all;
    json_decref(all);
    return NULL;
}

/* The annotation was written from a type without JSON names: its members begin with a capital. */
static json_t *with_small_names(const json_t *value)
{
    json_t *copy, *element;
    const char *key;
    size_t i;
    int r = 0;

    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach (value, i, element)
            r |= json_array_append_new(copy, with_small_names(element));
    } else if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach ((json_t *)(uintptr_t)value, key, element) {
            char name[64] = {(char)tolower((unsigned char)key[0])};
            if (*key && strlen(key) < sizeof(name))
                strcpy(name + 1, key + 1);
            r |= json_object_set_new(copy, name, with_small_names(element));
        }
    } else {
        return json_deep_copy(value);
    }
    if (r == 0)
        return copy;
    json_decref(copy);
    return NULL;
}

static bool is_given(const json_t *behavior)
{
    const json_t *up = json_object_get(behavior, "scaleUp");
    const json_t *down = json_object_get(behavior, "scaleDown");

    return (up && !json_is_null(up)) || (down && !json_is_null(down));
}

static int set_behavior(json_t *spec, const json_t *v1)
{
    json_auto_t *written = annotation(v1, ANNOTATION "behavior");
    json_auto_t *behavior = written ? with_small_names(written) : NULL;

    if (written && !behavior)
        return -1;
    return is_given(behavior) ? json_object_set(spec, "behavior", behavior) : 0;
}

int spec_from_v1(const struct place *root, json_t **ret)
{
    const json_t *v1 = root->object;
    json_auto_t *newer =
        json_pack("{s:O*, s:{s:O*, s:O*, s:O*, s:o}}", "metadata", json_object_get(v1, "metadata"),
                  "spec", "scaleTargetRef", jpath(v1, "spec.scaleTargetRef"), "minReplicas",
                  jpath(v1, "spec.minReplicas"), "maxReplicas", jpath(v1, "spec.maxReplicas"),
                  "metrics", metrics(v1));

    if (!newer || set_behavior(json_object_get(newer, "spec"), v1) < 0)
        return spec_no_memory(root);
    *ret = json_incref(newer);
    return 0;
}
