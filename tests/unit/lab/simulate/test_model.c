// SPDX-License-Identifier: MIT
#include "unit.h"

#include "base/clock.h"
#include "lab/simulate/model.h"
#include "lab/simulate/nodes.h"

#define STEP NS_PER_S
#define PODS 8

/* Half a core a pod, 10 ms a request: 50 requests per second. */
static const struct model_setup usual = {
    .service = {.cpu_per_request_s = 0.01,
                .limit_cores = 0.5,
                .warm_up_cores = 0.4,
                .start_up_ns = 10 * NS_PER_S,
                .readiness_delay_ns = 5 * NS_PER_S},
    .sampling = {.resolution_ns = 15 * NS_PER_S},
    .request_milli = 500,
};

static struct model *begin(const struct model_setup *setup, size_t replicas)
{
    struct model *m = NULL;

    assert_int_equal(model_new(setup, &m), 0);
    assert_int_equal(model_begin(m, replicas), 0);
    return m;
}

/* From second from up to second to, which is then the moment it stands at. */
static struct model_flow play(struct model *m, double rate, uint64_t from_s, uint64_t to_s)
{
    struct model_flow last = {0};

    for (uint64_t s = from_s; s < to_s; s++) {
        model_advance(m, s * NS_PER_S);
        last = model_serve(m, rate, STEP);
    }
    model_advance(m, to_s * NS_PER_S);
    return last;
}

static void pods_share_the_load_and_use_cpu_for_it(void **state)
{
    struct model *m = begin(&usual, 2);
    const struct model_flow f = play(m, 40, 0, 10);
    (void)state;

    assert_float_equal(f.served, 40, 1e-9);
    assert_float_equal(f.pod_cpu, 0.2, 1e-9);
    assert_float_equal(f.cpu_s, 0.4, 1e-9);
    assert_float_equal(model_backlog(m), 0, 0);
    model_free(m);
}

static void what_pods_cannot_do_waits_and_is_done_later(void **state)
{
    struct model *m = begin(&usual, 2);
    (void)state;

    struct model_flow f = play(m, 120, 0, 10);
    assert_float_equal(f.served, 100, 1e-9);
    assert_float_equal(f.pod_cpu, 0.5, 1e-9);
    assert_float_equal(model_backlog(m), 200, 1e-6);
    f = play(m, 60, 10, 15);
    assert_float_equal(f.served, 100, 1e-9);
    assert_float_equal(model_backlog(m), 0, 1e-6);
    model_free(m);
}

static void no_request_waits_longer_than_the_timeout(void **state)
{
    struct model_setup impatient = usual;
    impatient.service.timeout_ns = 2 * NS_PER_S;
    struct model *m = begin(&impatient, 1);
    (void)state;

    const struct model_flow f = play(m, 80, 0, 100);
    assert_float_equal(model_backlog(m), 160, 1e-6);
    assert_float_equal(f.lost, 30, 1e-6);
    model_free(m);
}

static void a_pod_is_pending_then_runs_then_serves(void **state)
{
    struct model *m = begin(&usual, 1);
    const struct hpa_pod *pod = NULL;
    (void)state;

    play(m, 10, 0, 20);
    assert_int_equal(model_scale(m, 2, 20 * NS_PER_S), 0);
    play(m, 10, 20, 29);
    pod = &model_pods(m)[1];
    assert_int_equal(pod->phase, HPA_PENDING);
    assert_true(pod->started);
    assert_int_equal(pod->start_ns, MODEL_EPOCH_NS + 20 * NS_PER_S);
    play(m, 10, 29, 30);
    assert_int_equal(pod->phase, HPA_RUNNING);
    assert_int_equal(pod->ready, HPA_READY_FALSE);
    assert_int_equal(model_ready(m), 1);
    play(m, 10, 30, 35);
    assert_int_equal(pod->ready, HPA_READY_TRUE);
    assert_int_equal(pod->ready_changed_ns, MODEL_EPOCH_NS + 35 * NS_PER_S);
    assert_int_equal(model_ready(m), 2);
    model_free(m);
}

static void the_youngest_pod_goes_first(void **state)
{
    struct model *m = begin(&usual, 2);
    (void)state;

    play(m, 10, 0, 10);
    assert_int_equal(model_scale(m, 3, 10 * NS_PER_S), 0);
    assert_int_equal(model_scale(m, 2, 11 * NS_PER_S), 0);
    assert_int_equal(model_replicas(m), 2);
    assert_int_equal(model_ready(m), 2);
    assert_int_equal(model_scale(m, 0, 12 * NS_PER_S), 0);
    assert_int_equal(model_ready(m), 0);
    model_free(m);
}

static void a_sample_is_the_mean_since_the_sampling_before(void **state)
{
    struct hpa_sample samples[PODS];
    struct model *m = begin(&usual, 2);
    (void)state;

    play(m, 40, 0, 15);
    play(m, 20, 15, 20);
    struct hpa_answer a = model_samples(m, MODEL_CPU, 20 * NS_PER_S, samples);
    assert_int_equal(a.sample_count, 2);
    assert_int_equal(samples[0].milli, 200);
    assert_int_equal(samples[0].time_ns, MODEL_EPOCH_NS + 15 * NS_PER_S);
    assert_int_equal(samples[0].window_ns, 15 * NS_PER_S);
    play(m, 20, 20, 30);
    a = model_samples(m, MODEL_CPU, 30 * NS_PER_S, samples);
    assert_int_equal(samples[1].milli, 100);
    a = model_samples(m, MODEL_RATE, 30 * NS_PER_S, samples);
    assert_int_equal(samples[1].milli, 10000);
    model_free(m);
}

static void before_the_second_sampling_there_is_no_answer(void **state)
{
    struct hpa_sample samples[PODS];
    struct model *m = begin(&usual, 2);
    int64_t value;
    (void)state;

    play(m, 40, 0, 14);
    assert_int_equal(model_samples(m, MODEL_CPU, 14 * NS_PER_S, samples).item_count, 0);
    assert_int_equal(model_value(m, MODEL_RATE, 14 * NS_PER_S, &value).item_count, 0);
    model_free(m);
}

static void a_sampling_is_seen_only_after_its_delay(void **state)
{
    struct hpa_sample samples[PODS];
    struct model_setup late = usual;
    late.sampling.delay_ns = 40 * NS_PER_S;
    struct model *m = begin(&late, 1);
    (void)state;

    play(m, 10, 0, 30);
    play(m, 20, 30, 75);
    model_samples(m, MODEL_CPU, 75 * NS_PER_S, samples);
    assert_int_equal(samples[0].time_ns, MODEL_EPOCH_NS + 30 * NS_PER_S);
    assert_int_equal(samples[0].milli, 100);
    play(m, 20, 75, 85);
    model_samples(m, MODEL_CPU, 85 * NS_PER_S, samples);
    assert_int_equal(samples[0].time_ns, MODEL_EPOCH_NS + 45 * NS_PER_S);
    assert_int_equal(samples[0].milli, 200);
    model_free(m);
}

/* Starts at 15, runs from 25 on (before the sampling at 30), is ready at 30. */
static void a_new_pod_has_a_sample_from_its_second_sampling_on(void **state)
{
    struct hpa_sample samples[PODS];
    struct model *m = begin(&usual, 1);
    (void)state;

    play(m, 40, 0, 15);
    assert_int_equal(model_scale(m, 2, 15 * NS_PER_S), 0);
    play(m, 40, 15, 30);
    assert_int_equal(model_samples(m, MODEL_CPU, 30 * NS_PER_S, samples).sample_count, 1);
    play(m, 40, 30, 45);
    assert_int_equal(model_samples(m, MODEL_CPU, 45 * NS_PER_S, samples).sample_count, 2);
    assert_int_equal(samples[0].milli, 200);
    assert_int_equal(samples[1].milli, 200);
    model_free(m);
}

/* Runs from 29 on, is ready at 34: of the 15 s from 30 on it warms up 4 and serves 11. */
static void a_sample_counts_the_cpu_of_warming_up(void **state)
{
    struct hpa_sample samples[PODS];
    struct model *m = begin(&usual, 1);
    (void)state;

    play(m, 40, 0, 19);
    assert_int_equal(model_scale(m, 2, 19 * NS_PER_S), 0);
    play(m, 40, 19, 45);
    assert_int_equal(model_samples(m, MODEL_CPU, 45 * NS_PER_S, samples).sample_count, 2);
    assert_int_equal(samples[1].milli, (4 * 400 + 11 * 200 + 14) / 15);
    model_free(m);
}

static void values_tell_rate_and_backlog_of_the_whole(void **state)
{
    struct model *m = begin(&usual, 1);
    int64_t value = 0;
    (void)state;

    play(m, 60, 0, 15);
    assert_int_equal(model_value(m, MODEL_RATE, 15 * NS_PER_S, &value).item_count, 1);
    assert_int_equal(value, 60000);
    assert_int_equal(model_value(m, MODEL_BACKLOG, 15 * NS_PER_S, &value).item_count, 1);
    assert_int_equal(value, 150000);
    model_free(m);
}

static void a_pod_without_room_waits_until_another_one_goes(void **state)
{
    struct nodes *nodes = nodes_new(1, 1000);
    struct model_setup crowded = usual;
    crowded.nodes = nodes;
    struct model *m = begin(&crowded, 1), *other = begin(&crowded, 1);
    (void)state;

    assert_int_equal(model_scale(m, 2, 0), 0);
    play(m, 10, 0, 60);
    assert_int_equal(model_placed(m), 1);
    assert_int_equal(model_pods(m)[1].phase, HPA_PENDING);
    assert_false(model_pods(m)[1].started);
    assert_int_equal(model_scale(other, 0, 60 * NS_PER_S), 0);
    play(m, 10, 60, 80);
    assert_int_equal(model_placed(m), 2);
    assert_int_equal(model_ready(m), 2);
    model_free(m);
    model_free(other);
    nodes_free(nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_share_the_load_and_use_cpu_for_it),
        cmocka_unit_test(what_pods_cannot_do_waits_and_is_done_later),
        cmocka_unit_test(no_request_waits_longer_than_the_timeout),
        cmocka_unit_test(a_pod_is_pending_then_runs_then_serves),
        cmocka_unit_test(the_youngest_pod_goes_first),
        cmocka_unit_test(a_sample_is_the_mean_since_the_sampling_before),
        cmocka_unit_test(before_the_second_sampling_there_is_no_answer),
        cmocka_unit_test(a_sampling_is_seen_only_after_its_delay),
        cmocka_unit_test(a_new_pod_has_a_sample_from_its_second_sampling_on),
        cmocka_unit_test(a_sample_counts_the_cpu_of_warming_up),
        cmocka_unit_test(values_tell_rate_and_backlog_of_the_whole),
        cmocka_unit_test(a_pod_without_room_waits_until_another_one_goes),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
