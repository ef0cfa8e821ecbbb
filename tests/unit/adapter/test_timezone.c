// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/sources/timezone.h"
#include "base/buf.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void agrees_with_libc(void **state)
{
    static const char *const zones[] = {"Europe/Brussels",   "America/New_York",
                                        "Asia/Kathmandu",    "Australia/Lord_Howe",
                                        "America/Sao_Paulo", "Etc/GMT+5"};
    (void)state;

    for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
        struct timezone_rules *zone;
        struct err err = {0};
        if (timezone_new(zones[i], &zone, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        tzset();
        for (int64_t at_s = -1000000000; at_s < INT64_C(4000000000); at_s += 777777) {
            time_t t = at_s;
            struct tm tm;
            assert_non_null(localtime_r(&t, &tm));
            if (timezone_offset_s(zone, at_s) != tm.tm_gmtoff)
                fail_msg("%s at %lld: %lld, not %ld", zones[i], (long long)at_s,
                         (long long)timezone_offset_s(zone, at_s), tm.tm_gmtoff);
        }
        timezone_free(zone);
    }
}

#define SPRING 1774746000 /* 2026-03-29 01:00 UTC, 02:00 becomes 03:00 in Brussels */
#define AUTUMN 1792890000 /* 2026-10-25 01:00 UTC, 03:00 becomes 02:00 in Brussels */

static void clocks_on_walls_skip_and_repeat_an_hour(void **state)
{
    struct timezone_rules *zone;
    int64_t at_s = 0;
    (void)state;

    assert_int_equal(timezone_new("Europe/Brussels", &zone, NULL), 0);
    int64_t two_in_spring = SPRING + 3600, two_in_autumn = AUTUMN + 3600;
    assert_int_equal(timezone_to_utc(zone, two_in_spring - 60, &at_s), 0);
    assert_int_equal(at_s, SPRING - 60);
    assert_int_equal(timezone_to_utc(zone, two_in_spring + 1800, &at_s), -ENOENT);
    assert_int_equal(timezone_to_utc(zone, two_in_spring + 3600, &at_s), 0);
    assert_int_equal(at_s, SPRING);
    assert_int_equal(timezone_to_utc(zone, two_in_autumn + 1800, &at_s), 0);
    assert_int_equal(at_s, AUTUMN - 1800); /* the first of the two */
    assert_int_equal(timezone_to_utc(zone, two_in_autumn + 3600, &at_s), 0);
    assert_int_equal(at_s, AUTUMN + 3600);
    timezone_free(zone);
}

static void utc_needs_no_file(void **state)
{
    struct timezone_rules *zone;
    int64_t at_s;
    (void)state;

    assert_int_equal(timezone_new("UTC", &zone, NULL), 0);
    assert_int_equal(timezone_offset_s(zone, 5), 0);
    assert_int_equal(timezone_to_utc(zone, 1795255200, &at_s), 0);
    assert_int_equal(at_s, 1795255200);
    timezone_free(zone);
}

static void refuses_what_is_no_zone(void **state)
{
    static const struct {
        const char *name, *sentence;
    } cases[] = {
        {"Europe/Bruxelles", "there is no time zone 'Europe/Bruxelles' in /usr/share/zoneinfo"},
        {"../../etc/passwd",
         "'../../etc/passwd' is no name of a time zone such as Europe/Brussels"},
        {"", "'' is no name of a time zone such as Europe/Brussels"},
        {"Europe", "there is no time zone 'Europe' in /usr/share/zoneinfo"},
    };
    struct timezone_rules *zone;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = {0};
        assert_true(timezone_new(cases[i].name, &zone, &err) < 0);
        assert_string_equal(err.text, cases[i].sentence);
    }
}

static void refuses_half_a_file(void **state)
{
    struct buf file = {.max = 1 << 16};
    struct timezone_rules *zone;
    (void)state;

    assert_int_equal(buf_read_file(&file, TIMEZONE_FOLDER "/Europe/Brussels", NULL), 0);
    for (size_t len = 0; len < file.len; len++)
        assert_int_equal(timezone_parse(file.data, len, &zone), -EINVAL);
    assert_int_equal(timezone_parse(file.data, file.len, &zone), 0);
    timezone_free(zone);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_libc),
        cmocka_unit_test(clocks_on_walls_skip_and_repeat_an_hour),
        cmocka_unit_test(utc_needs_no_file),
        cmocka_unit_test(refuses_what_is_no_zone),
        cmocka_unit_test(refuses_half_a_file),
    };
    return cmocka_run_group_tests_name("timezone", tests, NULL, NULL);
}
