// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/sources/cron_schedule.h"
#include "base/clock.h"
#include "base/err.h"

#include <errno.h>

static int64_t moment(const char *text)
{
    uint64_t ns = 0;

    assert_int_equal(clock_parse_rfc3339(text, &ns), 0);
    return (int64_t)(ns / NS_PER_S);
}

static void finds_the_next_moment(void **state)
{
    static const struct {
        const char *schedule, *zone, *after, *next;
    } cases[] = {
        {"* * * * *", "UTC", "2026-11-21T10:00:00Z", "2026-11-21T10:01:00Z"},
        {"30 8 * * 1-5", "UTC", "2026-11-20T08:29:59Z", "2026-11-20T08:30:00Z"},
        {"30 8 * * 1-5", "UTC", "2026-11-20T08:30:00Z", "2026-11-23T08:30:00Z"},
        {"30 8 * * MON-FRI", "Europe/Brussels", "2026-11-20T08:30:00Z", "2026-11-23T07:30:00Z"},
        {"*/20 9-10 * * *", "UTC", "2026-11-20T09:41:00Z", "2026-11-20T10:00:00Z"},
        {"5/20 * * * *", "UTC", "2026-11-20T09:26:00Z", "2026-11-20T09:45:00Z"},
        {"0 0 29 2 *", "UTC", "2026-11-20T09:26:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 1,15 * 0", "UTC", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"}, /* either */
        {"0 0 1 * *", "UTC", "2026-12-31T23:59:00Z", "2027-01-01T00:00:00Z"},
        {"0 0 * JAN 7", "UTC", "2026-11-21T00:00:00Z", "2027-01-03T00:00:00Z"},
        {"30 2 * * *", "Europe/Brussels", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
        {"30 2 * * *", "Europe/Brussels", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
        {"30 2 * * *", "Europe/Brussels", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
        {"0 0 * * *", "Asia/Kathmandu", "2026-11-21T18:14:00Z", "2026-11-21T18:15:00Z"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct timezone_rules *zone;
        struct cron_schedule c;
        int64_t next_s = 0;
        assert_int_equal(timezone_new(cases[i].zone, &zone, NULL), 0);
        assert_int_equal(cron_schedule_parse(cases[i].schedule, &c, NULL), 0);
        assert_int_equal(cron_schedule_next(&c, zone, moment(cases[i].after), &next_s), 0);
        if (next_s != moment(cases[i].next))
            fail_msg("%s after %s: %lld", cases[i].schedule, cases[i].after, (long long)next_s);
        timezone_free(zone);
    }
}

static void what_never_comes_is_an_error(void **state)
{
    struct timezone_rules *zone;
    struct cron_schedule c;
    int64_t next_s;
    (void)state;

    assert_int_equal(timezone_new("UTC", &zone, NULL), 0);
    assert_int_equal(cron_schedule_parse("0 0 30 2 *", &c, NULL), 0);
    assert_int_equal(cron_schedule_next(&c, zone, 0, &next_s), -ENOENT);
    timezone_free(zone);
}

static void says_which_field_is_wrong(void **state)
{
    static const struct {
        const char *schedule, *sentence;
    } cases[] = {
        {"", "its minute is not understood"},
        {"60 * * * *", "its minute is not understood"},
        {"* 24 * * *", "its hour is not understood"},
        {"* * 0 * *", "its day of month is not understood"},
        {"* * * 13 *", "its month is not understood"},
        {"* * * * 8", "its day of week is not understood"},
        {"* * * * MOO", "its day of week is not understood"},
        {"*/0 * * * *", "its minute is not understood"},
        {"5-1 * * * *", "its minute is not understood"},
        {"1,,2 * * * *", "its minute is not understood"},
        {"* * * *", "its day of week is not understood"},
        {"* * * * * *", "it has more than five fields"},
    };
    struct cron_schedule c;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = {0};
        assert_int_equal(cron_schedule_parse(cases[i].schedule, &c, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_next_moment),
        cmocka_unit_test(what_never_comes_is_an_error),
        cmocka_unit_test(says_which_field_is_wrong),
    };
    return cmocka_run_group_tests_name("cron_schedule", tests, NULL, NULL);
}
