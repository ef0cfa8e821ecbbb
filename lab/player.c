// SPDX-License-Identifier: MIT
#include "lab/player.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kube/jpath.h"
#include "lab/env.h"
#include "lab/loads.h"
#include "lab/loop.h"
#include "lab/queues.h"
#include "lab/stage.h"
#include "lab/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_NS (100 * NS_PER_MS)
/* Real time: for producers to print their result, and for the last poll. */
#define SETTLE_NS (10 * NS_PER_S)

struct player {
    struct env *env;
    struct stage *stage;
    const struct scene *scene;
    struct queues *queues;
    enum player_state state;
    bool settling; /* all steps were seen; load ends, then the account is made */
    size_t step;
    uint64_t started_ns, step_started_ns; /* control time */
    uint64_t settle_until_ns;             /* CLOCK_MONOTONIC */
    int64_t first_replicas, most_replicas, last_replicas;
    struct loop_timer timer;
    json_t *steps; /* for the report */
    json_t *jobs;  /* the account, when there is a queue */
    char summary[512];
};

/* ---- what is seen ---- */

static json_t *target_deployment(const struct player *p)
{
    json_auto_t *hpa = store_get(p->env->store, KIND_HPA, "default", p->scene->target);

    return store_get(p->env->store, KIND_DEPLOYMENT, "default",
                     jpath_str(hpa, "spec.scaleTargetRef.name", ""));
}

static int64_t value_of(const struct player *p, enum scene_quantity quantity)
{
    json_auto_t *deployment = target_deployment(p);
    json_auto_t *queue = store_get(p->env->store, KIND_QUEUE, "default",
                                   p->scene->queue_name ? p->scene->queue_name : "");

    switch (quantity) {
    case SCENE_REPLICAS:
        return jpath_int(deployment, "status.replicas", -1);
    case SCENE_READY:
        return jpath_int(deployment, "status.readyReplicas", -1);
    case SCENE_DEPTH:
        return jpath_int(queue, "status.depth", -1);
    default:
        return jpath_int(queue, "status.depth", 1) + jpath_int(queue, "status.in_flight", 1);
    }
}

static bool conditions_hold(const struct player *p, const struct scene_step *step)
{
    for (size_t i = 0; i < step->condition_count; i++)
        if (!scene_condition_holds(&step->conditions[i], value_of(p, step->conditions[i].quantity)))
            return false;
    return true;
}

static void note_replicas(struct player *p)
{
    int64_t now = value_of(p, SCENE_REPLICAS);

    if (now < 0)
        return;
    if (p->first_replicas < 0)
        p->first_replicas = now;
    if (now > p->most_replicas)
        p->most_replicas = now;
    p->last_replicas = now;
}

/* ---- the end ---- */

static void finish(struct player *p, enum player_state state, const char *why)
{
    double real_s = (double)(labclock_now_ns(&p->env->clock) - p->started_ns) /
                    p->env->clock.speed / (double)NS_PER_S;

    p->state = state;
    loop_timer_off(p->env->loop, &p->timer);
    (void)snprintf(p->summary, sizeof(p->summary),
                   "%s: %s, %" PRId64 " -> %" PRId64 " -> %" PRId64 " replicas in %.0f s%s%s",
                   p->scene->name, state == PLAYER_PASSED ? "passed" : "FAILED", p->first_replicas,
                   p->most_replicas, p->last_replicas, real_s, *why ? "; " : "", why);
}

/* Every put that was acknowledged must be done, or still be in the queue. What was done twice is
 * counted by the queue. */
static void make_account(struct player *p)
{
    json_auto_t *queue = store_get(p->env->store, KIND_QUEUE, "default", p->scene->queue_name);
    json_auto_t *producer = store_get(p->env->store, KIND_LOAD, "default", "produce");
    const json_t *q = jpath(queue, "status");
    int64_t put = jpath_int(producer, "status.result.acknowledged", -1);
    int64_t done = jpath_int(q, "done", 0), waiting = jpath_int(q, "depth", 0);
    int64_t in_flight = jpath_int(q, "in_flight", 0), twice = jpath_int(q, "duplicates", 0);
    int64_t lost = put - done - waiting - in_flight;
    char text[200];

    p->jobs =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "put", (json_int_t)put, "done",
                  (json_int_t)done, "waiting", (json_int_t)waiting, "in_flight",
                  (json_int_t)in_flight, "duplicates", (json_int_t)twice, "lost", (json_int_t)lost);
    (void)snprintf(text, sizeof(text),
                   "%" PRId64 " jobs put, %" PRId64 " done, %" PRId64 " lost, %" PRId64
                   " done twice",
                   put, done, lost, twice);
    finish(p, put >= 0 && lost == 0 ? PLAYER_PASSED : PLAYER_FAILED, text);
}

static void settle(struct player *p)
{
    bool late = clock_mono_ns() >= p->settle_until_ns;

    if (!p->scene->queue_name) {
        finish(p, PLAYER_PASSED, "");
        return;
    }
    if (!late && (loads_running(stage_loads(p->stage)) || !queues_is_fresh(p->queues)))
        return;
    make_account(p);
}

/* ---- steps ---- */

static void change_load(struct player *p, const char *name, const struct scene_load *load)
{
    struct err e = {0};

    if (load->change == SCENE_STOP)
        loads_stop(stage_loads(p->stage), name);
    if (load->change == SCENE_START &&
        loads_start(stage_loads(p->stage), name, (const char *const *)load->words, &e) < 0)
        log_error("the scene's load did not start", LOG_STR("load", name), LOG_STR("why", e.text));
}

static void begin_step(struct player *p)
{
    const struct scene_step *step = &p->scene->steps[p->step];

    p->step_started_ns = labclock_now_ns(&p->env->clock);
    change_load(p, "load", &step->load);
    change_load(p, "produce", &step->produce);
    log_info("step", LOG_STR("scene", p->scene->name), LOG_INT("step", (int64_t)p->step + 1),
             LOG_STR("say", step->say));
}

static void describe_conditions(const struct scene_step *step, char *text, size_t size)
{
    char one[64];
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < step->condition_count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", i ? " and " : "",
                              scene_condition_text(&step->conditions[i], one));
}

static void note_step(struct player *p, bool seen)
{
    const struct scene_step *step = &p->scene->steps[p->step];
    uint64_t took_ns = labclock_now_ns(&p->env->clock) - p->step_started_ns;
    char conditions[300];

    describe_conditions(step, conditions, sizeof(conditions));
    (void)json_array_append_new(p->steps, json_pack("{s:s?, s:s, s:b, s:f}", "say", step->say,
                                                    "until", conditions, "seen", seen, "seconds",
                                                    (double)took_ns / (double)NS_PER_S));
}

static void end_step(struct player *p)
{
    note_step(p, true);
    if (++p->step < p->scene->step_count) {
        begin_step(p);
        return;
    }
    p->settling = true;
    p->settle_until_ns = clock_mono_ns() + SETTLE_NS;
    loads_stop(stage_loads(p->stage), NULL);
    queues_refresh(p->queues);
}

static void give_up(struct player *p)
{
    char conditions[300], why[400];

    note_step(p, false);
    describe_conditions(&p->scene->steps[p->step], conditions, sizeof(conditions));
    (void)snprintf(why, sizeof(why), "step %zu never saw that %s", p->step + 1, conditions);
    loads_stop(stage_loads(p->stage), NULL);
    finish(p, PLAYER_FAILED, why);
}

static void play(struct player *p)
{
    const struct scene_step *step = &p->scene->steps[p->step];
    uint64_t passed_ns = labclock_now_ns(&p->env->clock) - p->step_started_ns;

    if (passed_ns >= step->for_ns && conditions_hold(p, step))
        end_step(p);
    else if (step->condition_count && passed_ns > step->for_ns + step->within_ns)
        give_up(p);
}

static void tick(void *arg)
{
    struct player *p = arg;

    loop_timer_set(p->env->loop, &p->timer, clock_mono_ns() + TICK_NS, tick, p);
    note_replicas(p);
    if (p->settling)
        settle(p);
    else
        play(p);
}

struct player *player_new(struct env *env, struct stage *stage, const struct scene *scene)
{
    struct player *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    *p = (struct player){.env = env,
                         .stage = stage,
                         .scene = scene,
                         .started_ns = labclock_now_ns(&env->clock),
                         .first_replicas = -1,
                         .steps = json_array()};
    p->queues = queues_new(env, scene->queue_service, scene->queue_name);
    if (!p->queues || !p->steps) {
        player_free(p);
        return NULL;
    }
    begin_step(p);
    tick(p);
    return p;
}

void player_free(struct player *p)
{
    if (!p)
        return;
    loop_timer_off(p->env->loop, &p->timer);
    queues_free(p->queues);
    json_decref(p->steps);
    json_decref(p->jobs);
    free(p);
}

enum player_state player_state(const struct player *p)
{
    return p->state;
}

const char *player_summary(const struct player *p)
{
    return p->summary;
}

static const char *const state_names[] = {"playing", "passed", "failed"};

json_t *player_view(const struct player *p)
{
    size_t step = p->step < p->scene->step_count ? p->step : p->scene->step_count - 1;
    char waits_for[300];

    describe_conditions(&p->scene->steps[step], waits_for, sizeof(waits_for));
    return json_pack("{s:s, s:s, s:s?, s:s, s:I, s:I, s:f, s:s}", "name", p->scene->name, "title",
                     p->scene->title, "say", p->scene->steps[step].say, "step", waits_for,
                     "steps_done", (json_int_t)p->step, "steps", (json_int_t)p->scene->step_count,
                     "elapsed",
                     (double)(labclock_now_ns(&p->env->clock) - p->started_ns) / (double)NS_PER_S,
                     "state", state_names[p->state]);
}

json_t *player_result(const struct player *p)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:I, s:I, s:I, s:O, s:O?}", "name", p->scene->name,
                     "title", p->scene->title, "passed", p->state == PLAYER_PASSED, "summary",
                     p->summary, "first_replicas", (json_int_t)p->first_replicas, "most_replicas",
                     (json_int_t)p->most_replicas, "last_replicas", (json_int_t)p->last_replicas,
                     "steps", p->steps, "jobs", p->jobs);
}
