// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/reading.h"
#include "adapter/source.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>

#define S NS_PER_S
#define LIMIT (60 * S)
#define WALL (UINT64_C(1672656127) * S) /* 2023-01-02T10:42:07Z */

static char address[] = "RabbitMQ at rabbit:15672";
static const struct source source = {.shown_as = address, .timeout_ns = 2 * S};

static struct reading *value(int64_t milli, uint64_t measured_ns, uint64_t next_poll_ns)
{
    struct samples *samples = samples_new();

    assert_int_equal(samples_add_value(samples, milli), 0);
    struct reading *r = reading_new(samples, measured_ns, WALL, next_poll_ns);
    samples_unref(samples);
    return r;
}

static void explain(const struct reading *r, uint64_t now_ns, const char *sentence)
{
    struct buf text = {.max = 4096};

    assert_int_equal(
        reading_explain(r, "queue_depth{queue=\"orders\"}", &source, LIMIT, now_ns, &text), 0);
    assert_string_equal(text.data, sentence);
    buf_done(&text);
}

static void waits_before_the_first_poll_ended(void **state)
{
    (void)state;
    assert_int_equal(reading_state(NULL, LIMIT, 5 * S), READING_WAITING);
    explain(NULL, 5 * S,
            "queue_depth{queue=\"orders\"}: RabbitMQ at rabbit:15672 is asked for the first time; "
            "its answer may take 2 s");
}

static void is_fresh_up_to_the_limit_and_expired_after_it(void **state)
{
    struct reading *r = value(120000, 100 * S, 105 * S);
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
    struct reading *good = value(120000, 100 * S, 105 * S);
    struct reading *r = reading_new_failure(good, "answers 401", WALL + 5 * S, 110 * S);
    (void)state;

    reading_unref(good);
    assert_int_equal(reading_state(r, LIMIT, 105 * S), READING_HELD);
    assert_int_equal(reading_state(r, LIMIT, 160 * S), READING_HELD);
    assert_int_equal(reading_state(r, LIMIT, 160 * S + 1), READING_EXPIRED);
    assert_int_equal(samples_at(r->samples, 0)->value_milli, 120000);
    assert_int_equal(reading_measured_wall_ns(r, samples_at(r->samples, 0)),
                     WALL); /* its own time, not that of the failure */
    reading_unref(r);
}

static void without_any_value_it_is_expired(void **state)
{
    struct reading *r = reading_new_failure(NULL, "cannot be connected to", WALL, 1500 * NS_PER_MS);
    (void)state;

    assert_int_equal(reading_state(r, LIMIT, S), READING_EXPIRED);
    explain(r, 0,
            "queue_depth{queue=\"orders\"}: RabbitMQ at rabbit:15672 cannot be connected to since "
            "2023-01-02 10:42:07 (no value yet); next try in 1.5 s");
    reading_unref(r);
}

static void says_what_how_long_and_when_next(void **state)
{
    struct reading *good = value(120500, 100 * S, 105 * S);
    struct reading *first = reading_new_failure(good, "answers 500", WALL + 5 * S, 110 * S);
    struct reading *r = reading_new_failure(first, "answers 401", WALL + 10 * S, 288 * S + 1);
    (void)state;

    assert_int_equal(r->failures, 2);
    explain(r, 280 * S + 750 * NS_PER_MS,
            "queue_depth{queue=\"orders\"}: RabbitMQ at rabbit:15672 answers 401 since "
            "2023-01-02 10:42:12 (last value 120500m, 3 min old, limit 60 s); next try in 7.2 s");
    explain(r, 300 * S,
            "queue_depth{queue=\"orders\"}: RabbitMQ at rabbit:15672 answers 401 since "
            "2023-01-02 10:42:12 (last value 120500m, 3 min old, limit 60 s); next try now");
    reading_unref(good);
    reading_unref(first);
    reading_unref(r);
}

static void a_good_poll_ends_the_row_of_failures(void **state)
{
    struct reading *failed = reading_new_failure(NULL, "answers 500", WALL, 5 * S);
    struct reading *good = value(0, 5 * S, 10 * S);
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
    struct reading *r = value(7000, 100 * S, 105 * S);
    (void)state;

    explain(r, 190 * S,
            "queue_depth{queue=\"orders\"}: RabbitMQ at rabbit:15672 was not read since "
            "2023-01-02 10:42:07 (last value 7, 90 s old, limit 60 s); next try now");
    reading_unref(r);
}

static void a_sentence_that_does_not_fit_is_an_error(void **state)
{
    struct reading *r = value(7000, 100 * S, 105 * S);
    (void)state;

    for (size_t max = 0; max < 100; max++) {
        struct buf text = {.max = max};
        assert_int_equal(reading_explain(r, "a", &source, LIMIT, 190 * S, &text), -E2BIG);
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
    assert_int_equal(strlen(r->cause), READING_CAUSE_MAX_BYTES - 1);
    reading_unref(r);
}

static void a_moment_of_today_needs_no_date(void **state)
{
    char expected[256], now[CLOCK_TEXT_MAX];
    uint64_t wall_ns = clock_wall_ns();
    struct reading *r = reading_new_failure(NULL, "answers 401", wall_ns, 8 * S);
    (void)state;

    clock_rfc3339(wall_ns, now);
    (void)snprintf(expected, sizeof(expected),
                   "queue_depth{queue=\"orders\"}: RabbitMQ at rabbit:15672 answers 401 since %.8s "
                   "(no value yet); next try in 8 s",
                   strchr(now, 'T') + 1);
    explain(r, 0, expected);
    reading_unref(r);
}

static void says_how_many_series_there_were(void **state)
{
    struct samples *samples = samples_new();
    (void)state;

    for (int i = 0; i < 3; i++)
        assert_int_equal(samples_add_value(samples, 1000), 0);
    struct reading *good = reading_new(samples, 0, WALL, 5 * S);
    struct reading *r = reading_new_failure(good, "answers 500", WALL, 3 * 3600 * S);
    explain(r, 9900 * S,
            "queue_depth{queue=\"orders\"}: RabbitMQ at rabbit:15672 answers 500 since 2023-01-02 "
            "10:42:07 (last value of 3 series, 2 h old, limit 60 s); next try in 15 min");
    samples_unref(samples);
    reading_unref(good);
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
        cmocka_unit_test(a_moment_of_today_needs_no_date),
        cmocka_unit_test(says_how_many_series_there_were),
    };
    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
