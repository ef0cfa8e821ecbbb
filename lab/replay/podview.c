// SPDX-License-Identifier: MIT
#include "lab/replay/podview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void podview_done(struct podview *v)
{
    free(v->selector);
    observed_pods_done(&v->rows);
    json_decref(v->pods);
    *v = (struct podview){0};
}

static const json_t *items_of(struct answer *list)
{
    if (!list || list->code / 100 != 2 || !list->body.at)
        return NULL;
    if (!list->read && (list->good || json_text_check(list->body, NULL) == 0))
        list->object = json_text_load(list->body, NULL);
    list->read = true;
    return json_object_get(list->object, "items");
}

static json_t *selected(const json_t *items, const struct selector *selector)
{
    json_t *pods = json_array();
    size_t i;
    json_t *pod;

    json_array_foreach (items, i, pod) {
        const json_t *labels = json_object_get(json_object_get(pod, "metadata"), "labels");
        if (selector_matches(selector, labels))
            (void)json_array_append(pods, pod);
    }
    return pods;
}

int podview_select(struct podview *v, struct answer *list, const struct selector *selector,
                   const char *text, const struct hpa_spec *spec)
{
    if (v->pods && v->list == list && v->spec == spec && strcmp(v->selector, text) == 0)
        return 0;

    podview_done(v);
    *v = (struct podview){.list = list,
                          .spec = spec,
                          .selector = strdup(text),
                          .pods = selected(items_of(list), selector)};
    return v->selector && v->pods ? observe_pods(&v->rows, spec, v->pods) : -ENOMEM;
}
