// SPDX-License-Identifier: MIT
#include "adapter/rules/rules.h"

#include "adapter/rules/catalogue.h"
#include "adapter/rules/label_index.h"
#include "adapter/rules/query_text.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX_BYTES (16 * KIB)
#define POOL_MAX_BYTES (16 * MIB)
#define WARNINGS_MAX_BYTES (64 * KIB)
#define WINDOW_MIN_NS NS_PER_S
#define WINDOW_MAX_NS (24 * 3600 * NS_PER_S)

const char *const label_fields[] = {"Group", "Resource", NULL};

struct reader {
    const struct strict *s;
    struct rules *rules;
    struct catalogue *catalogue; /* to see which names mean one resource */
};

static int no_memory(const struct reader *rd)
{
    return err_set(rd->s->err, -ENOMEM, "out of memory");
}

/* A warning about what is at path: "file:line: sentence". */
static int warn(const struct reader *rd, const char *path, const char *sentence)
{
    struct err line = {0};
    const struct strict s = {rd->s->file, rd->s->document, &line};

    (void)strict_refuse(&s, path, "%s", sentence);
    return buf_printf(&rd->rules->warnings, "%s\n", line.text) == -ENOMEM ? no_memory(rd) : 0;
}

/* A member that is absent, null or empty leaves *ret NULL: all of them are Go's zero value. A whole
 * number is read as its text, as YAML for Go does. */
static int read_text(const struct reader *rd, const json_t *mapping, const char *path,
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
    return *ret ? 0 : no_memory(rd);
}

/* A mapping, or NULL in *ret when it is absent or null. */
static int read_mapping(const struct reader *rd, const json_t *parent, const char *path,
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

static int read_list(const struct reader *rd, const json_t *parent, const char *path,
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

static int read_pattern(const struct reader *rd, const char *at, const char *text,
                        struct pattern **ret)
{
    struct err why = {0};
    int r = pattern_new(text, ret, &why);

    return r == -EINVAL ? strict_refuse(rd->s, at, "%s: %s", at, why.text)
           : r < 0      ? no_memory(rd)
                        : 0;
}

static int read_template(const struct reader *rd, const char *at, const char *text,
                         const char *const *fields, struct template **ret)
{
    struct err why = {0};
    int r = template_parse(text, fields, ret, &why);

    return r == -EINVAL ? strict_refuse(rd->s, at, "%s: %s", at, why.text)
           : r < 0      ? no_memory(rd)
                        : 0;
}

/* ---- seriesFilters ---- */

static int read_filter(const struct reader *rd, const json_t *entry, const char *path,
                       struct rule_filter *ret)
{
    static const struct strict_member members[] = {{"is", false}, {"isNot", false}, {0}};
    const char *is = NULL, *is_not = NULL;
    char at[STRICT_PATH_MAX];

    int r = strict_mapping(rd->s, entry, path, members);
    if (r == 0)
        r = read_text(rd, entry, path, "is", &is);
    if (r == 0)
        r = read_text(rd, entry, path, "isNot", &is_not);
    if (r < 0)
        return r;
    if (!is == !is_not)
        return strict_refuse(rd->s, path, "%s takes one of is and isNot", path);
    ret->is = is;
    return read_pattern(rd, strict_path(at, path, is ? "is" : "isNot"), is ? is : is_not,
                        &ret->pattern);
}

static int read_filters(const struct reader *rd, const json_t *entry, const char *path,
                        struct rule *rule)
{
    char at[STRICT_PATH_MAX];
    const json_t *list;
    int r = read_list(rd, entry, path, "seriesFilters", RULE_FILTERS_MAX, &list);

    if (r < 0 || !list)
        return r;
    rule->filters = pool_take(&rd->rules->pool, json_array_size(list) * sizeof(*rule->filters));
    if (!rule->filters)
        return no_memory(rd);
    while (r == 0 && rule->filter_count < json_array_size(list)) {
        size_t i = rule->filter_count++;
        (void)snprintf(at, sizeof(at), "%.480s.seriesFilters[%zu]", path, i);
        r = read_filter(rd, json_array_get(list, i), at, &rule->filters[i]);
    }
    return r;
}

/* ---- resources ---- */

/* Which of two labels is asked for would be chance; here the first one is. */
static bool is_twin(const struct reader *rd, const struct rule_labels *labels,
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

static int read_override(const struct reader *rd, const char *path, const char *label,
                         const json_t *entry, struct rule_labels *ret)
{
    static const struct strict_member members[] = {{"group", false}, {"resource", true}, {0}};
    struct rule_override o = {.group = ""};
    char at[STRICT_PATH_MAX], sentence[300];

    int r = strict_mapping(rd->s, entry, strict_path(at, path, label), members);
    if (r == 0)
        r = read_text(rd, entry, at, "group", &o.group);
    if (r == 0)
        r = read_text(rd, entry, at, "resource", &o.resource);
    if (r == 0 && !o.resource)
        return strict_refuse(rd->s, at, "%s.resource is empty", at);
    if (r < 0)
        return r;
    if (is_twin(rd, ret, &o)) {
        (void)snprintf(sentence, sizeof(sentence),
                       "label '%.80s' is left out: another label is already the name of %.80s",
                       label, o.resource);
        return warn(rd, at, sentence);
    }
    o.label = pool_text(&rd->rules->pool, label, strlen(label));
    ret->overrides[ret->override_count++] = o;
    return o.label ? 0 : no_memory(rd);
}

static int read_overrides(const struct reader *rd, const json_t *resources, const char *path,
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
        return no_memory(rd);
    json_object_foreach ((json_t *)(uintptr_t)overrides, label, entry) {
        r = read_override(rd, at, label, entry, ret);
        if (r < 0)
            return r;
    }
    return r;
}

/* A form without the resource would make every label every resource. */
static int check_form(const struct reader *rd, const char *at, const struct template *form)
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
        return no_memory(rd);
    if (r < 0)
        return strict_refuse(rd->s, at, "%s: %s", at, why.text);
    if (!first.data || strcmp(first.data, second.data ? second.data : "") == 0)
        return strict_refuse(rd->s, at, "%s must contain <<.Resource>>", at);
    return 0;
}

static int read_labels(const struct reader *rd, const json_t *entry, const char *path,
                       struct rule_labels *ret)
{
    static const struct strict_member members[] = {
        {"template", false}, {"overrides", false}, {"namespaced", false}, {0}};
    const char *form = NULL;
    const json_t *resources, *namespaced;
    char at[STRICT_PATH_MAX], member[STRICT_PATH_MAX];

    ret->namespaced = true;
    int r = read_mapping(rd, entry, path, "resources", members, &resources);
    if (r < 0 || !resources)
        return r;
    strict_path(at, path, "resources");
    namespaced = json_object_get(resources, "namespaced");
    if (namespaced && !json_is_boolean(namespaced) && !json_is_null(namespaced))
        return strict_refuse(rd->s, strict_path(member, at, "namespaced"), "%s takes true or false",
                             member);
    ret->namespaced = !json_is_false(namespaced);
    r = read_text(rd, resources, at, "template", &form);
    strict_path(member, at, "template");
    if (r == 0 && form)
        r = read_template(rd, member, form, label_fields, &ret->form);
    if (r == 0 && form)
        r = check_form(rd, member, ret->form);
    return r == 0 ? read_overrides(rd, resources, at, ret) : r;
}

/* ---- name ---- */

static int check_name_as(const struct reader *rd, const char *path, const struct rule *rule)
{
    char name[64], sentence[300], at[STRICT_PATH_MAX];

    if (!pattern_unknown_group(rule->name_matches, rule->name_as, name, sizeof(name)))
        return 0;
    (void)snprintf(sentence, sizeof(sentence),
                   "name.as: name.matches has no group '%s', so it is always empty (${1}_x is the "
                   "first group and _x)",
                   name);
    return warn(rd, strict_path(at, path, "as"), sentence);
}

static int read_name(const struct reader *rd, const json_t *entry, const char *path,
                     struct rule *rule)
{
    static const struct strict_member members[] = {{"matches", false}, {"as", false}, {0}};
    char at[STRICT_PATH_MAX], member[STRICT_PATH_MAX];
    const char *matches = NULL;
    const json_t *name;

    int r = read_mapping(rd, entry, path, "name", members, &name);
    strict_path(at, path, "name");
    if (r == 0)
        r = read_text(rd, name, at, "matches", &matches);
    if (r == 0)
        r = read_text(rd, name, at, "as", &rule->name_as);
    if (r == 0)
        r = read_pattern(rd, strict_path(member, at, "matches"), matches ? matches : ".*",
                         &rule->name_matches);
    if (r < 0)
        return r;
    if (!rule->name_as && pattern_groups(rule->name_matches) > 1)
        return strict_refuse(rd->s, at, "%s.as is missing: name.matches has several groups", at);
    if (!rule->name_as)
        rule->name_as = pattern_groups(rule->name_matches) ? "$1" : "$0";
    return check_name_as(rd, at, rule);
}

/* ---- metricsQuery ---- */

/* Tries it on values as they come in reads, so that it does not fail there. */
static int try_query(const struct reader *rd, const char *at, const struct template *query,
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
        return no_memory(rd);
    return r < 0 ? strict_refuse(rd->s, at, "%s: %s", at, why.text) : 0;
}

static int read_query(const struct reader *rd, const json_t *entry, const char *path,
                      bool of_objects, struct rule *rule)
{
    char at[STRICT_PATH_MAX];
    int r = read_text(rd, entry, path, "metricsQuery", &rule->query_as_written);

    if (r == 0 && !rule->query_as_written)
        return strict_refuse(rd->s, path, "%s.metricsQuery is missing", path);
    strict_path(at, path, "metricsQuery");
    if (r == 0)
        r = read_template(rd, at, rule->query_as_written, query_fields, &rule->query);
    return r == 0 ? try_query(rd, at, rule->query, of_objects, NULL) : r;
}

/* ---- rules and externalRules ---- */

static int read_rule(const struct reader *rd, const json_t *entry, const char *path,
                     bool of_objects, struct rule *rule)
{
    static const struct strict_member members[] = {
        {"seriesQuery", false}, {"seriesFilters", false}, {"resources", false},
        {"name", false},        {"metricsQuery", false},  {0}};

    (void)snprintf(rule->shown_as, sizeof(rule->shown_as), "%s", path);
    int r = strict_mapping(rd->s, entry, path, members);
    if (r == 0)
        r = read_text(rd, entry, path, "seriesQuery", &rule->series_query);
    if (r == 0 && !rule->series_query)
        return strict_refuse(rd->s, path, "%s.seriesQuery is missing", path);
    if (r == 0)
        r = read_filters(rd, entry, path, rule);
    if (r == 0)
        r = read_labels(rd, entry, path, &rule->labels);
    if (r == 0)
        r = read_name(rd, entry, path, rule);
    if (r == 0)
        r = read_query(rd, entry, path, of_objects, rule);
    if (r == 0 && of_objects && !rule->labels.form && rule->labels.override_count == 0)
        return warn(rd, path,
                    "resources is missing: no label names an object, so the rule serves "
                    "nothing");
    return r;
}

static int read_section(const struct reader *rd, const json_t *document, const char *name,
                        bool of_objects, struct rule **ret, size_t *ret_count)
{
    char at[STRICT_PATH_MAX];
    const json_t *list;
    int r = read_list(rd, document, "", name, RULES_MAX, &list);

    if (r < 0 || !list)
        return r;
    *ret = pool_take(&rd->rules->pool, json_array_size(list) * sizeof(**ret) + 1);
    if (!*ret)
        return no_memory(rd);
    while (r == 0 && *ret_count < json_array_size(list)) {
        size_t i = (*ret_count)++;
        (void)snprintf(at, sizeof(at), "%s[%zu]", name, i);
        r = read_rule(rd, json_array_get(list, i), at, of_objects, &(*ret)[i]);
    }
    return r;
}

/* ---- resourceRules ---- */

static int read_resource_query(const struct reader *rd, const json_t *entry, const char *path,
                               const char *name, const char *also_by, struct template **ret)
{
    char at[STRICT_PATH_MAX];
    const char *text = NULL;
    int r = read_text(rd, entry, path, name, &text);

    if (r < 0 || !text)
        return r;
    strict_path(at, path, name);
    r = read_template(rd, at, text, query_fields, ret);
    return r == 0 ? try_query(rd, at, *ret, true, also_by) : r;
}

static int find_label(const struct reader *rd, const struct label_index *index, const char *plural,
                      const char **ret)
{
    const char *label = label_index_label(index, catalogue_find(rd->catalogue, "", plural));

    *ret = pool_text(&rd->rules->pool, label ? label : "", label ? strlen(label) : 0);
    return *ret ? 0 : no_memory(rd);
}

static int find_labels(const struct reader *rd, struct resource_rule *rule)
{
    struct label_index index;
    int r = label_index_init(&index, &rule->labels, rd->catalogue, &rd->rules->pool);

    if (r < 0)
        return no_memory(rd);
    r = find_label(rd, &index, "pods", &rule->pod_label);
    if (r == 0)
        r = find_label(rd, &index, "nodes", &rule->node_label);
    return r == 0 ? find_label(rd, &index, "namespaces", &rule->namespace_label) : r;
}

static int read_resource_rule(const struct reader *rd, const json_t *parent, const char *name,
                              struct resource_rule *rule)
{
    static const struct strict_member members[] = {{"containerQuery", false},
                                                   {"nodeQuery", false},
                                                   {"resources", false},
                                                   {"containerLabel", false},
                                                   {0}};
    char at[STRICT_PATH_MAX];
    const json_t *entry;
    int r = read_mapping(rd, parent, "resourceRules", name, members, &entry);

    if (r < 0 || !entry)
        return r;
    strict_path(at, "resourceRules", name);
    r = read_labels(rd, entry, at, &rule->labels);
    if (r == 0)
        r = read_text(rd, entry, at, "containerLabel", &rule->container_label);
    if (r == 0)
        r = read_resource_query(rd, entry, at, "containerQuery", rule->container_label,
                                &rule->container_query);
    if (r == 0)
        r = read_resource_query(rd, entry, at, "nodeQuery", NULL, &rule->node_query);
    if (r == 0)
        r = find_labels(rd, rule);
    if (r == 0 && rule->container_query && (!*rule->pod_label || !*rule->namespace_label))
        return strict_refuse(rd->s, at, "%s.resources names no label of pods and namespaces", at);
    if (r == 0 && rule->node_query && !*rule->node_label)
        return strict_refuse(rd->s, at, "%s.resources names no label of nodes", at);
    if (r == 0 && rule->container_query && !rule->container_label)
        return warn(rd, at, "containerLabel is missing: all containers of a pod are one");
    return r;
}

static int read_resource_rules(const struct reader *rd, const json_t *document)
{
    static const struct strict_member members[] = {
        {"cpu", false}, {"memory", false}, {"window", false}, {0}};
    struct rules *rules = rd->rules;
    const json_t *section;
    int r = read_mapping(rd, document, "", "resourceRules", members, &section);

    if (r < 0 || !section)
        return r;
    rules->has_resource_rules = true;
    r = strict_duration(rd->s, section, "resourceRules", "window", WINDOW_MIN_NS, WINDOW_MAX_NS,
                        &rules->window_ns);
    if (r == 0)
        r = read_resource_rule(rd, section, "cpu", &rules->cpu);
    return r == 0 ? read_resource_rule(rd, section, "memory", &rules->memory) : r;
}

int rules_read(const struct strict *s, const json_t *document, struct rules *ret)
{
    struct catalogue *catalogue = catalogue_new();
    const struct reader rd = {s, ret, catalogue};

    ret->pool.max = POOL_MAX_BYTES;
    ret->warnings.max = WARNINGS_MAX_BYTES;
    if (!catalogue)
        return no_memory(&rd);
    int r = read_section(&rd, document, "rules", true, &ret->custom, &ret->custom_count);
    if (r == 0)
        r = read_section(&rd, document, "externalRules", false, &ret->external,
                         &ret->external_count);
    if (r == 0)
        r = read_resource_rules(&rd, document);
    catalogue_free(catalogue);
    return r;
}

/* ---- the end of it ---- */

static void rule_done(struct rule *rule)
{
    for (size_t i = 0; i < rule->filter_count; i++)
        pattern_free(rule->filters[i].pattern);
    pattern_free(rule->name_matches);
    template_free(rule->labels.form);
    template_free(rule->query);
}

static void resource_rule_done(struct resource_rule *rule)
{
    template_free(rule->container_query);
    template_free(rule->node_query);
    template_free(rule->labels.form);
}

void rules_done(struct rules *r)
{
    for (size_t i = 0; i < r->custom_count; i++)
        rule_done(&r->custom[i]);
    for (size_t i = 0; i < r->external_count; i++)
        rule_done(&r->external[i]);
    resource_rule_done(&r->cpu);
    resource_rule_done(&r->memory);
    buf_done(&r->warnings);
    pool_done(&r->pool);
    *r = (struct rules){0};
}

int rule_name_series(const struct rule *r, const char *series, struct buf *ret_name)
{
    for (size_t i = 0; i < r->filter_count; i++) {
        int matches = pattern_matches(r->filters[i].pattern, series);
        if (matches < 0)
            return matches;
        if (matches != r->filters[i].is)
            return 0;
    }
    int result = pattern_expand(r->name_matches, series, r->name_as, ret_name);
    return result == -ENOENT ? 0 : result < 0 ? result : 1;
}

bool rules_is_empty(const struct rules *r)
{
    return r->custom_count == 0 && r->external_count == 0 && !r->has_resource_rules;
}

static void print_section(const struct rule *rules, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s: series %s asked for as %s\n", rules[i].shown_as,
                      rules[i].series_query, rules[i].query_as_written);
}

void rules_print(const struct rules *r, FILE *out)
{
    print_section(r->custom, r->custom_count, out);
    print_section(r->external, r->external_count, out);
    if (r->warnings.len)
        (void)fprintf(out, "%s", r->warnings.data);
}

void rules_help(FILE *out)
{
    (void)fputs(
        "  rules:                      as prometheus-adapter reads it, which see\n"
        "  - seriesQuery: 'http_requests_total{pod!=\"\"}'\n"
        "    seriesFilters: [{isNot: \"_bucket$\"}]\n"
        "    resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}\n"
        "    name: {matches: \"^(.*)_total$\", as: \"${1}_per_second\"}\n"
        "    metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)'\n"
        "  externalRules:              the same, for external metrics\n"
        "  resourceRules:              cpu, memory and window, for metrics.k8s.io\n",
        out);
}
