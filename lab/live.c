// SPDX-License-Identifier: MIT
#include "lab/live.h"

#include "base/buf.h"
#include "base/scoped.h"
#include "base/version.h"
#include "lab/web/web.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 600             /* points: five minutes */
#define HISTORY_MAX_BYTES (3 * MIB) /* of them: fewer when there are many pods */
#define VIEWERS_MAX 100
#define UNSENT_MAX_BYTES (8 * MIB) /* one whole history and then some */

struct live {
    pthread_mutex_t lock;       /* guards all */
    char *history[HISTORY_MAX]; /* points as JSON texts; a ring */
    size_t first, count, bytes;
    struct http_stream *viewers[VIEWERS_MAX];
    size_t viewer_count;
    char *end; /* what live_end said, for those who come later */
};

struct live *live_new(void)
{
    struct live *l = calloc(1, sizeof(*l));

    if (l)
        pthread_mutex_init(&l->lock, NULL);
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < HISTORY_MAX; i++)
        free(l->history[i]);
    for (size_t i = 0; i < l->viewer_count; i++)
        http_stream_unref(l->viewers[i]);
    free(l->end);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void drop_viewer(struct live *l, size_t i)
{
    http_stream_close(l->viewers[i]);
    http_stream_unref(l->viewers[i]);
    l->viewers[i] = l->viewers[--l->viewer_count];
}

/* A viewer who went away, or who reads too slowly, is dropped; a page reconnects by itself. */
static void send_all(struct live *l, const char *event, const char *data)
{
    scoped(buf_done) struct buf message = {.max = MIB};

    if (buf_printf(&message, "event: %s\ndata: %s\n\n", event, data) < 0)
        return;
    for (size_t i = l->viewer_count; i-- > 0;)
        if (http_stream_write(l->viewers[i], message.data, message.len) < 0)
            drop_viewer(l, i);
}

static void drop_oldest(struct live *l)
{
    l->bytes -= strlen(l->history[l->first]);
    free(l->history[l->first]);
    l->history[l->first] = NULL;
    l->first = (l->first + 1) % HISTORY_MAX;
    l->count--;
}

static void keep(struct live *l, char *text) /* takes text */
{
    l->bytes += strlen(text);
    if (l->count == HISTORY_MAX)
        drop_oldest(l);
    l->history[(l->first + l->count++) % HISTORY_MAX] = text;
    while (l->bytes > HISTORY_MAX_BYTES)
        drop_oldest(l);
}

void live_point(struct live *l, const json_t *point)
{
    char *text = json_dumps(point, JSON_COMPACT | JSON_REAL_PRECISION(6));

    if (!text)
        return;
    pthread_mutex_lock(&l->lock);
    send_all(l, "point", text);
    keep(l, text);
    pthread_mutex_unlock(&l->lock);
}

void live_end(struct live *l, const char *summary, bool ok)
{
    json_auto_t *end = json_pack("{s:s, s:b}", "summary", summary, "ok", ok);
    char *text = json_dumps(end, JSON_COMPACT);

    if (!text)
        return;
    pthread_mutex_lock(&l->lock);
    send_all(l, "end", text);
    free(l->end);
    l->end = text;
    pthread_mutex_unlock(&l->lock);
}

static int put_hello(const struct live *l, struct buf *out)
{
    int r = buf_puts(out, "event: hello\ndata: {\"version\":\"" SWELL_VERSION "\",\"history\":[");

    for (size_t i = 0; i < l->count && r == 0; i++) {
        r = buf_puts(out, i ? "," : "");
        if (r == 0)
            r = buf_puts(out, l->history[(l->first + i) % HISTORY_MAX]);
    }
    if (r == 0)
        r = buf_puts(out, "]}\n\n");
    return r == 0 && l->end ? buf_printf(out, "event: end\ndata: %s\n\n", l->end) : r;
}

static struct http_reply serve_stream(void *app, const struct http_request *r)
{
    struct live *l = app;
    scoped(buf_done) struct buf hello = {.max = UNSENT_MAX_BYTES / 2};
    struct http_stream *stream = http_stream_new(UNSENT_MAX_BYTES);

    (void)r;
    if (!stream)
        return http_reply_text(500, "out of memory\n");
    pthread_mutex_lock(&l->lock);
    bool full = l->viewer_count == VIEWERS_MAX;
    if (!full && put_hello(l, &hello) == 0 && http_stream_write(stream, hello.data, hello.len) == 0)
        l->viewers[l->viewer_count++] = stream;
    else
        full = true;
    pthread_mutex_unlock(&l->lock);
    if (full) {
        http_stream_unref(stream);
        http_stream_unref(stream);
        return http_reply_text(503, "too many viewers\n");
    }
    struct http_reply reply = http_reply_stream(stream, "text/event-stream");
    reply.headers[0] = (struct http_pair){"Cache-Control", "no-store"};
    return reply;
}

static struct http_reply file_reply(const struct web_file *file)
{
    struct http_reply reply = http_reply_static(200, file->content_type, file->data, file->len);

    reply.headers[0] = (struct http_pair){"Cache-Control", "no-cache"}; /* a lab may be newer */
    return reply;
}

static struct http_reply serve_file(void *app, const struct http_request *r)
{
    (void)app;
    for (size_t i = 0; i < web_files_count; i++)
        if (strcmp(web_files[i].path, r->path) == 0)
            return file_reply(&web_files[i]);
    return http_reply_text(404, "no such file\n");
}

const struct http_route live_routes[] = {
    {"GET", "/", serve_file, "The live page."},
    {"GET", "/lab/stream", serve_stream,
     "Server-sent events: hello with the last 600 points, then a point each half second, end when "
     "a "
     "demo is over."},
    {"GET", "/page.css", serve_file, "Its style."},
    {"GET", "/page.js", serve_file, "Its script."},
    {"GET", "/chart.js", serve_file, "Chart.js."},
};
const size_t live_route_count = ARRAY_LEN(live_routes);
