// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "workload/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct settings before = {LOG_INFO, 10, 0.25};

static void assert_as_before(const struct settings *s)
{
    assert_int_equal(s->log_level, before.log_level);
    assert_float_equal(s->cpu_ms, before.cpu_ms, 0);
    assert_float_equal(s->error_rate, before.error_rate, 0);
}

static void what_is_not_mentioned_keeps_its_value(void **state)
{
    static const char *const empty[] = {"", "\n", "# cpu-ms=3\n\n  # x", " \t\r\n"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        struct settings s = before;
        assert_int_equal(settings_parse(empty[i], strlen(empty[i]), &s, NULL), 0);
        assert_as_before(&s);
    }
}

static void a_line_is_a_setting(void **state)
{
    const char text[] = "log-level=debug\r\n  cpu-ms = 2.5 \n# why\nerror-rate=1";
    struct settings s = before;
    (void)state;

    assert_int_equal(settings_parse(text, strlen(text), &s, NULL), 0);
    assert_int_equal(s.log_level, LOG_DEBUG);
    assert_float_equal(s.cpu_ms, 2.5, 0);
    assert_float_equal(s.error_rate, 1, 0);
}

static void a_wrong_line_is_named_and_changes_nothing(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"cpu-ms=1\ncpu-ms=x", "line 2: cpu-ms takes a number from 0 to 60000, not 'x'"},
        {"cpu-ms=1\ncpu-ms=2", "line 2: cpu-ms is given more than once"},
        {"cpu-ms=-1", "line 1: cpu-ms takes"},
        {"error-rate=1.5", "line 1: error-rate takes a number from 0 to 1, not '1.5'"},
        {"log-level=loud", "line 1: log-level takes one of error, warn, info, debug"},
        {"\n\nport=80", "line 3: there is log-level, cpu-ms and error-rate, but no 'port'"},
        {"cpu-ms: 20", "line 1: 'cpu-ms: 20' is not of the form name=value"},
        {"=3", "line 1: there is log-level"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct settings s = before;
        struct err err = {0};
        assert_int_equal(settings_parse(cases[i].text, strlen(cases[i].text), &s, &err), -EINVAL);
        if (strncmp(err.text, cases[i].sentence, strlen(cases[i].sentence)) != 0)
            fail_msg("'%s' instead of '%s'", err.text, cases[i].sentence);
        assert_as_before(&s);
    }
}

static void a_file_that_is_none_is_refused(void **state)
{
    scoped(free_at) char *spaces = malloc(SETTINGS_MAX_BYTES + 1);
    struct settings s = before;
    (void)state;

    memset(spaces, ' ', SETTINGS_MAX_BYTES + 1);
    assert_int_equal(settings_parse("cpu-ms=1\0", 9, &s, NULL), -EINVAL);
    assert_int_equal(settings_parse(spaces, SETTINGS_MAX_BYTES, &s, NULL), 0);
    assert_int_equal(settings_parse(spaces, SETTINGS_MAX_BYTES + 1, &s, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_mentioned_keeps_its_value),
        cmocka_unit_test(a_line_is_a_setting),
        cmocka_unit_test(a_wrong_line_is_named_and_changes_nothing),
        cmocka_unit_test(a_file_that_is_none_is_refused),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
