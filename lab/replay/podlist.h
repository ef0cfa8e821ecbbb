// SPDX-License-Identifier: MIT
/* podlist: the Pod objects of a scenario's PodList. A pod that is written as in the list before is
 * not read again: most are. One thread. */
#ifndef LAB_REPLAY_PODLIST_H
#define LAB_REPLAY_PODLIST_H

#include "lab/replay/scenario.h"

struct podlist { /* {0}; podlist_done releases */
    const struct answer *source;
    struct pod_text {
        struct json_text text;
        json_t *pod;
    } * all;
    size_t count;
};

/* source: the answer with the list, which must live on; NULL, or one that is none: no pods. 0 or
 * -ENOMEM. */
int podlist_read(struct podlist *l, const struct answer *source);
void podlist_done(struct podlist *l);

#endif
