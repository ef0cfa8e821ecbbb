// SPDX-License-Identifier: MIT
/* Against a stand-in for an API server: the test says what the list is, and holds the streams. */
#include "../http/wire.h"

#include "base/signals.h"
#include "kube/watch.h"

#include <stdlib.h>

static struct gate lists = GATE_INIT, watches = GATE_INIT;
static struct http_stream *stream; /* the newest watch */
static const char *list_body, *list_rest;
static int watch_status; /* 0: a stream */
static char asked_from[32];

static struct http_reply serve(void *app, const struct http_request *r)
{
    (void)app;
    if (!http_query(r, "watch")) {
        const char *body = http_query(r, "continue") ? list_rest : list_body;
        gate_add(&lists, 1);
        return body ? http_reply_text(200, body) : http_reply_text(503, "away");
    }
    (void)snprintf(asked_from, sizeof(asked_from), "%s", http_query(r, "resourceVersion"));
    if (watch_status) {
        int status = watch_status;
        watch_status = 0;
        return http_reply_text(status, "no");
    }
    stream = http_stream_new(64 * KIB);
    gate_add(&watches, 1);
    return http_reply_stream(stream, "application/json");
}

static const struct http_route rows[] = {{NULL, "/{...}", serve, ""}};
static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
static struct http_server *server;
static struct fetcher *fetcher;
static struct kube_access access_ = KUBE_ACCESS_INIT;
static struct kube *kube;
static struct buf seen; /* "[ +a +b ] ~a -b !" */

static void on_change(void *arg, enum kube_change change, const json_t *object,
                      const struct err *err)
{
    static const char *const marks[] = {"[", "+", "-", "]", "!"};
    const char *name =
        json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));
    (void)arg;
    (void)err;

    assert_int_equal(buf_printf(&seen, "%s%s ", marks[change], name ? name : ""), 0);
}

#define ITEM(name) "{\"metadata\":{\"name\":\"" name "\"}}"
#define EVENT(type, name, version)                                                                 \
    "{\"type\":\"" type "\",\"object\":{\"metadata\":{\"name\":\"" name                            \
    "\",\"resourceVersion\":\"" version "\"}}}\n"

static int start(void **state)
{
    (void)state;
    lists.count = watches.count = 0;
    watch_status = 0;
    list_body = "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[" ITEM("a") "]}";
    list_rest = NULL;
    seen = (struct buf){.max = 64 * KIB};
    server = wire_start(&routes, (struct http_server_config){0});
    assert_true(asprintf(&access_.server, "http://127.0.0.1:%u", http_server_port(server)) > 0);
    fetcher = fetcher_new();
    kube = kube_new(fetcher, &access_);
    assert_non_null(kube_watch_start(kube, "/things?x=y", on_change, NULL));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kube_free(kube);
    fetcher_free(fetcher);
    kube_access_done(&access_);
    (void)http_server_stop(server, 0);
    buf_done(&seen);
    return 0;
}

static void turn(void)
{
    uint64_t wait_ns = kube_run(kube);

    fetcher_wait(fetcher, NULL, 0, wait_ns < NS_PER_S / 10 ? wait_ns : NS_PER_S / 10);
}

static void until_seen(const char *text)
{
    uint64_t until = clock_mono_ns() + WIRE_PATIENCE_S * NS_PER_S;

    while ((!seen.data || strcmp(seen.data, text) != 0) && clock_mono_ns() < until)
        turn();
    assert_string_equal(seen.data ? seen.data : "", text);
    buf_clear(&seen);
}

static void until_watch(int count)
{
    uint64_t until = clock_mono_ns() + WIRE_PATIENCE_S * NS_PER_S;

    while (gate_read(&watches) < count && clock_mono_ns() < until)
        turn();
    gate_wait(&watches, count);
}

static void emit(const char *text)
{
    assert_int_equal(http_stream_write(stream, text, strlen(text)), 0);
}

static void finish(void)
{
    http_stream_close(stream);
    http_stream_unref(stream);
}

static void lists_then_follows(void **state)
{
    (void)state;
    until_seen("[ +a ] ");
    until_watch(1);
    assert_string_equal(asked_from, "5");
    emit(EVENT("ADDED", "b", "6") EVENT("MODIFIED", "a", "7"));
    until_seen("+b +a ");
    emit(EVENT("DELETED", "b", "8"));
    until_seen("-b ");
    finish();
}

static void reads_all_pages_of_a_list(void **state)
{
    (void)state;
    list_body = "{\"metadata\":{\"resourceVersion\":\"5\",\"continue\":\"a&b\"},"
                "\"items\":[" ITEM("a") "]}";
    list_rest = "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[" ITEM("b") "]}";
    until_seen("[ +a +b ] ");
    assert_int_equal(gate_read(&lists), 2);
    until_watch(1);
    finish();
}

static void goes_on_where_a_bookmark_left_it(void **state)
{
    (void)state;
    until_watch(1);
    until_seen("[ +a ] ");
    emit(EVENT("BOOKMARK", "", "99"));
    finish();
    until_watch(2);
    assert_string_equal(asked_from, "99");
    assert_int_equal(gate_read(&lists), 1);
    assert_int_equal(seen.len, 0);
    finish();
}

static void lists_again_when_it_has_missed_too_much(void **state)
{
    (void)state;
    until_watch(1);
    until_seen("[ +a ] ");
    emit("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n");
    until_seen("[ +a ] ");
    finish();
    until_watch(2);
    watch_status = 410;
    finish();
    until_seen("[ +a ] ");
    until_watch(3);
    finish();
}

static void says_when_there_is_no_contact_and_tries_again(void **state)
{
    (void)state;
    list_body = NULL;
    until_seen("! ");
    list_body = "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}";
    until_seen("[ ] ");
    until_watch(1);
    watch_status = 500;
    finish();
    until_seen("! ");
    until_watch(2);
    assert_string_equal(asked_from, "5"); /* what is known stays */
    finish();
}

static void garbage_means_a_new_list(void **state)
{
    (void)state;
    until_watch(1);
    until_seen("[ +a ] ");
    emit("garbage\n");
    until_seen("! ");
    finish();
    until_seen("[ +a ] ");
    until_watch(2);
    finish();
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(lists_then_follows),
        each(reads_all_pages_of_a_list),
        each(goes_on_where_a_bookmark_left_it),
        each(lists_again_when_it_has_missed_too_much),
        each(says_when_there_is_no_contact_and_tries_again),
        each(garbage_means_a_new_list),
    };
    signals_block();
    if (http_client_setup() < 0)
        return 1;
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
