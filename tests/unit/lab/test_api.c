// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/jpath.h"
#include "lab/api/api.h"
#include "lab/api/watch.h"
#include "lab/labclock.h"
#include "lab/store.h"

#include <string.h>

static struct labclock lab_clock;
static struct store *store;
static struct api *api;

static void put(enum kind_id kind, const char *name, const char *ns)
{
    json_auto_t *o = json_pack("{s:{s:s, s:s, s:{s:s}}}", "metadata", "name", name, "namespace", ns,
                               "labels", "app", name);

    assert_int_equal(store_put(store, kind, o), 0);
}

static int make_api(void **state)
{
    (void)state;
    lab_clock = labclock_start(1);
    store = store_new(&lab_clock);
    api = api_new(store);
    put(KIND_DEPLOYMENT, "web", "default");
    put(KIND_DEPLOYMENT, "db", "data");
    put(KIND_SERVICE, "web", "default");
    return 0;
}

static int free_api(void **state)
{
    (void)state;
    api_close_watches(api);
    api_free(api);
    store_free(store);
    return 0;
}

/* query: one "name", "value" pair, or NULL. */
static struct http_reply ask(const char *path, const char *name, const char *value)
{
    const struct http_routes routes = {api_routes, api_route_count, api};
    const struct http_pair query[] = {{"watch", "true"}, {name, value}};
    bool watch = name && strcmp(name, "resourceVersion") == 0;
    struct http_request request = {.method = "GET",
                                   .path = path,
                                   .query = watch ? query : query + 1,
                                   .query_count = watch  ? 2
                                                  : name ? 1
                                                         : 0};

    return http_routes_serve(&routes, 1, &request);
}

/* The JSON body of a reply with this status. New. */
static json_t *body_of(struct http_reply reply, int status)
{
    assert_int_equal(reply.status, status);
    json_t *body = json_loadb(reply.body, reply.body_len, 0, NULL);
    http_reply_done(&reply);
    assert_non_null(body);
    return body;
}

static void lists_a_namespace_and_all_of_them(void **state)
{
    json_auto_t *one = body_of(ask("/apis/apps/v1/namespaces/data/deployments", NULL, NULL), 200);
    json_auto_t *all = body_of(ask("/apis/apps/v1/deployments", NULL, NULL), 200);
    json_auto_t *core = body_of(ask("/api/v1/services", NULL, NULL), 200);
    (void)state;

    assert_string_equal(jpath_str(one, "kind", ""), "DeploymentList");
    assert_int_equal(json_array_size(jpath(one, "items")), 1);
    assert_string_equal(jpath_str(one, "items[0].metadata.name", ""), "db");
    assert_int_equal(json_array_size(jpath(all, "items")), 2);
    assert_string_equal(jpath_str(core, "kind", ""), "ServiceList");
}

static void selects_by_label(void **state)
{
    json_auto_t *some = body_of(ask("/apis/apps/v1/deployments", "labelSelector", "app=web"), 200);
    json_auto_t *bad = body_of(ask("/apis/apps/v1/deployments", "labelSelector", "app in ("), 400);
    (void)state;

    assert_int_equal(json_array_size(jpath(some, "items")), 1);
    assert_non_null(strstr(jpath_str(bad, "message", ""), "labelSelector"));
}

static void gets_one_object_or_says_that_there_is_none(void **state)
{
    json_auto_t *web =
        body_of(ask("/apis/apps/v1/namespaces/default/deployments/web", NULL, NULL), 200);
    json_auto_t *none =
        body_of(ask("/apis/apps/v1/namespaces/default/deployments/db", NULL, NULL), 404);
    json_auto_t *unknown = body_of(ask("/apis/apps/v1/widgets", NULL, NULL), 404);
    (void)state;

    assert_string_equal(jpath_str(web, "apiVersion", ""), "apps/v1");
    assert_string_equal(jpath_str(none, "message", ""), "deployments.apps \"db\" not found");
    assert_string_equal(jpath_str(unknown, "kind", ""), "Status");
}

static void discovery_names_every_group(void **state)
{
    json_auto_t *groups = body_of(ask("/apis", NULL, NULL), 200);
    json_auto_t *apps = body_of(ask("/apis/apps/v1", NULL, NULL), 200);
    json_auto_t *none = body_of(ask("/apis/apps/v7", NULL, NULL), 404);
    (void)state;

    assert_true(json_array_size(jpath(groups, "groups")) >= 4);
    assert_string_equal(jpath_str(apps, "resources[0].name", ""), "deployments");
    assert_string_equal(jpath_str(none, "kind", ""), "Status");
}

static void watches_from_a_version_or_from_now(void **state)
{
    static const char *const versions[] = {"", "0", "1", "3"};
    (void)state;

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct http_reply reply = ask("/apis/apps/v1/deployments", "resourceVersion", versions[i]);
        assert_int_equal(reply.kind, HTTP_REPLY_STREAM);
        http_reply_done(&reply);
    }
}

static void refuses_versions_that_it_cannot_watch_from(void **state)
{
    json_auto_t *text = body_of(ask("/apis/apps/v1/deployments", "resourceVersion", "new"), 400);
    json_auto_t *ahead =
        body_of(ask("/apis/apps/v1/deployments", "resourceVersion", "18446744073709551615"), 410);
    (void)state;

    assert_non_null(strstr(jpath_str(text, "message", ""), "'new' is not a number"));
    assert_string_equal(jpath_str(ahead, "kind", ""), "Status");
}

static void refuses_more_watches_than_it_can_serve(void **state)
{
    static struct http_reply replies[WATCHES_MAX];
    (void)state;

    for (size_t i = 0; i < WATCHES_MAX; i++) {
        replies[i] = ask("/apis/apps/v1/deployments", "resourceVersion", "0");
        assert_int_equal(replies[i].kind, HTTP_REPLY_STREAM);
    }
    json_auto_t *refused = body_of(ask("/apis/apps/v1/deployments", "resourceVersion", "0"), 429);
    assert_string_equal(jpath_str(refused, "reason", ""), "TooManyRequests");
    for (size_t i = 0; i < WATCHES_MAX; i++)
        http_reply_done(&replies[i]);
    replies[0] = ask("/apis/apps/v1/deployments", "resourceVersion", "0");
    assert_int_equal(replies[0].kind, HTTP_REPLY_STREAM); /* those who left made room */
    http_reply_done(&replies[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_api, free_api)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_a_namespace_and_all_of_them),
        TEST(selects_by_label),
        TEST(gets_one_object_or_says_that_there_is_none),
        TEST(discovery_names_every_group),
        TEST(watches_from_a_version_or_from_now),
        TEST(refuses_versions_that_it_cannot_watch_from),
        TEST(refuses_more_watches_than_it_can_serve),
    };
    json_object_seed(0);
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
