// SPDX-License-Identifier: MIT
/* watch: keeps somebody up to date about a set of objects: lists them, then follows their changes,
 * for as long as it takes.
 *
 * A watch that ends goes on where it was (bookmarks keep that place fresh); one that is too old for
 * that (410) begins with a new list. After a failure the next try waits 1 s, then twice as long up
 * to 30 s, but for a tenth at random. A watch that has been silent for 150 s is given up for dead:
 * API servers send a bookmark a minute. The fetcher's thread. */
#ifndef KUBE_WATCH_H
#define KUBE_WATCH_H

#include "kube/client.h"

struct kube_watch;

enum kube_change {
    KUBE_LISTING, /* a list begins: whatever is not in it is gone (object is NULL) */
    KUBE_PUT,     /* in the list, added or modified */
    KUBE_DELETED, /* as it was last */
    KUBE_SYNCED,  /* the list is over (NULL) */
    KUBE_FAILED,  /* no contact; what is known stays, and it tries again (NULL, err says why); told
                     at first, and every five minutes while it lasts */
};

/* object is borrowed. May call anything of client.h but kube_free and kube_run, and must not stop a
 * watch. */
typedef void kube_change_fn(void *arg, enum kube_change change, const json_t *object,
                            const struct err *err);

/* path names the set: "/api/v1/namespaces/x/configmaps?fieldSelector=metadata.name%3Dy". Copied.
 * NULL when out of memory. */
struct kube_watch *kube_watch_start(struct kube *k, const char *path, kube_change_fn *on_change,
                                    void *arg);

/* From the next request on it asks for metadata only: names, labels, and no more of what objects
 * are. Of many big ones that is a small part. For right after kube_watch_start. */
void kube_watch_only_metadata(struct kube_watch *w);

void kube_watch_stop(struct kube_watch *w); /* frees; kube_free does it for all */

#endif
