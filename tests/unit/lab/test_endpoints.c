// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/scoped.h"
#include "lab/endpoints.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct proxy_endpoint a = {"a", "127.0.0.2", 80}, b = {"b", "127.0.0.3", 80},
                                   c = {"c", "::1", 80};

static void set(struct endpoints *es, const struct proxy_endpoint *list, size_t n)
{
    scoped(endpoints_change_done) struct endpoints_change change = {0};
    struct err err = {0};

    if (endpoints_change_init(&change, list, n, &err) < 0)
        fail_msg("%s", err.text);
    endpoints_apply(es, &change);
}

#define SET(es, ...)                                                                               \
    set(es, (const struct proxy_endpoint[]){__VA_ARGS__},                                          \
        ARRAY_LEN(((const struct proxy_endpoint[]){__VA_ARGS__})))

/* The name of who is next in turn; "-" when nobody is. */
static const char *next(struct endpoints *es, struct endpoint_turn *turn)
{
    struct endpoint *e = endpoints_take(es, turn);

    if (!e)
        return "-";
    const char *id = e->stats.endpoint.id;
    endpoints_let_go(es, e); /* stays: it is ready */
    return id;
}

static const char *first(struct endpoints *es)
{
    return next(es, &(struct endpoint_turn){0});
}

static void takes_them_in_turn(void **state)
{
    scoped(endpoints_done) struct endpoints es = {0};
    (void)state;

    assert_string_equal(first(&es), "-");
    SET(&es, a, b, c);
    assert_string_equal(first(&es), "a");
    assert_string_equal(first(&es), "b");
    assert_string_equal(first(&es), "c");
    assert_string_equal(first(&es), "a");
    set(&es, NULL, 0);
    assert_string_equal(first(&es), "-");
}

static void further_attempts_go_round_once_whatever_others_do(void **state)
{
    scoped(endpoints_done) struct endpoints es = {0};
    struct endpoint_turn turn = {0};
    (void)state;

    SET(&es, a, b, c);
    assert_string_equal(first(&es), "a");
    assert_string_equal(next(&es, &turn), "b");
    assert_string_equal(first(&es), "c");
    assert_string_equal(next(&es, &turn), "c");
    assert_string_equal(first(&es), "a");
    assert_string_equal(next(&es, &turn), "a");
    assert_string_equal(next(&es, &turn), "-");
}

static void one_that_left_lives_until_it_is_let_go(void **state)
{
    scoped(endpoints_done) struct endpoints es = {0};
    struct proxy_endpoint_stats stats[3];
    (void)state;

    SET(&es, a, b);
    struct endpoint *held = endpoints_take(&es, &(struct endpoint_turn){0});
    SET(&es, b);
    assert_string_equal(first(&es), "b");
    assert_string_equal(first(&es), "b");
    assert_int_equal(endpoints_stats(&es, stats, 3), 2);
    assert_string_equal(stats[0].endpoint.id, "b");
    assert_false(stats[0].draining);
    assert_string_equal(stats[1].endpoint.id, "a");
    assert_true(stats[1].draining);
    endpoints_let_go(&es, held);
    assert_int_equal(endpoints_stats(&es, stats, 3), 1);
}

static void those_that_stay_or_return_keep_their_numbers(void **state)
{
    scoped(endpoints_done) struct endpoints es = {0};
    struct proxy_endpoint_stats stats[2];
    (void)state;

    SET(&es, a);
    struct endpoint *held = endpoints_take(&es, &(struct endpoint_turn){0});
    held->stats.accepted = 7;
    SET(&es, b, a);
    assert_int_equal(endpoints_stats(&es, stats, 2), 2);
    assert_int_equal(stats[1].accepted, 7);
    set(&es, NULL, 0);
    SET(&es, a);
    assert_int_equal(endpoints_stats(&es, stats, 2), 1);
    assert_int_equal(stats[0].accepted, 7);
    assert_false(stats[0].draining);
    endpoints_let_go(&es, held);
    assert_int_equal(endpoints_stats(&es, stats, 2), 1);
}

static void another_address_is_another_endpoint(void **state)
{
    const struct proxy_endpoint moved = {"a", "127.0.0.2", 81};
    scoped(endpoints_done) struct endpoints es = {0};
    struct proxy_endpoint_stats stats[2];
    (void)state;

    SET(&es, a, moved);
    assert_int_equal(endpoints_stats(&es, stats, 2), 2);
}

static void one_that_is_named_twice_counts_once(void **state)
{
    scoped(endpoints_done) struct endpoints es = {0};
    (void)state;

    SET(&es, a, a, b);
    assert_string_equal(first(&es), "a");
    assert_string_equal(first(&es), "b");
    assert_string_equal(first(&es), "a");
}

static void reports_how_many_there_are_beyond_the_room_given(void **state)
{
    scoped(endpoints_done) struct endpoints es = {0};
    struct proxy_endpoint_stats stats[2] = {0};
    (void)state;

    SET(&es, a, b, c);
    assert_int_equal(endpoints_stats(&es, stats, 1), 3);
    assert_string_equal(stats[0].endpoint.id, "a");
    assert_string_equal(stats[1].endpoint.id, "");
}

static void refuses_what_is_no_address_and_too_many(void **state)
{
    static const struct proxy_endpoint many[PROXY_ENDPOINTS_MAX + 1];
    const struct proxy_endpoint named[] = {a, {"web-1", "localhost", 80}};
    struct endpoints_change change = {0}, more = {0};
    struct err err = {0};
    (void)state;

    assert_int_equal(endpoints_change_init(&change, named, 2, &err), -EINVAL);
    assert_string_equal(err.text, "endpoint 'web-1': 'localhost' is not a numeric IP address");
    endpoints_change_done(&change);
    assert_int_equal(endpoints_change_init(&more, many, ARRAY_LEN(many), &err), -E2BIG);
    assert_string_equal(err.text, "1025 endpoints, 1024 at most");
    endpoints_change_done(&more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_them_in_turn),
        cmocka_unit_test(further_attempts_go_round_once_whatever_others_do),
        cmocka_unit_test(one_that_left_lives_until_it_is_let_go),
        cmocka_unit_test(those_that_stay_or_return_keep_their_numbers),
        cmocka_unit_test(another_address_is_another_endpoint),
        cmocka_unit_test(one_that_is_named_twice_counts_once),
        cmocka_unit_test(reports_how_many_there_are_beyond_the_room_given),
        cmocka_unit_test(refuses_what_is_no_address_and_too_many),
    };
    return cmocka_run_group_tests_name("endpoints", tests, NULL, NULL);
}
