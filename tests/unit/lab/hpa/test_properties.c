// SPDX-License-Identifier: MIT
/* What holds for every HPA, tried on thousands of made-up ones. A failure names its seed: set SEED
 * in the environment to try that one alone. */
#include "world.h"

#include <stdlib.h>

#define RUNS 3000
#define STEPS 12

/* --- Dice: splitmix64 --- */

static uint64_t dice;

static uint64_t roll(void)
{
    uint64_t x = dice += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static int between(int low, int high)
{
    return low + (int)(roll() % (uint64_t)(high - low + 1));
}

static bool chance(int percent)
{
    return between(1, 100) <= percent;
}

/* --- Made-up worlds --- */

static const char *made_up_metric(void)
{
    static const char *const metrics[] = {
        CPU("50"),
        CPU("120"),
        "{'type':'Resource','resource':{'name':'memory','target':{'type':'AverageValue',"
        "'averageValue':'100m'}}}",
        "{'type':'ContainerResource','containerResource':{'name':'cpu','container':'app','target':"
        "{'type':'AverageValue','averageValue':'60m'}}}",
        "{'type':'Pods','pods':{'metric':{'name':'rps'},'target':{'type':'AverageValue',"
        "'averageValue':'50m'}}}",
        "{'type':'Object','object':{'describedObject':{'kind':'Service','name':'s'},'metric':{"
        "'name':'hits'},'target':{'type':'Value','value':'300m'}}}",
        QUEUE("'averageValue':'50m'"),
    };

    return metrics[roll() % (sizeof(metrics) / sizeof(metrics[0]))];
}

static void add_rules(char *text, size_t size, const char *direction)
{
    static const char *const selects[] = {"Max", "Min", "Disabled"};
    const size_t len = strlen(text);

    (void)snprintf(text + len, size - len,
                   "'%s':{'stabilizationWindowSeconds':%d,'selectPolicy':'%s','policies':[{'type':"
                   "'%s','value':%d,'periodSeconds':%d},{'type':'Percent','value':%d,"
                   "'periodSeconds':%d}]}",
                   direction, between(0, 2) * 30, selects[chance(10) ? 2 : between(0, 1)],
                   chance(50) ? "Pods" : "Percent", between(1, 60), between(1, 120),
                   between(1, 200), between(1, 120));
}

static void made_up_spec(char *text, size_t size, int metrics)
{
    const int min = between(1, 5);

    (void)snprintf(text, size, "'minReplicas':%d,'maxReplicas':%d,'metrics':[", min,
                   min + between(0, 11));
    for (int i = 0; i < metrics; i++)
        (void)snprintf(text + strlen(text), size - strlen(text), "%s%s", i ? "," : "",
                       made_up_metric());
    (void)snprintf(text + strlen(text), size - strlen(text), "]");
    if (chance(30))
        return;
    (void)snprintf(text + strlen(text), size - strlen(text), ",'behavior':{");
    add_rules(text, size, "scaleUp");
    (void)snprintf(text + strlen(text), size - strlen(text), ",");
    add_rules(text, size, "scaleDown");
    (void)snprintf(text + strlen(text), size - strlen(text), "}");
}

static void begin(struct world *w, uint64_t seed, int metrics)
{
    char text[4096];

    dice = seed;
    made_up_spec(text, sizeof(text), metrics);
    world_begin(w, text);
    world_pods(w, between(1, 16));
}

static bool is_whole(const struct hpa_metric *m)
{
    return m->source == HPA_OBJECT || m->source == HPA_EXTERNAL;
}

/* Each pod's share of the load, at least one thousandth; pods that lack a sample stay without. */
static void set_load(struct world *w, size_t m, int64_t milli)
{
    int64_t each[WORLD_PODS];

    for (int i = 0; i < WORLD_PODS; i++)
        each[i] = milli;
    if (is_whole(&w->spec->metrics[m]))
        world_value(w, m, milli * w->in.spec_replicas);
    else
        world_samples(w, m, (int)w->in.pod_count, each);
}

static void shake_pods(struct world *w)
{
    for (size_t i = 0; i < w->in.pod_count; i++) {
        w->pods[i].phase = chance(85) ? HPA_RUNNING : (enum hpa_phase)between(0, 4);
        w->pods[i].deleted = chance(5);
        w->pods[i].ready = chance(80) ? HPA_READY_TRUE : (enum hpa_ready)between(0, 3);
        w->pods[i].start_ns = w->in.now_ns - (uint64_t)between(1, 900) * S;
        w->pods[i].ready_changed_ns = w->pods[i].start_ns + (uint64_t)between(0, 60) * S;
    }
}

static void shake_answers(struct world *w)
{
    for (size_t m = 0; m < w->spec->metric_count; m++) {
        set_load(w, m, between(0, 200));
        if (chance(30) && w->answers[m].sample_count)
            w->answers[m].sample_count = (size_t)between(0, (int)w->answers[m].sample_count);
        if (chance(15))
            w->answers[m].error = "made up";
    }
}

/* --- What is tried --- */

/* Runs try with RUNS seeds, or with the one of the environment. */
static void with_seeds(void (*try)(uint64_t seed))
{
    const char *one = getenv("SEED");

    if (one) {
        try(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        try(seed);
}

static bool any_failed(const struct hpa_decision *d)
{
    for (size_t i = 0; i < d->result_count; i++)
        if (d->results[i].error)
            return true;
    return false;
}

static void check_step(const struct world *w, uint64_t seed, int step)
{
    const struct hpa_decision *d = &w->d;

    if (d->desired < w->spec->min || d->desired > w->spec->max)
        fail_msg("SEED=%llu step %d: %d is outside %d..%d", (unsigned long long)seed, step,
                 d->desired, w->spec->min, w->spec->max);
    if (any_failed(d) && d->recommendation_known && d->recommendation < d->current)
        fail_msg("SEED=%llu step %d: wants %d of %d although a metric failed",
                 (unsigned long long)seed, step, d->recommendation, d->current);
}

static void run_of_steps(uint64_t seed)
{
    struct world w;

    begin(&w, seed, between(1, WORLD_METRICS));
    for (int i = 0; i < STEPS; i++) {
        shake_pods(&w);
        shake_answers(&w);
        const int32_t size = world_step(&w);
        check_step(&w, seed, i);
        w.in.now_ns += (uint64_t)between(1, 60) * S;
        w.in.spec_replicas = chance(10) ? between(1, 20) : size;
        w.in.status_replicas = w.in.spec_replicas;
    }
    world_end(&w);
}

static void the_size_is_within_min_and_max_and_failures_shrink_nothing(void **state)
{
    (void)state;

    with_seeds(run_of_steps);
}

/* The recommendation for one load, from a world without a history. */
static int32_t wanted(uint64_t seed, int64_t load)
{
    struct world w;

    begin(&w, seed, 1);
    shake_pods(&w);
    w.in.spec_replicas = w.in.status_replicas = w.spec->min + between(0, w.spec->max - w.spec->min);
    set_load(&w, 0, load);
    (void)world_step(&w);
    const int32_t wants = w.d.recommendation_known ? w.d.recommendation : -1;
    world_end(&w);
    return wants;
}

/* Not so with the tolerance: there the wish is the current size, which may be more than what a load
 * just above asks for when some pods are not ready. Far below and far above it cannot matter. */
static void more_load_asks_for_no_less(uint64_t seed)
{
    int32_t before = -1;

    for (int64_t load = 200; load <= 6400; load *= 2) {
        const int32_t wants = wanted(seed, load);
        if (wants < before)
            fail_msg("SEED=%llu: %lld asks for %d, half of it for %d", (unsigned long long)seed,
                     (long long)load, wants, before);
        before = wants;
    }
}

static void the_wish_grows_with_the_load(void **state)
{
    (void)state;

    with_seeds(more_load_asks_for_no_less);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_is_within_min_and_max_and_failures_shrink_nothing),
        cmocka_unit_test(the_wish_grows_with_the_load),
    };
    return cmocka_run_group_tests_name("properties", tests, NULL, NULL);
}
