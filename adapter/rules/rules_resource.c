// SPDX-License-Identifier: MIT
#include "adapter/rules/rules_reader.h"

#include "adapter/rules/label_index.h"
#include "adapter/rules/query_text.h"
#include "base/clock.h"

#include <string.h>

#define WINDOW_MIN_NS NS_PER_S
#define WINDOW_MAX_NS (24 * 3600 * NS_PER_S)

static int read_resource_query(const struct rules_reader *rd, const json_t *entry, const char *path,
                               const char *name, const char *also_by, struct template **ret)
{
    char at[STRICT_PATH_MAX];
    const char *text = NULL;
    int r = rules_read_text(rd, entry, path, name, &text);

    if (r < 0 || !text)
        return r;
    strict_path(at, path, name);
    r = rules_read_template(rd, at, text, query_fields, ret);
    return r == 0 ? rules_try_query(rd, at, *ret, true, also_by) : r;
}

static int find_label(const struct rules_reader *rd, const struct label_index *index,
                      const char *plural, const char **ret)
{
    const char *label = label_index_label(index, catalogue_find(rd->catalogue, "", plural));

    *ret = pool_text(&rd->rules->pool, label ? label : "", label ? strlen(label) : 0);
    return *ret ? 0 : rules_no_memory(rd);
}

static int find_labels(const struct rules_reader *rd, struct resource_rule *rule)
{
    struct label_index index;
    int r = label_index_init(&index, &rule->labels, rd->catalogue, &rd->rules->pool);

    if (r < 0)
        return rules_no_memory(rd);
    r = find_label(rd, &index, "pods", &rule->pod_label);
    if (r == 0)
        r = find_label(rd, &index, "nodes", &rule->node_label);
    return r == 0 ? find_label(rd, &index, "namespaces", &rule->namespace_label) : r;
}

static int read_resource_rule(const struct rules_reader *rd, const json_t *parent, const char *name,
                              struct resource_rule *rule)
{
    static const struct strict_member members[] = {{"containerQuery", false},
                                                   {"nodeQuery", false},
                                                   {"resources", false},
                                                   {"containerLabel", false},
                                                   {0}};
    char at[STRICT_PATH_MAX];
    const json_t *entry;
    int r = rules_read_mapping(rd, parent, "resourceRules", name, members, &entry);

    if (r < 0 || !entry)
        return r;
    strict_path(at, "resourceRules", name);
    r = rules_read_labels(rd, entry, at, &rule->labels);
    if (r == 0)
        r = rules_read_text(rd, entry, at, "containerLabel", &rule->container_label);
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
        return rules_warn(rd, at, "containerLabel is missing: all containers of a pod are one");
    return r;
}

int rules_read_resource_rules(const struct rules_reader *rd, const json_t *document)
{
    static const struct strict_member members[] = {
        {"cpu", false}, {"memory", false}, {"window", false}, {0}};
    struct rules *rules = rd->rules;
    const json_t *section;
    int r = rules_read_mapping(rd, document, "", "resourceRules", members, &section);

    if (r < 0 || !section)
        return r;
    rules->has_resource_rules = true;
    r = strict_duration(rd->s, section, "resourceRules", "window", WINDOW_MIN_NS, WINDOW_MAX_NS,
                        &rules->window_ns);
    if (r == 0)
        r = read_resource_rule(rd, section, "cpu", &rules->cpu);
    return r == 0 ? read_resource_rule(rd, section, "memory", &rules->memory) : r;
}
