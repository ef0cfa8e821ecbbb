// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "metrics/exposition_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Writes a sample as "name[label=value,…]value", with "!" in front when it only grows. */
static int note(void *arg, const struct exposition_sample *s)
{
    struct buf *seen = arg;

    assert_int_equal(buf_printf(seen, "%s%s[", s->only_grows ? "!" : "", s->name), 0);
    for (size_t i = 0; i < s->label_count; i++)
        assert_int_equal(buf_printf(seen, "%s=%s,", s->labels[i].name, s->labels[i].value), 0);
    return buf_printf(seen, "]%g ", s->value);
}

static void reads(const char *text, const char *expected)
{
    struct buf seen = {.max = 4096};
    struct err err = {0};

    if (exposition_read(text, strlen(text), note, &seen, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(seen.data ? seen.data : "", expected);
    buf_done(&seen);
}

static void reads_names_labels_and_numbers(void **state)
{
    (void)state;
    reads("", "");
    reads("\n  \n# a comment\n#\n", "");
    reads("a 1", "a[]1 ");
    reads("a 1\nb:c_9 -2.5\r\n", "a[]1 b:c_9[]-2.5 ");
    reads("a{} 1e3\n", "a[]1000 ");
    reads("a{b=\"c\"} 1 1763721727000\n", "a[b=c,]1 ");
    reads(" \ta { b = \"c\" , d=\"\" , } 7\n", "a[b=c,d=,]7 ");
    reads("a{b=\"x\\\\y\\\"z\\nw,}{\"} 1\n", "a[b=x\\y\"z\nw,}{,]1 ");
    reads("a NaN\nb +Inf\nc -Inf\n", "a[]nan b[]inf c[]-inf ");
    reads("a_total 5 # {id=\"x\"} 1 1763721727\n# EOF\n", "!a_total[]5 ");
}

static void knows_what_only_grows(void **state)
{
    (void)state;
    reads("# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n", "!a[]1 b[]1 ");
    reads("# TYPE a counter\na_total 1\na_created 5\n", "!a_total[]1 a_created[]5 ");
    reads("# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 2\na_count 3\n",
          "!a_bucket[le=1,]1 !a_sum[]2 !a_count[]3 ");
    reads("# TYPE a summary\na{quantile=\"0.5\"} 1\na_count 3\n", "a[quantile=0.5,]1 !a_count[]3 ");
    reads("# TYPE a_total gauge\na_total 1\n", "a_total[]1 "); /* what it says counts */
    reads("# TYPE a gauge\nb_total 1\n", "!b_total[]1 ");
    reads("#  TYPE\ta  counter\na 1\n", "!a[]1 ");
}

static void says_which_line_is_wrong_and_repeats_nothing(void **state)
{
    static const char *const lines[] = {"9a 1",        "a",         "a x",
                                        "a{b} 1",      "a{b=c} 1",  "a{b=\"c} 1",
                                        "a{b=\"c\" 1", "a{b=\"c\\", "a{b=\"c\"d=\"e\"} 1",
                                        "<html>",      "a 0x10",    "secret"};
    (void)state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        struct buf seen = {.max = 4096};
        struct err err = {0};
        char text[64];
        (void)snprintf(text, sizeof(text), "# x\nok 1\n%s\nok 2\n", lines[i]);
        assert_int_equal(exposition_read(text, strlen(text), note, &seen, &err), -EINVAL);
        assert_string_equal(err.text, "line 3 is no sample");
        buf_done(&seen);
    }
}

static void has_limits(void **state)
{
    struct buf text = {.max = 1 << 20}, seen = {.max = 1 << 20};
    (void)state;

    assert_int_equal(buf_puts(&text, "a{"), 0);
    for (int i = 0; i < EXPOSITION_LABELS_MAX; i++)
        assert_int_equal(buf_printf(&text, "b%d=\"c\",", i), 0);
    size_t fits = text.len;
    assert_int_equal(buf_puts(&text, "} 1\n"), 0);
    assert_int_equal(exposition_read(text.data, text.len, note, &seen, NULL), 0);
    text.len = fits;
    assert_int_equal(buf_puts(&text, "d=\"e\"} 1\n"), 0);
    assert_int_equal(exposition_read(text.data, text.len, note, &seen, NULL), -EINVAL);

    buf_clear(&text);
    for (int i = 0; i < EXPOSITION_TEXTS_MAX; i++)
        assert_int_equal(buf_puts(&text, "a"), 0);
    assert_int_equal(buf_puts(&text, " 1\n"), 0);
    assert_int_equal(exposition_read(text.data, text.len, note, &seen, NULL), -EINVAL);
    buf_done(&text);
    buf_done(&seen);
}

static int stop(void *arg, const struct exposition_sample *s)
{
    (void)s;
    ++*(int *)arg;
    return -E2BIG;
}

static void ends_when_the_caller_has_enough(void **state)
{
    int calls = 0;
    (void)state;

    assert_int_equal(exposition_read("a 1\nb 2\n", 8, stop, &calls, NULL), -E2BIG);
    assert_int_equal(calls, 1);
}

static void reads_a_series_that_a_person_wrote(void **state)
{
    struct buf seen = {.max = 4096};
    (void)state;

    assert_int_equal(exposition_read_series("a_total{b=\"c\"} ", note, &seen), 0);
    assert_string_equal(seen.data, "a_total[b=c,]0 ");
    assert_int_equal(exposition_read_series("a{b!=\"c\"}", note, &seen), -EINVAL);
    assert_int_equal(exposition_read_series("a 1", note, &seen), -EINVAL);
    assert_int_equal(exposition_read_series("", note, &seen), -EINVAL);
    buf_done(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_labels_and_numbers),
        cmocka_unit_test(knows_what_only_grows),
        cmocka_unit_test(says_which_line_is_wrong_and_repeats_nothing),
        cmocka_unit_test(has_limits),
        cmocka_unit_test(ends_when_the_caller_has_enough),
        cmocka_unit_test(reads_a_series_that_a_person_wrote),
    };
    return cmocka_run_group_tests_name("exposition_reader", tests, NULL, NULL);
}
