// SPDX-License-Identifier: MIT
#include "lab/api/discovery.h"

#include "lab/kinds.h"

#include <stdbool.h>
#include <string.h>

json_t *discovery_core_versions(void)
{
    return json_pack("{s:s, s:[s]}", "kind", "APIVersions", "versions", "v1");
}

static bool is_first_of_its_group(const struct kind *k)
{
    for (const struct kind *other = kinds; other < k; other++)
        if (strcmp(other->group, k->group) == 0)
            return false;
    return true;
}

static json_t *group_version(const struct kind *k)
{
    char text[128];

    return json_pack("{s:s, s:s}", "groupVersion", kind_api_version(k, text, sizeof(text)),
                     "version", k->version);
}

json_t *discovery_groups(void)
{
    json_t *groups = json_array();

    for (const struct kind *k = kinds; k < kinds + KIND_COUNT; k++)
        if (*k->group && is_first_of_its_group(k))
            (void)json_array_append_new(groups, json_pack("{s:s, s:[o], s:o}", "name", k->group,
                                                          "versions", group_version(k),
                                                          "preferredVersion", group_version(k)));
    return json_pack("{s:s, s:s, s:o}", "kind", "APIGroupList", "apiVersion", "v1", "groups",
                     groups);
}

static json_t *resource(const struct kind *k)
{
    json_t *row = json_pack("{s:s, s:s, s:b, s:s, s:[s, s, s]}", "name", k->resource,
                            "singularName", k->singular, "namespaced", k->namespaced, "kind",
                            k->kind, "verbs", "get", "list", "watch");

    if (k->short_name)
        (void)json_object_set_new(row, "shortNames", json_pack("[s]", k->short_name));
    return row;
}

json_t *discovery_resources(const char *group, const char *version)
{
    json_auto_t *rows = json_array();
    char text[128] = "";

    for (const struct kind *k = kinds; k < kinds + KIND_COUNT; k++) {
        if (strcmp(k->group, group) != 0 || strcmp(k->version, version) != 0)
            continue;
        kind_api_version(k, text, sizeof(text));
        (void)json_array_append_new(rows, resource(k));
    }
    if (!*text)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:O}", "kind", "APIResourceList", "apiVersion", "v1",
                     "groupVersion", text, "resources", rows);
}
