// SPDX-License-Identifier: MIT
#include "lab/replay/podlist.h"

#include "lab/replay/grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void podlist_done(struct podlist *l)
{
    for (size_t i = 0; i < l->count; i++)
        json_decref(l->all[i].pod);
    free(l->all);
    *l = (struct podlist){0};
}

static bool same_text(struct json_text a, struct json_text b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* The pod that old has at the same place, or a new one; NULL when it is no object. */
static json_t *pod_of(const struct podlist *old, size_t i, struct json_text text)
{
    if (i < old->count && same_text(old->all[i].text, text))
        return json_incref(old->all[i].pod);
    return json_text_load(text, NULL);
}

static int add(struct podlist *l, const struct podlist *old, struct json_text text)
{
    if (grow(&l->all, l->count, sizeof(*l->all)) < 0)
        return -ENOMEM;
    l->all[l->count] = (struct pod_text){text, pod_of(old, l->count, text)};
    l->count++;
    return 0;
}

static int add_items(struct podlist *l, const struct podlist *old)
{
    struct json_walk w = json_walk_begin(l->source->body, NULL);
    struct json_text key;
    int r = 0;

    if (!json_walk_object(&w))
        return 0;
    while (r == 0 && json_walk_member(&w, &key)) {
        if (!json_text_is(key, "items") || !json_walk_list(&w)) {
            (void)json_walk_value(&w);
            continue;
        }
        while (r == 0 && json_walk_element(&w))
            r = add(l, old, json_walk_value(&w));
    }
    return r;
}

int podlist_read(struct podlist *l, const struct answer *source)
{
    struct podlist old = *l;

    if (source && source == old.source)
        return 0;
    *l = (struct podlist){.source = source};
    int r = 0;
    if (source && source->code / 100 == 2 && source->body.at &&
        (source->good || json_text_check(source->body, NULL) == 0))
        r = add_items(l, &old);
    podlist_done(&old);
    return r;
}
