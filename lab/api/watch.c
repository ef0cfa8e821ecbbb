// SPDX-License-Identifier: MIT
#include "lab/api/watch.h"

#include "base/scoped.h"
#include "http/server.h"
#include "kube/jpath.h"
#include "kube/selector.h"
#include "lab/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define UNSENT_MAX_BYTES (4 * MIB)

struct watch {
    struct watch *next;
    struct http_stream *stream;
    struct selector *selector;
    char *ns, *name; /* NULL: any */
    int64_t id;
    bool gone; /* set under the store's lock, by the writer that found the client gone */
};

struct watches {
    struct store *store;
    pthread_mutex_t lock; /* guards the list; never taken while the store's lock is held */
    struct watch *first;
    size_t count;
};

struct watches *watches_new(struct store *store)
{
    struct watches *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->store = store;
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

static bool is_wanted(const struct watch *w, const json_t *object)
{
    return (!w->ns || strcmp(jpath_str(object, "metadata.namespace", ""), w->ns) == 0) &&
           (!w->name || strcmp(jpath_str(object, "metadata.name", ""), w->name) == 0) &&
           selector_matches(w->selector, jpath(object, "metadata.labels"));
}

/* Runs under the store's lock: only copies bytes into the stream. */
static void on_change(void *arg, const struct store_change *change)
{
    struct watch *w = arg;

    if (w->gone || !is_wanted(w, change->object))
        return;
    json_auto_t *line = json_pack("{s:s, s:O}", "type", change->type, "object", change->object);
    char *text = json_dumps(line, JSON_COMPACT);
    if (!text || http_stream_write(w->stream, text, strlen(text)) < 0 ||
        http_stream_write(w->stream, "\n", 1) < 0) {
        http_stream_close(w->stream);
        w->gone = true;
    }
    free(text);
}

static void watch_free(struct watch *w)
{
    if (!w)
        return;
    selector_free(w->selector);
    http_stream_unref(w->stream);
    free(w->ns);
    free(w->name);
    free(w);
}

/* Watches of clients that went away are found when something was to be written to them. */
static void free_gone(struct watches *ws)
{
    struct watch **at = &ws->first;

    while (*at) {
        struct watch *w = *at;
        if (http_stream_write(w->stream, "", 0) == 0) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        ws->count--;
        store_unwatch(ws->store, w->id);
        watch_free(w);
    }
}

static struct watch *watch_new(const char *ns, const char *name, struct selector *selector)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w) {
        selector_free(selector);
        return NULL;
    }
    w->selector = selector;
    w->stream = http_stream_new(UNSENT_MAX_BYTES);
    w->ns = ns ? strdup(ns) : NULL;
    w->name = name ? strdup(name) : NULL;
    if (w->stream && (w->ns || !ns) && (w->name || !name))
        return w;
    http_stream_unref(w->stream); /* the reference that a reply would have taken */
    watch_free(w);
    return NULL;
}

int watches_add(struct watches *ws, enum kind_id kind, const char *ns, const char *name,
                struct selector *selector, uint64_t since, struct http_stream **ret_stream)
{
    struct watch *w = watch_new(ns, name, selector);
    int r = 0;

    if (!w)
        return -ENOMEM;
    pthread_mutex_lock(&ws->lock);
    free_gone(ws);
    w->id = ws->count < WATCHES_MAX ? store_watch(ws->store, kind, since, on_change, w) : -EMFILE;
    if (w->id < 0) {
        r = (int)w->id;
        http_stream_unref(w->stream); /* the reference that the reply would have taken */
        watch_free(w);
    } else {
        w->next = ws->first;
        ws->first = w;
        ws->count++;
        *ret_stream = w->stream;
    }
    pthread_mutex_unlock(&ws->lock);
    return r;
}

void watches_close_all(struct watches *ws)
{
    pthread_mutex_lock(&ws->lock);
    for (struct watch *w = ws->first; w; w = w->next)
        http_stream_close(w->stream);
    pthread_mutex_unlock(&ws->lock);
}

void watches_free(struct watches *ws)
{
    if (!ws)
        return;
    for (struct watch *next, *w = ws->first; w; w = next) {
        next = w->next;
        store_unwatch(ws->store, w->id);
        watch_free(w);
    }
    pthread_mutex_destroy(&ws->lock);
    free(ws);
}
