// SPDX-License-Identifier: MIT
/* scale: reads and writes the scale of an HPA's target, as the controller's scale client does.
 * Source: client-go v0.36, scale/; horizontal.go of Kubernetes v1.36. One thread. */
#ifndef LAB_REPLAY_SCALE_H
#define LAB_REPLAY_SCALE_H

#include "lab/hpa/hpa.h"
#include "lab/replay/client.h"
#include "lab/replay/mapping.h"

struct scale { /* {0}; scale_done releases */
    const struct mapping *mapping;
    char *name; /* of the Scale that was read, which is what is written */
    int32_t spec_replicas, status_replicas;
    char *selector;    /* canonical */
    const char *error; /* why it could not be read; lives as the client's texts do */
};

/* Finds out what the target is and reads its scale. 0 (look at error), or -ENOMEM. */
int scale_read(struct client *c, const struct hpa_spec *spec, struct scale *ret);
void scale_done(struct scale *s);

/* Writes the replicas, up to five times when others write too. 0 with why it failed, or NULL, and
 * how long the waits between were; or -ENOMEM. */
int scale_write(struct client *c, const struct hpa_spec *spec, struct scale *s,
                const char **ret_error, uint64_t *ret_waited_ns);

#endif
