// SPDX-License-Identifier: MIT
/* kube_stub: an API server in the test's own process, and our client of it. The test says what is
 * answered; watches are held open. One at a time. */
#ifndef KUBE_STUB_H
#define KUBE_STUB_H

#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "http/server.h"
#include "kube/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUB_PATIENCE_NS (20 * NS_PER_S)
#define STUB_ASKED_MAX 100

static struct {
    struct http_server *server;
    struct fetcher *fetcher;
    struct kube_access access;
    struct kube *kube;

    pthread_mutex_t lock; /* guards what follows; held while a test's answer is made */
    json_t *(*answer)(const char *method, const char *path, const json_t *body, int *status);
    struct http_stream *watch;   /* the newest; NULL: none yet */
    char *asked[STUB_ASKED_MAX]; /* "POST /path"; without watches */
    size_t asked_count;
} stub = {.access = KUBE_ACCESS_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

static inline struct http_reply stub_hold_watch(void)
{
    pthread_mutex_lock(&stub.lock);
    http_stream_unref(stub.watch); /* the server has its own reference */
    stub.watch = http_stream_new(256 * KIB);
    struct http_reply reply = http_reply_stream(stub.watch, "application/json");
    pthread_mutex_unlock(&stub.lock);
    return reply;
}

static inline struct http_reply stub_serve(void *app, const struct http_request *r)
{
    int status = 200;
    (void)app;

    if (http_query(r, "watch"))
        return stub_hold_watch();
    json_auto_t *body = json_loadb(r->body ? r->body : "", r->body_len, 0, NULL);
    pthread_mutex_lock(&stub.lock);
    json_t *answer = stub.answer(r->method, r->path, body, &status);
    char *text = answer ? json_dumps(answer, 0) : strdup("{}"), *line = NULL;
    json_decref(answer);
    if (stub.asked_count < STUB_ASKED_MAX && asprintf(&line, "%s %s", r->method, r->path) > 0)
        stub.asked[stub.asked_count++] = line;
    pthread_mutex_unlock(&stub.lock);
    return http_reply_take(status, "application/json", text, strlen(text));
}

static inline void stub_start(json_t *(*answer)(const char *method, const char *path,
                                                const json_t *body, int *status))
{
    static const struct http_route rows[] = {{NULL, "/{...}", stub_serve, ""}};
    static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
    const struct http_server_config config = {
        .address = "127.0.0.1", .routes = &routes, .routes_count = 1, .threads = 1};
    struct err err = {0};

    stub.answer = answer;
    if (http_server_start(&stub.server, &config, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(
        asprintf(&stub.access.server, "http://127.0.0.1:%u", http_server_port(stub.server)) > 0);
    stub.fetcher = fetcher_new();
    stub.kube = kube_new(stub.fetcher, &stub.access);
    assert_non_null(stub.kube);
}

/* After what uses the client has ended, but for what kube_free calls nobody about. */
static inline void stub_stop(void)
{
    kube_free(stub.kube);
    fetcher_free(stub.fetcher);
    kube_access_done(&stub.access);
    (void)http_server_stop(stub.server, 0);
    http_stream_unref(stub.watch);
    stub.watch = NULL;
    while (stub.asked_count)
        free(stub.asked[--stub.asked_count]);
}

/* How often that was asked, "POST /path". */
static inline size_t stub_asked(const char *line)
{
    size_t n = 0;

    pthread_mutex_lock(&stub.lock);
    for (size_t i = 0; i < stub.asked_count; i++)
        n += strcmp(stub.asked[i], line) == 0;
    pthread_mutex_unlock(&stub.lock);
    return n;
}

static inline bool stub_is_watched(void)
{
    pthread_mutex_lock(&stub.lock);
    bool is = stub.watch;
    pthread_mutex_unlock(&stub.lock);
    return is;
}

/* Sends the newest watch an event. Takes object. */
static inline void stub_tell(const char *type, json_t *object)
{
    json_auto_t *event = json_pack("{s:s, s:o}", "type", type, "object", object);
    char *line = json_dumps(event, JSON_COMPACT);

    pthread_mutex_lock(&stub.lock);
    assert_int_equal(http_stream_write(stub.watch, line, strlen(line)), 0);
    assert_int_equal(http_stream_write(stub.watch, "\n", 1), 0);
    pthread_mutex_unlock(&stub.lock);
    free(line);
}

/* One turn of an event loop. */
static inline void stub_turn(void)
{
    uint64_t wait_ns = kube_run(stub.kube);

    fetcher_wait(stub.fetcher, NULL, 0, wait_ns < NS_PER_S / 20 ? wait_ns : NS_PER_S / 20);
}

/* Turns, with what is run in front of each, until is_so. */
static inline void stub_until(const char *what, bool (*is_so)(void), void (*run)(void))
{
    uint64_t until_ns = clock_mono_ns() + STUB_PATIENCE_NS;

    while (!is_so()) {
        if (clock_mono_ns() > until_ns)
            fail_msg("this never came: %s", what);
        if (run)
            run();
        stub_turn();
    }
}

#endif
