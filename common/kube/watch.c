// SPDX-License-Identifier: MIT
#include "kube/watch.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "kube/client_private.h"
#include "kube/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_OBJECTS 500
#define WATCH_NS (300 * NS_PER_S) /* the server ends it then; ours follows if it did not */
#define GRACE_NS (30 * NS_PER_S)
#define SILENCE_NS (150 * NS_PER_S)
#define FIRST_WAIT_NS NS_PER_S
#define WAIT_MAX_NS (30 * NS_PER_S)
#define IDLE_NS (60 * NS_PER_S)
#define TELL_AGAIN_NS (300 * NS_PER_S)
#define EVENTS_MAX_BYTES (16 * MIB) /* not yet handed out, and so the largest event */
#define ACCEPT_LIST                                                                                \
    "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
#define ACCEPT_EVENTS                                                                              \
    "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
#define ERROR_MAX_BYTES (64 * KIB)

/* A list comes in pages, each with the place where the next begins; then the watch. */
struct kube_watch {
    struct kube *kube;
    struct kube_watch *next;
    char *path;
    bool only_metadata;
    kube_change_fn *on_change;
    void *arg;
    char *resource_version; /* where the watch goes on; NULL: list first */
    char *page;             /* the list's next page; NULL: its first */
    int64_t list, stream;   /* of client.h, of fetch.h; 0: none under way */
    struct buf events;      /* arrived, not handed out */
    uint64_t due_ns, wait_ns, heard_ns;
    uint64_t told_ns; /* when the last failure was told; 0: there was contact since */
};

struct kube_watch *kube_watch_start(struct kube *k, const char *path, kube_change_fn *on_change,
                                    void *arg)
{
    struct kube_watch *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    *w = (struct kube_watch){.kube = k,
                             .path = strdup(path),
                             .on_change = on_change,
                             .arg = arg,
                             .events.max = EVENTS_MAX_BYTES,
                             .wait_ns = FIRST_WAIT_NS};
    if (!w->path) {
        free(w);
        return NULL;
    }
    w->next = k->watches;
    k->watches = w;
    return w;
}

void kube_watch_only_metadata(struct kube_watch *w)
{
    w->only_metadata = true;
}

void kube_watch_stop(struct kube_watch *w)
{
    if (!w)
        return;
    struct kube_watch **at = &w->kube->watches;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;

    if (w->list)
        kube_cancel(w->kube, w->list);
    if (w->stream)
        fetcher_cancel(w->kube->fetcher, w->stream);
    buf_done(&w->events);
    free(w->resource_version);
    free(w->page);
    free(w->path);
    free(w);
}

void kube_free_watches(struct kube *k)
{
    while (k->watches)
        kube_watch_stop(k->watches);
}

static void tell(struct kube_watch *w, enum kube_change change, const json_t *object)
{
    const struct err none = {0};

    w->on_change(w->arg, change, object, &none);
}

static void replace(char **text, const char *by)
{
    free(*text);
    *text = by && *by ? strdup(by) : NULL;
}

/* From the front: what is known is too old, or wrong. */
static void start_over(struct kube_watch *w)
{
    replace(&w->resource_version, NULL);
    replace(&w->page, NULL);
    buf_done(&w->events);
}

static void fail(struct kube_watch *w, const struct err *err)
{
    uint64_t now_ns = clock_mono_ns();

    w->due_ns = now_ns + kube_jitter(w->kube, w->wait_ns);
    w->wait_ns = w->wait_ns * 2 < WAIT_MAX_NS ? w->wait_ns * 2 : WAIT_MAX_NS;
    if (w->told_ns && now_ns < w->told_ns + TELL_AGAIN_NS)
        return;
    w->told_ns = now_ns;
    w->on_change(w->arg, KUBE_FAILED, NULL, err);
}

static void succeed(struct kube_watch *w)
{
    w->wait_ns = FIRST_WAIT_NS;
    w->told_ns = 0;
}

/* ---- the list ---- */

/* Items of a list say neither kind nor apiVersion; whoever watches knows what is watched. */
static void take_page(struct kube_watch *w, const json_t *list)
{
    const json_t *items = json_object_get(list, "items");
    const char *next =
        json_string_value(json_object_get(json_object_get(list, "metadata"), "continue"));

    if (!w->page)
        tell(w, KUBE_LISTING, NULL);
    for (size_t i = 0; i < json_array_size(items); i++)
        tell(w, KUBE_PUT, json_array_get(items, i));
    replace(&w->page, next);
    if (w->page)
        return;
    replace(&w->resource_version, kube_resource_version(list));
    succeed(w);
    tell(w, KUBE_SYNCED, NULL);
}

static void on_list(void *arg, int result, int status, const json_t *object, const struct err *err)
{
    struct kube_watch *w = arg;
    struct err why = *err;

    (void)status;
    w->list = 0;
    w->due_ns = 0;
    if (result == 0 && !*kube_resource_version(object))
        result = err_set(&why, -EBADMSG, "the API server's list has no resourceVersion");
    if (result < 0) {
        start_over(w);
        fail(w, &why);
        return;
    }
    take_page(w, object);
}

/* A "continue" is opaque, and is encoded byte by byte. */
static int put_page(struct buf *path, const char *page)
{
    int r = buf_puts(path, "&continue=");

    for (const unsigned char *c = (const unsigned char *)page; *c && r == 0; c++)
        r = buf_printf(path, "%%%02X", *c);
    return r;
}

static void start_list(struct kube_watch *w)
{
    scoped(buf_done) struct buf path = {.max = 64 * KIB};
    const struct err no_memory = {"out of memory"};
    int r =
        buf_printf(&path, "%s%climit=%d", w->path, strchr(w->path, '?') ? '&' : '?', PAGE_OBJECTS);

    if (r == 0 && w->page)
        r = put_page(&path, w->page);
    if (r == 0)
        w->list = kube_send(w->kube,
                            &(struct kube_request){.path = path.data,
                                                   .accept = w->only_metadata ? ACCEPT_LIST : NULL,
                                                   .timeout_ns = GRACE_NS},
                            on_list, w);
    if (r < 0 || w->list < 0) {
        w->list = 0;
        fail(w, &no_memory);
    }
}

/* ---- the watch ---- */

static int on_data(void *arg, const char *data, size_t len)
{
    struct kube_watch *w = arg;

    w->heard_ns = clock_mono_ns();
    return buf_append(&w->events, data, len);
}

/* Returns false when the watch is over. */
static bool take_event(struct kube_watch *w, const struct kube_event *e)
{
    struct err why = {0};

    if (e->type == KUBE_EVENT_ERROR) {
        const char *message = json_string_value(json_object_get(e->object, "message"));
        (void)err_set(&why, -EIO, "the API server ends the watch: %s", message ? message : "");
        start_over(w);
        if (e->code != 410) /* which only means: too long ago, list again */
            fail(w, &why);
        return false;
    }
    replace(&w->resource_version, e->resource_version);
    succeed(w);
    if (e->type != KUBE_EVENT_BOOKMARK)
        tell(w, e->type == KUBE_EVENT_PUT ? KUBE_PUT : KUBE_DELETED, e->object);
    return true;
}

static void end_stream(struct kube_watch *w)
{
    if (w->stream)
        fetcher_cancel(w->kube->fetcher, w->stream);
    w->stream = 0;
    buf_done(&w->events);
}

static void take_events(struct kube_watch *w)
{
    struct kube_event e = {0};
    struct err err = {0};
    int r;

    while ((r = kube_event_next(&w->events, &e, &err)) == 0) {
        bool goes_on = take_event(w, &e);
        kube_event_done(&e);
        if (!goes_on) {
            end_stream(w);
            return;
        }
    }
    if (r == -EAGAIN)
        return;
    end_stream(w);
    start_over(w);
    fail(w, &err);
}

static void on_end(void *arg, int result, int status, const struct buf *body, const struct err *err)
{
    struct kube_watch *w = arg;
    struct err why = *err;

    w->stream = 0;
    w->due_ns = clock_mono_ns() + kube_jitter(w->kube, NS_PER_S / 2); /* never a busy loop */
    take_events(w);
    buf_done(&w->events); /* half a line, at most */
    if (result == 0 && status / 100 != 2)
        result = kube_explain(status, body, &why);
    if (result == -ESTALE || result == -E2BIG)
        start_over(w);
    if (result == 0)
        succeed(w);
    else if (result != -ESTALE)
        fail(w, &why);
}

static void start_stream(struct kube_watch *w)
{
    scoped(free_at) char *path = NULL, *url = NULL;
    uint64_t length_ns = kube_jitter(w->kube, WATCH_NS);
    struct http_call call;
    struct err err = {0};
    int64_t r = asprintf(&path,
                         "%s%cwatch=true&allowWatchBookmarks=true&resourceVersion=%s"
                         "&timeoutSeconds=%u",
                         w->path, strchr(w->path, '?') ? '&' : '?', w->resource_version,
                         (unsigned)(length_ns / NS_PER_S)) < 0
                    ? err_set(&err, -ENOMEM, "out of memory")
                    : 0;

    if (r == 0)
        r = kube_call_init(w->kube, path, &call, &url, &err);
    if (r == 0) {
        call.timeout_ns = length_ns + GRACE_NS;
        if (w->only_metadata)
            call.headers[0] = ACCEPT_EVENTS;
        r = fetcher_stream(w->kube->fetcher, &call, ERROR_MAX_BYTES, on_data, on_end, w);
    }
    w->heard_ns = clock_mono_ns();
    w->stream = r > 0 ? r : 0;
    if (r < 0)
        fail(w, &err);
}

static void check_silence(struct kube_watch *w, uint64_t now_ns)
{
    struct err err = {0};

    if (!w->stream || now_ns < w->heard_ns + SILENCE_NS)
        return;
    end_stream(w);
    (void)err_set(&err, -ETIMEDOUT, "the API server has been silent for too long");
    fail(w, &err);
}

static uint64_t run_watch(struct kube_watch *w, uint64_t now_ns)
{
    take_events(w);
    check_silence(w, now_ns);
    if (w->stream)
        return w->heard_ns + SILENCE_NS > now_ns ? w->heard_ns + SILENCE_NS - now_ns : 0;
    if (w->list)
        return IDLE_NS;
    if (w->due_ns > now_ns)
        return w->due_ns - now_ns;

    if (w->resource_version)
        start_stream(w);
    else
        start_list(w);
    return w->due_ns > now_ns ? w->due_ns - now_ns : IDLE_NS;
}

uint64_t kube_run_watches(struct kube *k, uint64_t now_ns)
{
    uint64_t wait_ns = IDLE_NS;

    for (struct kube_watch *w = k->watches, *next; w; w = next) {
        next = w->next;
        uint64_t its_ns = run_watch(w, now_ns);
        wait_ns = its_ns < wait_ns ? its_ns : wait_ns;
    }
    return wait_ns;
}
