// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/sources/posix_tz.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static void agrees_with_libc(void **state)
{
    static const char *const zones[] = {
        "UTC0",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "EST5EDT,M3.2.0,M11.1.0",
        "AEST-10AEDT,M10.1.0,M4.1.0/3", /* summer over new year */
        "<+0545>-5:45",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "XXX3YYY,J60/0,J300/0",
        "XXX3YYY,59/0,299/0",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
        struct posix_tz z;
        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        tzset();
        assert_int_equal(posix_tz_parse(zones[i], &z), 0);
        for (int64_t at_s = 1700000000; at_s < 1900000000; at_s += 1777) {
            time_t t = at_s;
            struct tm tm;
            assert_non_null(localtime_r(&t, &tm));
            if (posix_tz_offset_s(&z, at_s) != tm.tm_gmtoff)
                fail_msg("%s at %lld: %lld, not %ld", zones[i], (long long)at_s,
                         (long long)posix_tz_offset_s(&z, at_s), tm.tm_gmtoff);
        }
    }
}

static void refuses_what_is_no_rule(void **state)
{
    static const char *const texts[] = {"",
                                        "C",
                                        "CET",
                                        "CET-1CEST",
                                        "CET-1x",
                                        "<+03",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M13.5.0,M10.5.0",
                                        "CET-1CEST,M3.5.0,M10.5.0,",
                                        "CET-1CEST,J0,J1",
                                        "CET-999"};
    struct posix_tz z;
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_int_equal(posix_tz_parse(texts[i], &z), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_libc),
        cmocka_unit_test(refuses_what_is_no_rule),
    };
    return cmocka_run_group_tests_name("posix_tz", tests, NULL, NULL);
}
