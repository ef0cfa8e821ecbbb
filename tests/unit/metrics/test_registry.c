// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/scoped.h"
#include "metrics/registry.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static const struct metric_desc jobs = {
    "t_jobs_total", METRIC_COUNTER, "Jobs \\ by\noutcome.", {"queue", "outcome"}};
static const struct metric_desc depth = {"t_depth", METRIC_GAUGE, "Depth.", {0}};
static const double bounds[] = {.1, 1};
static const struct metric_desc seconds = {"t_seconds", METRIC_HISTOGRAM, "Time.",
                                           {0},         bounds,           ARRAY_LEN(bounds)};

static int make_registry(void **state)
{
    *state = metrics_new();
    return *state ? 0 : -1;
}

static int free_registry(void **state)
{
    metrics_free(*state);
    return 0;
}

static void assert_written(struct metrics *m, enum metrics_format format, const char *wanted)
{
    struct buf out = {.max = 64 * KIB};

    assert_int_equal(metrics_write(m, format, &out), 0);
    assert_string_equal(out.data ? out.data : "", wanted);
    buf_done(&out);
}

static void writes_the_text_format(void **state)
{
    metric_add(metrics_series(*state, &jobs, "a\"b", "done"), 2);
    metric_set(metrics_series(*state, &depth), 0.1);
    assert_written(*state, METRICS_TEXT,
                   "# HELP t_jobs_total Jobs \\\\ by\\noutcome.\n"
                   "# TYPE t_jobs_total counter\n"
                   "t_jobs_total{queue=\"a\\\"b\",outcome=\"done\"} 2\n"
                   "# HELP t_depth Depth.\n"
                   "# TYPE t_depth gauge\n"
                   "t_depth 0.1\n");
}

static void openmetrics_names_counters_without_total_and_ends_with_eof(void **state)
{
    metric_add(metrics_series(*state, &jobs, "q", "done"), 1);
    assert_written(*state, METRICS_OPENMETRICS,
                   "# HELP t_jobs Jobs \\\\ by\\noutcome.\n"
                   "# TYPE t_jobs counter\n"
                   "t_jobs_total{queue=\"q\",outcome=\"done\"} 1\n"
                   "# EOF\n");
}

static void buckets_are_cumulative_and_a_bound_belongs_to_its_bucket(void **state)
{
    struct metric *s = metrics_series(*state, &seconds);

    metric_observe(s, .1);
    metric_observe(s, .5);
    metric_observe(s, 7);
    assert_written(*state, METRICS_OPENMETRICS,
                   "# HELP t_seconds Time.\n"
                   "# TYPE t_seconds histogram\n"
                   "t_seconds_bucket{le=\"0.1\"} 1\n"
                   "t_seconds_bucket{le=\"1.0\"} 2\n"
                   "t_seconds_bucket{le=\"+Inf\"} 3\n"
                   "t_seconds_sum 7.6\n"
                   "t_seconds_count 3\n"
                   "# EOF\n");
}

static const struct metric_desc traced = {"t_traced", METRIC_HISTOGRAM,  "Time.",          {0},
                                          bounds,     ARRAY_LEN(bounds), .exemplars = true};

/* That these are parts of what m writes; exemplars end in the time, which is another each time. */
static void assert_exemplars(struct metrics *m, enum metrics_format format,
                             const char *const *wanted)
{
    scoped(buf_done) struct buf out = {.max = 64 * KIB};

    assert_int_equal(metrics_write(m, format, &out), 0);
    for (; *wanted; wanted++)
        if (!strstr(out.data, *wanted))
            fail_msg("no '%s' in\n%s", *wanted, out.data);
}

static void openmetrics_shows_the_newest_trace_of_each_bucket(void **state)
{
    struct metric *s = metrics_series(*state, &traced);

    metric_observe_traced(s, .01, "0af7651916cd43dd8448eb211c80319c");
    metric_observe_traced(s, .02, "4bf92f3577b34da6a3ce929d0e0e4736");
    metric_observe(s, .03);
    metric_observe_traced(s, 7, "00000000000000000000000000000001");
    assert_exemplars(
        *state, METRICS_OPENMETRICS,
        (const char *const[]){
            "\nt_traced_bucket{le=\"0.1\"} 3 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} "
            "0.02 ",
            "\nt_traced_bucket{le=\"1.0\"} 3\n",
            "\nt_traced_bucket{le=\"+Inf\"} 4 # {trace_id=\"00000000000000000000000000000001\"} 7 ",
            "\nt_traced_count 4\n", NULL});
    assert_exemplars(*state, METRICS_TEXT,
                     (const char *const[]){"\nt_traced_bucket{le=\"0.1\"} 3\n", NULL});
}

static void a_histogram_that_wants_no_exemplars_counts_what_is_traced(void **state)
{
    struct metric *s = metrics_series(*state, &seconds);

    metric_observe_traced(s, .01, "0af7651916cd43dd8448eb211c80319c");
    assert_exemplars(*state, METRICS_OPENMETRICS,
                     (const char *const[]){"\nt_seconds_bucket{le=\"0.1\"} 1\n", NULL});
    metric_observe_traced(NULL, 1, "");
}

static void the_same_labels_are_the_same_series(void **state)
{
    metric_add(metrics_series(*state, &jobs, "q", "done"), 1);
    metric_add(metrics_series(*state, &jobs, "q", "done"), 1);
    assert_float_equal(metric_value(metrics_series(*state, &jobs, "q", "done")), 2, 0);
}

static void a_family_without_series_is_not_written(void **state)
{
    metric_set(metrics_series(*state, &depth), 1);
    metrics_clear(*state, &depth);
    assert_written(*state, METRICS_TEXT, "");
}

static void writes_what_is_not_a_number(void **state)
{
    metric_set(metrics_series(*state, &depth), NAN);
    assert_written(*state, METRICS_TEXT,
                   "# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth NaN\n");
    metric_set(metrics_series(*state, &depth), -INFINITY);
    assert_written(*state, METRICS_TEXT,
                   "# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth -Inf\n");
}

static void keeps_no_more_series_than_its_limit(void **state)
{
    char name[20];

    for (int i = 0; i < METRICS_SERIES_MAX + 5; i++) {
        (void)snprintf(name, sizeof(name), "q%d", i);
        struct metric *s = metrics_series(*state, &jobs, name, "done");
        assert_int_equal(s != NULL, i < METRICS_SERIES_MAX);
        metric_add(s, 1); /* NULL is accepted */
    }
}

static void set_depth(void *arg)
{
    metric_set(metrics_series(arg, &depth), 42);
}

static void collects_at_each_scrape(void **state)
{
    metrics_on_collect(*state, set_depth, *state);
    assert_written(*state, METRICS_TEXT,
                   "# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth 42\n");
}

static void *add_many(void *arg)
{
    for (int i = 0; i < 20000; i++)
        metric_add(metrics_series(arg, &depth), 1);
    return NULL;
}

static void additions_from_many_threads_all_count(void **state)
{
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, *state), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_float_equal(metric_value(metrics_series(*state, &depth)), 80000, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_registry, free_registry)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_the_text_format),
        TEST(openmetrics_names_counters_without_total_and_ends_with_eof),
        TEST(buckets_are_cumulative_and_a_bound_belongs_to_its_bucket),
        TEST(openmetrics_shows_the_newest_trace_of_each_bucket),
        TEST(a_histogram_that_wants_no_exemplars_counts_what_is_traced),
        TEST(the_same_labels_are_the_same_series),
        TEST(a_family_without_series_is_not_written),
        TEST(writes_what_is_not_a_number),
        TEST(keeps_no_more_series_than_its_limit),
        TEST(collects_at_each_scrape),
        TEST(additions_from_many_threads_all_count),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
