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

static int parse_metadata(const struct place *root, struct hpa_spec *s)
{
    struct place metadata;
    int r = spec_enter(root, "metadata", &metadata);

    if (r == 0)
        r = spec_copy(&metadata, "name", &s->name);
    if (r == 0)
        r = spec_copy(&metadata, "namespace", &s->namespace);
    if (r < 0 || *s->namespace)
        return r;

    free(s->namespace);
    s->namespace = strdup("default");
    return s->namespace ? 0 : spec_no_memory(root);
}

static int parse_target(const struct place *spec, struct hpa_spec *s)
{
    struct place target;
    int r = spec_enter(spec, "scaleTargetRef", &target);

    if (r == 0)
        r = spec_copy(&target, "kind", &s->target_kind);
    if (r == 0)
        r = spec_copy(&target, "name", &s->target_name);
    if (r == 0)
        r = spec_copy(&target, "apiVersion", &s->target_api_version);
    return r;
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

static int parse_spec(const struct place *root, struct hpa_spec *s)
{
    struct place spec;
    int r = parse_metadata(root, s);

    s->min = 1;
    if (r == 0)
        r = spec_enter(root, "spec", &spec);
    if (r == 0)
        r = parse_target(&spec, s);
    if (r == 0)
        r = spec_int(&spec, "minReplicas", &s->min);
    if (r == 0)
        r = spec_int(&spec, "maxReplicas", &s->max);
    if (r == 0)
        r = parse_metrics(&spec, s);
    if (r == 0)
        r = parse_behavior(&spec, s);
    return r;
}

static int parse(const json_t *object, bool check, struct hpa_spec **ret,
                 struct hpa_spec_error *ret_error)
{
    struct place root = {.object = object, .error = ret_error};
    struct hpa_spec *s = calloc(1, sizeof(*s));
    json_auto_t *newer = NULL;
    int r = s ? 0 : spec_no_memory(&root);

    if (r == 0 && spec_is_v1(object))
        r = spec_from_v1(&root, &newer);
    if (newer)
        root.object = newer;
    if (r == 0)
        r = parse_spec(&root, s);
    if (r == 0 && check)
        r = spec_check(&root, newer);
    if (r < 0) {
        hpa_spec_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

static int check_type(const json_t *object, struct hpa_spec_error *ret_error)
{
    const struct place root = {.object = object, .error = ret_error};
    const char *version, *kind;
    int r = spec_text(&root, "apiVersion", &version);

    if (r == 0)
        r = spec_text(&root, "kind", &kind);
    if (r < 0)
        return r;
    if (strcmp(kind, "HorizontalPodAutoscaler") != 0)
        return spec_bad(&root, "kind", "must be HorizontalPodAutoscaler, is '%.80s'", kind);
    if (strcmp(version, "autoscaling/v2") != 0 && !spec_is_v1(object))
        return spec_bad(&root, "apiVersion", "must be autoscaling/v2 or autoscaling/v1, is '%.80s'",
                        version);
    return 0;
}

int hpa_spec_parse(const json_t *object, struct hpa_spec **ret, struct hpa_spec_error *ret_error)
{
    *ret_error = (struct hpa_spec_error){0};

    int r = check_type(object, ret_error);
    return r < 0 ? r : parse(object, true, ret, ret_error);
}

int hpa_spec_parse_unchecked(const json_t *object, struct hpa_spec **ret,
                             struct hpa_spec_error *ret_error)
{
    *ret_error = (struct hpa_spec_error){0};
    return parse(object, false, ret, ret_error);
}
