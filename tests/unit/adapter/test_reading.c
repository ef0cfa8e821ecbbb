// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/reading.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>

#define S NS_PER_S
#define LIMIT (60 * S)
#define WALL (UINT64_C(1795255200) * S) /* 2026-11-21T10:00:00Z */

static char shown_as[] = "queue_depth{queue=\"orders\"}", address[] = "http://rabbit:15672/api",
            url[] = "http://guest:secret@rabbit:15672/api?token=secret";
static const struct external_metric metric = {
    .shown_as = shown_as,
    .source = {.url = url, .shown_as = address, .timeout_ns = 2 * S},
    .interval_ns = 5 * S,
    .max_age_ns = LIMIT,
};

static void explain(const struct reading *r, uint64_t now_ns, const char *sentence)
{
    struct buf text = {.max = 4096};

    assert_int_equal(reading_explain(r, &metric, now_ns, &text), 0);
    assert_string_equal(text.data, sentence);
    buf_done(&text);
}

static void waits_before_the_first_poll_ended(void **state)
{
    (void)state;
    assert_int_equal(reading_state(NULL, LIMIT, 5 * S), READING_WAITING);
    explain(NULL, 5 * S,
            "queue_depth{queue=\"orders\"}: http://rabbit:15672/api: the first poll is under way; "
            "it may take 2s");
}

static void is_fresh_up_to_the_limit_and_expired_after_it(void **state)
{
    struct reading *r = reading_new_value(120000, 100 * S, WALL, 105 * S);
    (void)state;

    assert_int_equal(reading_state(r, LIMIT, 100 * S), READING_FRESH);
    assert_int_equal(reading_state(r, LIMIT, 160 * S), READING_FRESH);
    assert_int_equal(reading_state(r, LIMIT, 160 * S + 1), READING_EXPIRED);
    assert_int_equal(reading_age_ns(r, 101 * S), S);
    assert_int_equal(reading_age_ns(r, 99 * S), 0); /* read before it was published */
    reading_unref(r);
}

static void is_held_while_the_source_fails_and_the_value_is_young(void **state)
{
    struct reading *good = reading_new_value(120000, 100 * S, WALL, 105 * S);
    struct reading *r = reading_new_failure(good, "answers 401", WALL + 5 * S, 110 * S);
    (void)state;

    reading_unref(good);
    assert_int_equal(reading_state(r, LIMIT, 105 * S), READING_HELD);
    assert_int_equal(reading_state(r, LIMIT, 160 * S), READING_HELD);
    assert_int_equal(reading_state(r, LIMIT, 160 * S + 1), READING_EXPIRED);
    assert_int_equal(r->value_milli, 120000);
    assert_int_equal(r->measured_wall_ns, WALL); /* its own time, not that of the failure */
    reading_unref(r);
}

static void without_any_value_it_is_expired(void **state)
{
    struct reading *r = reading_new_failure(NULL, "cannot be connected to", WALL, 1500 * NS_PER_MS);
    (void)state;

    assert_int_equal(reading_state(r, LIMIT, S), READING_EXPIRED);
    explain(r, 0,
            "queue_depth{queue=\"orders\"}: http://rabbit:15672/api: cannot be connected to since "
            "2026-11-21T10:00:00Z (no value yet); next try in 1.5s");
    reading_unref(r);
}

static void says_what_how_long_and_when_next(void **state)
{
    struct reading *good = reading_new_value(120500, 100 * S, WALL, 105 * S);
    struct reading *first = reading_new_failure(good, "answers 500", WALL + 5 * S, 110 * S);
    struct reading *r = reading_new_failure(first, "answers 401", WALL + 10 * S, 288 * S + 1);
    (void)state;

    assert_int_equal(r->failures, 2);
    explain(r, 280 * S + 750 * NS_PER_MS,
            "queue_depth{queue=\"orders\"}: http://rabbit:15672/api: answers 401 since "
            "2026-11-21T10:00:05Z (last value 120500m, 3m0s old, limit 1m0s); next try in 7.2s");
    explain(r, 300 * S,
            "queue_depth{queue=\"orders\"}: http://rabbit:15672/api: answers 401 since "
            "2026-11-21T10:00:05Z (last value 120500m, 3m20s old, limit 1m0s); next try now");
    reading_unref(good);
    reading_unref(first);
    reading_unref(r);
}

static void a_good_poll_ends_the_row_of_failures(void **state)
{
    struct reading *failed = reading_new_failure(NULL, "answers 500", WALL, 5 * S);
    struct reading *good = reading_new_value(0, 5 * S, WALL + 5 * S, 10 * S);
    struct reading *again = reading_new_failure(good, "answers 500", WALL + 10 * S, 15 * S);
    (void)state;

    assert_int_equal(good->failures, 0);
    assert_int_equal(again->failures, 1);
    assert_int_equal(again->failing_since_wall_ns, WALL + 10 * S);
    reading_unref(failed);
    reading_unref(good);
    reading_unref(again);
}

static void an_old_value_without_a_failure_says_so(void **state)
{
    struct reading *r = reading_new_value(7000, 100 * S, WALL, 105 * S);
    (void)state;

    explain(r, 190 * S,
            "queue_depth{queue=\"orders\"}: http://rabbit:15672/api: not read since "
            "2026-11-21T10:00:00Z (last value 7, 1m30s old, limit 1m0s); next try now");
    reading_unref(r);
}

static void a_sentence_that_does_not_fit_is_an_error(void **state)
{
    struct reading *r = reading_new_value(7000, 100 * S, WALL, 105 * S);
    (void)state;

    for (size_t max = 0; max < 140; max++) {
        struct buf text = {.max = max};
        assert_int_equal(reading_explain(r, &metric, 190 * S, &text), -E2BIG);
        buf_done(&text);
    }
    reading_unref(r);
}

static void a_long_cause_is_cut(void **state)
{
    char cause[1000];
    (void)state;

    memset(cause, 'x', sizeof(cause));
    cause[999] = '\0';
    struct reading *r = reading_new_failure(NULL, cause, WALL, S);
    assert_int_equal(strlen(r->cause), sizeof(r->cause) - 1);
    reading_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_before_the_first_poll_ended),
        cmocka_unit_test(is_fresh_up_to_the_limit_and_expired_after_it),
        cmocka_unit_test(is_held_while_the_source_fails_and_the_value_is_young),
        cmocka_unit_test(without_any_value_it_is_expired),
        cmocka_unit_test(says_what_how_long_and_when_next),
        cmocka_unit_test(a_good_poll_ends_the_row_of_failures),
        cmocka_unit_test(an_old_value_without_a_failure_says_so),
        cmocka_unit_test(a_sentence_that_does_not_fit_is_an_error),
        cmocka_unit_test(a_long_cause_is_cut),
    };
    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
