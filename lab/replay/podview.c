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

static json_t *selected(const struct podlist *list, const struct selector *selector)
{
    json_t *pods = json_array();

    for (size_t i = 0; i < list->count; i++) {
        json_t *pod = list->all[i].pod;
        const json_t *labels = json_object_get(json_object_get(pod, "metadata"), "labels");
        if (selector_matches(selector, labels))
            (void)json_array_append(pods, pod);
    }
    return pods;
}

int podview_select(struct podview *v, const struct podlist *list, const struct selector *selector,
                   const char *text, const struct hpa_spec *spec)
{
    if (v->pods && v->source == list->source && v->spec == spec && strcmp(v->selector, text) == 0)
        return 0;

    podview_done(v);
    *v = (struct podview){.source = list->source,
                          .spec = spec,
                          .selector = strdup(text),
                          .pods = selected(list, selector)};
    return v->selector && v->pods ? observe_pods(&v->rows, spec, v->pods) : -ENOMEM;
}
