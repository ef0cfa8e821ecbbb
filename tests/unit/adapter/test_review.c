// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/auth/review.h"
#include "base/scoped.h"

#include <errno.h>

static int read_token(const char *text, struct identity *id)
{
    json_auto_t *review = json_loads(text, 0, NULL);

    return review_token_read(review, id);
}

static void a_token_is_somebodys_only_when_the_review_says_so(void **state)
{
    static const struct {
        const char *review;
        int result;
    } cases[] = {
        {"{\"kind\":\"TokenReview\",\"status\":{\"authenticated\":true,\"user\":{\"username\":"
         "\"a\"}}}",
         0},
        {"{\"kind\":\"TokenReview\",\"status\":{\"user\":{\"username\":\"a\"}}}", -EACCES},
        {"{\"kind\":\"TokenReview\",\"status\":{\"authenticated\":false}}", -EACCES},
        {"{\"kind\":\"TokenReview\",\"status\":{\"authenticated\":\"true\",\"user\":{\"username\":"
         "\"a\"}}}",
         -EACCES},
        {"{\"kind\":\"TokenReview\",\"status\":{\"authenticated\":true}}", -EBADMSG},
        {"{\"kind\":\"TokenReview\"}", -EBADMSG},
        {"{\"status\":{\"authenticated\":true,\"user\":{\"username\":\"a\"}}}", -EBADMSG},
        {"[]", -EBADMSG},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct identity id = {0};
        assert_int_equal(read_token(cases[i].review, &id), cases[i].result);
        assert_int_equal(id.user != NULL, cases[i].result == 0);
        identity_done(&id);
    }
}

static void access_is_granted_only_when_the_review_says_so(void **state)
{
    static const struct {
        const char *review;
        int result;
        bool allowed;
    } cases[] = {
        {"{\"kind\":\"SubjectAccessReview\",\"status\":{\"allowed\":true}}", 0, true},
        {"{\"kind\":\"SubjectAccessReview\",\"status\":{\"allowed\":false}}", 0, false},
        {"{\"kind\":\"SubjectAccessReview\",\"status\":{\"allowed\":true,\"denied\":true}}", 0,
         false},
        {"{\"kind\":\"SubjectAccessReview\",\"status\":{}}", 0, false},
        {"{\"kind\":\"SubjectAccessReview\"}", -EBADMSG, false},
        {"{\"kind\":\"Status\",\"status\":{\"allowed\":true}}", -EBADMSG, false},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_auto_t *review = json_loads(cases[i].review, 0, NULL);
        bool allowed = false;
        assert_int_equal(review_access_read(review, &allowed), cases[i].result);
        assert_int_equal(allowed, cases[i].allowed);
    }
}

static void what_is_asked_has_the_form_of_the_api(void **state)
{
    const struct http_request r = {.method = "GET", .path = "/metrics"};
    struct identity who = {0};
    struct attributes what;
    (void)state;

    attributes_of(&r, &what);
    assert_int_equal(identity_set_user(&who, "a"), 0);
    json_auto_t *access = review_access_new(&who, &what), *token = review_token_new("t");
    scoped(free_at) char *access_text = json_dumps(access, JSON_COMPACT | JSON_SORT_KEYS);
    scoped(free_at) char *token_text = json_dumps(token, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(
        access_text, "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\","
                     "\"spec\":{\"groups\":[],\"nonResourceAttributes\":{\"path\":\"/metrics\","
                     "\"verb\":\"get\"},\"user\":\"a\"}}");
    assert_string_equal(token_text, "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":"
                                    "\"TokenReview\",\"spec\":{\"token\":\"t\"}}");
    identity_done(&who);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_somebodys_only_when_the_review_says_so),
        cmocka_unit_test(access_is_granted_only_when_the_review_says_so),
        cmocka_unit_test(what_is_asked_has_the_form_of_the_api),
    };
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
