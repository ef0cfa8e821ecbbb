// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/live.h"

#include <stdlib.h>
#include <string.h>

static int make_live(void **state)
{
    *state = live_new();
    return *state ? 0 : -1;
}

static int free_live(void **state)
{
    live_free(*state);
    return 0;
}

static struct http_reply get(struct live *l, const char *path)
{
    const struct http_routes routes = {live_routes, live_route_count, l};
    struct http_request request = {.method = "GET", .path = path};

    return http_routes_serve(&routes, 1, &request);
}

static void put_point(struct live *l, size_t bytes)
{
    char *text = malloc(bytes + 1);

    assert_non_null(text);
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    json_auto_t *point = json_pack("{s:s}", "text", text);
    free(text);
    live_point(l, point);
}

static void serves_the_page_and_its_files(void **state)
{
    static const char *const paths[] = {"/", "/page.css", "/page.js", "/chart.js"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct http_reply reply = get(*state, paths[i]);
        assert_int_equal(reply.status, 200);
        assert_true(reply.body_len > 0);
        http_reply_done(&reply);
    }
}

static void streams_to_at_most_a_hundred_viewers(void **state)
{
    struct http_reply replies[101];

    for (size_t i = 0; i < 101; i++)
        replies[i] = get(*state, "/lab/stream");
    assert_int_equal(replies[99].kind, HTTP_REPLY_STREAM);
    assert_int_equal(replies[100].status, 503);
    for (size_t i = 0; i < 101; i++)
        http_reply_done(&replies[i]);
}

static void viewers_who_left_make_room(void **state)
{
    for (size_t i = 0; i < 300; i++) {
        struct http_reply reply = get(*state, "/lab/stream");
        assert_int_equal(reply.kind, HTTP_REPLY_STREAM);
        http_reply_done(&reply); /* closes the stream, as a client does that goes away */
        put_point(*state, 10);
    }
}

static void the_history_of_many_pods_still_reaches_a_viewer(void **state)
{
    for (int i = 0; i < 700; i++)
        put_point(*state, 20000); /* about what 100 pods need */
    struct http_reply reply = get(*state, "/lab/stream");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.kind, HTTP_REPLY_STREAM);
    http_reply_done(&reply);
}

static void survives_a_point_larger_than_the_whole_history(void **state)
{
    put_point(*state, 10);
    put_point(*state, 4000000);
    put_point(*state, 10);
    live_end(*state, "cpu: passed", true);
    struct http_reply reply = get(*state, "/lab/stream");
    assert_int_equal(reply.kind, HTTP_REPLY_STREAM);
    http_reply_done(&reply);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_live, free_live)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(serves_the_page_and_its_files),
        TEST(streams_to_at_most_a_hundred_viewers),
        TEST(viewers_who_left_make_room),
        TEST(the_history_of_many_pods_still_reaches_a_viewer),
        TEST(survives_a_point_larger_than_the_whole_history),
    };
    json_object_seed(0);
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
