// SPDX-License-Identifier: MIT
#include "http/response.h"

#include "base/scoped.h"
#include "http/stream.h"

#include <time.h>

static struct MHD_Response *response_of_body(struct http_exchange *x, struct http_reply *reply)
{
    if (reply->kind == HTTP_REPLY_STREAM) {
        stream_attach(x, reply->stream);
        reply->stream = NULL;
        return stream_response(x->stream);
    }
    enum MHD_ResponseMemoryMode mode =
        reply->body_is_ours ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->body_len, (void *)(uintptr_t)reply->body, mode);
    if (response)
        reply->body_is_ours = false;
    return response;
}

static void add_headers(struct MHD_Response *response, const struct http_pair *pairs, size_t max)
{
    for (size_t i = 0; i < max && pairs[i].name && *pairs[i].name; i++)
        (void)MHD_add_response_header(response, pairs[i].name, pairs[i].value);
}

/* Takes the reply's body or stream. NULL when out of memory. */
static struct MHD_Response *response_new(struct http_exchange *x, struct http_reply *reply)
{
    const struct http_server_config *c = &x->server->config;
    struct MHD_Response *response = response_of_body(x, reply);

    if (!response)
        return NULL;
    if (reply->content_type)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    if (x->id)
        (void)MHD_add_response_header(response, c->id_header, x->id);
    add_headers(response, c->headers, ARRAY_LEN(c->headers));
    add_headers(response, reply->headers, HTTP_REPLY_HEADERS_MAX);
    return response;
}

static enum MHD_Result queue_new(struct http_exchange *x, struct http_reply *reply)
{
    struct MHD_Response *response = response_new(x, reply);

    if (!response)
        return MHD_NO;
    if (atomic_load(&x->server->draining))
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static bool is_worth_keeping(const struct http_exchange *x, const struct http_reply *reply)
{
    return !x->id && reply->kind == HTTP_REPLY_NOW && !reply->body_is_ours &&
           !reply->headers[0].name;
}

static struct kept_response *place_of(struct http_server *s, const struct http_reply *reply)
{
    return &s->kept[((uintptr_t)reply->body >> 3) % HTTP_KEPT_MAX];
}

static bool is_response_to(const struct kept_response *k, const struct http_reply *reply,
                           time_t second)
{
    return k->response && k->second == second && k->body == reply->body &&
           k->body_len == reply->body_len && k->content_type == reply->content_type;
}

static void add_date(struct MHD_Response *response, time_t second)
{
    char text[64];
    struct tm tm;

    (void)gmtime_r(&second, &tm);
    (void)strftime(text, sizeof(text), "%a, %d %b %Y %T GMT", &tm); /* RFC 9110, section 5.6.7 */
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_DATE, text);
}

static void keep(struct http_exchange *x, struct kept_response *k, struct http_reply *reply,
                 time_t second)
{
    if (k->response)
        MHD_destroy_response(k->response); /* those who are still sending it hold it */
    *k = (struct kept_response){.body = reply->body,
                                .body_len = reply->body_len,
                                .content_type = reply->content_type,
                                .second = second,
                                .response = response_new(x, reply)};
    if (k->response)
        add_date(k->response, second);
}

/* The lock is held while the response is queued, so that no other thread destroys it before. In its
 * callbacks libmicrohttpd only notes it; it is sent later. */
static enum MHD_Result queue_kept(struct http_exchange *x, struct http_reply *reply)
{
    struct http_server *s = x->server;
    struct kept_response *k = place_of(s, reply);
    time_t now = time(NULL);
    enum MHD_Result result = MHD_NO;

    pthread_mutex_lock(&s->kept_lock);
    if (!is_response_to(k, reply, now))
        keep(x, k, reply, now);
    if (k->response)
        result = MHD_queue_response(x->connection, (unsigned)reply->status, k->response);
    pthread_mutex_unlock(&s->kept_lock);
    return result;
}

enum MHD_Result response_queue(struct http_exchange *x, struct http_reply reply)
{
    bool kept = is_worth_keeping(x, &reply) && !atomic_load(&x->server->draining);
    enum MHD_Result result = kept ? queue_kept(x, &reply) : queue_new(x, &reply);

    x->status = reply.status;
    x->answered = result == MHD_YES;
    http_reply_done(&reply);
    return result;
}

void response_init_kept(struct http_server *s)
{
    pthread_mutex_init(&s->kept_lock, NULL);
}

void response_free_kept(struct http_server *s)
{
    for (size_t i = 0; i < HTTP_KEPT_MAX; i++)
        if (s->kept[i].response)
            MHD_destroy_response(s->kept[i].response);
    pthread_mutex_destroy(&s->kept_lock);
}
