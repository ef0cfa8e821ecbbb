// SPDX-License-Identifier: MIT
/* store: the lab's state: Kubernetes-shaped objects with resourceVersions, and who watches them.
 *
 * Controllers, page, API, tests and reports all read this and nothing else knows what the state is.
 * Objects go in and come out as copies: a json_t never crosses threads. Any thread. */
#ifndef LAB_STORE_H
#define LAB_STORE_H

#include "lab/kinds.h"

#include <jansson.h>
#include <stdint.h>

struct labclock;
struct selector;
struct store;

struct store *store_new(const struct labclock *clock); /* NULL when out of memory */
void store_free(struct store *s);

/* Creates or replaces the object with its kind, namespace ("default" when absent) and name. Fills
 * apiVersion, kind, uid, creationTimestamp, resourceVersion, and generation, which grows when spec
 * changes. An object that changes nothing is no event. Borrows object. 0 or -ENOMEM. */
int store_put(struct store *s, enum kind_id kind, const json_t *object);

/* Replaces one member ("status", "spec") of an object. -ENOENT when it is gone. Takes value. */
int store_patch(struct store *s, enum kind_id kind, const char *ns, const char *name,
                const char *member, json_t *value);

/* -ENOENT when there is none. */
int store_delete(struct store *s, enum kind_id kind, const char *ns, const char *name);

/* New copy, or NULL. */
json_t *store_get(struct store *s, enum kind_id kind, const char *ns, const char *name);

/* New array of copies in order of creation; ns NULL: all namespaces; selector NULL: all. */
json_t *store_list(struct store *s, enum kind_id kind, const char *ns,
                   const struct selector *selector);

/* The List object of the API ("DeploymentList") with the store's resourceVersion. New. */
json_t *store_list_object(struct store *s, enum kind_id kind, const char *ns,
                          const struct selector *selector);

/* One change, as a watch sends it. Everything is borrowed for the call. */
struct store_change {
    const char *type; /* "ADDED", "MODIFIED", "DELETED" */
    enum kind_id kind;
    uint64_t version;
    const json_t *object;
};

/* fn runs under the store's lock, in order, for every change; it must be quick and not call the
 * store. With since = 0 the present objects of the kind come first, as ADDED; else the changes
 * after that version. Returns an id > 0; -ERANGE when since is too old (HTTP 410 Gone), or of
 * another lab, ahead of this one; -ENOMEM. */
typedef void store_watch_fn(void *arg, const struct store_change *change);
int64_t store_watch(struct store *s, enum kind_id kind, uint64_t since, store_watch_fn *fn,
                    void *arg);
void store_unwatch(struct store *s, int64_t id); /* fn does not run after this */

#endif
