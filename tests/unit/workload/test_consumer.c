// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "workload/consumer.h"

#include <stdlib.h>
#include <string.h>

static struct http_reply add(void *app, const struct consumer_call *call)
{
    struct consumer_int ints[] = {{"a", 0}, {"b", 0}};
    struct http_reply refusal;

    (void)app;
    if (!consumer_ints(call, ints, ARRAY_LEN(ints), &refusal))
        return refusal;
    return http_reply_printf(200, "%d", (int)(ints[0].value + ints[1].value));
}

static const struct consumer_function functions[] = {{"/Add", add}};

static struct http_request post(const char *path, const char *form)
{
    static const struct http_pair is_form = {"Content-Type", "application/x-www-form-urlencoded"};

    return (struct http_request){.method = "POST",
                                 .path = path,
                                 .headers = &is_form,
                                 .header_count = 1,
                                 .body = form,
                                 .body_len = strlen(form)};
}

static void answers(const struct http_request *r, int status, const char *text)
{
    struct http_reply reply = consumer_serve(functions, ARRAY_LEN(functions), NULL, r, true);

    assert_int_equal(reply.status, status);
    assert_string_equal(reply.content_type, "text/plain; charset=utf-8");
    assert_int_equal(reply.body_len, strlen(text));
    assert_memory_equal(reply.body, text, reply.body_len);
    assert_true((reply.headers[0].name != NULL) == (status != 200));
    if (status != 200) {
        assert_string_equal(reply.headers[0].name, "X-Content-Type-Options");
        assert_string_equal(reply.headers[0].value, "nosniff");
    }
    http_reply_done(&reply);
}

static void only_posts_to_exact_paths_are_taken(void **state)
{
    struct http_request get = post("/Add", ""), lower = post("/add", "a=1&b=2"),
                        slash = post("/Add/", "a=1&b=2");
    (void)state;

    get.method = "GET";
    answers(&get, 400, "Bad request. Not a POST request\n");
    answers(&lower, 404, "unknown function: /add\n");
    answers(&slash, 404, "unknown function: /Add/\n");
}

static void the_controller_says_no_path(void **state)
{
    struct http_request r = post("/x", "");
    struct http_reply reply = consumer_serve(functions, ARRAY_LEN(functions), NULL, &r, false);
    (void)state;

    assert_memory_equal(reply.body, "unknown function\n", reply.body_len);
    http_reply_done(&reply);
}

static void the_form_comes_before_the_query(void **state)
{
    const struct http_pair query[] = {{"a", "10"}, {"b", "20"}, {"b", "30"}};
    struct http_request r = post("/Add", "a=1&a=2");
    (void)state;

    r.query = query;
    r.query_count = ARRAY_LEN(query);
    answers(&r, 200, "21");

    r.header_count = 0; /* a body that does not say it is a form is none */
    answers(&r, 200, "30");
}

static void numbers_are_those_of_go(void **state)
{
    static const struct {
        const char *form;
        int status;
        const char *text;
    } cases[] = {
        {"a=1&b=2", 200, "3"},
        {"a=-1&b=%2B2", 200, "1"},
        {"a=007&b=0", 200, "7"},
        {"a=1", 400, "not given function argument\n"},
        {"a=1&b=", 400, "not given function argument\n"},
        {"a=x&b=", 400, "not given function argument\n"},
        {"a=x&b=1", 400, "incorrect function argument\n"},
        {"a=1.5&b=1", 400, "incorrect function argument\n"},
        {"a=1+&b=1", 400, "incorrect function argument\n"},
        {"a=9223372036854775808&b=1", 400, "incorrect function argument\n"},
        {"a=%zz&b=1", 400, "invalid URL escape \"%zz\"\n"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request r = post("/Add", cases[i].form);
        answers(&r, cases[i].status, cases[i].text);
    }
}

static void durations_have_two_ends(void **state)
{
    (void)state;

    assert_int_equal(consumer_duration_ns(-5), 0);
    assert_int_equal(consumer_duration_ns(0), 0);
    assert_int_equal(consumer_duration_ns(30), UINT64_C(30000000000));
    assert_true(consumer_duration_ns(INT64_MAX) < UINT64_C(1) << 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_posts_to_exact_paths_are_taken),
        cmocka_unit_test(the_controller_says_no_path),
        cmocka_unit_test(the_form_comes_before_the_query),
        cmocka_unit_test(numbers_are_those_of_go),
        cmocka_unit_test(durations_have_two_ends),
    };
    return cmocka_run_group_tests_name("consumer", tests, NULL, NULL);
}
