// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/status.h"

#include "base/scoped.h"
#include "fail_alloc.h"
#include "kube/jpath.h"

#include <string.h>

static json_t *body_of(const struct http_reply *r)
{
    assert_int_equal(r->kind, HTTP_REPLY_NOW);
    assert_string_equal(r->content_type, "application/json");
    return json_loadb(r->body, r->body_len, JSON_REJECT_DUPLICATES, NULL);
}

static void is_a_failure_of_the_api(void **state)
{
    json_auto_t *s = status_new(404, "no such metric");
    scoped(free_at) char *text = json_dumps(s, JSON_COMPACT);
    (void)state;

    assert_string_equal(text, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                              "\"status\":\"Failure\",\"message\":\"no such metric\","
                              "\"reason\":\"NotFound\",\"code\":404}");
}

static void every_code_has_its_reason(void **state)
{
    static const struct {
        int code;
        const char *reason;
    } rows[] = {
        {400, "BadRequest"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "NotFound"},
        {405, "MethodNotAllowed"},
        {406, "NotAcceptable"},
        {409, "Conflict"},
        {410, "Expired"},
        {413, "RequestEntityTooLarge"},
        {415, "UnsupportedMediaType"},
        {422, "Invalid"},
        {429, "TooManyRequests"},
        {500, "InternalError"},
        {503, "ServiceUnavailable"},
        {504, "Timeout"},
        {431, "BadRequest"},
        {502, "InternalError"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_auto_t *s = status_new(rows[i].code, "");
        assert_string_equal(jpath_str(s, "reason", ""), rows[i].reason);
        assert_int_equal(jpath_int(s, "code", 0), rows[i].code);
    }
}

static void a_message_with_odd_bytes_is_still_sent(void **state)
{
    json_auto_t *odd = status_new(400, "label \"\xff\xc3\" \n");
    json_auto_t *good = status_new(400, "größer");
    (void)state;

    assert_string_equal(jpath_str(odd, "message", ""), "label \"\?\?\" \n");
    assert_string_equal(jpath_str(good, "message", ""), "größer");
}

static void a_reply_carries_the_code_and_the_words(void **state)
{
    struct http_reply r = status_replyf(503, "%s is %d s old", "queue", 40);
    json_auto_t *body = body_of(&r);
    (void)state;

    assert_int_equal(r.status, 503);
    assert_string_equal(jpath_str(body, "message", ""), "queue is 40 s old");
    http_reply_done(&r);
}

static void not_found_speaks_like_a_real_server(void **state)
{
    struct http_reply grouped = status_not_found("apps", "deployments", "web");
    struct http_reply core = status_not_found("", "pods", "web-1");
    json_auto_t *a = body_of(&grouped), *b = body_of(&core);
    (void)state;

    assert_int_equal(grouped.status, 404);
    assert_string_equal(jpath_str(a, "message", ""), "deployments.apps \"web\" not found");
    assert_string_equal(jpath_str(a, "reason", ""), "NotFound");
    assert_string_equal(jpath_str(a, "details.name", ""), "web");
    assert_string_equal(jpath_str(a, "details.group", ""), "apps");
    assert_string_equal(jpath_str(a, "details.kind", ""), "deployments");
    assert_string_equal(jpath_str(b, "message", ""), "pods \"web-1\" not found");
    assert_null(jpath(b, "details.group"));
    http_reply_done(&grouped);
    http_reply_done(&core);
}

static void a_json_reply_is_compact(void **state)
{
    struct http_reply r = json_reply(201, json_pack("{s:[i,i]}", "a", 1, 2));
    (void)state;

    assert_int_equal(r.status, 201);
    assert_int_equal(r.body_len, strlen("{\"a\":[1,2]}"));
    assert_memory_equal(r.body, "{\"a\":[1,2]}", r.body_len);
    http_reply_done(&r);
}

static void no_body_becomes_an_internal_error(void **state)
{
    struct http_reply r = json_reply(200, NULL);
    json_auto_t *body = body_of(&r);
    (void)state;

    assert_int_equal(r.status, 500);
    assert_int_equal(jpath_int(body, "code", 0), 500);
    assert_string_equal(jpath_str(body, "kind", ""), "Status");
    http_reply_done(&r);
}

/* A message that finds no memory may still find it for its ASCII form: then all is well. */
static void out_of_memory_is_a_500_that_says_so(void **state)
{
    bool failed = true;
    (void)state;

    for (long n = 0; failed; n++) {
        fail_alloc_at(n);
        struct http_reply r = status_not_found("apps", "deployments", "\xff");
        failed = fail_alloc_stop();
        json_auto_t *body = body_of(&r);
        assert_int_equal(r.status, failed && r.status != 404 ? 500 : 404);
        assert_int_equal(jpath_int(body, "code", 0), r.status);
        http_reply_done(&r);
        assert_in_range(n, 0, 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_a_failure_of_the_api),
        cmocka_unit_test(every_code_has_its_reason),
        cmocka_unit_test(a_message_with_odd_bytes_is_still_sent),
        cmocka_unit_test(a_reply_carries_the_code_and_the_words),
        cmocka_unit_test(not_found_speaks_like_a_real_server),
        cmocka_unit_test(a_json_reply_is_compact),
        cmocka_unit_test(no_body_becomes_an_internal_error),
        cmocka_unit_test(out_of_memory_is_a_500_that_says_so),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
