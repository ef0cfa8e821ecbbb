// SPDX-License-Identifier: MIT
#include "world.h"

#include "lab/hpa/pods.h"

/* One pod with one sample, under cpu. */
static enum hpa_class class_of(const struct hpa_pod *pod, uint64_t sample_ns, bool sampled,
                               bool cpu)
{
    const struct hpa_settings settings = HPA_SETTINGS_DEFAULT;
    const struct hpa_sample sample = {.pod = pod->name, .time_ns = sample_ns, .window_ns = 30 * S};
    const struct hpa_answer answer = {.samples = &sample, .sample_count = sampled};
    const struct hpa_input in = {.pods = pod, .pod_count = 1, .answers = &answer};
    const struct hpa_spec spec = {.metric_count = 1};
    struct hpa_result result = {0};
    struct pods pods = {0};

    assert_int_equal(pods_begin(&pods, &spec, &in), 0);
    pods_match(&pods, &answer);
    pods_classify(&pods, &settings, T0, cpu, 0, &result);
    enum hpa_class class = result.classes[0];
    pods_done(&pods);
    return class;
}

#define OLD .started = true, .start_ns = T0 - 3600 * S
#define YOUNG .started = true, .start_ns = T0 - 60 * S
#define READY .ready = HPA_READY_TRUE
#define NOT_READY .ready = HPA_READY_FALSE
#define RUNS .name = "a", .phase = HPA_RUNNING

static void the_first_rule_that_applies_decides(void **state)
{
    static const struct {
        const char *what;
        struct hpa_pod pod;
        bool sampled, cpu;
        enum hpa_class class;
    } rows[] = {
        {"deleted", {RUNS, OLD, READY, .deleted = true}, true, true, HPA_POD_IGNORED},
        {"failed", {.name = "a", .phase = HPA_FAILED, OLD, READY}, true, true, HPA_POD_IGNORED},
        {"deleted before pending",
         {.name = "a", .phase = HPA_PENDING, .deleted = true},
         false,
         true,
         HPA_POD_IGNORED},
        {"pending before missing",
         {.name = "a", .phase = HPA_PENDING},
         false,
         true,
         HPA_POD_UNREADY},
        {"pending, memory", {.name = "a", .phase = HPA_PENDING}, true, false, HPA_POD_UNREADY},
        {"missing before unready", {RUNS, OLD, NOT_READY}, false, true, HPA_POD_MISSING},
        {"ready", {RUNS, OLD, READY}, true, true, HPA_POD_READY},
        {"succeeded is like running",
         {.name = "a", .phase = HPA_SUCCEEDED, OLD, READY},
         true,
         true,
         HPA_POD_READY},
        {"no Ready condition", {RUNS, OLD}, true, true, HPA_POD_UNREADY},
        {"no start time", {RUNS, READY}, true, true, HPA_POD_UNREADY},
        {"no Ready condition, memory", {RUNS, OLD}, true, false, HPA_POD_READY},
        {"not ready, memory", {RUNS, YOUNG, NOT_READY}, true, false, HPA_POD_READY},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (class_of(&rows[i].pod, T0, rows[i].sampled, rows[i].cpu) != rows[i].class)
            fail_msg("%s", rows[i].what);
}

static void a_young_pod_counts_one_window_after_it_became_ready(void **state)
{
    struct hpa_pod pod = {RUNS, YOUNG, READY, .ready_changed_ns = T0 - 40 * S};
    (void)state;

    assert_int_equal(class_of(&pod, T0 - 10 * S, true, true), HPA_POD_READY);
    assert_int_equal(class_of(&pod, T0 - 10 * S - 1, true, true), HPA_POD_UNREADY);
    pod.ready = HPA_READY_FALSE;
    assert_int_equal(class_of(&pod, T0, true, true), HPA_POD_UNREADY);
    pod.ready = HPA_READY_UNKNOWN; /* is not False */
    assert_int_equal(class_of(&pod, T0, true, true), HPA_POD_READY);
}

static void initialisation_ends_after_5_minutes_sharp(void **state)
{
    struct hpa_pod pod = {RUNS, READY, .started = true, .ready_changed_ns = T0};
    (void)state;

    pod.start_ns = T0 - 300 * S; /* start + period is now: over */
    assert_int_equal(class_of(&pod, T0, true, true), HPA_POD_READY);
    pod.start_ns++;
    assert_int_equal(class_of(&pod, T0, true, true), HPA_POD_UNREADY);
}

static void an_old_pod_is_unready_only_if_it_never_was_ready(void **state)
{
    struct hpa_pod pod = {RUNS, OLD, NOT_READY};
    (void)state;

    pod.ready_changed_ns = pod.start_ns + 30 * S - 1;
    assert_int_equal(class_of(&pod, T0, true, true), HPA_POD_UNREADY);
    pod.ready_changed_ns = pod.start_ns + 30 * S;
    assert_int_equal(class_of(&pod, T0, true, true), HPA_POD_READY);
}

static void each_way_to_be_left_out_has_a_rule_of_its_own(void **state)
{
    static const struct {
        struct hpa_pod pod;
        uint64_t sample_ns; /* 0: none */
        enum pod_rule rule;
    } rows[] = {
        {{RUNS, OLD, READY, .deleted = true}, T0, POD_DELETED},
        {{.phase = HPA_FAILED}, T0, POD_HAS_FAILED},
        {{.phase = HPA_PENDING}, T0, POD_PENDING},
        {{RUNS, OLD, READY}, 0, POD_NO_SAMPLE},
        {{RUNS, OLD}, T0, POD_NO_READY_CONDITION},
        {{RUNS, READY}, T0, POD_NO_START_TIME},
        {{RUNS, YOUNG, NOT_READY}, T0, POD_STARTING},
        {{RUNS, YOUNG, READY, .ready_changed_ns = T0 - 10 * S}, T0, POD_SAMPLE_TOO_EARLY},
        {{RUNS, OLD, NOT_READY, .ready_changed_ns = T0 - 3599 * S}, T0, POD_NEVER_READY},
        {{RUNS, OLD, NOT_READY, .ready_changed_ns = T0 - 10 * S}, T0, POD_COUNTED},
    };
    const struct hpa_settings settings = HPA_SETTINGS_DEFAULT;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct hpa_sample sample = {.time_ns = rows[i].sample_ns, .window_ns = 30 * S};
        enum pod_rule rule =
            pod_rule(&rows[i].pod, sample.time_ns ? &sample : NULL, &settings, T0, true);
        if (rule != rows[i].rule)
            fail_msg("row %zu: rule %d", i, rule);
    }
}

static void match(struct pods *p, const struct hpa_pod *list, size_t count,
                  const struct hpa_answer *answer)
{
    static const struct hpa_spec spec = {.metric_count = 1};
    const struct hpa_input in = {.pods = list, .pod_count = count, .answers = answer};

    assert_int_equal(pods_begin(p, &spec, &in), 0);
    pods_match(p, answer);
}

static void samples_are_found_in_any_order(void **state)
{
    const struct hpa_pod list[] = {{.name = "c"}, {.name = "a"}, {.name = "d"}, {.name = "b"}};
    const struct hpa_sample samples[] = {{.pod = "b"}, {.pod = "a"}, {.pod = "c"}};
    const struct hpa_answer answer = {.samples = samples, .sample_count = 3};
    struct pods p = {0};
    (void)state;

    match(&p, list, 4, &answer);
    assert_int_equal(p.sample_of[0], 2);
    assert_int_equal(p.sample_of[1], 1);
    assert_true(p.sample_of[2] == POD_WITHOUT_SAMPLE);
    assert_int_equal(p.sample_of[3], 0);
    assert_int_equal(p.stranger_count, 0);
    pods_done(&p);
}

static void of_two_samples_of_one_pod_the_last_counts(void **state)
{
    const struct hpa_pod list[] = {{.name = "a"}};
    const struct hpa_sample samples[] = {
        {.pod = "x"}, {.pod = "a"}, {.pod = "y"}, {.pod = "a"}, {.pod = "x"}};
    const struct hpa_answer answer = {.samples = samples, .sample_count = 5};
    struct pods p = {0};
    (void)state;

    match(&p, list, 1, &answer);
    assert_int_equal(p.sample_of[0], 3);
    assert_int_equal(p.stranger_count, 2);
    assert_int_equal(p.strangers[0], 4);
    assert_int_equal(p.strangers[1], 2);
    pods_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_applies_decides),
        cmocka_unit_test(a_young_pod_counts_one_window_after_it_became_ready),
        cmocka_unit_test(initialisation_ends_after_5_minutes_sharp),
        cmocka_unit_test(an_old_pod_is_unready_only_if_it_never_was_ready),
        cmocka_unit_test(each_way_to_be_left_out_has_a_rule_of_its_own),
        cmocka_unit_test(samples_are_found_in_any_order),
        cmocka_unit_test(of_two_samples_of_one_pod_the_last_counts),
    };
    return cmocka_run_group_tests_name("pods", tests, NULL, NULL);
}
