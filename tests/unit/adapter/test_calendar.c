// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/sources/calendar.h"

#include <time.h>

static void agrees_with_libc_for_four_centuries(void **state)
{
    (void)state;
    for (int64_t day = -20000; day < 130000; day++) {
        time_t at_s = day * CALENDAR_DAY_S + 3600;
        struct tm tm;
        assert_non_null(gmtime_r(&at_s, &tm));
        struct calendar_date date = calendar_date_of(at_s);
        assert_int_equal(date.year, tm.tm_year + 1900);
        assert_int_equal(date.month, tm.tm_mon + 1);
        assert_int_equal(date.day, tm.tm_mday);
        assert_int_equal(calendar_weekday(day), tm.tm_wday);
        assert_int_equal(calendar_day(date.year, date.month, date.day), day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_libc_for_four_centuries),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
