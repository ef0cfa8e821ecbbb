// SPDX-License-Identifier: MIT
#include "adapter/object_watch.h"

#include "adapter/resources.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "http/fetch.h"
#include "kube/jpath.h"
#include "kube/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 800

struct watched { /* one resource, in all namespaces */
    struct object_watches *owner;
    char path[PATH_MAX_BYTES];
    struct kube_watch *watch; /* the thread's */
    json_t *next;             /* the thread's: a list that is not complete yet; NULL: none */
    json_t *objects; /* namespace -> name -> labels; NULL: not listed yet. Guarded by the lock */
};

struct object_watches {
    struct fetcher *fetcher; /* the thread's, but for fetcher_wake */
    struct kube *kube;
    struct resources *resources;
    pthread_mutex_t lock; /* guards count and what watched says; its json_t are not referenced */
    struct watched watched[OBJECT_WATCHES_MAX];
    size_t count;
    size_t started; /* the thread's */
    pthread_t thread;
    bool has_thread;
    atomic_bool stop;
};

/* ---- changes ---- */

static void put(json_t *objects, const json_t *object)
{
    const char *namespace = jpath_str(object, "metadata.namespace", "");
    const char *name = jpath_str(object, "metadata.name", "");
    json_t *names = json_object_get(objects, namespace);
    json_t *labels = json_deep_copy(jpath(object, "metadata.labels"));

    if (!names) {
        names = json_object();
        if (json_object_set_new(objects, namespace, names) < 0)
            names = NULL;
    }
    if (json_object_set_new(names, name, labels ? labels : json_object()) < 0)
        log_error("no memory for an object", LOG_STR("namespace", namespace),
                  LOG_STR("name", name));
}

static void remove_object(json_t *objects, const json_t *object)
{
    const char *namespace = jpath_str(object, "metadata.namespace", "");
    json_t *names = json_object_get(objects, namespace);

    (void)json_object_del(names, jpath_str(object, "metadata.name", ""));
    if (names && json_object_size(names) == 0)
        (void)json_object_del(objects, namespace);
}

static void change(struct watched *w, enum kube_change change, const json_t *object)
{
    pthread_mutex_lock(&w->owner->lock);
    json_t *objects = w->next ? w->next : w->objects;
    if (change == KUBE_PUT)
        put(objects, object);
    else
        remove_object(objects, object);
    pthread_mutex_unlock(&w->owner->lock);
}

static void end_list(struct watched *w)
{
    pthread_mutex_lock(&w->owner->lock);
    json_t *old = w->objects;
    w->objects = w->next;
    w->next = NULL;
    pthread_mutex_unlock(&w->owner->lock);
    json_decref(old);
}

static void on_change(void *arg, enum kube_change what, const json_t *object, const struct err *err)
{
    struct watched *w = arg;

    switch (what) {
    case KUBE_LISTING:
        json_decref(w->next);
        w->next = json_object();
        break;
    case KUBE_PUT:
    case KUBE_DELETED:
        change(w, what, object);
        break;
    case KUBE_SYNCED:
        end_list(w);
        break;
    case KUBE_FAILED:
        log_warn("objects cannot be watched", LOG_STR("path", w->path), LOG_STR("cause", err->text),
                 LOG_STR("keeping", w->objects ? "those that are known" : "nothing"));
        break;
    }
}

/* ---- the thread ---- */

static void start_new(struct object_watches *w)
{
    pthread_mutex_lock(&w->lock);
    size_t count = w->count;
    pthread_mutex_unlock(&w->lock);
    while (w->started < count) {
        struct watched *next = &w->watched[w->started++];
        next->watch = kube_watch_start(w->kube, next->path, on_change, next);
        if (next->watch)
            kube_watch_only_metadata(next->watch);
        else
            log_error("no memory for a watch", LOG_STR("path", next->path));
    }
}

static void *run(void *arg)
{
    struct object_watches *w = arg;

    while (!atomic_load(&w->stop)) {
        start_new(w);
        uint64_t resources_ns = resources_run(w->resources), kube_ns = kube_run(w->kube);
        fetcher_wait(w->fetcher, NULL, 0, resources_ns < kube_ns ? resources_ns : kube_ns);
    }
    return NULL;
}

/* ---- asking ---- */

static void make_path(const struct resource *r, bool running, char path[PATH_MAX_BYTES])
{
    (void)snprintf(path, PATH_MAX_BYTES, "%s%s/%s/%s%s", *r->group ? "/apis/" : "/api", r->group,
                   r->version, r->plural, running ? "?fieldSelector=status.phase%3DRunning" : "");
}

/* The lock is held. NULL beyond OBJECT_WATCHES_MAX. */
static struct watched *find_or_add(struct object_watches *w, const char *path)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->watched[i].path, path) == 0)
            return &w->watched[i];
    if (w->count == OBJECT_WATCHES_MAX)
        return NULL;
    struct watched *added = &w->watched[w->count++];
    added->owner = w;
    (void)snprintf(added->path, sizeof(added->path), "%s", path);
    fetcher_wake(w->fetcher);
    return added;
}

static int add_matching(const json_t *names, const struct selector *selector, struct names *ret)
{
    const char *name;
    json_t *labels;
    int r = 0;

    json_object_foreach ((json_t *)(uintptr_t)names, name, labels) {
        if (r == 0 && selector_matches(selector, labels))
            r = names_add(ret, name);
    }
    return r;
}

static int list(void *arg, const struct resource *resource, const char *namespace,
                const struct selector *selector, bool running, struct names *ret, struct err *err)
{
    struct object_watches *w = arg;
    char path[PATH_MAX_BYTES];
    int r = -EAGAIN;

    make_path(resource, running, path);
    pthread_mutex_lock(&w->lock);
    const struct watched *found = find_or_add(w, path);
    if (found && found->objects)
        r = add_matching(json_object_get(found->objects, namespace ? namespace : ""), selector,
                         ret);
    pthread_mutex_unlock(&w->lock);
    if (r == -EAGAIN)
        return err_set(err, r,
                       found ? "the API server has not said yet which %s there are"
                             : "too many kinds of objects are watched for %s to be",
                       resource->plural);
    return r;
}

static struct catalogue *copy_resources(void *arg)
{
    struct object_watches *w = arg;

    return resources_copy(w->resources);
}

static uint64_t generation_of_resources(void *arg)
{
    struct object_watches *w = arg;

    return resources_generation(w->resources);
}

struct object_lister object_watches_lister(struct object_watches *w)
{
    return (struct object_lister){list, copy_resources, generation_of_resources, w};
}

/* ---- life ---- */

int object_watches_start(struct object_watches **ret, const struct kube_access *access,
                         struct err *err)
{
    struct object_watches *w = calloc(1, sizeof(*w));
    int r = 0;

    if (!w)
        return err_set(err, -ENOMEM, "out of memory");
    pthread_mutex_init(&w->lock, NULL);
    w->fetcher = fetcher_new();
    w->kube = w->fetcher ? kube_new(w->fetcher, access) : NULL;
    w->resources = w->kube ? resources_new(w->kube) : NULL;
    if (w->resources)
        (void)find_or_add(w, "/api/v1/pods");
    if (!w->resources || (r = pthread_create(&w->thread, NULL, run, w)) != 0) {
        object_watches_stop(w);
        return err_errno(err, r ? r : ENOMEM, "cannot watch objects");
    }
    w->has_thread = true;
    *ret = w;
    return 0;
}

void object_watches_stop(struct object_watches *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    if (w->has_thread) {
        fetcher_wake(w->fetcher);
        pthread_join(w->thread, NULL);
    }
    kube_free(w->kube);
    resources_free(w->resources);
    fetcher_free(w->fetcher);
    for (size_t i = 0; i < w->count; i++) {
        json_decref(w->watched[i].next);
        json_decref(w->watched[i].objects);
    }
    pthread_mutex_destroy(&w->lock);
    free(w);
}
