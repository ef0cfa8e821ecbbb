// SPDX-License-Identifier: MIT
#include "source_fixture.h"

#include "base/clock.h"

#include <errno.h>

#define S NS_PER_S
#define SOURCE(fields) "{exposition: {url: 'http://app/metrics', " fields "}}"

static void reads_the_series_that_has_the_labels(void **state)
{
    static const char page[] = "# TYPE depth gauge\n"
                               "depth{queue=\"jobs\",tier=\"a\"} 12\n"
                               "depth{queue=\"mail\"} 0.25\n"
                               "depths 5\n"
                               "# TYPE up gauge\nup 1\n";
    static const struct {
        const char *yaml;
        int64_t milli;
    } cases[] = {
        {SOURCE("metric: 'depth{queue=\"jobs\"}'"), 12000},
        {SOURCE("metric: 'depth{queue=\"mail\",tier=\"\"}'"), 250},
        {SOURCE("metric: depths"), 5000},
        {SOURCE("metric: up"), 1000},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct source *source = make_source(cases[i].yaml);
        has_value(source, page, cases[i].milli);
        source_unref(source);
    }
}

static void what_is_no_value_is_an_error_and_not_zero(void **state)
{
    struct source *source = make_source(SOURCE("metric: depth"));
    (void)state;

    has_no_value(source, 200, "other 5\n", -ENOMSG,
                 "has no value (empty is not zero unless onEmpty says so)");
    has_no_value(source, 200, "depth NaN\n", -ENOMSG, "has a value that is not a number (NaN)");
    has_no_value(source, 200, "depth -1\n", -ENOMSG, "has a value that is negative");
    has_no_value(source, 200, "depth{a=\"b\"} 1\ndepth{a=\"c\"} 1\n", -ENOMSG,
                 "has 2 values where one is needed (write what to do with them: combine)");
    has_no_value(source, 200, "<html>secret</html>", -ENOMSG,
                 "answers what is no /metrics page: line 1 is no sample");
    has_no_value(source, 500, "depth 1\n", -EBADMSG, "answers 500");
    source_unref(source);
}

/* Scrapes at at_ns: the rates of the series in milli, or what is returned instead. */
static int scrape(const struct source *source, void *memory, uint64_t at_ns, const char *page,
                  struct samples **ret)
{
    struct source_poll poll = {.memory = memory, .started_ns = at_ns};
    struct err err = {0};

    return read_answer(source, &poll, 200, page, strlen(page), ret, &err);
}

static void a_counter_becomes_a_rate_over_two_scrapes(void **state)
{
    struct source *source = make_source(SOURCE("metric: jobs_total"));
    void *memory = calloc(1, source->kind->memory_size);
    struct samples *samples;
    (void)state;

    assert_int_equal(scrape(source, memory, 10 * S, "jobs_total 1000\n", &samples), SOURCE_NOT_YET);
    samples_unref(samples);
    assert_int_equal(scrape(source, memory, 14 * S, "jobs_total 1010\n", &samples), 0);
    assert_int_equal(samples_at(samples, 0)->value_milli, 2500);
    samples_unref(samples);
    assert_int_equal(scrape(source, memory, 15 * S, "jobs_total 1010\n", &samples), 0);
    assert_int_equal(samples_at(samples, 0)->value_milli, 0);
    samples_unref(samples);
    source->kind->memory_done(memory);
    free(memory);
    source_unref(source);
}

static void a_counter_that_fell_has_restarted_and_counts_from_zero(void **state)
{
    struct source *source = make_source(SOURCE("metric: jobs_total"));
    void *memory = calloc(1, source->kind->memory_size);
    struct samples *samples;
    (void)state;

    assert_int_equal(scrape(source, memory, 10 * S, "jobs_total 1000\n", &samples), SOURCE_NOT_YET);
    samples_unref(samples);
    assert_int_equal(scrape(source, memory, 20 * S, "jobs_total 30\n", &samples), 0);
    assert_int_equal(samples_at(samples, 0)->value_milli, 3000);
    samples_unref(samples);
    source->kind->memory_done(memory);
    free(memory);
    source_unref(source);
}

static void each_series_has_a_rate_of_its_own_and_a_new_one_none(void **state)
{
    struct source *source = make_source(SOURCE("metric: jobs_total"));
    void *memory = calloc(1, source->kind->memory_size);
    struct samples *samples;
    (void)state;

    assert_int_equal(
        scrape(source, memory, 10 * S, "jobs_total{q=\"a\"} 1\njobs_total{q=\"b\"} 5\n", &samples),
        SOURCE_NOT_YET);
    samples_unref(samples);
    assert_int_equal(scrape(source, memory, 11 * S,
                            "jobs_total{q=\"b\"} 7\njobs_total{q=\"c\"} 100\njobs_total{q=\"a\"} "
                            "2\n",
                            &samples),
                     0);
    assert_int_equal(samples_count(samples), 2);
    assert_string_equal(sample_label(samples_at(samples, 0), "q"), "b");
    assert_int_equal(samples_at(samples, 0)->value_milli, 2000);
    assert_string_equal(sample_label(samples_at(samples, 1), "q"), "a");
    assert_int_equal(samples_at(samples, 1)->value_milli, 1000);
    samples_unref(samples);
    source->kind->memory_done(memory);
    free(memory);
    source_unref(source);
}

static void as_overrules_the_type(void **state)
{
    struct source *value = make_source(SOURCE("metric: jobs_total, as: value"));
    struct source *rate = make_source(SOURCE("metric: depth, as: rate"));
    void *memory = calloc(1, rate->kind->memory_size);
    struct samples *samples;
    (void)state;

    has_value(value, "jobs_total 1000\n", 1000000);
    assert_int_equal(scrape(rate, memory, S, "depth 1\n", &samples), SOURCE_NOT_YET);
    samples_unref(samples);
    rate->kind->memory_done(memory);
    free(memory);
    source_unref(value);
    source_unref(rate);
}

static void refuses_settings_that_are_wrong(void **state)
{
    (void)state;
    refuses_source(SOURCE("metric: 'a b'"),
                   "s.yaml:1: source.exposition.metric takes a series such as "
                   "jobs_total{queue=\"a\"} with at most 16 labels, not 'a b'");
    refuses_source(SOURCE("metric: 'a{b=~\"c\"}'"),
                   "s.yaml:1: source.exposition.metric takes a series such as "
                   "jobs_total{queue=\"a\"} with at most 16 labels, not 'a{b=~\"c\"}'");
    refuses_source(SOURCE("metric: a, as: sum"),
                   "s.yaml:1: source.exposition.as takes value or rate, not 'sum'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_series_that_has_the_labels),
        cmocka_unit_test(what_is_no_value_is_an_error_and_not_zero),
        cmocka_unit_test(a_counter_becomes_a_rate_over_two_scrapes),
        cmocka_unit_test(a_counter_that_fell_has_restarted_and_counts_from_zero),
        cmocka_unit_test(each_series_has_a_rate_of_its_own_and_a_new_one_none),
        cmocka_unit_test(as_overrules_the_type),
        cmocka_unit_test(refuses_settings_that_are_wrong),
    };
    return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
