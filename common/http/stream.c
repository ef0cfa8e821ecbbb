// SPDX-License-Identifier: MIT
#include "http/stream.h"

#include "base/scoped.h"
#include "http/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes from writers to one client. Held by the exchange and by the app. */
struct http_stream {
    pthread_mutex_t lock; /* guards all */
    int refs;
    struct buf unsent;
    struct MHD_Connection *connection; /* set while the answer is running */
    bool suspended, closed;
};

struct http_stream *http_stream_new(size_t max_unsent_bytes)
{
    struct http_stream *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->unsent.max = max_unsent_bytes;
    s->refs = 2;
    return s;
}

void http_stream_unref(struct http_stream *s)
{
    if (!s)
        return;

    pthread_mutex_lock(&s->lock);
    bool last = --s->refs == 0;
    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;

    buf_done(&s->unsent);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void wake_stream(struct http_stream *s) /* s->lock is held */
{
    if (s->suspended && s->connection)
        MHD_resume_connection(s->connection);
    s->suspended = false;
}

int http_stream_write(struct http_stream *s, const void *data, size_t len)
{
    pthread_mutex_lock(&s->lock);
    int r = s->closed ? -EPIPE : buf_append(&s->unsent, data, len);
    if (r == 0)
        wake_stream(s);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void http_stream_close(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    wake_stream(s);
    pthread_mutex_unlock(&s->lock);
}

static ssize_t stream_read(void *arg, uint64_t position, char *to, size_t max)
{
    struct http_stream *s = arg;
    ssize_t n = 0;

    (void)position;
    pthread_mutex_lock(&s->lock);
    if (s->unsent.len) {
        size_t len = s->unsent.len < max ? s->unsent.len : max;
        memcpy(to, s->unsent.data, len);
        buf_consume(&s->unsent, len);
        n = (ssize_t)len;
    } else if (s->closed) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->suspended = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

struct MHD_Response *stream_response(struct http_stream *s)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * KIB, stream_read, s, NULL);
}

void stream_attach(struct http_exchange *x, struct http_stream *s) /* takes s */
{
    pthread_mutex_lock(&s->lock);
    s->connection = x->connection;
    pthread_mutex_unlock(&s->lock);

    pthread_mutex_lock(&x->server->lock);
    exchange_list(x);
    x->stream = s;
    bool stopping = x->server->streams_closed;
    pthread_mutex_unlock(&x->server->lock);
    if (stopping)
        http_stream_close(s);
}

void stream_detach(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->connection = NULL;
    s->closed = true;
    pthread_mutex_unlock(&s->lock);
    http_stream_unref(s);
}
