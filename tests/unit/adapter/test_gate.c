// SPDX-License-Identifier: MIT
/* The order of what is looked at. Who somebody is and what they may have tests of their own. */
#include "authority.h"

#include "adapter/auth/gate.h"
#include "base/err.h"
#include "http/fetch.h"

static struct certified front, other;
static struct kube_access nowhere = {.server = (char *)(uintptr_t) "http://127.0.0.1:1"};
static struct fetcher *fetcher;
static struct kube *kube;
static struct metrics *metrics;
static struct gate *gate;

static struct trust *trust_in(const struct certified *authority)
{
    struct trust *t = NULL;
    struct err err = {0};
    json_auto_t *data = json_pack("{s:s, s:s, s:s}", "requestheader-client-ca-file", authority->pem,
                                  "requestheader-username-headers", "[\"X-Remote-User\"]",
                                  "requestheader-group-headers", "[\"X-Remote-Group\"]");

    if (trust_new(&t, data, &err) < 0)
        fail_msg("%s", err.text);
    return t;
}

static int start(void **state)
{
    (void)state;
    make_authority(&front, "front-ca");
    make_authority(&other, "other-ca");
    fetcher = fetcher_new();
    kube = kube_new(fetcher, &nowhere);
    metrics = metrics_new();
    gate = gate_new(&(struct gate_config){
        .reviews = {kube, kube, fetcher, metrics},
        .open_paths = "/metrics,/version",
    });
    assert_non_null(gate);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kube_free(kube);
    gate_free(gate);
    fetcher_free(fetcher);
    metrics_free(metrics);
    certified_done(&front);
    certified_done(&other);
    return 0;
}

/* 200, or what it is refused with. by: who certified the client (NULL: it shows nothing). */
static int knock(const char *path, const struct http_pair *headers, size_t header_count,
                 struct certified *by)
{
    struct http_request r = {
        .method = "GET", .path = path, .headers = headers, .header_count = header_count};
    struct http_reply reply = {0};
    struct certified own = {0};
    struct http_bytes chain;

    if (by) {
        certify(&own, &(struct subject){.common_name = "proxy"}, by);
        chain = bytes_of(&own);
        r.peer = &chain;
        r.peer_count = 1;
    }
    bool in = gate_admit(gate, &r, &reply);
    int status = in ? 200 : reply.status;
    http_reply_done(&reply);
    if (by)
        certified_done(&own);
    return status;
}

static const struct http_pair masters[] = {{"X-Remote-User", "root"},
                                           {"X-Remote-Group", "system:masters"}};
#define AS_MASTERS masters, ARRAY_LEN(masters)

static void open_paths_need_nobody_and_are_whole_paths(void **state)
{
    static const char *const open[] = {"/healthz", "/livez", "/readyz", "/metrics", "/version"};
    static const char *const closed[] = {"/", "/healthz/ping", "/metric", "/metrics,/version",
                                         "/m"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        assert_int_equal(knock(open[i], NULL, 0, NULL), 200);
    for (size_t i = 0; i < ARRAY_LEN(closed); i++) /* a review that cannot be waited for here */
        assert_int_equal(knock(closed[i], NULL, 0, NULL), 500);
}

static void headers_of_the_front_proxy_count_with_its_certificate_only(void **state)
{
    (void)state;
    gate_set_trust(gate, trust_in(&front));
    assert_int_equal(knock("/x", AS_MASTERS, &front), 200);
    assert_int_equal(knock("/x", AS_MASTERS, &other), 401);
    assert_int_equal(knock("/x", AS_MASTERS, NULL), 500); /* anonymous: that is for a review */
}

static void nobody_is_believed_before_an_authority_is_known(void **state)
{
    (void)state;
    assert_int_equal(knock("/x", AS_MASTERS, &front), 401);
}

static void new_authorities_count_at_once(void **state)
{
    (void)state;
    gate_set_trust(gate, trust_in(&front));
    assert_int_equal(knock("/x", AS_MASTERS, &front), 200);
    gate_set_trust(gate, trust_in(&other));
    assert_int_equal(knock("/x", AS_MASTERS, &front), 401);
    assert_int_equal(knock("/x", AS_MASTERS, &other), 200);
}

static void nobody_may_act_in_another_name_not_even_masters(void **state)
{
    static const struct http_pair headers[] = {{"X-Remote-User", "root"},
                                               {"X-Remote-Group", "system:masters"},
                                               {"impersonate-user", "alice"}};
    (void)state;

    gate_set_trust(gate, trust_in(&front));
    assert_int_equal(knock("/x", headers, ARRAY_LEN(headers), &front), 403);
    assert_int_equal(knock("/healthz", headers, ARRAY_LEN(headers), &front), 200);
}

static void credentials_that_are_no_token_are_refused(void **state)
{
    static const struct http_pair basic[] = {{"Authorization", "Basic eDp5"}};
    (void)state;

    assert_int_equal(knock("/x", basic, ARRAY_LEN(basic), NULL), 401);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(open_paths_need_nobody_and_are_whole_paths),
        each(headers_of_the_front_proxy_count_with_its_certificate_only),
        each(nobody_is_believed_before_an_authority_is_known),
        each(new_authorities_count_at_once),
        each(nobody_may_act_in_another_name_not_even_masters),
        each(credentials_that_are_no_token_are_refused),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
