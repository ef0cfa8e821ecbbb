// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "workload/podinfo.h"

#include <stdlib.h>
#include <string.h>

/* Without a socket; what is delayed needs one and is in test_delays.c. */
static struct http_reply get(const char *path, const struct http_pair *headers, size_t count)
{
    const struct http_routes routes = podinfo_routes(NULL);
    struct http_request request = {
        .method = "GET", .path = path, .headers = headers, .header_count = count};

    return http_routes_serve(&routes, 1, &request);
}

static void assert_body(const struct http_reply *reply, const char *text)
{
    assert_int_equal(reply->body_len, strlen(text));
    assert_memory_equal(reply->body, text, reply->body_len);
}

static bool contains(const struct http_reply *reply, const char *text)
{
    return memmem(reply->body, reply->body_len, text, strlen(text)) != NULL;
}

static void a_status_is_answered_with_itself(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *body;
    } cases[] = {
        {"/status/200", 200, "{\"status\":200}"},
        {"/status/418", 418, "{\"status\":418}"},
        {"/status/599", 599, "{\"status\":599}"},
        {"/status/204", 204, ""},
        {"/status/304", 304, ""},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_reply reply = get(cases[i].path, NULL, 0);
        assert_int_equal(reply.status, cases[i].status);
        assert_body(&reply, cases[i].body);
        http_reply_done(&reply);
    }
}

static void wrong_statuses_and_delays_are_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *path, *body;
    } cases[] = {
        {"/status/199", "a status is a whole number from 200 to 599, not '199'\n"},
        {"/status/600", "a status is a whole number from 200 to 599, not '600'\n"},
        {"/status/2e2", "a status is a whole number from 200 to 599, not '2e2'\n"},
        {"/status/-1", "a status is a whole number from 200 to 599, not '-1'\n"},
        {"/delay/-1", "a delay is a number of seconds from 0 to 3600, not '-1'\n"},
        {"/delay/3601", "a delay is a number of seconds from 0 to 3600, not '3601'\n"},
        {"/delay/nan", "a delay is a number of seconds from 0 to 3600, not 'nan'\n"},
        {"/delay/1s", "a delay is a number of seconds from 0 to 3600, not '1s'\n"},
        {"/delay/1234567890123456789012345678901234567890zzz",
         "a delay is a number of seconds from 0 to 3600, not "
         "'1234567890123456789012345678901234567890'\n"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_reply reply = get(cases[i].path, NULL, 0);
        assert_int_equal(reply.status, 400);
        assert_body(&reply, cases[i].body);
        http_reply_done(&reply);
    }
}

static void the_environment_is_shown_without_its_secrets(void **state)
{
    (void)state;
    assert_int_equal(setenv("T_SHOWN", "a=\"b\"", 1), 0);
    assert_int_equal(setenv("T_PASSWORD", "hush", 1), 0);
    assert_int_equal(setenv("T_URL", "amqp://me:hush@broker", 1), 0);
    assert_int_equal(setenv("T_BYTES", "\xff\xfe", 1), 0); /* JSON cannot hold it */

    struct http_reply reply = get("/env", NULL, 0);
    assert_int_equal(reply.status, 200);
    assert_true(contains(&reply, "\"T_SHOWN=a=\\\"b\\\"\""));
    assert_true(contains(&reply, "\"T_PASSWORD=(hidden)\""));
    assert_true(contains(&reply, "\"T_URL=(hidden)\""));
    assert_false(contains(&reply, "hush"));
    assert_false(contains(&reply, "T_BYTES"));
    http_reply_done(&reply);
}

static void headers_are_shown_without_credentials(void **state)
{
    static const struct http_pair headers[] = {
        {"Accept", "a"}, {"Authorization", "Bearer hush"}, {"Accept", "b"}, {"Cookie", "hush"}};
    (void)state;

    struct http_reply reply = get("/headers", headers, ARRAY_LEN(headers));
    assert_int_equal(reply.status, 200);
    assert_true(contains(&reply, "\"Accept\":[\"a\",\"b\"]"));
    assert_true(contains(&reply, "\"Authorization\":[\"(hidden)\"]"));
    assert_true(contains(&reply, "\"Cookie\":[\"(hidden)\"]"));
    assert_false(contains(&reply, "hush"));
    http_reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_answered_with_itself),
        cmocka_unit_test(wrong_statuses_and_delays_are_refused_with_a_sentence),
        cmocka_unit_test(the_environment_is_shown_without_its_secrets),
        cmocka_unit_test(headers_are_shown_without_credentials),
    };
    return cmocka_run_group_tests_name("podinfo", tests, NULL, NULL);
}
