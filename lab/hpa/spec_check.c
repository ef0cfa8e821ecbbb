// SPDX-License-Identifier: MIT
/* What the API server refuses, in its order and words. The object can be read, so members have the
 * right types. Source: pkg/apis/autoscaling/validation/validation.go. */
#include "lab/hpa/spec_names.h"
#include "lab/hpa/spec_parts.h"

#include "base/scoped.h"
#include "kube/quantity.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_MAX_S 3600
#define PERIOD_MAX_S 1800

/* --- Members that are known to be right --- */

static const char *text_at(const struct place *at, const char *member)
{
    const char *text;

    return spec_text(at, member, &text) == 0 ? text : "";
}

static int32_t int_at(const struct place *at, const char *member, int32_t otherwise)
{
    (void)spec_int(at, member, &otherwise);
    return otherwise;
}

static struct place inside(const struct place *at, const char *member)
{
    struct place p = {0};

    (void)spec_enter(at, member, &p);
    return p;
}

static struct place element(const struct place *at, const char *member, size_t i)
{
    struct place p = {0};

    (void)spec_element(at, member, i, &p);
    return p;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static void complain_of_name(const struct place *at, const char *member, const char *name,
                             struct faults faults)
{
    for (size_t i = 0; i < faults.count; i++)
        spec_complain(at, member, "Invalid value: \"%s\": %s", name, faults.texts[i]);
}

/* --- References and names --- */

/* missing: what to say about none at all */
static void check_segment(const struct place *at, const char *member, const char *missing)
{
    const char *name = text_at(at, member);

    if (*name)
        complain_of_name(at, member, name, faults_of_path_segment(name));
    else
        spec_complain(at, member, "Required value%s%s", *missing ? ": " : "", missing);
}

static void check_api_version(const struct place *ref, bool needs_group)
{
    const char *version = text_at(ref, "apiVersion");
    const char *slash = strchr(version, '/');

    if (slash && slash[1] && strchr(slash + 1, '/'))
        spec_complain(ref, "apiVersion",
                      "Invalid value: \"%.80s\": unexpected GroupVersion string: %.80s", version,
                      version);
    else if (needs_group && (!slash || slash == version))
        spec_complain(ref, "apiVersion",
                      "Invalid value: \"%.80s\": apiVersion must specify API group", version);
}

static void check_reference(const struct place *ref, bool needs_group)
{
    check_segment(ref, "kind", "");
    check_segment(ref, "name", "");
    check_api_version(ref, needs_group);
}

static void check_metadata(const struct place *root)
{
    const struct place metadata = inside(root, "metadata");
    const char *name = text_at(&metadata, "name");

    if (*name)
        complain_of_name(&metadata, "name", name, faults_of_dns_subdomain(name));
    else
        spec_complain(&metadata, "name", "Required value: name or generateName is required");
}

/* --- Targets --- */

static const char *quantity_at(const struct place *at, const char *member,
                               char text[QUANTITY_TEXT_MAX])
{
    const char *written = json_string_value(spec_get(at, member));
    const size_t len = written ? strlen(written) : 0;
    struct amount a = {0};

    (void)spec_amount(at, member, &a);
    if (len > 0 && written[len - 1] == 'i')
        return quantity_format_binary(amount_milli(&a), text);
    return quantity_format(amount_milli(&a), text);
}

static void check_positive(const struct place *target, const char *member)
{
    struct amount a = {0};
    char text[QUANTITY_TEXT_MAX];

    (void)spec_amount(target, member, &a);
    if (spec_get(target, member) && amount_sign(&a) <= 0)
        spec_complain(target, member, "Invalid value: \"%s\": must be positive",
                      quantity_at(target, member, text));
}

static void check_target(const struct place *target)
{
    static const char *const types[] = {"Utilization", "Value", "AverageValue"};
    const char *type = text_at(target, "type");
    const int32_t utilization = int_at(target, "averageUtilization", 1);

    if (!*type)
        spec_complain(target, "type", "Required value: must specify a metric target type");
    if (!is_one_of(type, types, ARRAY_LEN(types)))
        spec_complain(
            target, "type",
            "Invalid value: \"%.80s\": must be either Utilization, Value, or AverageValue", type);
    check_positive(target, "value");
    check_positive(target, "averageValue");
    if (utilization < 1)
        spec_complain(target, "averageUtilization", "Invalid value: %d: must be greater than 0",
                      utilization);
}

static void check_metric_name(const struct place *source)
{
    const struct place metric = inside(source, "metric");

    check_segment(&metric, "name", "must specify a metric name");
}

static void check_resource_target(const struct place *source)
{
    const struct place target = inside(source, "target");
    const bool utilization = spec_get(&target, "averageUtilization");
    const bool average = spec_get(&target, "averageValue");

    check_target(&target);
    if (!utilization && !average)
        spec_complain(&target, "averageUtilization",
                      "Required value: must set either a target raw value or a target utilization");
    if (utilization && average)
        spec_complain(&target, "averageValue",
                      "Forbidden: may not set both a target raw value and a target utilization");
}

/* --- Sources --- */

static void check_object(const struct place *source)
{
    const struct place described = inside(source, "describedObject");
    const struct place target = inside(source, "target");

    check_reference(&described, false);
    check_metric_name(source);
    check_target(&target);
    if (!spec_get(&target, "value") && !spec_get(&target, "averageValue"))
        spec_complain(&target, "averageValue",
                      "Required value: must set either a target value or averageValue");
}

static void check_external(const struct place *source)
{
    const struct place target = inside(source, "target");
    const bool value = spec_get(&target, "value"), average = spec_get(&target, "averageValue");

    check_metric_name(source);
    check_target(&target);
    if (!value && !average)
        spec_complain(
            &target, "averageValue",
            "Required value: must set either a target value for metric or a per-pod target");
    if (value && average)
        spec_complain(&target, "value",
                      "Forbidden: may not set both a target value for metric and a per-pod target");
}

static void check_pods(const struct place *source)
{
    const struct place target = inside(source, "target");

    check_metric_name(source);
    check_target(&target);
    if (!spec_get(&target, "averageValue"))
        spec_complain(&target, "averageValue",
                      "Required value: must specify a positive target averageValue");
}

static void check_resource(const struct place *source)
{
    if (!*text_at(source, "name"))
        spec_complain(source, "name", "Required value: must specify a resource name");
    check_resource_target(source);
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_standard_resource(const char *name)
{
    static const char *const names[] = {"cpu",
                                        "memory",
                                        "ephemeral-storage",
                                        "requests.cpu",
                                        "requests.memory",
                                        "requests.ephemeral-storage",
                                        "limits.cpu",
                                        "limits.memory",
                                        "limits.ephemeral-storage",
                                        "pods",
                                        "resourcequotas",
                                        "services",
                                        "replicationcontrollers",
                                        "secrets",
                                        "configmaps",
                                        "persistentvolumeclaims",
                                        "storage",
                                        "requests.storage",
                                        "services.nodeports",
                                        "services.loadbalancers"};

    return is_one_of(name, names, ARRAY_LEN(names)) || starts_with(name, "hugepages-") ||
           starts_with(name, "requests.hugepages-");
}

static bool is_standard_container_resource(const char *name)
{
    return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 ||
           strcmp(name, "ephemeral-storage") == 0 || starts_with(name, "hugepages-");
}

static bool is_extended_resource(const char *name)
{
    char for_quota[300];

    (void)snprintf(for_quota, sizeof(for_quota), "requests.%.280s", name);
    return !starts_with(name, "requests.") && faults_of_label_key(for_quota).count == 0;
}

static void check_container_resource_name(const struct place *at, const char *name)
{
    const struct faults faults = faults_of_label_key(name);
    const bool plain = !strchr(name, '/'), native = plain || strstr(name, "kubernetes.io/");

    complain_of_name(at, "name", name, faults);
    if (faults.count == 0 && plain && !is_standard_resource(name))
        spec_complain(
            at, "name",
            "Invalid value: \"%.80s\": must be a standard resource type or fully qualified", name);
    if (plain && !is_standard_container_resource(name))
        spec_complain(at, "name",
                      "Invalid value: \"%.80s\": must be a standard resource for containers", name);
    if (!native && !is_extended_resource(name))
        spec_complain(at, "name",
                      "Invalid value: \"%.80s\": doesn't follow extended resource name standard",
                      name);
}

static void check_container_resource(const struct place *source)
{
    const char *name = text_at(source, "name"), *container = text_at(source, "container");

    if (*name)
        check_container_resource_name(source, name);
    else
        spec_complain(source, "name", "Required value: must specify a resource name");
    if (*container)
        complain_of_name(source, "container", container, faults_of_dns_label(container));
    else
        spec_complain(source, "container", "Required value: must specify a container");
    check_resource_target(source);
}

/* In the order in which they are looked at. */
static const struct {
    const char *type, *member;
    void (*check)(const struct place *source);
} sources[] = {
    {"Object", "object", check_object},
    {"External", "external", check_external},
    {"Pods", "pods", check_pods},
    {"Resource", "resource", check_resource},
    {"ContainerResource", "containerResource", check_container_resource},
};

/* Only the first source is looked into. Returns how many there are. */
static size_t check_first_source(const struct place *at)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (!spec_get(at, sources[i].member) || count++ > 0)
            continue;
        const struct place source = inside(at, sources[i].member);
        sources[i].check(&source);
    }
    return count;
}

/* The member that the type wants; NULL when there is no such type. */
static const char *check_type(const struct place *at)
{
    const char *type = text_at(at, "type");

    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (strcmp(type, sources[i].type) == 0)
            return sources[i].member;
    if (!*type)
        spec_complain(at, "type", "Required value: must specify a metric source type");
    spec_complain(at, "type",
                  "Unsupported value: \"%.80s\": supported values: \"ContainerResource\", "
                  "\"External\", \"Object\", \"Pods\", \"Resource\"",
                  type);
    return NULL;
}

static void check_metric(const struct place *at)
{
    const char *wanted = check_type(at);
    const size_t count = check_first_source(at);

    if (wanted && !spec_get(at, wanted))
        spec_complain(at, wanted,
                      "Required value: must populate information for the given metric source");
    for (size_t i = 0; count > 1 && i < ARRAY_LEN(sources); i++)
        if (spec_get(at, sources[i].member) && (!wanted || strcmp(sources[i].member, wanted) != 0))
            spec_complain(at, sources[i].member,
                          "Forbidden: must populate the given metric source only");
}

/* --- Behavior --- */

static void check_policy(const struct place *at)
{
    static const char *const types[] = {"Pods", "Percent"};
    const char *type = text_at(at, "type");
    const int32_t value = int_at(at, "value", 0), period = int_at(at, "periodSeconds", 0);

    if (!is_one_of(type, types, ARRAY_LEN(types)))
        spec_complain(at, "type",
                      "Unsupported value: \"%.80s\": supported values: \"Percent\", \"Pods\"",
                      type);
    if (value <= 0)
        spec_complain(at, "value", "Invalid value: %d: must be greater than zero", value);
    if (period <= 0)
        spec_complain(at, "periodSeconds", "Invalid value: %d: must be greater than zero", period);
    if (period > PERIOD_MAX_S)
        spec_complain(at, "periodSeconds", "Invalid value: %d: must be less than or equal to %d",
                      period, PERIOD_MAX_S);
}

static void check_window(const struct place *rules)
{
    static const char member[] = "stabilizationWindowSeconds";
    const int32_t window = int_at(rules, member, 0);

    if (window < 0)
        spec_complain(rules, member, "Invalid value: %d: must be greater than or equal to zero",
                      window);
    if (window > WINDOW_MAX_S)
        spec_complain(rules, member, "Invalid value: %d: must be less than or equal to %d", window,
                      WINDOW_MAX_S);
}

static void check_policies(const struct place *rules, bool needed)
{
    size_t count = 0;

    (void)spec_list(rules, "policies", &count);
    if (count == 0 && (needed || spec_get(rules, "policies")))
        spec_complain(rules, "policies", "Required value: must specify at least one Policy");
    for (size_t i = 0; i < count; i++) {
        const struct place policy = element(rules, "policies", i);
        check_policy(&policy);
    }
}

static void check_tolerance(const struct place *rules)
{
    struct amount a = {0};
    char text[QUANTITY_TEXT_MAX];

    (void)spec_amount(rules, "tolerance", &a);
    if (amount_sign(&a) < 0)
        spec_complain(rules, "tolerance",
                      "Invalid value: \"%s\": must be greater than or equal to 0",
                      quantity_at(rules, "tolerance", text));
}

static void check_rules(const struct place *behavior, const char *direction, bool converted)
{
    static const char *const words[] = {"Max", "Min", "Disabled"};
    const struct place rules = inside(behavior, direction);
    const char *select = text_at(&rules, "selectPolicy");

    if (!rules.object)
        return;
    check_window(&rules);
    if (spec_get(&rules, "selectPolicy") && !is_one_of(select, words, ARRAY_LEN(words)))
        spec_complain(
            &rules, "selectPolicy",
            "Unsupported value: \"%.80s\": supported values: \"Disabled\", \"Max\", \"Min\"",
            select);
    check_policies(&rules, converted);
    check_tolerance(&rules);
}

/* --- The whole --- */

static void check_bounds(const struct place *spec)
{
    const int32_t min = int_at(spec, "minReplicas", 1), max = int_at(spec, "maxReplicas", 0);

    if (min < 1)
        spec_complain(spec, "minReplicas", "Invalid value: %d: must be greater than or equal to 1",
                      min);
    if (max == 0)
        spec_complain(spec, "maxReplicas", "Required value: must be set and greater than 0");
    else if (max < 0)
        spec_complain(spec, "maxReplicas", "Invalid value: %d: must be greater than or equal to 1",
                      max);
    if (max < min)
        spec_complain(spec, "maxReplicas",
                      "Invalid value: %d: must be greater than or equal to `minReplicas`", max);
}

static void check_metrics(const struct place *spec)
{
    bool outside = false; /* one that a workload of no pods has too */
    size_t count = 0;

    (void)spec_list(spec, "metrics", &count);
    for (size_t i = 0; i < count; i++) {
        const struct place metric = element(spec, "metrics", i);
        const char *type = text_at(&metric, "type");
        check_metric(&metric);
        outside |= strcmp(type, "Object") == 0 || strcmp(type, "External") == 0;
    }
    if (int_at(spec, "minReplicas", 1) == 0 && !outside)
        spec_complain(spec, "metrics",
                      "Forbidden: must specify at least one Object or External metric to support "
                      "scaling to zero replicas");
}

int spec_check(const struct place *root, bool converted)
{
    const struct place spec = inside(root, "spec");
    const struct place target = inside(&spec, "scaleTargetRef");
    const struct place behavior = inside(&spec, "behavior");

    check_metadata(root);
    check_bounds(&spec);
    check_reference(&target, strcmp(text_at(&target, "kind"), "ReplicationController") != 0);
    check_metrics(&spec);
    check_rules(&behavior, "scaleUp", converted);
    check_rules(&behavior, "scaleDown", converted);
    return spec_complaints(root->error);
}
