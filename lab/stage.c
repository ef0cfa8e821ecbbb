// SPDX-License-Identifier: MIT
#include "lab/stage.h"

#include "base/clock.h"
#include "base/err.h"
#include "kube/jpath.h"
#include "lab/autoscaler.h"
#include "lab/deployments.h"
#include "lab/env.h"
#include "lab/loads.h"
#include "lab/loop.h"
#include "lab/manifests.h"
#include "lab/pods.h"
#include "lab/sampler.h"
#include "lab/services.h"
#include "lab/store.h"

#include <errno.h>
#include <stdlib.h>

struct stage {
    struct env *env;
    struct services *services;
    struct pods *pods;
    struct loads *loads;
    struct sampler *sampler;
    struct autoscaler *autoscaler;
    struct loop_timer sync_timer;
    bool stopping;
};

static void sync_all(void *arg)
{
    struct stage *s = arg;

    if (!s->stopping)
        deployments_sync(s->env, s->pods);
    services_sync(s->services);
}

void stage_changed(void *stage)
{
    struct stage *s = stage;

    if (s && !s->sync_timer.on)
        loop_timer_set(s->env->loop, &s->sync_timer, clock_mono_ns(), sync_all, s);
}

static void clear_store(struct store *store)
{
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        json_auto_t *objects = store_list(store, (enum kind_id)kind, NULL, NULL);
        const json_t *object;
        size_t i;
        json_array_foreach (objects, i, object)
            (void)store_delete(store, (enum kind_id)kind,
                               jpath_str(object, "metadata.namespace", "default"),
                               jpath_str(object, "metadata.name", ""));
    }
}

static void stage_free(struct stage *s)
{
    loop_timer_off(s->env->loop, &s->sync_timer);
    autoscaler_free(s->autoscaler);
    sampler_free(s->sampler);
    loads_free(s->loads);
    pods_free(s->pods);
    services_free(s->services);
    s->env->changed_arg = NULL;
    clear_store(s->env->store);
    free(s);
}

static int start(struct stage *s, const char *folder, const struct stage_periods *periods,
                 struct err *err)
{
    struct env *env = s->env;

    env->changed = stage_changed;
    env->changed_arg = s;
    s->services = services_new(env);
    s->pods = pods_new(env);
    s->loads = loads_new(env);
    if (!s->services || !s->pods || !s->loads)
        return err_set(err, -ENOMEM, "out of memory");

    int r = manifests_load(env, folder, err);
    if (r == 0)
        r = services_start(s->services, err);
    if (r < 0)
        return r;
    deployments_sync(env, s->pods);
    s->sampler = sampler_new(env, s->pods, periods->metrics_ns);
    if (!s->sampler)
        return err_set(err, -ENOMEM, "out of memory");
    return autoscaler_new(env, periods->sync_ns, &s->autoscaler, err);
}

int stage_start(struct env *env, const char *folder, const struct stage_periods *periods,
                struct stage **ret, struct err *err)
{
    struct stage *s = calloc(1, sizeof(*s));

    if (!s)
        return err_set(err, -ENOMEM, "out of memory");
    s->env = env;
    int r = start(s, folder, periods, err);
    if (r < 0) {
        stage_stop(s, NS_PER_S);
        return r;
    }
    *ret = s;
    return 0;
}

void stage_stop(struct stage *s, uint64_t grace_ns)
{
    uint64_t until_ns = clock_mono_ns() + grace_ns;
    bool killed = false;

    if (!s)
        return;
    s->stopping = true;
    autoscaler_free(s->autoscaler);
    s->autoscaler = NULL;
    if (s->loads)
        loads_stop(s->loads, NULL);
    if (s->pods)
        pods_delete_all(s->pods);
    while (s->pods && (pods_count(s->pods) || (s->loads && loads_running(s->loads)))) {
        loop_once(s->env->loop, until_ns);
        if (clock_mono_ns() < until_ns)
            continue;
        if (killed)
            break;
        pods_kill_all(s->pods);
        killed = true;
        until_ns += NS_PER_S;
    }
    stage_free(s);
}

struct services *stage_services(struct stage *s)
{
    return s->services;
}

struct loads *stage_loads(struct stage *s)
{
    return s->loads;
}
