// SPDX-License-Identifier: MIT
/* Requests go over a socket, because one that waits is the server's to hold. */
#include "kube_stub.h"
#include "shifted_clock.h"

#include "adapter/auth/reviews.h"

#include <stdatomic.h>

#define TOKEN_REVIEWS "POST /apis/authentication.k8s.io/v1/tokenreviews"
#define ACCESS_REVIEWS "POST /apis/authorization.k8s.io/v1/subjectaccessreviews"
#define PATH "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/depth"
#define ASKING_MAX 4

static struct reviews *reviews;
static struct metrics *metrics;
static struct http_server *front;
static bool broken; /* the API server; guarded by stub.lock */

static struct asking {
    int status; /* 0: no answer yet */
    char body[1000];
} asking[ASKING_MAX];
static size_t asking_count;
static atomic_uint arrived;

/* The token "alice" is alice's; alice may, others may not. */
static json_t *answer(const char *method, const char *path, const json_t *body, int *status)
{
    const json_t *spec = json_object_get(body, "spec");
    const char *token = json_string_value(json_object_get(spec, "token"));
    const char *user = json_string_value(json_object_get(spec, "user"));
    (void)method;
    (void)path;

    if (broken) {
        *status = 400;
        return NULL;
    }
    *status = 201;
    if (token)
        return json_pack("{s:s, s:{s:b, s:{s:s}}}", "kind", "TokenReview", "status",
                         "authenticated", strcmp(token, "alice") == 0, "user", "username", token);
    return json_pack("{s:s, s:{s:b}}", "kind", "SubjectAccessReview", "status", "allowed",
                     user && strcmp(user, "alice") == 0);
}

/* X-User and X-Group stand for what a certificate would say. */
static bool admit(void *arg, const struct http_request *r, struct http_reply *ret)
{
    scoped(identity_done) struct identity who = {0};
    const char *token = http_header(r, "X-Token"), *group = http_header(r, "X-Group");
    (void)arg;

    if (r->ticket)
        return reviews_admit_again(r, ret);
    atomic_fetch_add(&arrived, 1);
    if (token)
        return reviews_admit_token(reviews, r, token, ret);
    assert_int_equal(identity_set_user(&who, http_header(r, "X-User")), 0);
    if (group)
        assert_int_equal(identity_add_group(&who, group), 0);
    return reviews_admit(reviews, r, &who, ret);
}

static struct http_reply serve(void *app, const struct http_request *r)
{
    (void)app;
    (void)r;
    return http_reply_text(200, "served");
}

static int start(void **state)
{
    static const struct http_route rows[] = {{NULL, "/{...}", serve, ""}};
    static const struct http_routes routes = {rows, ARRAY_LEN(rows), NULL};
    const struct http_server_config config = {
        .address = "127.0.0.1", .routes = &routes, .routes_count = 1, .threads = 1, .admit = admit};
    (void)state;

    broken = false;
    asking_count = 0;
    atomic_store(&arrived, 0);
    stub_start(answer);
    metrics = metrics_new();
    reviews = reviews_new(&(struct reviews_config){
        .token_reviews = stub.kube,
        .access_reviews = stub.kube,
        .fetcher = stub.fetcher,
        .metrics = metrics,
    });
    assert_non_null(reviews);
    return http_server_start(&front, &config, NULL);
}

static int stop(void **state)
{
    (void)state;
    (void)http_server_stop(front, 0);
    stub_stop();
    reviews_free(reviews);
    metrics_free(metrics);
    return 0;
}

static void on_answer(void *arg, int result, int status, const struct buf *body,
                      const struct err *err)
{
    struct asking *a = arg;

    if (result < 0)
        fail_msg("%s", err->text);
    a->status = status;
    (void)snprintf(a->body, sizeof(a->body), "%s", body->data ? body->data : "");
}

static void begin_to_ask(const char *header, const char *more)
{
    char url[200];
    struct asking *a = &asking[asking_count++];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u" PATH, http_server_port(front));
    *a = (struct asking){0};
    assert_true(fetcher_start(stub.fetcher,
                              &(struct http_call){.url = url,
                                                  .headers = {header, more},
                                                  .timeout_ns = STUB_PATIENCE_NS},
                              64 * KIB, on_answer, a) > 0);
}

static bool all_are_answered(void)
{
    for (size_t i = 0; i < asking_count; i++)
        if (!asking[i].status)
            return false;
    return true;
}

static void run_reviews(void)
{
    reviews_run(reviews);
}

static int ask(const char *header, const char *more)
{
    asking_count = 0;
    begin_to_ask(header, more);
    stub_until("the answer", all_are_answered, run_reviews);
    return asking[0].status;
}

static void whoever_may_is_let_in_and_others_learn_what_to_allow_whom(void **state)
{
    (void)state;
    assert_int_equal(ask("X-User: alice", NULL), 200);
    assert_string_equal(asking[0].body, "served");
    assert_int_equal(ask("X-User: bob", NULL), 403);
    assert_non_null(strstr(asking[0].body, "User \\\"bob\\\" cannot list resource \\\"depth\\\""));
    assert_int_equal(ask("X-Token: alice", NULL), 200);
    assert_int_equal(ask("X-Token: nobody", NULL), 401);
}

static void masters_are_let_in_without_asking(void **state)
{
    (void)state;
    assert_int_equal(ask("X-User: bob", "X-Group: system:masters"), 200);
    assert_int_equal(stub_asked(ACCESS_REVIEWS), 0);
}

static bool all_have_arrived(void)
{
    return atomic_load(&arrived) == ASKING_MAX;
}

static void all_who_wait_for_an_answer_share_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASKING_MAX; i++)
        begin_to_ask("X-Token: alice", NULL);
    stub_until("the requests", all_have_arrived, NULL); /* nothing is sent yet */
    stub_until("the answers", all_are_answered, run_reviews);
    for (size_t i = 0; i < ASKING_MAX; i++)
        assert_int_equal(asking[i].status, 200);
    assert_int_equal(stub_asked(TOKEN_REVIEWS), 1);
    assert_int_equal(stub_asked(ACCESS_REVIEWS), 1);
}

static void answers_are_remembered_for_ten_seconds(void **state)
{
    (void)state;
    assert_int_equal(ask("X-Token: alice", NULL), 200);
    assert_int_equal(ask("X-Token: nobody", NULL), 401);
    clock_go_on(9 * NS_PER_S);
    assert_int_equal(ask("X-Token: alice", NULL), 200);
    assert_int_equal(ask("X-Token: nobody", NULL), 401);
    assert_int_equal(stub_asked(TOKEN_REVIEWS), 2);
    assert_int_equal(stub_asked(ACCESS_REVIEWS), 1);
    clock_go_on(2 * NS_PER_S);
    assert_int_equal(ask("X-Token: alice", NULL), 200);
    assert_int_equal(stub_asked(TOKEN_REVIEWS), 3);
    assert_int_equal(stub_asked(ACCESS_REVIEWS), 2);
}

static void set_broken(bool to)
{
    pthread_mutex_lock(&stub.lock);
    broken = to;
    pthread_mutex_unlock(&stub.lock);
}

static void without_an_answer_nobody_gets_in_and_nothing_is_remembered(void **state)
{
    (void)state;
    set_broken(true);
    assert_int_equal(ask("X-User: alice", NULL), 500);
    assert_int_equal(ask("X-Token: alice", NULL), 401);
    set_broken(false);
    assert_int_equal(ask("X-User: alice", NULL), 200);
    assert_int_equal(ask("X-Token: alice", NULL), 200);
}

static void who_has_very_long_names_is_asked_about_each_time(void **state)
{
    static char header[12 * KIB];
    (void)state;

    memset(header, 'x', sizeof(header) - 1);
    memcpy(header, "X-Group: ", strlen("X-Group: "));
    assert_int_equal(ask("X-User: alice", header), 200);
    assert_int_equal(ask("X-User: alice", header), 200);
    assert_int_equal(stub_asked(ACCESS_REVIEWS), 2);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(whoever_may_is_let_in_and_others_learn_what_to_allow_whom),
        each(masters_are_let_in_without_asking),
        each(all_who_wait_for_an_answer_share_it),
        each(answers_are_remembered_for_ten_seconds),
        each(without_an_answer_nobody_gets_in_and_nothing_is_remembered),
        each(who_has_very_long_names_is_asked_about_each_time),
    };
    return cmocka_run_group_tests_name("reviews", tests, NULL, NULL);
}
