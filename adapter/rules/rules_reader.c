// SPDX-License-Identifier: MIT
#include "adapter/rules/rules_reader.h"

#include "adapter/rules/query_text.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX_BYTES (16 * KIB)

const char *const label_fields[] = {"Group", "Resource", NULL};

int rules_no_memory(const struct rules_reader *rd)
{
    return err_set(rd->s->err, -ENOMEM, "out of memory");
}

int rules_warn(const struct rules_reader *rd, const char *path, const char *sentence)
{
    struct err line = {0};
    const struct strict s = {rd->s->file, rd->s->document, &line};

    (void)strict_refuse(&s, path, "%s", sentence);
    return buf_printf(&rd->rules->warnings, "%s\n", line.text) == -ENOMEM ? rules_no_memory(rd) : 0;
}

int rules_read_text(const struct rules_reader *rd, const json_t *mapping, const char *path,
                    const char *name, const char **ret)
{
    const json_t *value = json_object_get(mapping, name);
    char at[STRICT_PATH_MAX], number[32];
    const char *text = json_string_value(value);

    if (!value || json_is_null(value) || (text && !*text))
        return 0;
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        text = number;
    }
    strict_path(at, path, name);
    if (!text)
        return strict_refuse(rd->s, at, "%s takes a text: put it in quotes", at);
    if (strlen(text) > TEXT_MAX_BYTES)
        return strict_refuse(rd->s, at, "%s is longer than %zu bytes", at, TEXT_MAX_BYTES);
    *ret = pool_text(&rd->rules->pool, text, strlen(text));
    return *ret ? 0 : rules_no_memory(rd);
}

int rules_read_mapping(const struct rules_reader *rd, const json_t *parent, const char *path,
                       const char *name, const struct strict_member *members, const json_t **ret)
{
    const json_t *value = json_object_get(parent, name);
    char at[STRICT_PATH_MAX];

    *ret = NULL;
    if (!value || json_is_null(value))
        return 0;
    int r = strict_mapping(rd->s, value, strict_path(at, path, name), members);
    if (r == 0)
        *ret = value;
    return r;
}

int rules_read_list(const struct rules_reader *rd, const json_t *parent, const char *path,
                    const char *name, size_t max, const json_t **ret)
{
    const json_t *value = json_object_get(parent, name);
    char at[STRICT_PATH_MAX];

    *ret = NULL;
    if (!value || json_is_null(value))
        return 0;
    strict_path(at, path, name);
    if (!json_is_array(value) || json_array_size(value) > max)
        return strict_refuse(rd->s, at, "%s takes a list of at most %zu", at, max);
    *ret = value;
    return 0;
}

int rules_read_template(const struct rules_reader *rd, const char *at, const char *text,
                        const char *const *fields, struct template **ret)
{
    struct err why = {0};
    int r = template_parse(text, fields, ret, &why);

    return r == -EINVAL ? strict_refuse(rd->s, at, "%s: %s", at, why.text)
           : r < 0      ? rules_no_memory(rd)
                        : 0;
}

int rules_try_query(const struct rules_reader *rd, const char *at, const struct template *query,
                    bool of_objects, const char *also_by)
{
    static const char *const names[] = {"web-1", "web-2"};
    struct query_input in = {.series = "series",
                             .namespace_label = "namespace",
                             .namespace = "default",
                             .object_label = of_objects ? "pod" : NULL,
                             .names = names,
                             .also_by = also_by};
    struct err why = {0};
    int r = 0;

    for (in.name_count = 1; r == 0 && in.name_count <= 2; in.name_count++) {
        scoped(buf_done) struct buf text = {.max = QUERY_TEXT_MAX_BYTES};
        r = query_text(query, &in, &text, &why);
        in.namespace = of_objects ? in.namespace : NULL;
    }
    if (r == -ENOMEM)
        return rules_no_memory(rd);
    return r < 0 ? strict_refuse(rd->s, at, "%s: %s", at, why.text) : 0;
}

/* ---- resources ---- */

/* Which of two labels is asked for would be chance; here the first one is. */
static bool is_twin(const struct rules_reader *rd, const struct rule_labels *labels,
                    const struct rule_override *o)
{
    const struct resource *r = catalogue_find(rd->catalogue, o->group, o->resource);

    for (size_t i = 0; i < labels->override_count; i++) {
        const struct rule_override *other = &labels->overrides[i];
        if (strcmp(other->group, o->group) == 0 && strcasecmp(other->resource, o->resource) == 0)
            return true;
        if (r && catalogue_find(rd->catalogue, other->group, other->resource) == r)
            return true;
    }
    return false;
}

static int read_override(const struct rules_reader *rd, const char *path, const char *label,
                         const json_t *entry, struct rule_labels *ret)
{
    static const struct strict_member members[] = {{"group", false}, {"resource", true}, {0}};
    struct rule_override o = {.group = ""};
    char at[STRICT_PATH_MAX], sentence[300];

    int r = strict_mapping(rd->s, entry, strict_path(at, path, label), members);
    if (r == 0)
        r = rules_read_text(rd, entry, at, "group", &o.group);
    if (r == 0)
        r = rules_read_text(rd, entry, at, "resource", &o.resource);
    if (r == 0 && !o.resource)
        return strict_refuse(rd->s, at, "%s.resource is empty", at);
    if (r < 0)
        return r;
    if (is_twin(rd, ret, &o)) {
        (void)snprintf(sentence, sizeof(sentence),
                       "label '%.80s' is left out: another label is already the name of %.80s",
                       label, o.resource);
        return rules_warn(rd, at, sentence);
    }
    o.label = pool_text(&rd->rules->pool, label, strlen(label));
    ret->overrides[ret->override_count++] = o;
    return o.label ? 0 : rules_no_memory(rd);
}

static int read_overrides(const struct rules_reader *rd, const json_t *resources, const char *path,
                          struct rule_labels *ret)
{
    const json_t *overrides = json_object_get(resources, "overrides");
    char at[STRICT_PATH_MAX];
    const char *label;
    json_t *entry;
    int r = 0;

    if (!overrides || json_is_null(overrides))
        return 0;
    strict_path(at, path, "overrides");
    if (!json_is_object(overrides) || json_object_size(overrides) > RULE_OVERRIDES_MAX)
        return strict_refuse(rd->s, at, "%s takes a mapping of at most %d labels", at,
                             RULE_OVERRIDES_MAX);
    ret->overrides =
        pool_take(&rd->rules->pool, json_object_size(overrides) * sizeof(*ret->overrides) + 1);
    if (!ret->overrides)
        return rules_no_memory(rd);
    json_object_foreach ((json_t *)(uintptr_t)overrides, label, entry) {
        r = read_override(rd, at, label, entry, ret);
        if (r < 0)
            return r;
    }
    return r;
}

/* A form without the resource would make every label every resource. */
static int check_form(const struct rules_reader *rd, const char *at, const struct template *form)
{
    const struct value one[] = {value_text("g"), value_text("a")};
    const struct value other[] = {value_text("g"), value_text("b")};
    scoped(buf_done) struct buf first = {.max = TEXT_MAX_BYTES};
    scoped(buf_done) struct buf second = {.max = TEXT_MAX_BYTES};
    struct err why = {0};

    int r = template_run(form, one, &first, &why);
    if (r == 0)
        r = template_run(form, other, &second, &why);
    if (r == -ENOMEM)
        return rules_no_memory(rd);
    if (r < 0)
        return strict_refuse(rd->s, at, "%s: %s", at, why.text);
    if (!first.data || strcmp(first.data, second.data ? second.data : "") == 0)
        return strict_refuse(rd->s, at, "%s must contain <<.Resource>>", at);
    return 0;
}

int rules_read_labels(const struct rules_reader *rd, const json_t *entry, const char *path,
                      struct rule_labels *ret)
{
    static const struct strict_member members[] = {
        {"template", false}, {"overrides", false}, {"namespaced", false}, {0}};
    const char *form = NULL;
    const json_t *resources, *namespaced;
    char at[STRICT_PATH_MAX], member[STRICT_PATH_MAX];

    ret->namespaced = true;
    int r = rules_read_mapping(rd, entry, path, "resources", members, &resources);
    if (r < 0 || !resources)
        return r;
    strict_path(at, path, "resources");
    namespaced = json_object_get(resources, "namespaced");
    if (namespaced && !json_is_boolean(namespaced) && !json_is_null(namespaced))
        return strict_refuse(rd->s, strict_path(member, at, "namespaced"), "%s takes true or false",
                             member);
    ret->namespaced = !json_is_false(namespaced);
    r = rules_read_text(rd, resources, at, "template", &form);
    strict_path(member, at, "template");
    if (r == 0 && form)
        r = rules_read_template(rd, member, form, label_fields, &ret->form);
    if (r == 0 && form)
        r = check_form(rd, member, ret->form);
    return r == 0 ? read_overrides(rd, resources, at, ret) : r;
}
