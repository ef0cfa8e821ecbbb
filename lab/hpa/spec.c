// SPDX-License-Identifier: MIT
#include "lab/hpa/spec_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void hpa_spec_free(struct hpa_spec *spec)
{
    if (!spec)
        return;
    for (size_t i = 0; i < spec->metric_count; i++)
        spec_metric_done(&spec->metrics[i]);
    free(spec->metrics);
    spec_rules_done(&spec->up);
    spec_rules_done(&spec->down);
    free(spec->namespace);
    free(spec->name);
    free(spec->target_api_version);
    free(spec->target_kind);
    free(spec->target_name);
    free(spec);
}

static int check_kind(const struct place *root)
{
    const char *version, *kind;
    int r = spec_text(root, "apiVersion", &version);

    if (r == 0)
        r = spec_text(root, "kind", &kind);
    if (r < 0)
        return r;
    if (strcmp(kind, "HorizontalPodAutoscaler") != 0)
        return spec_bad(root, "kind", -EINVAL, "must be HorizontalPodAutoscaler, is '%.80s'", kind);
    if (strcmp(version, "autoscaling/v2") != 0)
        return spec_bad(root, "apiVersion", -EINVAL, "must be autoscaling/v2, is '%.80s'", version);
    return 0;
}

static int parse_metadata(const struct place *root, struct hpa_spec *s)
{
    struct place metadata;
    int r = spec_enter(root, "metadata", &metadata);

    if (r == 0)
        r = spec_name(&metadata, "name", &s->name);
    if (r < 0)
        return r;
    if (spec_get(&metadata, "namespace"))
        return spec_name(&metadata, "namespace", &s->namespace);

    s->namespace = strdup("default");
    return s->namespace ? 0 : spec_no_memory(root);
}

/* A group is wanted, because the kind is looked up by it; only ReplicationController has none. */
static int parse_api_version(const struct place *target, struct hpa_spec *s)
{
    const char *text;
    int r = spec_text(target, "apiVersion", &text);

    if (r < 0)
        return r;

    const char *slash = strchr(text, '/');
    bool good = slash && slash != text && slash[1] && !strchr(slash + 1, '/');
    if (!good && strcmp(s->target_kind, "ReplicationController") != 0)
        return spec_bad(target, "apiVersion", -EINVAL,
                        "must name group and version such as apps/v1, is '%.80s'", text);

    s->target_api_version = strdup(text);
    return s->target_api_version ? 0 : spec_no_memory(target);
}

static int parse_target(const struct place *spec, struct hpa_spec *s)
{
    struct place target;
    int r = spec_enter(spec, "scaleTargetRef", &target);

    if (r == 0)
        r = spec_name(&target, "kind", &s->target_kind);
    if (r == 0)
        r = spec_name(&target, "name", &s->target_name);
    if (r == 0)
        r = parse_api_version(&target, s);
    return r;
}

static int parse_bounds(const struct place *spec, struct hpa_spec *s)
{
    const struct range min = {.min = 1, .max = INT32_MAX, .otherwise = 1};
    const struct range max = {.min = 1, .max = INT32_MAX};
    int r;

    if (!spec_get(spec, "maxReplicas"))
        return spec_bad(spec, "maxReplicas", -EINVAL, "is required");
    r = spec_int(spec, "minReplicas", min, &s->min);
    if (r == 0)
        r = spec_int(spec, "maxReplicas", max, &s->max);
    if (r < 0)
        return r;
    if (s->max < s->min)
        return spec_bad(spec, "maxReplicas", -EINVAL, "must be >= minReplicas (%d), is %d", s->min,
                        s->max);
    return 0;
}

static int parse_metrics(const struct place *spec, struct hpa_spec *s)
{
    struct place at;
    size_t count;
    int r = spec_list(spec, "metrics", &count);

    if (r < 0)
        return r;
    s->metrics = calloc(count ? count : 1, sizeof(*s->metrics));
    if (!s->metrics)
        return spec_no_memory(spec);
    if (count == 0) {
        s->metric_count = 1;
        return spec_metric_default(spec, &s->metrics[0]);
    }

    for (size_t i = 0; r == 0 && i < count; i++) {
        s->metric_count++;
        r = spec_element(spec, "metrics", i, &at);
        if (r == 0)
            r = spec_metric_parse(&at, &s->metrics[i]);
    }
    return r;
}

static int parse_behavior(const struct place *spec, struct hpa_spec *s)
{
    struct place behavior;
    int r = spec_enter(spec, "behavior", &behavior);

    s->up.tolerance = s->down.tolerance = NAN;
    if (r < 0 || !behavior.object)
        return r;

    s->has_behavior = true;
    return spec_behavior_parse(&behavior, &s->up, &s->down);
}

static int parse(const struct place *root, struct hpa_spec *s)
{
    struct place spec;
    int r = check_kind(root);

    if (r == 0)
        r = parse_metadata(root, s);
    if (r == 0)
        r = spec_enter(root, "spec", &spec);
    if (r == 0)
        r = parse_target(&spec, s);
    if (r == 0)
        r = parse_bounds(&spec, s);
    if (r == 0)
        r = parse_metrics(&spec, s);
    if (r == 0)
        r = parse_behavior(&spec, s);
    return r;
}

int hpa_spec_parse_unchecked(const json_t *object, struct hpa_spec **ret,
                             struct hpa_spec_error *ret_error)
{
    return hpa_spec_parse(object, ret, ret_error);
}

int hpa_spec_parse(const json_t *object, struct hpa_spec **ret, struct hpa_spec_error *ret_error)
{
    struct place root = {.object = object, .error = ret_error};
    struct hpa_spec *s = calloc(1, sizeof(*s));

    *ret_error = (struct hpa_spec_error){0};
    if (!s)
        return spec_no_memory(&root);

    int r = parse(&root, s);
    if (r < 0) {
        hpa_spec_free(s);
        return r;
    }
    *ret = s;
    return 0;
}
