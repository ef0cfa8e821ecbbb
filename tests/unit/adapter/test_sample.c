// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/sample.h"
#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static struct samples *list(size_t count, const int64_t *milli)
{
    struct samples *s = samples_new();

    for (size_t i = 0; i < count; i++)
        assert_int_equal(samples_add_value(s, milli[i]), 0);
    return s;
}

static void keeps_copies_of_labels(void **state)
{
    struct samples *s = samples_new();
    char value[] = "jobs";
    const struct label labels[] = {{"queue", value}, {"tier", ""}};
    (void)state;

    assert_int_equal(samples_add(s, &(struct sample){labels, 2, 1500, 7, NULL}), 0);
    value[0] = 'x';
    const struct sample *got = samples_at(s, 0);
    assert_int_equal(got->value_milli, 1500);
    assert_int_equal(got->measured_wall_ns, 7);
    assert_string_equal(sample_label(got, "queue"), "jobs");
    assert_string_equal(sample_label(got, "tier"), "");
    assert_null(sample_label(got, "other"));
    samples_unref(s);
}

static void samples_have_the_same_labels_in_the_same_order(void **state)
{
    static const struct label ab[] = {{"a", "1"}, {"b", "2"}}, ba[] = {{"b", "2"}, {"a", "1"}},
                              other[] = {{"a", "1"}, {"b", "3"}};
    const struct sample one = {.labels = ab, .label_count = 2, .value_milli = 1},
                        same = {.labels = ab, .label_count = 2, .value_milli = 2},
                        swapped = {.labels = ba, .label_count = 2},
                        differs = {.labels = other, .label_count = 2},
                        fewer = {.labels = ab, .label_count = 1};
    (void)state;

    assert_true(sample_same_labels(&one, &same));
    assert_false(sample_same_labels(&one, &swapped));
    assert_false(sample_same_labels(&one, &differs));
    assert_false(sample_same_labels(&one, &fewer));
}

static void has_a_limit(void **state)
{
    struct samples *s = samples_new();
    (void)state;

    for (size_t i = 0; i < SAMPLES_MAX; i++)
        assert_int_equal(samples_add_value(s, 1), 0);
    assert_int_equal(samples_add_value(s, 1), -E2BIG);
    assert_int_equal(samples_count(s), SAMPLES_MAX);
    samples_unref(s);
}

static void reads_numbers_exactly_or_says_what_is_wrong(void **state)
{
    static const struct {
        double number;
        int64_t milli;
        const char *fault;
    } cases[] = {
        {0, 0, NULL},
        {-0.0, 0, NULL},
        {2.01, 2010, NULL}, /* 2010.0000000000002 in binary */
        {0.29, 290, NULL},  /* 290 exactly, though 0.29 * 1000 is less */
        {1.0001, 1001, NULL},
        {0.0001, 1, NULL},
        {123456789.123, 123456789123, NULL},
        {9.2e15, 9200000000000000000, NULL},
        {9.3e15, 0, "too large"},
        {NAN, 0, "not a number (NaN)"},
        {INFINITY, 0, "infinite"},
        {-INFINITY, 0, "infinite"},
        {-0.5, 0, "negative"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sample s = {.fault = "left over", .value_milli = 5};
        sample_set_number(&s, cases[i].number);
        assert_int_equal(s.value_milli, cases[i].milli);
        assert_true(!s.fault == !cases[i].fault);
        if (s.fault)
            assert_string_equal(s.fault, cases[i].fault);
    }
}

static void combines_as_written(void **state)
{
    static const int64_t three[] = {1000, 4000, 2001}, huge[] = {INT64_MAX, 1};
    static const struct {
        const int64_t *values;
        size_t count;
        enum combine how;
        int64_t milli;
        const char *sentence;
    } cases[] = {
        {three, 1, COMBINE_ONE, 1000, NULL},
        {three, 3, COMBINE_SUM, 7001, NULL},
        {three, 3, COMBINE_AVERAGE, 2334, NULL}, /* 2333.67 rounded up */
        {three, 3, COMBINE_MAX, 4000, NULL},
        {three, 3, COMBINE_MIN, 1000, NULL},
        {three, 3, COMBINE_ONE, 0,
         "has 3 values where one is needed (write what to do with them: combine)"},
        {three, 0, COMBINE_ONE, 0, "has no value (empty is not zero unless onEmpty says so)"},
        {three, 0, COMBINE_SUM, 0, "has no value (empty is not zero unless onEmpty says so)"},
        {three, 0, COMBINE_EACH, 0, "has no value (empty is not zero unless onEmpty says so)"},
        {huge, 2, COMBINE_SUM, 0, "has values whose sum is too large"},
        {huge, 2, COMBINE_MAX, INT64_MAX, NULL},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct samples *s = list(cases[i].count, cases[i].values), *one = NULL;
        struct err err = {0};
        int r = samples_combine(s, &(struct combining){.how = cases[i].how}, &one, &err);
        assert_int_equal(r, cases[i].sentence ? -ENOMSG : 0);
        if (cases[i].sentence) {
            assert_string_equal(err.text, cases[i].sentence);
            assert_null(one);
        } else {
            assert_int_equal(samples_count(one), 1);
            assert_int_equal(samples_at(one, 0)->value_milli, cases[i].milli);
        }
        samples_unref(one);
        samples_unref(s);
    }
}

static void each_keeps_them_all_with_their_labels(void **state)
{
    const struct label queue = {"queue", "jobs"};
    struct samples *s = samples_new(), *each = NULL;
    (void)state;

    assert_int_equal(samples_add(s, &(struct sample){&queue, 1, 1000, 0, NULL}), 0);
    assert_int_equal(samples_add(s, &(struct sample){.fault = "negative"}), 0);
    assert_int_equal(samples_combine(s, &(struct combining){COMBINE_EACH}, &each, NULL), 0);
    assert_int_equal(samples_count(each), 2);
    assert_string_equal(sample_label(samples_at(each, 0), "queue"), "jobs");
    samples_unref(s);
    samples_unref(each);
}

static void one_has_no_labels_and_the_oldest_time(void **state)
{
    const struct label queue = {"queue", "jobs"};
    struct samples *s = samples_new(), *one = NULL;
    (void)state;

    assert_int_equal(samples_add(s, &(struct sample){&queue, 1, 1000, 9, NULL}), 0);
    assert_int_equal(samples_add(s, &(struct sample){&queue, 1, 1000, 0, NULL}), 0);
    assert_int_equal(samples_add(s, &(struct sample){&queue, 1, 1000, 8, NULL}), 0);
    assert_int_equal(samples_combine(s, &(struct combining){COMBINE_SUM}, &one, NULL), 0);
    assert_int_equal(samples_at(one, 0)->label_count, 0);
    assert_int_equal(samples_at(one, 0)->measured_wall_ns, 8);
    samples_unref(s);
    samples_unref(one);
}

static void nothing_is_a_value_only_when_that_is_written(void **state)
{
    struct samples *s = samples_new(), *one = NULL;
    (void)state;

    assert_int_equal(samples_combine(s, &(struct combining){COMBINE_ONE, true, 0}, &one, NULL), 0);
    assert_int_equal(samples_at(one, 0)->value_milli, 0);
    samples_unref(s);
    samples_unref(one);
}

static void a_fault_is_an_error_and_not_left_out(void **state)
{
    struct samples *s = samples_new(), *one = NULL;
    struct err err = {0};
    (void)state;

    assert_int_equal(samples_add(s, &(struct sample){.fault = "not a number (NaN)"}), 0);
    assert_int_equal(samples_combine(s, &(struct combining){0}, &one, &err), -ENOMSG);
    assert_string_equal(err.text, "has a value that is not a number (NaN)");
    assert_int_equal(samples_add_value(s, 1000), 0);
    assert_int_equal(samples_combine(s, &(struct combining){COMBINE_MAX}, &one, &err), -ENOMSG);
    assert_string_equal(err.text, "has 2 values, one of which is not a number (NaN)");
    samples_unref(s);
}

static void takes_none_for_an_answer_where_all_are_asked_for(void **state)
{
    struct samples *none = samples_new(), *all = NULL;
    (void)state;

    assert_int_equal(samples_combine(none, &(struct combining){COMBINE_ALL}, &all, NULL), 0);
    assert_int_equal(samples_count(all), 0);
    samples_unref(all);
    samples_unref(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_none_for_an_answer_where_all_are_asked_for),
        cmocka_unit_test(keeps_copies_of_labels),
        cmocka_unit_test(samples_have_the_same_labels_in_the_same_order),
        cmocka_unit_test(has_a_limit),
        cmocka_unit_test(reads_numbers_exactly_or_says_what_is_wrong),
        cmocka_unit_test(combines_as_written),
        cmocka_unit_test(each_keeps_them_all_with_their_labels),
        cmocka_unit_test(one_has_no_labels_and_the_oldest_time),
        cmocka_unit_test(nothing_is_a_value_only_when_that_is_written),
        cmocka_unit_test(a_fault_is_an_error_and_not_left_out),
    };
    return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
