// SPDX-License-Identifier: MIT
#include "adapter/rules/rules.h"

#include "adapter/rules/query_text.h"
#include "adapter/rules/rules_reader.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdio.h>

#define POOL_MAX_BYTES (16 * MIB)
#define WARNINGS_MAX_BYTES (64 * KIB)

static int read_pattern(const struct rules_reader *rd, const char *at, const char *text,
                        struct pattern **ret)
{
    struct err why = {0};
    int r = pattern_new(text, ret, &why);

    return r == -EINVAL ? strict_refuse(rd->s, at, "%s: %s", at, why.text)
           : r < 0      ? rules_no_memory(rd)
                        : 0;
}

/* ---- seriesFilters ---- */

static int read_filter(const struct rules_reader *rd, const json_t *entry, const char *path,
                       struct rule_filter *ret)
{
    static const struct strict_member members[] = {{"is", false}, {"isNot", false}, {0}};
    const char *is = NULL, *is_not = NULL;
    char at[STRICT_PATH_MAX];

    int r = strict_mapping(rd->s, entry, path, members);
    if (r == 0)
        r = rules_read_text(rd, entry, path, "is", &is);
    if (r == 0)
        r = rules_read_text(rd, entry, path, "isNot", &is_not);
    if (r < 0)
        return r;
    if (!is == !is_not)
        return strict_refuse(rd->s, path, "%s takes one of is and isNot", path);
    ret->is = is;
    return read_pattern(rd, strict_path(at, path, is ? "is" : "isNot"), is ? is : is_not,
                        &ret->pattern);
}

static int read_filters(const struct rules_reader *rd, const json_t *entry, const char *path,
                        struct rule *rule)
{
    char at[STRICT_PATH_MAX];
    const json_t *list;
    int r = rules_read_list(rd, entry, path, "seriesFilters", RULE_FILTERS_MAX, &list);

    if (r < 0 || !list)
        return r;
    rule->filters = pool_take(&rd->rules->pool, json_array_size(list) * sizeof(*rule->filters));
    if (!rule->filters)
        return rules_no_memory(rd);
    while (r == 0 && rule->filter_count < json_array_size(list)) {
        size_t i = rule->filter_count++;
        (void)snprintf(at, sizeof(at), "%.480s.seriesFilters[%zu]", path, i);
        r = read_filter(rd, json_array_get(list, i), at, &rule->filters[i]);
    }
    return r;
}

/* ---- name ---- */

static int check_name_as(const struct rules_reader *rd, const char *path, const struct rule *rule)
{
    char name[64], sentence[300], at[STRICT_PATH_MAX];

    if (!pattern_unknown_group(rule->name_matches, rule->name_as, name, sizeof(name)))
        return 0;
    (void)snprintf(sentence, sizeof(sentence),
                   "name.as: name.matches has no group '%s', so it is always empty (${1}_x is the "
                   "first group and _x)",
                   name);
    return rules_warn(rd, strict_path(at, path, "as"), sentence);
}

static int read_name(const struct rules_reader *rd, const json_t *entry, const char *path,
                     struct rule *rule)
{
    static const struct strict_member members[] = {{"matches", false}, {"as", false}, {0}};
    char at[STRICT_PATH_MAX], member[STRICT_PATH_MAX];
    const char *matches = NULL;
    const json_t *name;

    int r = rules_read_mapping(rd, entry, path, "name", members, &name);
    strict_path(at, path, "name");
    if (r == 0)
        r = rules_read_text(rd, name, at, "matches", &matches);
    if (r == 0)
        r = rules_read_text(rd, name, at, "as", &rule->name_as);
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

static int read_query(const struct rules_reader *rd, const json_t *entry, const char *path,
                      bool of_objects, struct rule *rule)
{
    char at[STRICT_PATH_MAX];
    int r = rules_read_text(rd, entry, path, "metricsQuery", &rule->query_as_written);

    if (r == 0 && !rule->query_as_written)
        return strict_refuse(rd->s, path, "%s.metricsQuery is missing", path);
    strict_path(at, path, "metricsQuery");
    if (r == 0)
        r = rules_read_template(rd, at, rule->query_as_written, query_fields, &rule->query);
    return r == 0 ? rules_try_query(rd, at, rule->query, of_objects, NULL) : r;
}

/* ---- rules and externalRules ---- */

static int read_rule(const struct rules_reader *rd, const json_t *entry, const char *path,
                     bool of_objects, struct rule *rule)
{
    static const struct strict_member members[] = {
        {"seriesQuery", false}, {"seriesFilters", false}, {"resources", false},
        {"name", false},        {"metricsQuery", false},  {0}};

    (void)snprintf(rule->shown_as, sizeof(rule->shown_as), "%s", path);
    int r = strict_mapping(rd->s, entry, path, members);
    if (r == 0)
        r = rules_read_text(rd, entry, path, "seriesQuery", &rule->series_query);
    if (r == 0 && !rule->series_query)
        return strict_refuse(rd->s, path, "%s.seriesQuery is missing", path);
    if (r == 0)
        r = read_filters(rd, entry, path, rule);
    if (r == 0)
        r = rules_read_labels(rd, entry, path, &rule->labels);
    if (r == 0)
        r = read_name(rd, entry, path, rule);
    if (r == 0)
        r = read_query(rd, entry, path, of_objects, rule);
    if (r == 0 && of_objects && !rule->labels.form && rule->labels.override_count == 0)
        return rules_warn(rd, path,
                          "resources is missing: no label names an object, so the rule serves "
                          "nothing");
    return r;
}

static int read_section(const struct rules_reader *rd, const json_t *document, const char *name,
                        bool of_objects, struct rule **ret, size_t *ret_count)
{
    char at[STRICT_PATH_MAX];
    const json_t *list;
    int r = rules_read_list(rd, document, "", name, RULES_MAX, &list);

    if (r < 0 || !list)
        return r;
    *ret = pool_take(&rd->rules->pool, json_array_size(list) * sizeof(**ret) + 1);
    if (!*ret)
        return rules_no_memory(rd);
    while (r == 0 && *ret_count < json_array_size(list)) {
        size_t i = (*ret_count)++;
        (void)snprintf(at, sizeof(at), "%s[%zu]", name, i);
        r = read_rule(rd, json_array_get(list, i), at, of_objects, &(*ret)[i]);
    }
    return r;
}

int rules_read(const struct strict *s, const json_t *document, struct rules *ret)
{
    struct catalogue *catalogue = catalogue_new();
    const struct rules_reader rd = {s, ret, catalogue};

    ret->pool.max = POOL_MAX_BYTES;
    ret->warnings.max = WARNINGS_MAX_BYTES;
    if (!catalogue)
        return rules_no_memory(&rd);
    int r = read_section(&rd, document, "rules", true, &ret->custom, &ret->custom_count);
    if (r == 0)
        r = read_section(&rd, document, "externalRules", false, &ret->external,
                         &ret->external_count);
    if (r == 0)
        r = rules_read_resource_rules(&rd, document);
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
