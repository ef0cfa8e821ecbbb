// SPDX-License-Identifier: MIT
#include "http/answer.h"

#include "base/scoped.h"
#include "http/route.h"
#include "http/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct http_reply answer_error(const struct http_server *s, int status, const char *message)
{
    if (s->config.error_reply)
        return s->config.error_reply(status, message);
    return http_reply_printf(status, "%s\n", message);
}

#define PAIRS_ROOM 32 /* who sends more headers or parameters costs an allocation */

struct pair_list {
    struct http_pair *pairs; /* with room for size */
    size_t count, size;
    struct http_pair *allocated; /* or NULL */
};

static void pair_list_done(struct pair_list *list)
{
    free(list->allocated);
}

/* Counts also those that do not fit. */
static enum MHD_Result add_pair(void *arg, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    struct pair_list *list = arg;

    (void)kind;
    if (list->count < list->size)
        list->pairs[list->count] = (struct http_pair){name, value ? value : ""};
    list->count++;
    return MHD_YES;
}

static int read_pairs(struct MHD_Connection *c, enum MHD_ValueKind kind, struct pair_list *list)
{
    (void)MHD_get_connection_values(c, kind, add_pair, list);
    if (list->count <= list->size)
        return 0;

    list->allocated = calloc(list->count, sizeof(*list->allocated));
    if (!list->allocated)
        return -ENOMEM;
    list->pairs = list->allocated;
    list->size = list->count;
    list->count = 0;
    (void)MHD_get_connection_values(c, kind, add_pair, list);
    return 0;
}

static struct http_reply wrong_method(struct http_exchange *x, const char *path)
{
    struct http_reply reply = answer_error(x->server, 405, "this path takes another method");
    size_t at = 0;

    route_allow(x->server->config.routes, x->server->config.routes_count, path, x->allow,
                sizeof(x->allow));
    while (at < HTTP_REPLY_HEADERS_MAX - 1 && reply.headers[at].name)
        at++;
    reply.headers[at] = (struct http_pair){MHD_HTTP_HEADER_ALLOW, x->allow};
    return reply;
}

static struct http_reply no_route(struct http_exchange *x, int why, const char *path)
{
    char message[256];

    if (why == -EPROTOTYPE)
        return wrong_method(x, path);
    if (why != -ENOENT)
        return answer_error(x->server, 500, "out of memory");
    (void)snprintf(message, sizeof(message), "nothing is served at %.200s", path);
    return answer_error(x->server, 404, message);
}

static struct http_reply call_route(struct http_exchange *x, struct http_request *request)
{
    char *params[HTTP_PARAMS_MAX] = {0};
    void *app = NULL;
    int r = route_find(x->server->config.routes, x->server->config.routes_count, request->method,
                       request->path, params, &x->route, &app);

    if (r < 0)
        return no_route(x, r, request->path);
    memcpy(request->params, params, sizeof(request->params));
    struct http_reply reply = x->route->serve(app, request);
    route_params_done(params);
    return reply;
}

static struct http_reply admit_and_call(struct http_exchange *x, struct http_request *request)
{
    const struct http_server_config *c = &x->server->config;
    struct http_bytes peer[HTTP_PEER_MAX];
    struct http_reply refusal;

    if (c->ask_client_certificate)
        request->peer_count = tls_peer(x->connection, peer, HTTP_PEER_MAX);
    request->peer = peer;
    if (c->admit && !c->admit(c->admit_arg, request, &refusal))
        return refusal;
    return call_route(x, request);
}

struct http_reply answer(struct http_exchange *x, const char *method, const char *path)
{
    struct http_pair room[2][PAIRS_ROOM];
    scoped(pair_list_done) struct pair_list query = {.pairs = room[0], .size = PAIRS_ROOM};
    scoped(pair_list_done) struct pair_list headers = {.pairs = room[1], .size = PAIRS_ROOM};

    if (x->bad_uri)
        return answer_error(x->server, 400, "the address contains a NUL byte");
    if (x->body_too_large)
        return answer_error(x->server, 413, "the request's body is too large");
    if (read_pairs(x->connection, MHD_GET_ARGUMENT_KIND, &query) < 0 ||
        read_pairs(x->connection, MHD_HEADER_KIND, &headers) < 0)
        return answer_error(x->server, 500, "out of memory");

    struct http_request request = {.method = method,
                                   .path = path,
                                   .query = query.pairs,
                                   .query_count = query.count,
                                   .headers = headers.pairs,
                                   .header_count = headers.count,
                                   .body = x->body.data ? x->body.data : "",
                                   .body_len = x->body.len,
                                   .ticket = x->ticket,
                                   .exchange = x};
    return admit_and_call(x, &request);
}
