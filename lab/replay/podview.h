// SPDX-License-Identifier: MIT
/* podview: the pods that a selector selects from a scenario's list, as lab/hpa wants them. Kept as
 * long as list, selector and spec stay. One thread. */
#ifndef LAB_REPLAY_PODVIEW_H
#define LAB_REPLAY_PODVIEW_H

#include "kube/selector.h"
#include "lab/observe.h"
#include "lab/replay/podlist.h"

struct podview { /* {0}; podview_done releases */
    const struct answer *source;
    const struct hpa_spec *spec;
    char *selector;
    json_t *pods; /* Pod objects */
    struct observed_pods rows;
};

/* text is the selector's. 0 or -ENOMEM. */
int podview_select(struct podview *v, const struct podlist *list, const struct selector *selector,
                   const char *text, const struct hpa_spec *spec);
void podview_done(struct podview *v);

#endif
