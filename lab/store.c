// SPDX-License-Identifier: MIT
#include "lab/store.h"

#include "base/clock.h"
#include "kube/jpath.h"
#include "kube/selector.h"
#include "lab/labclock.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define HISTORY_MAX 500 /* changes that a late watcher can still ask for */
#define EVENTS_MAX 300  /* objects of kind Event; the oldest go first */

struct entry {
    enum kind_id kind;
    json_t *object;
    struct entry *next;
};

struct change {
    const char *type;
    enum kind_id kind;
    uint64_t version;
    json_t *object;
};

struct watcher {
    int64_t id;
    enum kind_id kind;
    store_watch_fn *fn;
    void *arg;
    struct watcher *next;
};

struct store {
    pthread_mutex_t lock; /* guards all */
    const struct labclock *clock;
    struct entry *first, **last; /* in order of creation */
    uint64_t version;
    struct change history[HISTORY_MAX]; /* a ring; version % HISTORY_MAX is its place */
    struct watcher *watchers;
    int64_t last_watch_id;
    size_t event_count;
};

struct store *store_new(const struct labclock *clock)
{
    struct store *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->clock = clock;
    s->last = &s->first;
    return s;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    for (struct entry *next, *e = s->first; e; e = next) {
        next = e->next;
        json_decref(e->object);
        free(e);
    }
    for (size_t i = 0; i < HISTORY_MAX; i++)
        json_decref(s->history[i].object);
    for (struct watcher *next, *w = s->watchers; w; w = next) {
        next = w->next;
        free(w);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static const char *name_of(const json_t *object)
{
    return jpath_str(object, "metadata.name", "");
}

static const char *namespace_of(const json_t *object)
{
    return jpath_str(object, "metadata.namespace", "default");
}

static struct entry **find(struct store *s, enum kind_id kind, const char *ns, const char *name)
{
    for (struct entry **at = &s->first; *at; at = &(*at)->next) {
        const json_t *o = (*at)->object;
        if ((*at)->kind == kind && strcmp(name_of(o), name) == 0 &&
            (!kinds[kind].namespaced || strcmp(namespace_of(o), ns) == 0))
            return at;
    }
    return NULL;
}

/* Numbers the change, keeps it for late watchers, and tells the present ones. */
static void publish(struct store *s, const char *type, enum kind_id kind, json_t *object)
{
    char version[24];
    struct change *kept = &s->history[++s->version % HISTORY_MAX];

    (void)snprintf(version, sizeof(version), "%" PRIu64, s->version);
    (void)json_object_set_new(json_object_get(object, "metadata"), "resourceVersion",
                              json_string(version));

    json_decref(kept->object);
    *kept = (struct change){type, kind, s->version, json_deep_copy(object)};
    for (const struct watcher *w = s->watchers; w; w = w->next)
        if (w->kind == kind)
            w->fn(w->arg, &(struct store_change){type, kind, s->version, object});
}

static void new_uid(char uid[40])
{
    unsigned char b[16] = {0};

    (void)getrandom(b, sizeof(b), 0);
    b[6] = (b[6] & 0x0f) | 0x40; /* RFC 9562: version 4, variant 10 */
    b[8] = (b[8] & 0x3f) | 0x80;
    (void)snprintf(uid, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                   b[13], b[14], b[15]);
}

static void set_identity(struct store *s, const struct kind *k, json_t *object)
{
    char api_version[128], now[CLOCK_TEXT_MAX], uid[40];
    json_t *metadata = json_object_get(object, "metadata");

    (void)json_object_set_new(object, "apiVersion",
                              json_string(kind_api_version(k, api_version, sizeof(api_version))));
    (void)json_object_set_new(object, "kind", json_string(k->kind));
    if (k->namespaced)
        (void)json_object_set_new(metadata, "namespace", json_string(namespace_of(object)));
    new_uid(uid);
    (void)json_object_set_new(metadata, "uid", json_string(uid));
    (void)json_object_set_new(metadata, "generation", json_integer(1));
    (void)json_object_set_new(metadata, "creationTimestamp",
                              json_string(clock_rfc3339(labclock_now_ns(s->clock), now)));
}

static void drop_oldest_event(struct store *s)
{
    struct entry **at = &s->first;

    while ((*at)->kind != KIND_EVENT)
        at = &(*at)->next;
    struct entry *e = *at;
    *at = e->next;
    if (s->last == &e->next)
        s->last = at;
    json_decref(e->object);
    free(e);
    s->event_count--;
}

static int add(struct store *s, enum kind_id kind, json_t *object) /* takes object */
{
    struct entry *e = calloc(1, sizeof(*e));

    if (!e) {
        json_decref(object);
        return -ENOMEM;
    }
    set_identity(s, &kinds[kind], object);
    *e = (struct entry){.kind = kind, .object = object};
    *s->last = e;
    s->last = &e->next;
    publish(s, "ADDED", kind, object);
    if (kind == KIND_EVENT && ++s->event_count > EVENTS_MAX)
        drop_oldest_event(s);
    return 0;
}

static void keep_member(json_t *to, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);

    if (value)
        (void)json_object_set(to, name, value);
}

/* What a client sends may lack what the server fills in. */
static void inherit_identity(json_t *object, const json_t *old)
{
    static const char *const names[] = {"uid", "creationTimestamp", "resourceVersion", "namespace",
                                        "generation"};
    json_t *metadata = json_object_get(object, "metadata");

    keep_member(object, old, "apiVersion");
    keep_member(object, old, "kind");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        keep_member(metadata, json_object_get(old, "metadata"), names[i]);
}

static int replace(struct store *s, struct entry *e, json_t *object) /* takes object */
{
    json_t *metadata = json_object_get(object, "metadata");

    inherit_identity(object, e->object);
    if (json_equal(object, e->object)) {
        json_decref(object);
        return 0;
    }
    if (!json_equal(json_object_get(object, "spec"), json_object_get(e->object, "spec")))
        (void)json_object_set_new(metadata, "generation",
                                  json_integer(jpath_int(object, "metadata.generation", 0) + 1));
    json_decref(e->object);
    e->object = object;
    publish(s, "MODIFIED", e->kind, object);
    return 0;
}

int store_put(struct store *s, enum kind_id kind, const json_t *object)
{
    json_t *copy = json_deep_copy(object);

    if (!copy || !json_is_object(json_object_get(copy, "metadata"))) {
        json_decref(copy);
        return -ENOMEM;
    }
    pthread_mutex_lock(&s->lock);
    struct entry **at = find(s, kind, namespace_of(copy), name_of(copy));
    int r = at ? replace(s, *at, copy) : add(s, kind, copy);
    pthread_mutex_unlock(&s->lock);
    return r;
}

int store_patch(struct store *s, enum kind_id kind, const char *ns, const char *name,
                const char *member, json_t *value)
{
    int r = -ENOENT;

    pthread_mutex_lock(&s->lock);
    struct entry **at = find(s, kind, ns, name);
    if (at) {
        json_t *copy = json_deep_copy((*at)->object);
        (void)json_object_set(copy, member, value);
        r = replace(s, *at, copy);
    }
    json_decref(value); /* under the lock: the object holds it too */
    pthread_mutex_unlock(&s->lock);
    return r;
}

int store_delete(struct store *s, enum kind_id kind, const char *ns, const char *name)
{
    pthread_mutex_lock(&s->lock);
    struct entry **at = find(s, kind, ns, name);
    if (at) {
        struct entry *e = *at;
        *at = e->next;
        if (s->last == &e->next)
            s->last = at;
        s->event_count -= kind == KIND_EVENT;
        publish(s, "DELETED", kind, e->object);
        json_decref(e->object);
        free(e);
    }
    pthread_mutex_unlock(&s->lock);
    return at ? 0 : -ENOENT;
}

json_t *store_get(struct store *s, enum kind_id kind, const char *ns, const char *name)
{
    pthread_mutex_lock(&s->lock);
    struct entry **at = find(s, kind, ns, name);
    json_t *copy = at ? json_deep_copy((*at)->object) : NULL;
    pthread_mutex_unlock(&s->lock);
    return copy;
}

static bool is_wanted(const struct entry *e, enum kind_id kind, const char *ns,
                      const struct selector *selector)
{
    return e->kind == kind && (!ns || strcmp(namespace_of(e->object), ns) == 0) &&
           (!selector || selector_matches(selector, jpath(e->object, "metadata.labels")));
}

static json_t *list_locked(struct store *s, enum kind_id kind, const char *ns,
                           const struct selector *selector)
{
    json_t *list = json_array();

    for (const struct entry *e = s->first; e; e = e->next)
        if (is_wanted(e, kind, ns, selector))
            (void)json_array_append_new(list, json_deep_copy(e->object));
    return list;
}

json_t *store_list(struct store *s, enum kind_id kind, const char *ns,
                   const struct selector *selector)
{
    pthread_mutex_lock(&s->lock);
    json_t *list = list_locked(s, kind, ns, selector);
    pthread_mutex_unlock(&s->lock);
    return list;
}

json_t *store_list_object(struct store *s, enum kind_id kind, const char *ns,
                          const struct selector *selector)
{
    char api_version[128], version[24];

    pthread_mutex_lock(&s->lock);
    json_t *items = list_locked(s, kind, ns, selector);
    (void)snprintf(version, sizeof(version), "%" PRIu64, s->version);
    pthread_mutex_unlock(&s->lock);

    kind_api_version(&kinds[kind], api_version, sizeof(api_version));
    return json_pack("{s:s+, s:s, s:{s:s}, s:o}", "kind", kinds[kind].kind, "List", "apiVersion",
                     api_version, "metadata", "resourceVersion", version, "items", items);
}

static void tell_present_objects(struct store *s, const struct watcher *w)
{
    for (const struct entry *e = s->first; e; e = e->next)
        if (e->kind == w->kind)
            w->fn(w->arg, &(struct store_change){"ADDED", e->kind, s->version, e->object});
}

static void tell_changes(struct store *s, const struct watcher *w, uint64_t since)
{
    for (uint64_t v = since + 1; v <= s->version; v++) {
        const struct change *c = &s->history[v % HISTORY_MAX];
        if (c->kind == w->kind)
            w->fn(w->arg, &(struct store_change){c->type, c->kind, c->version, c->object});
    }
}

int64_t store_watch(struct store *s, enum kind_id kind, uint64_t since, store_watch_fn *fn,
                    void *arg)
{
    struct watcher *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    pthread_mutex_lock(&s->lock);
    if (since && (since > s->version || s->version - since >= HISTORY_MAX)) {
        pthread_mutex_unlock(&s->lock);
        free(w);
        return -ERANGE;
    }
    *w = (struct watcher){++s->last_watch_id, kind, fn, arg, s->watchers};
    s->watchers = w;
    int64_t id = w->id;
    if (since)
        tell_changes(s, w, since);
    else
        tell_present_objects(s, w);
    pthread_mutex_unlock(&s->lock);
    return id;
}

void store_unwatch(struct store *s, int64_t id)
{
    struct watcher *gone = NULL;

    pthread_mutex_lock(&s->lock);
    for (struct watcher **at = &s->watchers; *at; at = &(*at)->next) {
        if ((*at)->id == id) {
            gone = *at;
            *at = gone->next;
            break;
        }
    }
    pthread_mutex_unlock(&s->lock);
    free(gone);
}
