// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "base/scoped.h"

#include <errno.h>
#include <inttypes.h>

#define T0 (UINT64_C(1795248000) * NS_PER_S) /* 2026-11-21T08:00:00Z */

static void prints_kubernetes_times(void **state)
{
    char text[CLOCK_TEXT_MAX];
    (void)state;

    assert_string_equal(clock_rfc3339(T0, text), "2026-11-21T08:00:00Z");
    assert_string_equal(clock_rfc3339(T0 + 999999999, text), "2026-11-21T08:00:00Z");
    assert_string_equal(clock_rfc3339_micro(T0 + 1234, text), "2026-11-21T08:00:00.000001Z");
    assert_string_equal(clock_rfc3339(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_rfc3339_micro(UINT64_MAX, text), "2554-07-21T23:34:33.709551Z");
}

static void reads_rfc3339(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"2026-11-21T08:00:00Z", T0},
        {"2026-11-21t08:00:00z", T0},
        {"2026-11-21T09:30:00+01:30", T0},
        {"2026-11-20T23:00:00-09:00", T0},
        {"2026-11-21T08:00:00.5Z", T0 + NS_PER_S / 2},
        {"2026-11-21T08:00:00.000000001Z", T0 + 1},
        {"2026-11-21T08:00:00.0000000019Z", T0 + 1},
        {"2024-02-29T00:00:00Z", UINT64_C(1709164800) * NS_PER_S},
        {"1970-01-01T00:00:00Z", 0},
        {"2261-12-31T23:59:59.999999999Z", UINT64_C(9214646399999999999)},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t ns = 1;
        assert_int_equal(clock_parse_rfc3339(cases[i].text, &ns), 0);
        if (ns != cases[i].ns)
            fail_msg("%s: %" PRIu64 " is not %" PRIu64, cases[i].text, ns, cases[i].ns);
    }
}

static void refuses_what_is_no_time(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-21",
        "2026-11-21T08:00:00",
        "2026-11-21 08:00:00Z",
        "2026-11-21T08:00:00Z ",
        "2026-11-21T8:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T08:60:00Z",
        "2026-11-21T08:00:60Z",
        "2026-11-21T08:00:00.Z",
        "2026-11-21T08:00:00+0100",
        "2026-11-21T08:00:00+24:00",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "2262-01-01T00:00:00Z",
        "+026-11-21T08:00:00Z",
    };
    uint64_t ns = 77;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (clock_parse_rfc3339(bad[i], &ns) != -EINVAL)
            fail_msg("took '%s'", bad[i]);
    assert_int_equal(ns, 77);
}

static void prints_durations_as_go(void **state)
{
    /* from Go's time.Duration.String() */
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {999, "999ns"},
        {1100, "1.1\xc2\xb5s"},
        {1500000, "1.5ms"},
        {999999999, "999.999999ms"},
        {NS_PER_S, "1s"},
        {UINT64_C(15021) * NS_PER_MS, "15.021s"},
        {60 * NS_PER_S, "1m0s"},
        {300 * NS_PER_S, "5m0s"},
        {3601 * NS_PER_S, "1h0m1s"},
        {INT64_MAX, "2562047h47m16.854775807s"},
        {UINT64_MAX, "5124095h34m33.709551615s"},
    };
    char text[CLOCK_TEXT_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(clock_duration(cases[i].ns, text), cases[i].text);
}

static void reads_durations_as_go(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"300ms", 300 * NS_PER_MS},
        {"1m30s", 90 * NS_PER_S},
        {"1.5h", 5400 * NS_PER_S},
        {".5s", NS_PER_S / 2},
        {"5.s", 5 * NS_PER_S},
        {"1us", 1000},
        {"1\xc2\xb5s", 1000},
        {"1\xce\xbcs", 1000},
        {"100ns", 100},
        {"1s1s", 2 * NS_PER_S},
        {"0.100000000000000000000h", 360 * NS_PER_S},
        {"0.3333333333333333333h", UINT64_C(1200000000000)},
        {"9223372036854775807ns", INT64_MAX},
        {"9223372036s", UINT64_C(9223372036) * NS_PER_S},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t ns = 1;
        assert_int_equal(clock_parse_duration(cases[i].text, &ns), 0);
        if (ns != cases[i].ns)
            fail_msg("%s: %" PRIu64 " is not %" PRIu64, cases[i].text, ns, cases[i].ns);
    }
}

static void refuses_what_is_no_duration(void **state)
{
    static const char *const bad[] = {"",    "1",      "-1s", "+1s",  "s",     ".s", "1 s",
                                      "1s ", " 1s",    "1d",  "1.",   "1s1",   "1S", "00",
                                      ".",   "1.2.3s", "1ss", "0x1s", "1\xc2s"};
    static const char *const large[] = {"9223372036854775808ns", "9223372037s", "2562048h",
                                        "99999999999999999999s", "2562047h48m"};
    uint64_t ns = 77;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (clock_parse_duration(bad[i], &ns) != -EINVAL)
            fail_msg("took '%s'", bad[i]);
    for (size_t i = 0; i < ARRAY_LEN(large); i++)
        if (clock_parse_duration(large[i], &ns) != -ERANGE)
            fail_msg("took '%s'", large[i]);
    assert_int_equal(ns, 77);
}

static void clocks_advance_each_for_its_purpose(void **state)
{
    uint64_t mono = clock_mono_ns(), cpu = clock_thread_cpu_ns(), all = clock_process_cpu_ns();
    (void)state;

    while (clock_thread_cpu_ns() - cpu < 2 * NS_PER_MS)
        ;
    /* Work takes at least as much time as CPU; the two clocks tick apart by less than 1 ms. */
    assert_true(clock_mono_ns() - mono >= NS_PER_MS);
    assert_true(clock_process_cpu_ns() - all >= NS_PER_MS); /* this thread is one of them */
    assert_true(clock_wall_ns() > UINT64_C(1700000000) * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_kubernetes_times),
        cmocka_unit_test(reads_rfc3339),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(prints_durations_as_go),
        cmocka_unit_test(reads_durations_as_go),
        cmocka_unit_test(refuses_what_is_no_duration),
        cmocka_unit_test(clocks_advance_each_for_its_purpose),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
