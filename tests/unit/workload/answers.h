// SPDX-License-Identifier: MIT
/* answers: a server on a free port and a client for it, for what a route answers later. */
#ifndef TESTS_WORKLOAD_ANSWERS_H
#define TESTS_WORKLOAD_ANSWERS_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/client.h"
#include "http/server.h"

#include <stdio.h>
#include <string.h>

struct answer {
    int status;
    char body[512];
};

/* Borrows the routes until http_server_stop. */
static inline struct http_server *answers_start(const struct http_routes *routes)
{
    const struct http_server_config config = {
        .address = "127.0.0.1", .routes = routes, .routes_count = 1};
    struct http_server *server = NULL;
    struct err err = {0};

    if (http_server_start(&server, &config, &err) < 0)
        fail_msg("%s", err.text);
    return server;
}

/* Of a server on 127.0.0.1. Any thread. */
static inline struct answer answers_of(uint16_t port, const char *method, const char *path,
                                       const char *body)
{
    scoped(buf_done) struct buf text = {.max = 64 * KIB};
    struct http_client *client = http_client_new();
    struct answer answer = {0};
    struct err err = {0};
    char url[128];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    const struct http_call call = {.method = method,
                                   .url = url,
                                   .body = body,
                                   .body_len = body ? strlen(body) : 0,
                                   .timeout_ns = 60 * NS_PER_S};
    if (http_client_call(client, &call, &text, &answer.status, &err) < 0)
        (void)snprintf(answer.body, sizeof(answer.body), "%s", err.text);
    else if (text.len)
        (void)snprintf(answer.body, sizeof(answer.body), "%s", text.data);
    http_client_free(client);
    return answer;
}

#endif
