// SPDX-License-Identifier: MIT
#include "unit.h"

#include "lab/hpa/words.h"

#include <string.h>

#define S UINT64_C(1000000000)

static void durations_are_read_aloud(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } rows[] = {
        {0, "0 seconds"},
        {S, "1 second"},
        {S * 14 + S / 2, "15 seconds"},
        {60 * S, "1 minute"},
        {250 * S, "4 minutes 10 seconds"},
        {300 * S, "5 minutes"},
        {3600 * S, "1 hour"},
        {3661 * S, "1 hour 1 minute"},
        {7200 * S, "2 hours"},
    };
    char text[WORD_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(words_duration(rows[i].ns, text), rows[i].text);
}

static void numbers_have_the_digits_that_matter(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{2.44, "2.44"}, {1.5, "1.5"},       {3, "3"},          {100, "100"},
                {0, "0"},       {0.0125, "0.0125"}, {1.0 / 3, "0.33"}, {-2.5, "-2.5"}};
    char text[WORD_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(words_number(rows[i].value, text), rows[i].text);
}

static void amounts_have_the_unit_of_the_metric(void **state)
{
    static const struct {
        struct hpa_metric metric;
        double value;
        const char *text;
    } rows[] = {
        {{.source = HPA_RESOURCE, .resource = HPA_CPU, .form = HPA_UTILIZATION}, 50, "50 %"},
        {{.source = HPA_RESOURCE, .resource = HPA_CPU, .form = HPA_AVERAGE_VALUE}, 250, "250m"},
        {{.source = HPA_RESOURCE, .resource = HPA_MEMORY, .form = HPA_AVERAGE_VALUE},
         1572864000,
         "1.5 MiB"},
        {{.source = HPA_PODS, .form = HPA_AVERAGE_VALUE}, 12500, "12.5"},
        {{.source = HPA_EXTERNAL, .form = HPA_VALUE}, 30000, "30"},
    };
    char text[WORD_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(words_amount(&rows[i].metric, rows[i].value, text), rows[i].text);
}

static void a_metric_is_called_by_what_it_measures(void **state)
{
    static const struct {
        struct hpa_metric metric;
        const char *text;
    } rows[] = {
        {{.source = HPA_RESOURCE, .resource = HPA_CPU, .name = "cpu"}, "CPU"},
        {{.source = HPA_RESOURCE, .resource = HPA_MEMORY, .name = "memory"}, "memory"},
        {{.source = HPA_CONTAINER_RESOURCE, .resource = HPA_CPU, .name = "cpu", .container = "web"},
         "CPU of container web"},
        {{.source = HPA_PODS, .name = "hits"}, "hits"},
        {{.source = HPA_OBJECT, .name = "hits", .object = {"v1", "Service", "main"}},
         "hits of Service main"},
        {{.source = HPA_UNKNOWN_SOURCE}, "a metric without a name"},
    };
    char text[HPA_SENTENCE_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct words w = words_begin(text);
        words_say_metric(&w, &rows[i].metric);
        assert_string_equal(words_end(&w), rows[i].text);
    }
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
    char text[HPA_SENTENCE_MAX];
    (void)state;

    for (size_t shift = 0; shift < 2; shift++) {
        struct words w = words_begin(text);
        words_say(&w, "%s", shift ? "a" : "");
        for (int i = 0; i < HPA_SENTENCE_MAX; i++)
            words_say(&w, "×");
        assert_int_equal(strlen(words_end(&w)), HPA_SENTENCE_MAX - 1);
        json_t *json = json_string(text);
        assert_non_null(json); /* jansson refuses broken UTF-8 */
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_aloud),
        cmocka_unit_test(numbers_have_the_digits_that_matter),
        cmocka_unit_test(amounts_have_the_unit_of_the_metric),
        cmocka_unit_test(a_metric_is_called_by_what_it_measures),
        cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
    };
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
