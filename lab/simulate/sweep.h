// SPDX-License-Identifier: MIT
/* sweep: fields that a run sets to one or more values each: every combination is a variant.
 *
 *     hpa.spec.behavior.scaleDown.stabilizationWindowSeconds=60,300,900
 *     hpa/web.spec.maxReplicas=20                   only the HPA of that name
 *     deployment.spec.template.spec.containers[0].resources.requests.cpu=100m,200m
 *     simulation.workloads[0].service.startUp=5s,60s
 *
 * Behind the kind stands a path in the form of kube/jpath.h, into the object as the manifest has
 * it. Values are YAML scalars; null is as if the field were not there. Members that are missing on
 * the way are made, but in HPAs and Deployments only those that the API knows to be optional: a
 * misspelt name is an error and never without effect. One thread. */
#ifndef LAB_SIMULATE_SWEEP_H
#define LAB_SIMULATE_SWEEP_H

#include <jansson.h>
#include <stddef.h>

struct err;

#define SWEEP_AXES_MAX 8
#define SWEEP_VARIANTS_MAX 100

struct sweep_axis {
    char *field;    /* all in front of "=" */
    char *kind;     /* "hpa", "deployment" or "simulation" */
    char *name;     /* of the object; NULL: all of the kind */
    char *path;     /* in the object */
    json_t *values; /* array of scalars */
};

struct sweep { /* {0} has one variant, in which nothing is set; sweep_done releases */
    struct sweep_axis axes[SWEEP_AXES_MAX];
    size_t count;
};

/* Adds an axis. -EINVAL with a sentence that names the text. */
int sweep_add(struct sweep *s, const char *text, struct err *err);
void sweep_done(struct sweep *s);

/* How many variants there are. -E2BIG beyond the maximum. */
int sweep_variants(const struct sweep *s, size_t *ret, struct err *err);

/* The value of an axis in a variant; the last axis changes fastest. Borrowed. */
const json_t *sweep_value(const struct sweep *s, size_t variant, size_t axis);

struct sweep_objects {          /* copies that may be changed */
    json_t *plan;               /* root of simulation.yaml */
    json_t *hpas, *deployments; /* arrays */
};

/* Sets the fields of a variant. -EINVAL with a sentence that names the field, or -ENOMEM. */
int sweep_apply(const struct sweep *s, size_t variant, const struct sweep_objects *objects,
                struct err *err);

#endif
