// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "base/clock.h"

#define SOURCE(start, end)                                                                         \
    "{cron: {timezone: Europe/Brussels, start: '" start "', end: '" end "', desiredReplicas: 10}}"

static int64_t value_at(const struct source *s, void *memory, const char *moment)
{
    struct samples *samples = samples_new();
    struct source_poll poll = {.memory = memory};

    assert_int_equal(clock_parse_rfc3339(moment, &poll.started_wall_ns), 0);
    assert_int_equal(s->kind->ask(s, &poll, samples, NULL), 0);
    int64_t milli = samples_at(samples, 0)->value_milli;
    samples_unref(samples);
    return milli;
}

static void is_inside_when_the_end_comes_before_the_next_start(void **state)
{
    static const struct {
        const char *moment;
        int64_t milli;
    } cases[] = {
        {"2026-11-20T07:29:59Z", 0},     {"2026-11-20T07:30:00Z", 10000},
        {"2026-11-20T16:59:59Z", 10000}, {"2026-11-20T17:00:00Z", 0},
        {"2026-11-21T12:00:00Z", 0}, /* a Saturday */
        {"2026-11-23T12:00:00Z", 10000}, {"2026-07-20T06:30:00Z", 10000},
        {"2026-11-20T07:29:00Z", 0}, /* the clock was set back */
    };
    struct source *source = make_source(SOURCE("30 8 * * 1-5", "0 18 * * 1-5"));
    void *memory = calloc(1, source->kind->memory_size);
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(value_at(source, memory, cases[i].moment), cases[i].milli);
    assert_string_equal(source->shown_as,
                        "the window from '30 8 * * 1-5' to '0 18 * * 1-5' in Europe/Brussels");
    free(memory);
    source_unref(source);
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source(SOURCE("* * * *", "0 18 * * 1-5"),
                   "s.yaml:1: source.cron.start takes minute, hour, day of month, month and day of "
                   "week, such as '30 8 * * 1-5': its day of week is not understood");
    refuses_source(SOURCE("0 8 * * *", "0 8 * * *"),
                   "s.yaml:1: source.cron needs a start and an end that differ");
    refuses_source(SOURCE("0 8 30 2 *", "0 8 * * *"),
                   "s.yaml:1: source.cron has a start or an end that never comes");
    refuses_source("{cron: {timezone: Moon, start: '* * * * *', end: '5 * * * *', "
                   "desiredReplicas: 1}}",
                   "s.yaml:1: source.cron.timezone: there is no time zone 'Moon' in "
                   "/usr/share/zoneinfo");
    refuses_source("{cron: {timezone: UTC, start: '* * * * *', end: '5 * * * *', "
                   "desiredReplicas: 0}}",
                   "s.yaml:1: source.cron.desiredReplicas takes a whole number from 1 to 1000000, "
                   "not 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_inside_when_the_end_comes_before_the_next_start),
        cmocka_unit_test(refuses_settings_that_are_wrong),
    };
    return cmocka_run_group_tests_name("cron", tests, NULL, NULL);
}
