// SPDX-License-Identifier: MIT
#include "adapter/api/discovery_others.h"

#include "adapter/api/discovery.h"

#include <stdio.h>
#include <string.h>

struct known {      /* what the list has; both are sets of names, as JSON */
    json_t *names;  /* true: ours */
    json_t *scopes; /* of "pods" in "pods/requests": true is namespaced */
};

/* Sets the scope of the resource that the entry is below; false when it has another one. */
static bool fits_scope(struct known *k, const char *name, bool namespaced)
{
    const char *slash = strchr(name, '/');

    if (!slash)
        return true;
    const json_t *scope = json_object_getn(k->scopes, name, (size_t)(slash - name));
    if (scope)
        return json_is_true(scope) == namespaced;
    return json_object_setn_new(k->scopes, name, (size_t)(slash - name),
                                json_boolean(namespaced)) == 0;
}

static int know_ours(struct known *k, const json_t *entries)
{
    size_t i;
    json_t *entry;

    json_array_foreach (entries, i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        (void)fits_scope(k, name, json_is_true(json_object_get(entry, "namespaced")));
        if (json_object_set_new(k->names, name, json_true()) < 0)
            return -1;
    }
    return 0;
}

static void note_conflict(struct metric_conflicts *c, const char *name)
{
    size_t len = strlen(c->names);

    if (len + strlen(name) + 3 < sizeof(c->names))
        (void)snprintf(c->names + len, sizeof(c->names) - len, "%s%s", len ? ", " : "", name);
    c->count++;
}

static int add(json_t *entries, struct known *k, const struct other_metric *m, const char *kind,
               struct metric_conflicts *conflicts)
{
    const json_t *known = json_object_get(k->names, m->name);

    if (json_is_true(known))
        note_conflict(conflicts, m->name);
    if (known || !fits_scope(k, m->name, m->namespaced))
        return 0;
    if (json_object_set_new(k->names, m->name, json_false()) < 0)
        return -1;
    return json_array_append_new(entries, discovery_entry_new(m->name, m->namespaced, kind));
}

int discovery_add_others(json_t *entries, const struct other_metrics *others, const char *kind,
                         struct metric_conflicts *ret)
{
    json_auto_t *names = json_object(), *scopes = json_object();
    struct known known = {names, scopes};

    *ret = (struct metric_conflicts){0};
    if (!others)
        return 0;
    int r = names && scopes ? know_ours(&known, entries) : -1;
    for (size_t i = 0; r == 0 && i < others->count; i++)
        if (json_array_size(entries) < DISCOVERY_LISTED_MAX)
            r = add(entries, &known, &others->items[i], kind, ret);
    return r;
}
