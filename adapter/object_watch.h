// SPDX-License-Identifier: MIT
/* object_watch: which objects a cluster has, kept up to date by watches on a thread of its own.
 *
 * Pods are watched from the start; another resource is from the first time that somebody asks for
 * it on. Of each object only namespace, name and labels are kept. Without contact to the API server
 * the last known objects stay. Which resources there are is asked for on the same thread
 * (resources.h). */
#ifndef ADAPTER_OBJECT_WATCH_H
#define ADAPTER_OBJECT_WATCH_H

#include "adapter/objects.h"
#include "kube/access.h"

#define OBJECT_WATCHES_MAX 50 /* resources */

struct object_watches;

/* access is borrowed until object_watches_stop. 0, or a negative errno with a sentence. */
int object_watches_start(struct object_watches **ret, const struct kube_access *access,
                         struct err *err);
void object_watches_stop(struct object_watches *w); /* NULL does nothing */

/* Any thread. */
struct object_lister object_watches_lister(struct object_watches *w);

#endif
