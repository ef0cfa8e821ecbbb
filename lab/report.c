// SPDX-License-Identifier: MIT
#include "lab/report.h"

#include "base/err.h"
#include "base/version.h"
#include "kube/jpath.h"
#include "lab/cpu.h"
#include "lab/env.h"
#include "lab/player.h"
#include "lab/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct report {
    struct env *env;
    int64_t watch;
    json_t *scenes;
    json_t *timeline, *decisions; /* of the running scene */
};

/* Only this thread writes decisions, so the store calls back on it too. */
static void on_decision(void *arg, const struct store_change *change)
{
    struct report *r = arg;
    const json_t *record = jpath(change->object, "record");

    if (r->decisions && record)
        (void)json_array_append_new(r->decisions, json_deep_copy(record));
}

struct report *report_new(struct env *env)
{
    struct report *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->env = env;
    r->scenes = json_array();
    r->watch = store_watch(env->store, KIND_DECISION, 0, on_decision, r);
    return r;
}

void report_free(struct report *r)
{
    if (!r)
        return;
    store_unwatch(r->env->store, r->watch);
    json_decref(r->scenes);
    json_decref(r->timeline);
    json_decref(r->decisions);
    free(r);
}

void report_begin_scene(struct report *r)
{
    json_decref(r->timeline);
    json_decref(r->decisions);
    r->timeline = json_array();
    r->decisions = json_array();
}

void report_point(struct report *r, const json_t *point)
{
    static const char *const from[][2] = {
        {"current", "targets[0].replicas.current"},
        {"ready", "targets[0].replicas.ready"},
        {"desired", "targets[0].replicas.desired"},
        {"value", "targets[0].metrics[0].value"},
        {"target", "targets[0].metrics[0].target"},
        {"rate", "targets[0].load.rate"},
        {"p99_ms", "targets[0].load.p99_ms"},
        {"depth", "targets[0].queue.depth"},
        {"t", "t"},
        {"wall", "wall"},
    };
    json_t *row = json_object();

    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        json_t *value = jpath(point, from[i][1]);
        (void)json_object_set_new(row, from[i][0], value ? json_deep_copy(value) : json_null());
    }
    if (r->timeline)
        (void)json_array_append(r->timeline, row);
    json_decref(row);
}

static json_t *load_results(const struct report *r)
{
    json_auto_t *loads = store_list(r->env->store, KIND_LOAD, NULL, NULL);
    json_t *results = json_object();
    size_t i;
    const json_t *load;

    json_array_foreach (loads, i, load)
        (void)json_object_set(results, jpath_str(load, "metadata.name", ""),
                              json_object_get(load, "status"));
    return results;
}

void report_end_scene(struct report *r, const struct player *player)
{
    json_t *scene = player_result(player);

    (void)json_object_set_new(scene, "timeline", r->timeline);
    (void)json_object_set_new(scene, "decisions", r->decisions);
    (void)json_object_set_new(scene, "loads", load_results(r));
    r->timeline = r->decisions = NULL;
    (void)json_array_append_new(r->scenes, scene);
}

int report_write(const struct report *r, const char *path, bool ok, struct err *err)
{
    char temporary[4096];
    json_auto_t *all = json_pack("{s:s, s:f, s:s, s:b, s:O}", "version", SWELL_VERSION, "speed",
                                 r->env->clock.speed, "limits", cpu_control_name(r->env->cpu), "ok",
                                 ok, "scenes", r->scenes);

    (void)snprintf(temporary, sizeof(temporary), "%s.part", path);
    if (json_dump_file(all, temporary, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) < 0 ||
        rename(temporary, path) < 0) {
        int saved = errno ? errno : EIO;
        (void)remove(temporary);
        return err_errno(err, saved, "cannot write the report '%s'", path);
    }
    return 0;
}
