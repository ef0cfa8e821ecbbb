// SPDX-License-Identifier: MIT
/* catalogue: which resources there are: their groups, singular and plural names, kinds and scopes.
 *
 * Born with what every cluster has; an API server's discovery adds the rest and corrects this.
 * One thread while it grows; then read-only, any thread. Source of the rows: Kubernetes 1.36. */
#ifndef ADAPTER_RULES_CATALOGUE_H
#define ADAPTER_RULES_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#define CATALOGUE_MAX 5000 /* resources */

struct resource {
    const char *group; /* "" is the core group */
    const char *version;
    const char *plural, *singular, *kind;
    bool namespaced;
};

struct catalogue;

struct catalogue *catalogue_new(void);                       /* NULL when out of memory */
struct catalogue *catalogue_copy(const struct catalogue *c); /* as above */
void catalogue_free(struct catalogue *c);                    /* NULL does nothing */

/* Adds a copy, or replaces what has the same group and plural. An empty singular is the kind in
 * lower case. 0; -E2BIG beyond CATALOGUE_MAX; -ENOMEM. */
int catalogue_add(struct catalogue *c, const struct resource *r);

/* By plural or singular name, in any case. An empty group is the core group and, when there is
 * none, the first that has such a resource. NULL when there is none. */
const struct resource *catalogue_find(const struct catalogue *c, const char *group,
                                      const char *name);

/* The same from a path's "deployments.apps". */
const struct resource *catalogue_find_path(const struct catalogue *c, const char *path);

/* The same, but what is not there is added as a namespaced resource with the names that Kubernetes
 * would guess. NULL when out of memory or beyond CATALOGUE_MAX. */
const struct resource *catalogue_find_or_guess(struct catalogue *c, const char *group,
                                               const char *name);

size_t catalogue_count(const struct catalogue *c);
const struct resource *catalogue_at(const struct catalogue *c, size_t i);

#endif
