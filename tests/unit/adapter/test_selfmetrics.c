// SPDX-License-Identifier: MIT
#include "unit.h"

#include "adapter/api/metrics_api.h"
#include "adapter/query_private.h"
#include "adapter/selfmetrics.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>

static const char config_text[] = "externalMetrics:\n"
                                  "- name: a\n"
                                  "  namespace: x\n"
                                  "  labels: {queue: jobs}\n"
                                  "  source: {http: {url: 'http://q', valuePath: x}}\n"
                                  "customMetrics:\n"
                                  "- name: b\n"
                                  "  resource: deployments.apps\n"
                                  "  namespace: x\n"
                                  "  source: {http: {url: 'http://b', valuePath: x}}\n";

static void scrape_has(struct metrics *m, const char *line, bool expected)
{
    struct buf text = {.max = 1 << 20};

    assert_int_equal(metrics_write(m, METRICS_TEXT, &text), 0);
    if (!strstr(text.data, line) == expected)
        fail_msg("%s line '%s' in:\n%s", expected ? "no" : "a", line, text.data);
    buf_done(&text);
}

static void says_state_and_age_of_each_metric_and_polls_of_each_source(void **state)
{
#define LABELS "metric=\"a\",namespace=\"x\",labels=\"queue=jobs\""
    struct metrics *m = metrics_new();
    struct adapter_config config;
    struct queries *queries = queries_new();
    struct samples *samples = samples_new();
    struct selfmetrics self;
    struct feeds feeds;
    (void)state;

    assert_int_equal(config_parse("a.yaml", config_text, strlen(config_text), &config, NULL), 0);
    assert_int_equal(feeds_init(&feeds, &config, queries), 0);
    struct metrics_api api = {.refs = 1, .feeds = &feeds};
    struct metrics_api_slot slot = {PTHREAD_MUTEX_INITIALIZER, &api};
    selfmetrics_init(&self, m, &slot);
    struct poll_series polls = selfmetrics_poll_series(m, "http://q");

    scrape_has(m, "swell_adapter_metric_state{" LABELS ",state=\"waiting\"} 1\n", true);
    scrape_has(m, "swell_adapter_value_age_seconds{", false);
    scrape_has(m, "swell_adapter_polls_total{source=\"http://q\",outcome=\"status\"} 0\n", true);

    scrape_has(m,
               "swell_adapter_metric_state{metric=\"b\",namespace=\"x\","
               "labels=\"resource=deployments.apps\",state=\"waiting\"} 1\n",
               true);

    poll_series_count(&polls, -EBADMSG, NS_PER_S / 100);
    query_publish(feeds.items[0].query, reading_new(samples, clock_mono_ns(), 1, 1));
    scrape_has(m, "swell_adapter_metric_state{" LABELS ",state=\"fresh\"} 1\n", true);
    scrape_has(m, LABELS ",state=\"waiting\"", false);
    scrape_has(m, "swell_adapter_value_age_seconds{" LABELS "} ", true);
    scrape_has(m, "swell_adapter_polls_total{source=\"http://q\",outcome=\"status\"} 1\n", true);

    scrape_has(m,
               "swell_adapter_poll_duration_seconds_bucket{source=\"http://q\",le=\"0.025\"} 1\n",
               true);

    metrics_free(m);
    samples_unref(samples);
    feeds_done(&feeds);
    queries_free(queries);
    config_done(&config);
}

static void says_when_a_source_last_had_a_value(void **state)
{
#define LAST "swell_adapter_source_last_success_timestamp_seconds{source=\"http://q\"} "
    struct metrics *m = metrics_new();
    struct poll_series polls = selfmetrics_poll_series(m, "http://q");
    (void)state;

    scrape_has(m, LAST "0\n", true);
    poll_series_count(&polls, -ETIMEDOUT, 1);
    scrape_has(m, LAST "0\n", true);
    uint64_t before_s = clock_wall_ns() / NS_PER_S;
    poll_series_count(&polls, 0, 1);
    assert_in_range((uint64_t)metric_value(polls.last_success), before_s, before_s + 60);
    metrics_free(m);
}

static void every_result_of_a_poll_has_an_outcome(void **state)
{
    (void)state;
    assert_int_equal(poll_outcome(0), POLL_OK);
    assert_int_equal(poll_outcome(-ETIMEDOUT), POLL_TIMEOUT);
    assert_int_equal(poll_outcome(-ECONNREFUSED), POLL_UNREACHABLE);
    assert_int_equal(poll_outcome(-EIO), POLL_UNREACHABLE);
    assert_int_equal(poll_outcome(-EBADMSG), POLL_STATUS);
    assert_int_equal(poll_outcome(-E2BIG), POLL_TOO_LARGE);
    assert_int_equal(poll_outcome(-ENOMSG), POLL_NO_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_state_and_age_of_each_metric_and_polls_of_each_source),
        cmocka_unit_test(says_when_a_source_last_had_a_value),
        cmocka_unit_test(every_result_of_a_poll_has_an_outcome),
    };
    return cmocka_run_group_tests_name("selfmetrics", tests, NULL, NULL);
}
