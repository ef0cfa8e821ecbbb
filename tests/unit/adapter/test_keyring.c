// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/serving/keyring.h"
#include "base/err.h"
#include "base/scoped.h"

#include <errno.h>
#include <string.h>

#define MADE_S 1000000
#define LIFE_S 9000 /* so two thirds are 6000 and the notice is a minute */

static const char *const names[] = {"localhost"};
static struct keyring k;

static void make(struct pair *p, int64_t made_s)
{
    struct err err = {0};

    if (pair_make(names, 1, made_s, LIFE_S, p, &err) < 0)
        fail_msg("%s", err.text);
}

static int start(void **state)
{
    (void)state;
    k = (struct keyring){0};
    make(&k.current, MADE_S);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keyring_done(&k);
    return 0;
}

static void prepare(int64_t made_s)
{
    struct pair next = {0};

    make(&next, made_s);
    keyring_prepare(&k, &next);
    assert_null(next.key_pem); /* taken */
}

static void a_next_pair_is_prepared_at_two_thirds_of_its_life(void **state)
{
    (void)state;
    assert_int_equal(keyring_step(&k, MADE_S, 0), KEYRING_NOTHING);
    assert_int_equal(keyring_step(&k, MADE_S + 5999, MADE_S), KEYRING_NOTHING);
    assert_int_equal(keyring_step(&k, MADE_S + 6000, 0), KEYRING_PREPARE);
    assert_int_equal(keyring_step(&k, MADE_S + LIFE_S + 1, 0), KEYRING_PREPARE);
}

static void it_is_served_when_everybody_had_time_to_notice(void **state)
{
    (void)state;
    prepare(MADE_S + 6000);
    assert_int_equal(keyring_step(&k, MADE_S + 6500, 0), KEYRING_NOTHING);
    assert_int_equal(keyring_step(&k, MADE_S + 6559, MADE_S + 6500), KEYRING_NOTHING);
    assert_int_equal(keyring_step(&k, MADE_S + 6560, MADE_S + 6500), KEYRING_SWITCH);
    /* Nothing is better than a certificate that has ended, but an authority that is not trusted. */
    assert_int_equal(keyring_step(&k, MADE_S + LIFE_S, MADE_S + LIFE_S), KEYRING_SWITCH);
    assert_int_equal(keyring_step(&k, MADE_S + LIFE_S + 1, 0), KEYRING_NOTHING);
}

static void the_one_before_stays_trusted_until_it_ends(void **state)
{
    (void)state;
    scoped(free_at) char *before = strdup(k.current.ca_pem);
    prepare(MADE_S + 6000);
    scoped(free_at) char *next = strdup(k.next.cert_pem);

    keyring_switch(&k);
    assert_string_equal(k.current.cert_pem, next);
    assert_null(k.next.ca_pem);
    assert_string_equal(k.previous_ca_pem, before);
    assert_int_equal(keyring_step(&k, MADE_S + LIFE_S, 0), KEYRING_NOTHING);
    assert_int_equal(keyring_step(&k, MADE_S + LIFE_S + 1, 0), KEYRING_FORGET);
    keyring_forget(&k);
    assert_int_equal(keyring_step(&k, MADE_S + LIFE_S + 1, 0), KEYRING_NOTHING);
}

static void the_bundle_names_all_authorities(void **state)
{
    (void)state;
    prepare(MADE_S + 1);
    keyring_switch(&k);
    prepare(MADE_S + 2);
    scoped(free_at) char *bundle = keyring_bundle(&k);
    size_t len = strlen(k.current.ca_pem);
    assert_memory_equal(bundle, k.current.ca_pem, len);
    assert_memory_equal(bundle + len, k.next.ca_pem, strlen(k.next.ca_pem));
    assert_string_equal(bundle + len + strlen(k.next.ca_pem), k.previous_ca_pem);
}

static void is_the_same_out_of_the_secret(void **state)
{
    struct keyring again = {0};
    struct err err = {0};
    (void)state;

    prepare(MADE_S + 1);
    keyring_switch(&k);
    prepare(MADE_S + 2);
    json_auto_t *data = keyring_to_data(&k);
    if (keyring_from_data(data, &again, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(again.current.key_pem, k.current.key_pem);
    assert_string_equal(again.next.key_pem, k.next.key_pem);
    assert_string_equal(again.previous_ca_pem, k.previous_ca_pem);
    assert_int_equal(again.previous_expires_s, k.previous_expires_s);
    keyring_done(&again);
}

static void what_is_absent_is_taken_out_of_the_secret(void **state)
{
    (void)state;
    json_auto_t *data = keyring_to_data(&k);
    assert_true(json_is_string(json_object_get(data, "tls.key")));
    assert_true(json_is_null(json_object_get(data, "next-tls.key")));
    assert_true(json_is_null(json_object_get(data, "previous-ca.crt")));
}

static void a_secret_without_a_usable_pair_is_refused(void **state)
{
    static const char *const members[] = {"ca.crt", "tls.crt", "tls.key"};
    static const char *const bad[] = {NULL, "!", "", "bm9uc2Vuc2U="};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(members) * ARRAY_LEN(bad); i++) {
        json_auto_t *data = keyring_to_data(&k);
        const char *value = bad[i / ARRAY_LEN(members)];
        struct keyring ret = {0};
        struct err err = {0};
        (void)json_object_set_new(data, members[i % ARRAY_LEN(members)],
                                  value ? json_string(value) : json_null());
        assert_int_equal(keyring_from_data(data, &ret, &err), -EINVAL);
        assert_true(strlen(err.text) > 0);
    }
}

static void a_broken_next_pair_is_as_good_as_none(void **state)
{
    struct keyring again = {0};
    (void)state;

    prepare(MADE_S + 1);
    json_auto_t *data = keyring_to_data(&k);
    (void)json_object_set_new(data, "next-tls.key", json_string("eA=="));
    (void)json_object_set_new(data, "previous-ca.crt", json_string("eA=="));
    assert_int_equal(keyring_from_data(data, &again, NULL), 0);
    assert_null(again.next.ca_pem);
    assert_null(again.previous_ca_pem);
    keyring_done(&again);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(a_next_pair_is_prepared_at_two_thirds_of_its_life),
        each(it_is_served_when_everybody_had_time_to_notice),
        each(the_one_before_stays_trusted_until_it_ends),
        each(the_bundle_names_all_authorities),
        each(is_the_same_out_of_the_secret),
        each(what_is_absent_is_taken_out_of_the_secret),
        each(a_secret_without_a_usable_pair_is_refused),
        each(a_broken_next_pair_is_as_good_as_none),
    };
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
