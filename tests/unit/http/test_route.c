// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "http/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Answers with the app's name and the parameters. */
static struct http_reply serve(void *app, const struct http_request *r)
{
    return http_reply_printf(200, "%s|%s|%s", (const char *)app, r->params[0] ? r->params[0] : "-",
                             r->params[1] ? r->params[1] : "-");
}

static struct http_reply special(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_text(200, "special");
}

static const struct http_route first_rows[] = {
    {"GET", "/", serve, "Root."},
    {"GET", "/ns/{ns}/pods", serve, "List."},
    {"POST", "/ns/{ns}/pods", serve, "Create."},
    {"GET", "/ns/{ns}/special", special, "Special."},
    {"GET", "/ns/{ns}/{name}", serve, "One."},
    {NULL, "/proxy/{name}/{rest...}", serve, "Anything."},
};
static const struct http_route second_rows[] = {
    {"DELETE", "/ns/{ns}/pods", serve, "Delete."},
    {"GET", "/healthz", serve, "Health."},
};
static char first_app[] = "first", second_app[] = "second";
static const struct http_routes routes[] = {
    {first_rows, ARRAY_LEN(first_rows), first_app},
    {second_rows, ARRAY_LEN(second_rows), second_app},
};

static void check(const char *method, const char *path, int status, const char *body)
{
    struct http_request request = {.method = method, .path = path};
    struct http_reply reply = http_routes_serve(routes, ARRAY_LEN(routes), &request);

    if (reply.status != status)
        fail_msg("%s %s: %d", method, path, reply.status);
    if (body)
        assert_string_equal(reply.body, body);
    assert_null(request.params[0]);
    http_reply_done(&reply);
}

static void segments_are_matched_and_handed_over(void **state)
{
    (void)state;
    check("GET", "/", 200, "first|-|-");
    check("GET", "/ns/a/pods", 200, "first|a|-");
    check("GET", "/ns/a/b", 200, "first|a|b");
    check("GET", "/healthz", 200, "second|-|-");
}

static void the_first_row_that_fits_wins(void **state)
{
    (void)state;
    check("GET", "/ns/a/special", 200, "special");
    check("DELETE", "/ns/a/pods", 200, "second|a|-");
}

static void a_segment_is_never_empty_nor_two(void **state)
{
    (void)state;
    check("GET", "/ns//pods", 404, NULL);
    check("GET", "/ns/a", 404, NULL);
    check("GET", "/ns/a/", 404, NULL);
    check("GET", "/ns/a/b/c", 404, NULL);
    check("GET", "/n", 404, NULL);
    check("GET", "/nsx/a/b", 404, NULL);
    check("GET", "", 404, NULL);
    check("GET", "healthz", 404, NULL);
}

static void one_trailing_slash_is_ignored(void **state)
{
    (void)state;
    check("GET", "/healthz/", 200, "second|-|-");
    check("GET", "/ns/a/b/", 200, "first|a|b");
    check("GET", "/healthz//", 404, NULL);
}

static void the_rest_may_be_long_or_empty(void **state)
{
    (void)state;
    check("GET", "/proxy/a/b/c/d", 200, "first|a|b/c/d");
    check("PATCH", "/proxy/a/", 200, "first|a|");
    check("GET", "/proxy/a", 404, NULL);
}

static void get_answers_head_too(void **state)
{
    (void)state;
    check("HEAD", "/healthz", 200, "second|-|-");
    check("HEAD", "/ns/a/pods", 200, "first|a|-");
}

static void another_method_is_405(void **state)
{
    (void)state;
    check("POST", "/healthz", 405, NULL);
    check("PUT", "/ns/a/pods", 405, NULL);
    check("get", "/healthz", 405, NULL);
}

static void allow_lists_every_method_once(void **state)
{
    char text[64], small[12];
    (void)state;

    route_allow(routes, ARRAY_LEN(routes), "/ns/a/pods", text, sizeof(text));
    assert_string_equal(text, "GET, HEAD, POST, DELETE");
    route_allow(routes, ARRAY_LEN(routes), "/nothing", text, sizeof(text));
    assert_string_equal(text, "");
    route_allow(routes, ARRAY_LEN(routes), "/ns/a/pods", small, sizeof(small));
    assert_string_equal(small, "GET, HEAD");
}

static void query_and_headers_are_found_first_value_first(void **state)
{
    const struct http_pair query[] = {{"a", "1"}, {"A", "2"}, {"a", "3"}};
    const struct http_pair headers[] = {{"Accept", "x"}, {"accept", "y"}};
    const struct http_request r = {
        .query = query, .query_count = 3, .headers = headers, .header_count = 2};
    (void)state;

    assert_string_equal(http_query(&r, "a"), "1");
    assert_string_equal(http_query(&r, "A"), "2");
    assert_null(http_query(&r, "b"));
    assert_string_equal(http_header(&r, "ACCEPT"), "x");
    assert_null(http_header(&r, "Acc"));
}

static void a_route_without_a_socket_cannot_defer(void **state)
{
    const struct http_request r = {.method = "GET", .path = "/"};
    (void)state;

    assert_null(http_defer(&r));
}

static void a_stream_that_nobody_serves_is_closed(void **state)
{
    struct http_stream *s = http_stream_new(10);
    struct http_reply reply = http_reply_stream(s, "text/event-stream");
    (void)state;

    assert_int_equal(http_stream_write(s, "12345678901", 11), -E2BIG);
    assert_int_equal(http_stream_write(s, "1234567890", 10), 0);
    assert_int_equal(http_stream_write(s, "1", 1), -E2BIG);
    http_reply_done(&reply);
    assert_int_equal(http_stream_write(s, "x", 1), -EPIPE);
    http_stream_unref(s);
    http_stream_unref(NULL);
}

static void replies_without_memory_are_500(void **state)
{
    struct http_reply taken = http_reply_take(200, "x/y", NULL, 5);
    struct http_reply stream = http_reply_stream(NULL, "x/y");
    (void)state;

    assert_int_equal(taken.status, 500);
    assert_int_equal(stream.status, 500);
    assert_int_equal(stream.kind, HTTP_REPLY_NOW);
    http_reply_done(&taken);
    http_reply_done(&stream);
}

static void help_has_a_row_per_route(void **state)
{
    scoped(free_at) char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    (void)state;

    http_routes_help(&first_rows[4], 2, out);
    (void)fclose(out);
    assert_string_equal(text, "  GET    /ns/{ns}/{name}\n        One.\n"
                              "  any    /proxy/{name}/{rest...}\n        Anything.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_matched_and_handed_over),
        cmocka_unit_test(the_first_row_that_fits_wins),
        cmocka_unit_test(a_segment_is_never_empty_nor_two),
        cmocka_unit_test(one_trailing_slash_is_ignored),
        cmocka_unit_test(the_rest_may_be_long_or_empty),
        cmocka_unit_test(get_answers_head_too),
        cmocka_unit_test(another_method_is_405),
        cmocka_unit_test(allow_lists_every_method_once),
        cmocka_unit_test(query_and_headers_are_found_first_value_first),
        cmocka_unit_test(a_route_without_a_socket_cannot_defer),
        cmocka_unit_test(a_stream_that_nobody_serves_is_closed),
        cmocka_unit_test(replies_without_memory_are_500),
        cmocka_unit_test(help_has_a_row_per_route),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
