// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "script.h"

static void words_codes_as_the_real_client_does(void **state)
{
    static const struct {
        const char *answer, *error;
        bool conflict;
    } rows[] = {
        {"{'code':207}", "the server responded with the status code 207 but did not return more "
                         "information (get pods.metrics.k8s.io)"},
        {"{'code':403}", "unknown (get pods.metrics.k8s.io)"},
        {"{'code':404,'body':'404 page not found'}",
         "the server could not find the requested resource (get pods.metrics.k8s.io)"},
        {"{'code':409}", "the server reported a conflict (get pods.metrics.k8s.io)", true},
        {"{'code':418}", "the server responded with the status code 418 but did not return more "
                         "information (get pods.metrics.k8s.io)"},
        {"{'code':599,'body':'<html>'}",
         "an error on the server (\"unknown\") has prevented the request from succeeding (get "
         "pods.metrics.k8s.io)"},
        {"{'code':503,'body':{'kind':'Status','apiVersion':'v1','status':'Failure','message':'m'}}",
         "m"},
        {"{'code':503,'body':{'kind':'Status','status':'Failure','message':'no version'}}",
         "no version"},
        {"{'code':503,'body':{'kind':'Status','apiVersion':'v1','status':'Success'}}",
         "the server is currently unable to handle the request (get pods.metrics.k8s.io)"},
        {"{'code':500,'body':{'kind':'Status','apiVersion':'v1','status':'Failure','message':'m',"
         "'reason':'Conflict'}}",
         "m", true},
        {"{'code':409,'body':{'kind':'Status','apiVersion':'v1','status':'Failure','message':'m',"
         "'reason':'NotFound','code':409}}",
         "m", false},
        {"{'code':500,'body':{'kind':'Status','apiVersion':'v1','status':'Failure','message':'m',"
         "'reason':'Mine','code':409}}",
         "m", true},
        {"{'error':'EOF'}", "Get \"http://localhost/a?b=c\": EOF"},
        {"null", "the server could not find the requested resource"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char responses[512];
        (void)snprintf(responses, sizeof(responses), "'/a?b=c':%s", rows[i].answer);
        struct asking a = asking_new(responses);
        struct reply r =
            client_send(&a.client, &(struct request){"/a?b=c", "pods.metrics.k8s.io", NULL});
        assert_null(r.answer);
        assert_string_equal(r.error, rows[i].error);
        assert_int_equal(r.conflict, rows[i].conflict);
        asking_free(&a);
    }
}

static void names_what_was_written_and_to_whom(void **state)
{
    struct asking a = asking_new("'PUT /a':[{'code':410},{'error':'broken pipe'},{'code':201}]");
    const struct request put = {"PUT /a", "deployments", "web"};
    (void)state;

    assert_string_equal(client_send(&a.client, &put).error,
                        "the server responded with the status code 410 but did not return more "
                        "information (put deployments web)");
    assert_string_equal(client_send(&a.client, &put).error,
                        "Put \"http://localhost/a\": broken pipe");
    const struct reply r = client_send(&a.client, &put);
    assert_null(r.error);
    assert_null(r.answer); /* what was written comes back */
    asking_free(&a);
}

static void a_write_without_an_answer_succeeds(void **state)
{
    struct asking a = asking_new("");
    (void)state;

    assert_null(client_send(&a.client, &(struct request){"PUT /a", "x", NULL}).error);
    asking_free(&a);
}

static void refuses_what_cannot_stand_in_a_path(void **state)
{
    struct asking a = asking_new("");
    (void)state;

    assert_null(client_refuse(&a.client, "resource", "a.b-c"));
    assert_string_equal(client_refuse(&a.client, "resource name", ".."),
                        "invalid resource name \"..\": [may not be '..']");
    assert_string_equal(client_refuse(&a.client, "subresource", "a/b%"),
                        "invalid subresource \"a/b%\": [may not contain '/' may not contain '%']");
    asking_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_codes_as_the_real_client_does),
        cmocka_unit_test(names_what_was_written_and_to_whom),
        cmocka_unit_test(a_write_without_an_answer_succeeds),
        cmocka_unit_test(refuses_what_cannot_stand_in_a_path),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
