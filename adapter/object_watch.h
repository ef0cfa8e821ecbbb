// SPDX-License-Identifier: MIT
/* object_watch: which objects a cluster has, kept up to date by watches on a thread of its own.
 *
 * Pods are watched from the start; another set of objects is from the first time that somebody asks
 * for it on, to the end. Of each object only namespace, name and labels are kept, or what the set
 * says. Without contact to the API server the last known objects stay. Which resources there are is
 * asked for on the same thread (resources.h). */
#ifndef ADAPTER_OBJECT_WATCH_H
#define ADAPTER_OBJECT_WATCH_H

#include "adapter/objects.h"
#include "kube/access.h"

#include <jansson.h>
#include <stdint.h>

#define OBJECT_WATCHES_MAX 200 /* sets of objects */
#define OBJECT_PATH_MAX 800

struct object_watches;

/* access is borrowed until object_watches_stop. 0, or a negative errno with a sentence. */
int object_watches_start(struct object_watches **ret, const struct kube_access *access,
                         struct err *err);
void object_watches_stop(struct object_watches *w); /* NULL does nothing */

/* What is kept of an object: new, NULL when out of memory. */
typedef json_t *object_keep_fn(const json_t *object);

struct object_set {
    const char *path;     /* of a list, as kube/watch.h has it; less than OBJECT_PATH_MAX bytes */
    object_keep_fn *keep; /* always the same one for a path */
};

/* kept is borrowed, and must not be referenced (json_incref). */
typedef int object_visit_fn(void *arg, const json_t *kept);

/* Calls visit with what is kept of each object of a set, under a lock. Waits for the first list up
 * to deadline_ns (CLOCK_MONOTONIC), unless it is known why there is none. 0; -EAGAIN with a
 * sentence while there is no list; or what visit returned, which ends the visits. Any thread. */
int object_watches_visit(struct object_watches *w, const struct object_set *set,
                         uint64_t deadline_ns, object_visit_fn *visit, void *arg, struct err *err);

/* Any thread. */
struct object_lister object_watches_lister(struct object_watches *w);

#endif
