// SPDX-License-Identifier: MIT
#include "adapter/object_watch.h"

#include "adapter/resources.h"
#include "base/clock.h"
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
#include <time.h>

#define CAUSE_MAX 256

struct watched { /* a set of objects */
    struct object_watches *owner;
    char path[OBJECT_PATH_MAX];
    object_keep_fn *keep;
    struct kube_watch *watch; /* the thread's */
    json_t *next;             /* the thread's: a list that is not complete yet; NULL: none */

    /* Guarded by the lock. */
    json_t *objects;       /* namespace -> name -> what keep made; NULL: not listed yet */
    char cause[CAUSE_MAX]; /* why they are not listed yet, if that is known */
};

struct object_watches {
    struct fetcher *fetcher; /* the thread's, but for fetcher_wake */
    struct kube *kube;
    struct resources *resources;
    pthread_mutex_t lock; /* guards count and what watched says; its json_t are not referenced */
    pthread_cond_t known; /* a set is, or why it is not */
    struct watched watched[OBJECT_WATCHES_MAX];
    size_t count;
    size_t started; /* the thread's */
    pthread_t thread;
    bool has_thread;
    atomic_bool stop;
};

/* ---- changes ---- */

static json_t *keep_labels(const json_t *object)
{
    json_t *labels = json_deep_copy(jpath(object, "metadata.labels"));

    return labels ? labels : json_object();
}

static void put(json_t *objects, object_keep_fn *keep, const json_t *object)
{
    const char *namespace = jpath_str(object, "metadata.namespace", "");
    const char *name = jpath_str(object, "metadata.name", "");
    json_t *names = json_object_get(objects, namespace);

    if (!names) {
        names = json_object();
        if (json_object_set_new(objects, namespace, names) < 0)
            names = NULL;
    }
    if (json_object_set_new(names, name, keep(object)) < 0)
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
        put(objects, w->keep, object);
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
    pthread_cond_broadcast(&w->owner->known);
    pthread_mutex_unlock(&w->owner->lock);
    json_decref(old);
}

static void note_failure(struct watched *w, const struct err *err)
{
    log_warn("objects cannot be watched", LOG_STR("path", w->path), LOG_STR("cause", err->text),
             LOG_STR("keeping", w->objects ? "those that are known" : "nothing"));
    pthread_mutex_lock(&w->owner->lock);
    (void)snprintf(w->cause, sizeof(w->cause), "%s", err->text);
    pthread_cond_broadcast(&w->owner->known);
    pthread_mutex_unlock(&w->owner->lock);
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
        note_failure(w, err);
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
        if (!next->watch)
            log_error("no memory for a watch", LOG_STR("path", next->path));
        else if (next->keep == keep_labels)
            kube_watch_only_metadata(next->watch);
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

static void make_path(const struct resource *r, bool running, char path[OBJECT_PATH_MAX])
{
    (void)snprintf(path, OBJECT_PATH_MAX, "%s%s/%s/%s%s", *r->group ? "/apis/" : "/api", r->group,
                   r->version, r->plural, running ? "?fieldSelector=status.phase%3DRunning" : "");
}

/* The lock is held. NULL beyond OBJECT_WATCHES_MAX. */
static struct watched *find_or_add(struct object_watches *w, const char *path, object_keep_fn *keep)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->watched[i].path, path) == 0)
            return &w->watched[i];
    if (w->count == OBJECT_WATCHES_MAX)
        return NULL;
    struct watched *added = &w->watched[w->count++];
    added->owner = w;
    added->keep = keep;
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
    char path[OBJECT_PATH_MAX];
    int r = -EAGAIN;

    make_path(resource, running, path);
    pthread_mutex_lock(&w->lock);
    const struct watched *found = find_or_add(w, path, keep_labels);
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

/* The lock is held, and given up while it waits. */
static bool wait_until_known(struct object_watches *w, const struct watched *set,
                             uint64_t deadline_ns)
{
    const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / NS_PER_S),
                                      .tv_nsec = (long)(deadline_ns % NS_PER_S)};
    int r = 0;

    while (!set->objects && !set->cause[0] && r == 0)
        r = pthread_cond_timedwait(&w->known, &w->lock, &deadline);
    return set->objects;
}

static int visit_all(const json_t *objects, object_visit_fn *visit, void *arg)
{
    const char *key;
    json_t *names, *kept;
    int r = 0;

    json_object_foreach ((json_t *)(uintptr_t)objects, key, names) {
        json_object_foreach (names, key, kept) {
            if (r == 0)
                r = visit(arg, kept);
        }
    }
    return r;
}

int object_watches_visit(struct object_watches *w, const struct object_set *set,
                         uint64_t deadline_ns, object_visit_fn *visit, void *arg, struct err *err)
{
    int r;

    pthread_mutex_lock(&w->lock);
    const struct watched *found = find_or_add(w, set->path, set->keep);
    if (!found)
        r = err_set(err, -EAGAIN, "more than %d sets of objects are watched", OBJECT_WATCHES_MAX);
    else if (!wait_until_known(w, found, deadline_ns))
        r = err_set(err, -EAGAIN, "%s",
                    found->cause[0] ? found->cause : "the API server has not said yet");
    else
        r = visit_all(found->objects, visit, arg);
    pthread_mutex_unlock(&w->lock);
    return r;
}

struct object_lister object_watches_lister(struct object_watches *w)
{
    return (struct object_lister){list, copy_resources, generation_of_resources, w};
}

/* ---- life ---- */

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

int object_watches_start(struct object_watches **ret, const struct kube_access *access,
                         struct err *err)
{
    struct object_watches *w = calloc(1, sizeof(*w));
    int r = 0;

    if (!w)
        return err_set(err, -ENOMEM, "out of memory");
    pthread_mutex_init(&w->lock, NULL);
    init_condition(&w->known);
    w->fetcher = fetcher_new();
    w->kube = w->fetcher ? kube_new(w->fetcher, access) : NULL;
    w->resources = w->kube ? resources_new(w->kube) : NULL;
    if (w->resources)
        (void)find_or_add(w, "/api/v1/pods", keep_labels);
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
    pthread_cond_destroy(&w->known);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
