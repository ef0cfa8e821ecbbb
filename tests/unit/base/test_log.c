// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/log.h"
#include "base/scoped.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static size_t text_len;
static FILE *out;

static void log_to_memory(enum log_format format, enum log_level level)
{
    out = open_memstream(&text, &text_len);
    assert_non_null(out);
    log_init(out, format, level);
}

static int close_memory(void **state)
{
    (void)state;
    log_init(stderr, LOG_LOGFMT, LOG_INFO);
    if (out)
        (void)fclose(out);
    free(text);
    out = NULL;
    text = NULL;
    text_len = 0;
    return 0;
}

/* What stands behind the time, which is checked here. */
static const char *after_time(const char *line)
{
    static const char form[] = "time=dddd-dd-ddTdd:dd:dd.ddddddZ ";

    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != form[i])
            fail_msg("no time in front of '%s'", line);
    return line + strlen(form);
}

static void a_line_is_time_level_message_and_fields(void **state)
{
    (void)state;
    log_to_memory(LOG_LOGFMT, LOG_DEBUG);

    log_info("listening", LOG_STR("address", "127.0.0.1"), LOG_INT("port", -8080),
             LOG_DOUBLE("load", 0.25));
    assert_string_equal(after_time(text),
                        "level=info msg=listening address=127.0.0.1 port=-8080 load=0.25\n");
}

static void only_lines_up_to_the_level_are_written(void **state)
{
    (void)state;
    log_to_memory(LOG_LOGFMT, LOG_WARN);

    log_info("no");
    log_debug("no");
    assert_int_equal(text_len, 0);
    log_warn("yes");
    size_t one = text_len;
    log_error("yes");
    assert_string_equal(after_time(text + one), "level=error msg=yes\n");
}

static void the_level_can_change_in_between(void **state)
{
    (void)state;
    log_to_memory(LOG_LOGFMT, LOG_ERROR);

    log_info("unheard");
    log_set_level(LOG_INFO);
    log_info("heard");
    assert_string_equal(after_time(text), "level=info msg=heard\n");
}

static void text_from_outside_cannot_leave_its_value(void **state)
{
    (void)state;
    log_to_memory(LOG_LOGFMT, LOG_INFO);

    log_info("two words", LOG_STR("a", "x\nlevel=error"), LOG_STR("b", "say \"hi\"\\"),
             LOG_STR("c", "k=v"), LOG_STR("d", ""), LOG_STR("e", NULL),
             LOG_STR("f", "\x1b[31m\x7f\t"), LOG_STR("g", "h\xc3\xa9"));
    assert_string_equal(after_time(text), "level=info msg=\"two words\" a=\"x\\nlevel=error\" "
                                          "b=\"say \\\"hi\\\"\\\\\" c=\"k=v\" d=\"\" e=\"\" "
                                          "f=\"\\u001b[31m\\u007f\\u0009\" g=\"h\xc3\xa9\"\n");
}

static void json_lines_are_json(void **state)
{
    static const char nasty[] = "\x01 \" \\ \n \x7f h\xc3\xa9";
    json_error_t error;
    (void)state;
    log_to_memory(LOG_JSON, LOG_INFO);

    log_info(nasty, LOG_STR("s", nasty), LOG_INT("i", INT64_MIN), LOG_DOUBLE("d", 1e-7),
             LOG_DOUBLE("big", 1e300), LOG_DOUBLE("nan", NAN), LOG_DOUBLE("inf", -INFINITY));
    assert_int_equal(text[text_len - 1], '\n');
    json_auto_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(line, "msg")), nasty);
    assert_string_equal(json_string_value(json_object_get(line, "s")), nasty);
    assert_true(json_integer_value(json_object_get(line, "i")) == INT64_MIN);
    assert_float_equal(json_real_value(json_object_get(line, "d")), 1e-7, 1e-12);
    assert_string_equal(json_string_value(json_object_get(line, "nan")), "NaN");
    assert_string_equal(json_string_value(json_object_get(line, "inf")), "-Inf");
}

static void a_field_that_does_not_fit_is_left_out_whole(void **state)
{
    char *longer = malloc(20 * KIB + 1);
    json_error_t error;
    (void)state;
    assert_non_null(longer);
    memset(longer, 'a', 20 * KIB);
    longer[20 * KIB] = '\0';

    log_to_memory(LOG_JSON, LOG_INFO);
    log_info("kept", LOG_STR("pod", "p1"), LOG_STR("body", longer), LOG_STR("last", "x"));
    json_auto_t *line = json_loads(text, 0, &error);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "pod")), "p1");
    assert_null(json_object_get(line, "body"));
    assert_null(json_object_get(line, "last"));
    (void)close_memory(NULL);

    log_to_memory(LOG_LOGFMT, LOG_INFO);
    log_info("kept", LOG_STR("body", longer));
    assert_string_equal(after_time(text), "level=info msg=kept\n");
    free(longer);
}

/* At every length around the limit, a line is either complete or without the field. */
static void the_limit_has_no_bad_spot(void **state)
{
    char *value = malloc(17 * KIB);
    json_error_t error;
    (void)state;
    assert_non_null(value);

    for (size_t len = 16 * KIB - 200; len < 16 * KIB + 10; len++) {
        memset(value, '"', len); /* each takes two bytes in the line */
        value[len / 2] = '\0';
        log_to_memory(LOG_JSON, LOG_INFO);
        log_info("m", LOG_STR("v", value));
        json_auto_t *line = json_loads(text, 0, &error);
        if (!line)
            fail_msg("at %zu bytes: %s", len, error.text);
        assert_true(text_len <= 16 * KIB + 2);
        assert_int_equal(text[text_len - 1], '\n');
        (void)close_memory(NULL);
    }
    free(value);
}

#define LINES 500

static void *log_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_info("line", LOG_STR("who", arg), LOG_INT("n", i));
    return NULL;
}

static void threads_do_not_mix_their_lines(void **state)
{
    pthread_t a, b;
    size_t count = 0;
    char *rest = NULL;
    FILE *file = tmpfile(); /* glibc's memory streams hide their lock from ThreadSanitizer */
    (void)state;
    assert_non_null(file);
    log_init(file, LOG_LOGFMT, LOG_INFO);

    assert_int_equal(pthread_create(&a, NULL, log_lines, "a"), 0);
    assert_int_equal(pthread_create(&b, NULL, log_lines, "b"), 0);
    (void)pthread_join(a, NULL);
    (void)pthread_join(b, NULL);
    rewind(file);
    text = calloc(1, MIB);
    assert_non_null(text);
    assert_in_range(fread(text, 1, MIB - 1, file), 1, MIB - 2);
    (void)fclose(file);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char who;
        int n, end = 0;
        (void)sscanf(after_time(line), "level=info msg=line who=%c n=%d%n", &who, &n, &end);
        assert_int_equal(after_time(line)[end], '\0');
        assert_true(end > 0);
        count++;
    }
    assert_int_equal(count, 2 * LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_line_is_time_level_message_and_fields, close_memory),
        cmocka_unit_test_teardown(only_lines_up_to_the_level_are_written, close_memory),
        cmocka_unit_test_teardown(the_level_can_change_in_between, close_memory),
        cmocka_unit_test_teardown(text_from_outside_cannot_leave_its_value, close_memory),
        cmocka_unit_test_teardown(json_lines_are_json, close_memory),
        cmocka_unit_test_teardown(a_field_that_does_not_fit_is_left_out_whole, close_memory),
        cmocka_unit_test_teardown(the_limit_has_no_bad_spot, close_memory),
        cmocka_unit_test_teardown(threads_do_not_mix_their_lines, close_memory),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
