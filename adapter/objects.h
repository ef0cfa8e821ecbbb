// SPDX-License-Identifier: MIT
/* objects: which objects a cluster has, for reads of all that a selector selects. */
#ifndef ADAPTER_OBJECTS_H
#define ADAPTER_OBJECTS_H

#include "adapter/rules/catalogue.h"
#include "kube/selector.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

struct names { /* {0} is empty; names_done releases it */
    char **items;
    size_t count;
};

int names_add(struct names *n, const char *name); /* a copy; 0 or -ENOMEM */
void names_sort(struct names *n);
/* Where a name is in a sorted list; count when it is not there. */
size_t names_position(const struct names *n, const char *name);
void names_done(struct names *n);

struct object_lister { /* {0}: there is no API server to ask */
    /* Appends the names of the objects of that resource; of pods maybe only those that run.
     * namespace is NULL for a resource without namespaces. Answers from memory. 0; -EAGAIN when
     * they are not known yet, with a sentence; -ENOMEM. Any thread. */
    int (*list)(void *arg, const struct resource *resource, const char *namespace,
                const struct selector *selector, bool running, struct names *ret, struct err *err);
    /* Which resources there are: a new catalogue, or NULL when out of memory; and a number that
     * changes with it. Any thread. */
    struct catalogue *(*resources)(void *arg);
    uint64_t (*resources_generation)(void *arg);
    void *arg;
};

#endif
