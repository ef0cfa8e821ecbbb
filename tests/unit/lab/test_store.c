// SPDX-License-Identifier: MIT
#include "unit.h"

#include "kube/jpath.h"
#include "kube/selector.h"
#include "lab/labclock.h"
#include "lab/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct seen { /* by a watcher */
    char log[4096];
};

static struct labclock lab_clock;

static int make_store(void **state)
{
    lab_clock = labclock_start(1);
    *state = store_new(&lab_clock);
    return *state ? 0 : -1;
}

static int free_store(void **state)
{
    store_free(*state);
    return 0;
}

static void put(struct store *s, const char *name, int replicas)
{
    json_auto_t *o = json_pack("{s:{s:s, s:{s:s}}, s:{s:i}}", "metadata", "name", name, "labels",
                               "app", name, "spec", "replicas", replicas);

    assert_int_equal(store_put(s, KIND_DEPLOYMENT, o), 0);
}

static int64_t number_at(struct store *s, const char *name, const char *path)
{
    json_auto_t *o = store_get(s, KIND_DEPLOYMENT, "default", name);
    const char *text = jpath_str(o, path, NULL);

    return text ? (int64_t)strtoll(text, NULL, 10) : jpath_int(o, path, -1);
}

static void note(void *arg, const struct store_change *c)
{
    struct seen *seen = arg;

    strcat(seen->log, c->type);
    strcat(seen->log, " ");
    strcat(seen->log, jpath_str(c->object, "metadata.name", "?"));
    strcat(seen->log, ";");
}

static void fills_in_what_an_api_server_fills_in(void **state)
{
    put(*state, "web", 1);
    json_auto_t *o = store_get(*state, KIND_DEPLOYMENT, "default", "web");

    assert_string_equal(jpath_str(o, "apiVersion", ""), "apps/v1");
    assert_string_equal(jpath_str(o, "kind", ""), "Deployment");
    assert_string_equal(jpath_str(o, "metadata.namespace", ""), "default");
    assert_int_equal(strlen(jpath_str(o, "metadata.uid", "")), 36);
    assert_int_equal(jpath_int(o, "metadata.generation", 0), 1);
    assert_non_null(jpath(o, "metadata.creationTimestamp"));
    assert_string_equal(jpath_str(o, "metadata.resourceVersion", ""), "1");
}

static void generation_grows_with_the_spec_and_not_with_the_status(void **state)
{
    put(*state, "web", 1);
    assert_int_equal(store_patch(*state, KIND_DEPLOYMENT, "default", "web", "status",
                                 json_pack("{s:i}", "replicas", 1)),
                     0);
    assert_int_equal(number_at(*state, "web", "metadata.generation"), 1);
    put(*state, "web", 2);
    assert_int_equal(number_at(*state, "web", "metadata.generation"), 2);
}

static void a_put_that_changes_nothing_is_no_change(void **state)
{
    put(*state, "web", 1);
    put(*state, "web", 1);
    assert_int_equal(number_at(*state, "web", "metadata.resourceVersion"), 1);
}

static void the_uid_stays_when_an_object_is_replaced(void **state)
{
    put(*state, "web", 1);
    json_auto_t *before = store_get(*state, KIND_DEPLOYMENT, "default", "web");
    put(*state, "web", 2);
    json_auto_t *after = store_get(*state, KIND_DEPLOYMENT, "default", "web");

    assert_string_equal(jpath_str(before, "metadata.uid", "a"),
                        jpath_str(after, "metadata.uid", "b"));
}

static void a_watch_begins_with_what_is_there(void **state)
{
    struct seen seen = {""};

    put(*state, "a", 1);
    put(*state, "b", 1);
    int64_t id = store_watch(*state, KIND_DEPLOYMENT, 0, note, &seen);
    put(*state, "a", 2);
    assert_int_equal(store_delete(*state, KIND_DEPLOYMENT, "default", "b"), 0);
    assert_string_equal(seen.log, "ADDED a;ADDED b;MODIFIED a;DELETED b;");

    store_unwatch(*state, id);
    put(*state, "c", 1);
    assert_string_equal(seen.log, "ADDED a;ADDED b;MODIFIED a;DELETED b;");
}

static void a_watch_from_a_version_gets_what_came_after_it(void **state)
{
    struct seen seen = {""};

    put(*state, "a", 1);
    put(*state, "b", 1);
    put(*state, "c", 1);
    assert_true(store_watch(*state, KIND_DEPLOYMENT, 1, note, &seen) > 0);
    assert_string_equal(seen.log, "ADDED b;ADDED c;");
}

static void a_watch_from_a_version_that_is_forgotten_is_refused(void **state)
{
    struct seen seen = {""};

    for (int i = 1; i <= 600; i++)
        put(*state, "web", i);
    assert_int_equal(store_watch(*state, KIND_DEPLOYMENT, 50, note, &seen), -ERANGE);
    assert_true(store_watch(*state, KIND_DEPLOYMENT, 599, note, &seen) > 0);
    assert_string_equal(seen.log, "MODIFIED web;");
}

static void a_watch_hears_of_its_kind_only(void **state)
{
    struct seen seen = {""};

    assert_true(store_watch(*state, KIND_SERVICE, 0, note, &seen) > 0);
    put(*state, "web", 1);
    assert_string_equal(seen.log, "");
}

static void lists_by_label_and_namespace(void **state)
{
    struct selector *selector = NULL;

    put(*state, "a", 1);
    put(*state, "b", 1);
    assert_int_equal(selector_parse("app=b", &selector, NULL), 0);
    json_auto_t *some = store_list(*state, KIND_DEPLOYMENT, "default", selector);
    json_auto_t *none = store_list(*state, KIND_DEPLOYMENT, "other", NULL);
    selector_free(selector);

    assert_int_equal(json_array_size(some), 1);
    assert_string_equal(jpath_str(json_array_get(some, 0), "metadata.name", ""), "b");
    assert_int_equal(json_array_size(none), 0);
}

static void keeps_no_more_than_its_share_of_events(void **state)
{
    for (int i = 0; i < 400; i++) {
        char name[20];
        (void)snprintf(name, sizeof(name), "e%d", i);
        json_auto_t *event = json_pack("{s:{s:s}}", "metadata", "name", name);
        assert_int_equal(store_put(*state, KIND_EVENT, event), 0);
    }
    json_auto_t *events = store_list(*state, KIND_EVENT, NULL, NULL);
    assert_int_equal(json_array_size(events), 300);
    assert_string_equal(jpath_str(json_array_get(events, 299), "metadata.name", ""), "e399");
}

static void what_is_not_there_is_said_so(void **state)
{
    assert_null(store_get(*state, KIND_POD, "default", "web"));
    assert_int_equal(store_delete(*state, KIND_POD, "default", "web"), -ENOENT);
    assert_int_equal(store_patch(*state, KIND_POD, "default", "web", "status", json_object()),
                     -ENOENT);
}

static void put_events(struct store *s, int count)
{
    for (int i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "e%d", i);
        json_auto_t *event = json_pack("{s:{s:s}}", "metadata", "name", name);
        assert_int_equal(store_put(s, KIND_EVENT, event), 0);
    }
}

static void events_that_were_deleted_make_room_for_others(void **state)
{
    put_events(*state, 300);
    for (int i = 0; i < 300; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "e%d", i);
        assert_int_equal(store_delete(*state, KIND_EVENT, "default", name), 0);
    }
    put_events(*state, 10);
    json_auto_t *events = store_list(*state, KIND_EVENT, NULL, NULL);
    assert_int_equal(json_array_size(events), 10);
}

static void refuses_a_watch_from_a_version_that_is_yet_to_come(void **state)
{
    struct seen seen = {0};

    put(*state, "web", 1);
    assert_int_equal(store_watch(*state, KIND_DEPLOYMENT, 2, note, &seen), -ERANGE);
    assert_int_equal(store_watch(*state, KIND_DEPLOYMENT, UINT64_MAX, note, &seen), -ERANGE);
    assert_true(store_watch(*state, KIND_DEPLOYMENT, 1, note, &seen) > 0);
    assert_string_equal(seen.log, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_store, free_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events_that_were_deleted_make_room_for_others),
        TEST(refuses_a_watch_from_a_version_that_is_yet_to_come),
        TEST(fills_in_what_an_api_server_fills_in),
        TEST(generation_grows_with_the_spec_and_not_with_the_status),
        TEST(a_put_that_changes_nothing_is_no_change),
        TEST(the_uid_stays_when_an_object_is_replaced),
        TEST(a_watch_begins_with_what_is_there),
        TEST(a_watch_from_a_version_gets_what_came_after_it),
        TEST(a_watch_from_a_version_that_is_forgotten_is_refused),
        TEST(a_watch_hears_of_its_kind_only),
        TEST(lists_by_label_and_namespace),
        TEST(keeps_no_more_than_its_share_of_events),
        TEST(what_is_not_there_is_said_so),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
