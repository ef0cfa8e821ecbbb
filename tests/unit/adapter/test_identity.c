// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/auth/identity.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

static void becomes_the_spec_of_a_review(void **state)
{
    struct identity id = {0};
    (void)state;

    assert_int_equal(identity_set_user(&id, "alice"), 0);
    assert_int_equal(identity_set_uid(&id, "42"), 0);
    assert_int_equal(identity_add_group(&id, "a"), 0);
    assert_int_equal(identity_add_group(&id, "b,c"), 0);
    assert_int_equal(identity_add_extra(&id, "scopes", "x"), 0);
    assert_int_equal(identity_add_extra(&id, "other", "z"), 0);
    assert_int_equal(identity_add_extra(&id, "scopes", "y"), 0);
    json_auto_t *json = identity_to_json(&id);
    scoped(free_at) char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"extra\":{\"other\":[\"z\"],\"scopes\":[\"x\",\"y\"]},"
                              "\"groups\":[\"a\",\"b,c\"],\"uid\":\"42\",\"user\":\"alice\"}");
    identity_done(&id);
}

static void is_read_from_a_token_review(void **state)
{
    json_auto_t *user = json_pack("{s:s, s:s, s:[s], s:{s:[s]}}", "username", "alice", "uid", "7",
                                  "groups", "a", "extra", "k", "v");
    struct identity id = {0};
    (void)state;

    assert_int_equal(identity_from_review(user, &id), 0);
    assert_string_equal(id.user, "alice");
    assert_true(identity_has_group(&id, "a"));
    assert_true(identity_has_group(&id, GROUP_AUTHENTICATED));
    assert_false(identity_has_group(&id, GROUP_MASTERS));
    assert_string_equal(id.extra[0].value, "v");
    identity_done(&id);
}

static void nobody_without_a_name_is_read(void **state)
{
    static const char *const bad[] = {"{}",
                                      "[]",
                                      "{\"username\":\"\"}",
                                      "{\"username\":3}",
                                      "{\"username\":\"a\",\"groups\":[3]}",
                                      "{\"username\":\"a\",\"extra\":{\"k\":[3]}}"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_auto_t *user = json_loads(bad[i], 0, NULL);
        struct identity id = {0};
        assert_int_equal(identity_from_review(user, &id), -EBADMSG);
        assert_null(id.user);
        assert_int_equal(id.group_count, 0);
    }
}

static void key(const struct identity *id, struct buf *b)
{
    *b = (struct buf){.max = 64 * KIB};
    assert_int_equal(identity_write_key(id, b), 0);
}

static void no_two_have_the_same_key(void **state)
{
    struct identity some[6] = {0};
    struct buf keys[6];
    (void)state;

    for (size_t i = 0; i < 6; i++)
        assert_int_equal(identity_set_user(&some[i], i == 1 ? "ab" : "a"), 0);
    assert_int_equal(identity_add_group(&some[2], "b"), 0);
    assert_int_equal(identity_set_uid(&some[3], "b"), 0);
    assert_int_equal(identity_add_extra(&some[4], "b", ""), 0);
    assert_int_equal(identity_add_group(&some[5], "b"), 0);
    assert_int_equal(identity_add_group(&some[5], ""), 0);
    for (size_t i = 0; i < 6; i++)
        key(&some[i], &keys[i]);
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(keys[i].len != keys[k].len ||
                        memcmp(keys[i].data, keys[k].data, keys[i].len) != 0);
    for (size_t i = 0; i < 6; i++) {
        buf_done(&keys[i]);
        identity_done(&some[i]);
    }
}

static void too_many_groups_are_an_error(void **state)
{
    struct identity id = {0};
    (void)state;

    for (size_t i = 0; i < IDENTITY_GROUPS_MAX; i++)
        assert_int_equal(identity_add_group(&id, "g"), 0);
    assert_int_equal(identity_add_group(&id, "g"), -E2BIG);
    for (size_t i = 0; i < IDENTITY_EXTRA_MAX; i++)
        assert_int_equal(identity_add_extra(&id, "k", "v"), 0);
    assert_int_equal(identity_add_extra(&id, "k", "v"), -E2BIG);
    identity_done(&id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becomes_the_spec_of_a_review),
        cmocka_unit_test(is_read_from_a_token_review),
        cmocka_unit_test(nobody_without_a_name_is_read),
        cmocka_unit_test(no_two_have_the_same_key),
        cmocka_unit_test(too_many_groups_are_an_error),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
