// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/forward/question.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define EXTERNAL "/apis/external.metrics.k8s.io/v1beta1"
#define CUSTOM "/apis/custom.metrics.k8s.io/v1beta2"
#define VALUES(kind, version)                                                                      \
    "{\"kind\":\"" kind "\",\"apiVersion\":\"" version "\",\"items\":[{}]}"
#define STATUS(code) "{\"kind\":\"Status\",\"message\":\"why\",\"code\":" code "}"

static int read_path(const char *path, struct question *ret, struct err *err)
{
    return question_read(&(struct http_request){.method = "GET", .path = path}, ret, err);
}

static void sends_path_and_selectors_and_nothing_else(void **state)
{
    static const struct http_pair query[] = {{"metricLabelSelector", "a=b"},
                                             {"limit", "5"},
                                             {"labelSelector", "app in (x,y)"},
                                             {"labelSelector", "second"}};
    static const struct http_pair headers[] = {{"Authorization", "Bearer secret"},
                                               {"X-Remote-User", "root"}};
    const struct http_request r = {.method = "GET",
                                   .path = CUSTOM "/namespaces/shop/pods/*/rps/",
                                   .query = query,
                                   .query_count = 4,
                                   .headers = headers,
                                   .header_count = 2};
    scoped(source_request_done) struct source_request request = {0};
    struct question q = {0};
    struct endpoint *other = NULL;
    (void)state;

    assert_int_equal(endpoint_new("https://keda.keda.svc", &other, NULL), 0);
    assert_int_equal(question_read(&r, &q, NULL), 0);
    assert_string_equal(q.metric, "rps");
    assert_int_equal(question_request(&q, other, &request, NULL), 0);
    assert_string_equal(request.call.url, "https://keda.keda.svc" CUSTOM
                                          "/namespaces/shop/pods/%2A/rps?labelSelector=app+in+%28x"
                                          "%2Cy%29&metricLabelSelector=a%3Db");
    assert_string_equal(request.call.headers[0], "Accept: application/json");
    assert_string_equal(request.call.headers[1], "Via: 1.1 swell-adapter");
    assert_null(request.call.headers[2]);
    assert_null(request.call.bearer);
    question_done(&q);
    endpoint_unref(other);
}

static void a_path_that_may_mean_something_else_is_not_passed_on(void **state)
{
    static const char *const paths[] = {
        EXTERNAL,
        EXTERNAL "/namespaces/a/..",
        EXTERNAL "/namespaces/./x",
        EXTERNAL "/namespaces/a/status",
        EXTERNAL "/namespaces/a/finalize",
        CUSTOM "/watch/namespaces/x",
        CUSTOM "/proxy/a/x",
        CUSTOM "/namespaces/a/pods/../x",
        "/metrics",
    };
    char longest[700] = EXTERNAL "/namespaces/a/";
    struct question q = {0};
    struct err err = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        if (read_path(paths[i], &q, &err) != -EINVAL || !*err.text)
            fail_msg("%s is passed on", paths[i]);
    memset(longest + strlen(longest), 'x', 600);
    assert_int_equal(read_path(longest, &q, &err), -EINVAL); /* authorised as no resource */
}

static void names_with_dots_in_them_are_fine(void **state)
{
    static const char *const paths[] = {
        EXTERNAL "/namespaces/a/.x",          EXTERNAL "/namespaces/a/a..b",
        EXTERNAL "/namespaces/a/status_code", CUSTOM "/namespaces/a/services/proxy/x",
        CUSTOM "/namespaces/a/metrics/x",     CUSTOM "/nodes/n/x"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct question q = {0};
        if (read_path(paths[i], &q, NULL) < 0)
            fail_msg("%s is not passed on", paths[i]);
        assert_string_equal(q.path, paths[i]);
        question_done(&q);
    }
}

static void what_was_passed_on_once_is_not_passed_on_again(void **state)
{
    const struct http_pair via = {"via", "1.1 other, 1.1 swell-adapter"};
    struct http_request r = {
        .method = "GET", .path = EXTERNAL "/namespaces/a/x", .headers = &via, .header_count = 1};
    struct question q = {0};
    (void)state;

    assert_int_equal(question_read(&r, &q, NULL), -EINVAL);
    r.headers = &(const struct http_pair){"Via", "1.1 kubernetes"};
    assert_int_equal(question_read(&r, &q, NULL), 0);
    question_done(&q);
}

static void judges_answers(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum question_answer is;
        const char *why;
    } cases[] = {
        {200, VALUES("ExternalMetricValueList", "external.metrics.k8s.io/v1beta1"), QUESTION_VALUES,
         ""},
        {200,
         "{\"kind\":\"ExternalMetricValueList\",\"apiVersion\":\"external.metrics.k8s.io/v1beta1\","
         "\"items\":null}",
         QUESTION_VALUES, ""},
        {200, VALUES("MetricValueList", "external.metrics.k8s.io/v1beta1"), QUESTION_INVALID,
         "answers what is no ExternalMetricValueList of external.metrics.k8s.io/v1beta1"},
        {200, VALUES("ExternalMetricValueList", "custom.metrics.k8s.io/v1beta1"), QUESTION_INVALID,
         "answers what is no ExternalMetricValueList of external.metrics.k8s.io/v1beta1"},
        {200, STATUS("404"), QUESTION_INVALID,
         "answers what is no ExternalMetricValueList of external.metrics.k8s.io/v1beta1"},
        {201, VALUES("ExternalMetricValueList", "external.metrics.k8s.io/v1beta1"),
         QUESTION_INVALID, "answers 201"},
        {302, "", QUESTION_INVALID, "answers 302"},
        {404, STATUS("404"), QUESTION_UNKNOWN, ""},
        {404, STATUS("500"), QUESTION_INVALID, "answers 404"},
        {404, "404 page not found", QUESTION_INVALID, "answers 404"},
        {500, STATUS("500"), QUESTION_STATUS, ""},
        {400, STATUS("400"), QUESTION_STATUS, ""},
        {500, "{\"kind\":\"Status\",\"code\":500}", QUESTION_INVALID, "answers 500"},
        {401, STATUS("401"), QUESTION_DENIED, "answers 401: why"},
        {403, STATUS("403"), QUESTION_DENIED, "answers 403: why"},
    };
    struct question q = {0};
    (void)state;

    assert_int_equal(read_path(EXTERNAL "/namespaces/a/x", &q, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scoped(buf_done) struct buf body = {.max = KIB};
        struct err why = {0};
        assert_int_equal(buf_puts(&body, cases[i].body), 0);
        if (question_judge(&q, cases[i].status, &body, &why) != cases[i].is ||
            strcmp(why.text, cases[i].why) != 0)
            fail_msg("%d %s: '%s'", cases[i].status, cases[i].body, why.text);
    }
    question_done(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_path_and_selectors_and_nothing_else),
        cmocka_unit_test(a_path_that_may_mean_something_else_is_not_passed_on),
        cmocka_unit_test(names_with_dots_in_them_are_fine),
        cmocka_unit_test(what_was_passed_on_once_is_not_passed_on_again),
        cmocka_unit_test(judges_answers),
    };
    return cmocka_run_group_tests_name("question", tests, NULL, NULL);
}
