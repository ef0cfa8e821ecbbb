// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/scoped.h"
#include "workload/queue_views.h"

#include <string.h>

#define S NS_PER_S

static const struct job_stats some = {.queue = "jobs",
                                      .depth = 5,
                                      .in_flight = 2,
                                      .delayed = 3,
                                      .dead = 1,
                                      .put = 40,
                                      .leased = 33,
                                      .done = 29,
                                      .duplicates = 4,
                                      .expired = 6,
                                      .failed = 7,
                                      .released = 8,
                                      .purged = 9,
                                      .oldest_ns = 90 * S,
                                      .put_per_s = 2.5,
                                      .leased_per_s = 1.5,
                                      .done_per_s = 0.5};

static json_int_t integer(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value))
        fail_msg("no whole number '%s'", name);
    return json_integer_value(value);
}

static void our_own_form_has_every_figure(void **state)
{
    json_auto_t *q = queue_to_json(&some, 100 * S);
    static const struct {
        const char *name;
        json_int_t value;
    } figures[] = {{"depth", 5},   {"in_flight", 2}, {"delayed", 3},  {"dead", 1},
                   {"put", 40},    {"leased", 33},   {"done", 29},    {"duplicates", 4},
                   {"expired", 6}, {"failed", 7},    {"released", 8}, {"purged", 9}};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(figures); i++)
        assert_int_equal(integer(q, figures[i].name), figures[i].value);
    assert_string_equal(json_string_value(json_object_get(q, "queue")), "jobs");
    assert_float_equal(json_real_value(json_object_get(q, "oldest_seconds")), 10, 1e-9);
    assert_float_equal(json_real_value(json_object_get(q, "arrival_per_second")), 2.5, 1e-9);
    assert_float_equal(json_real_value(json_object_get(q, "service_per_second")), 0.5, 1e-9);
}

static void an_age_is_never_negative(void **state)
{
    struct job_stats none = {.queue = "jobs"};
    (void)state;

    json_auto_t *empty = queue_to_json(&none, 100 * S);
    assert_float_equal(json_real_value(json_object_get(empty, "oldest_seconds")), 0, 0);
    json_auto_t *stepped = queue_to_json(&some, 80 * S); /* somebody set the clock back */
    assert_float_equal(json_real_value(json_object_get(stepped, "oldest_seconds")), 0, 0);
}

static void rabbitmq_counts_ready_and_leased_jobs_and_no_others(void **state)
{
    json_auto_t *q = queue_to_rabbitmq(&some, "/");
    const json_t *stats = json_object_get(q, "message_stats");
    static const struct {
        const char *name;
        double rate;
    } rates[] = {{"publish_details", 2.5}, {"deliver_get_details", 1.5}, {"ack_details", 0.5}};
    (void)state;

    assert_int_equal(integer(q, "messages"), 7);
    assert_int_equal(integer(q, "messages_ready"), 5);
    assert_int_equal(integer(q, "messages_unacknowledged"), 2);
    assert_int_equal(integer(stats, "publish"), 40);
    assert_int_equal(integer(stats, "deliver_get"), 33);
    assert_int_equal(integer(stats, "ack"), 29);
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        const json_t *details = json_object_get(stats, rates[i].name);
        assert_float_equal(json_real_value(json_object_get(details, "rate")), rates[i].rate, 1e-9);
    }
}

static void metrics_mirror_the_figures(void **state)
{
    scoped(buf_done) struct buf text = {.max = 64 * KIB};
    struct metrics *m = metrics_new();
    static const char *const lines[] = {
        "swell_queue_depth{queue=\"jobs\"} 5\n",
        "swell_queue_in_flight{queue=\"jobs\"} 2\n",
        "swell_queue_delayed{queue=\"jobs\"} 3\n",
        "swell_queue_dead{queue=\"jobs\"} 1\n",
        "swell_queue_oldest_job_seconds{queue=\"jobs\"} 10\n",
        "swell_jobs_total{queue=\"jobs\",outcome=\"done\"} 29\n",
        "swell_jobs_total{queue=\"jobs\",outcome=\"duplicate\"} 4\n",
        "swell_jobs_total{queue=\"jobs\",outcome=\"purged\"} 9\n",
    };
    (void)state;

    queue_to_metrics(&some, 100 * S, m);
    assert_int_equal(metrics_write(m, METRICS_TEXT, &text), 0);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (!strstr(text.data, lines[i]))
            fail_msg("no line %s in\n%s", lines[i], text.data);
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_form_has_every_figure),
        cmocka_unit_test(an_age_is_never_negative),
        cmocka_unit_test(rabbitmq_counts_ready_and_leased_jobs_and_no_others),
        cmocka_unit_test(metrics_mirror_the_figures),
    };
    return cmocka_run_group_tests_name("queue_views", tests, NULL, NULL);
}
