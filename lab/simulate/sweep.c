// SPDX-License-Identifier: MIT
#include "lab/simulate/sweep.h"

#include "base/err.h"
#include "base/scoped.h"
#include "kube/jpath.h"
#include "kube/yaml.h"
#include "lab/simulate/field.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX SWEEP_VARIANTS_MAX

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}

/* ---- reading ---- */

/* The text as the scalar that it would be in YAML. New in *ret. */
static int read_value(const char *text, json_t **ret, struct err *err)
{
    struct yaml_file *file = NULL;
    const json_t *value;
    int r;

    if (strcmp(text, "null") == 0) { /* which would be an empty document */
        *ret = json_null();
        return 0;
    }
    r = yaml_parse("value", text, strlen(text), &file, err);
    if (r < 0)
        return r;
    value = yaml_count(file) == 1 ? yaml_document(file, 0) : NULL;
    if (!value || json_is_object(value) || json_is_array(value))
        r = err_set(err, -EINVAL, "'%.60s' is no number, word or text", text);
    else if (!(*ret = json_deep_copy(value)))
        r = no_memory(err);
    yaml_file_free(file);
    return r;
}

/* list is cut at its commas. */
static int read_values(char *list, struct sweep_axis *a, struct err *err)
{
    int r = 0;

    a->values = json_array();
    for (char *next, *text = list; r == 0 && text; text = next) {
        json_t *value = NULL;
        next = strchr(text, ',');
        if (next)
            *next++ = '\0';
        r = read_value(text, &value, err);
        if (r == 0 && json_array_append_new(a->values, value) < 0)
            r = no_memory(err);
    }
    if (r == 0 && json_array_size(a->values) > VALUES_MAX)
        r = err_set(err, -E2BIG, "more than %d values", VALUES_MAX);
    return r;
}

/* "hpa/web.spec.maxReplicas" */
static int read_field(const char *field, struct sweep_axis *a, struct err *err)
{
    static const char *const kinds[] = {"hpa", "deployment", "simulation"};
    const char *dot = strchr(field, '.'), *slash = memchr(field, '/', strcspn(field, "."));
    const size_t kind_len = (size_t)((slash ? slash : dot ? dot : field) - field);
    size_t i = 0;

    while (i < ARRAY_LEN(kinds) &&
           (strlen(kinds[i]) != kind_len || strncmp(kinds[i], field, kind_len) != 0))
        i++;
    if (!dot || i == ARRAY_LEN(kinds) || !dot[1])
        return err_set(err, -EINVAL,
                       "a field begins with hpa., hpa/NAME., deployment., deployment/NAME. or "
                       "simulation.");
    a->kind = strdup(kinds[i]);
    a->path = strdup(dot + 1);
    a->name = slash ? strndup(slash + 1, (size_t)(dot - slash - 1)) : NULL;
    return a->kind && a->path && (a->name || !slash) ? 0 : no_memory(err);
}

static void axis_done(struct sweep_axis *a)
{
    free(a->field);
    free(a->kind);
    free(a->name);
    free(a->path);
    json_decref(a->values);
}

static int read_axis(const char *text, struct sweep_axis *a, struct err *err)
{
    const char *equals = strchr(text, '=');

    if (!equals)
        return err_set(err, -EINVAL, "FIELD=VALUE[,VALUE...] is expected");
    scoped(free_at) char *values = strdup(equals + 1);
    a->field = strndup(text, (size_t)(equals - text));
    if (!a->field || !values)
        return no_memory(err);
    int r = read_field(a->field, a, err);
    return r == 0 ? read_values(values, a, err) : r;
}

int sweep_add(struct sweep *s, const char *text, struct err *err)
{
    struct sweep_axis axis = {0};

    if (s->count == SWEEP_AXES_MAX)
        return err_set(err, -E2BIG, "--set is given more than %d times", SWEEP_AXES_MAX);
    int r = read_axis(text, &axis, err);
    if (r < 0) {
        axis_done(&axis);
        return err_wrap(err, r, "--set %.200s", text);
    }
    s->axes[s->count++] = axis;
    return 0;
}

void sweep_done(struct sweep *s)
{
    for (size_t i = 0; i < s->count; i++)
        axis_done(&s->axes[i]);
    *s = (struct sweep){0};
}

/* ---- variants ---- */

int sweep_variants(const struct sweep *s, size_t *ret, struct err *err)
{
    size_t count = 1;

    for (size_t i = 0; i < s->count; i++)
        if (count <= SWEEP_VARIANTS_MAX)
            count *= json_array_size(s->axes[i].values);
    if (count > SWEEP_VARIANTS_MAX)
        return err_set(err, -E2BIG, "--set: more than %d combinations", SWEEP_VARIANTS_MAX);
    *ret = count;
    return 0;
}

const json_t *sweep_value(const struct sweep *s, size_t variant, size_t axis)
{
    for (size_t i = s->count - 1; i > axis; i--)
        variant /= json_array_size(s->axes[i].values);
    return json_array_get(s->axes[axis].values, variant % json_array_size(s->axes[axis].values));
}

/* ---- setting ---- */

/* What the API lets a manifest leave out. */
static bool is_optional(const struct sweep_axis *a)
{
    static const char *const of_hpa[] = {"spec.minReplicas", "spec.behavior"};
    static const char *const of_rules[] = {"stabilizationWindowSeconds", "selectPolicy",
                                           "tolerance"};
    static const char *const directions[] = {"spec.behavior.scaleUp", "spec.behavior.scaleDown"};
    char path[100];

    if (strcmp(a->kind, "deployment") == 0)
        return strcmp(a->path, "spec.replicas") == 0;
    for (size_t i = 0; i < ARRAY_LEN(of_hpa); i++)
        if (strcmp(a->path, of_hpa[i]) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(directions) * ARRAY_LEN(of_rules); i++) {
        (void)snprintf(path, sizeof(path), "%s.%s", directions[i % 2], of_rules[i / 2]);
        if (strcmp(a->path, path) == 0)
            return true;
    }
    return false;
}

static int set_in(json_t *object, const struct sweep_axis *a, const json_t *value, struct err *err)
{
    if (strcmp(a->kind, "simulation") != 0 && !jpath(object, a->path) && !is_optional(a))
        return err_set(err, -EINVAL, "%s of %s has no field %s", a->kind,
                       jpath_str(object, "metadata.name", ""), a->path);
    return field_set(object, a->path, value, err);
}

static int set_in_all(json_t *list, const struct sweep_axis *a, const json_t *value,
                      struct err *err)
{
    size_t i, found = 0;
    json_t *object;
    int r = 0;

    json_array_foreach (list, i, object) {
        if (a->name && strcmp(jpath_str(object, "metadata.name", ""), a->name) != 0)
            continue;
        found++;
        if (r == 0)
            r = set_in(object, a, value, err);
    }
    if (r == 0 && found == 0)
        return err_set(err, -EINVAL, "there is no %s named %s", a->kind, a->name ? a->name : "so");
    return r;
}

static int apply(const struct sweep_axis *a, const json_t *value,
                 const struct sweep_objects *objects, struct err *err)
{
    if (strcmp(a->kind, "simulation") == 0)
        return set_in(objects->plan, a, value, err);
    return set_in_all(strcmp(a->kind, "hpa") == 0 ? objects->hpas : objects->deployments, a, value,
                      err);
}

int sweep_apply(const struct sweep *s, size_t variant, const struct sweep_objects *objects,
                struct err *err)
{
    for (size_t i = 0; i < s->count; i++) {
        int r = apply(&s->axes[i], sweep_value(s, variant, i), objects, err);
        if (r < 0)
            return err_wrap(err, r, "--set %s", s->axes[i].field);
    }
    return 0;
}
