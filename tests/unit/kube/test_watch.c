// SPDX-License-Identifier: MIT
/* Against a stand-in for an API server: the test says what the list is, and holds the streams. */
#include "../http/wire.h"
#include "shifted_clock.h"

#include "base/signals.h"
#include "kube/watch.h"

#include <stdlib.h>

static struct gate lists = GATE_INIT, watches = GATE_INIT;
static struct http_stream *stream; /* the newest watch */
static const char *list_body, *list_rest;
static int watch_status; /* 0: a stream */
static char asked_from[32];
static char list_accept[200], watch_accept[200];

static struct http_reply serve(void *app, const struct http_request *r)
{
    (void)app;
    const char *accept = http_header(r, "Accept");
    if (!http_query(r, "watch")) {
        (void)snprintf(list_accept, sizeof(list_accept), "%s", accept);
        const char *body = http_query(r, "continue") ? list_rest : list_body;
        gate_add(&lists, 1);
        return body ? http_reply_text(200, body) : http_reply_text(503, "away");
    }
    (void)snprintf(watch_accept, sizeof(watch_accept), "%s", accept);
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
static struct kube_watch *watch;
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
    watch = kube_watch_start(kube, "/things?x=y", on_change, NULL);
    assert_non_null(watch);
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

static void gives_a_watch_up_that_is_silent_for_too_long(void **state)
{
    (void)state;
    until_watch(1);
    until_seen("[ +a ] ");
    clock_go_on(100 * NS_PER_S);
    emit(EVENT("BOOKMARK", "", "9"));
    emit(EVENT("ADDED", "b", "10"));
    until_seen("+b ");
    clock_go_on(100 * NS_PER_S); /* since it was heard of last */
    turn();
    assert_int_equal(gate_read(&watches), 1);
    clock_go_on(51 * NS_PER_S);
    struct http_stream *silent = stream;
    until_seen("! ");
    until_watch(2);
    assert_string_equal(asked_from, "10"); /* nothing is listed again */
    http_stream_unref(silent);
    finish();
}

static void asks_for_metadata_only_where_that_is_enough(void **state)
{
    (void)state;
    until_watch(1);
    assert_string_equal(list_accept, "application/json");
    assert_string_equal(watch_accept, "application/json");
    kube_watch_only_metadata(watch);
    emit("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n");
    http_stream_unref(stream);
    until_watch(2);
    assert_non_null(strstr(list_accept, "as=PartialObjectMetadataList;"));
    assert_non_null(strstr(watch_accept, "as=PartialObjectMetadata;"));
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
        each(gives_a_watch_up_that_is_silent_for_too_long),
        each(asks_for_metadata_only_where_that_is_enough),
    };
    signals_block();
    if (http_client_setup() < 0)
        return 1;
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
