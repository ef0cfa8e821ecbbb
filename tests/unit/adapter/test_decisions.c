// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/auth/decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFETIME_NS 10

static struct decisions *d;

static int start(void **state)
{
    (void)state;
    d = decisions_new(3, LIFETIME_NS);
    return d ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    decisions_free(d);
    return 0;
}

static struct decision_key key(const char *text)
{
    return decision_key_of(text, strlen(text));
}

static void put(const char *text, bool allowed, uint64_t now_ns)
{
    const struct decision_key k = key(text);

    decisions_put(d, &k, allowed, text, now_ns);
}

/* 'y', 'n', or '-' when there is none. */
static char find(const char *text, uint64_t now_ns)
{
    const struct decision_key k = key(text);
    bool allowed = false;
    char *kept = NULL;

    if (!decisions_find(d, &k, now_ns, &allowed, &kept))
        return '-';
    assert_string_equal(kept, text);
    free(kept);
    return allowed ? 'y' : 'n';
}

static void are_remembered_for_their_lifetime(void **state)
{
    (void)state;
    put("a", true, 100);
    put("b", false, 100);
    assert_int_equal(find("a", 109), 'y');
    assert_int_equal(find("b", 109), 'n');
    assert_int_equal(find("c", 109), '-');
    assert_int_equal(find("a", 110), '-'); /* use does not lengthen it */
    put("a", false, 110);
    assert_int_equal(find("a", 111), 'n');
}

static void a_newer_one_takes_the_place_of_the_older(void **state)
{
    (void)state;
    put("a", true, 100);
    put("a", false, 105);
    assert_int_equal(find("a", 106), 'n');
    assert_int_equal(find("a", 114), 'n');
}

static void the_one_not_used_for_longest_makes_room(void **state)
{
    (void)state;
    put("a", true, 100);
    put("b", true, 100);
    put("c", true, 100);
    assert_int_equal(find("a", 101), 'y');
    put("d", true, 101);
    assert_int_equal(find("b", 102), '-');
    assert_int_equal(find("a", 102), 'y');
    assert_int_equal(find("c", 102), 'y');
    assert_int_equal(find("d", 102), 'y');
}

static void many_come_and_go(void **state)
{
    char text[16];
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "%u", i * i % 7);
        put(text, i & 1, i);
        assert_int_equal(find(text, i), i & 1 ? 'y' : 'n');
    }
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        each(are_remembered_for_their_lifetime),
        each(a_newer_one_takes_the_place_of_the_older),
        each(the_one_not_used_for_longest_makes_room),
        each(many_come_and_go),
    };
    return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
