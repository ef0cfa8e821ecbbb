// SPDX-License-Identifier: MIT
#include "lab/lab.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scoped.h"
#include "base/signals.h"
#include "http/client.h"
#include "kube/status.h"
#include "lab/api/api.h"
#include "lab/block.h"
#include "lab/cpu.h"
#include "lab/env.h"
#include "lab/images.h"
#include "lab/live.h"
#include "lab/loop.h"
#include "lab/player.h"
#include "lab/point.h"
#include "lab/proxy.h"
#include "lab/report.h"
#include "lab/scene.h"
#include "lab/scrape/scrape.h"
#include "lab/scrape/targets.h"
#include "lab/stage.h"
#include "lab/statedir.h"
#include "lab/store.h"
#include "lab/terminal.h"
#include "metrics/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define POINT_INTERVAL_NS (NS_PER_S / 2)
#define STAGE_GRACE_NS (5 * NS_PER_S)
#define SERVER_GRACE_NS (2 * NS_PER_S)

struct lab {
    struct env env;
    struct images images;
    struct stage_periods periods;
    struct service *service;
    struct scrape scrape;
    struct api *api;
    struct live *live;
    struct point_maker *points;
    struct report *report;
    struct terminal terminal;
    struct stage *stage;
    struct scene *scene; /* while and after one is played */
    struct player *player;
    struct loop_timer point_timer;
    int signal_fd;
    bool asked_to_end;
};

static void on_signal(void *arg)
{
    struct lab *lab = arg;
    struct signalfd_siginfo info;

    if (read(lab->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    lab->asked_to_end = true;
    service_set_ready(lab->service, false); /* the pods drain first; the server goes last */
    loop_stop(lab->env.loop);
}

static void make_point(void *arg)
{
    struct lab *lab = arg;
    json_auto_t *point =
        point_make(lab->points, lab->stage ? stage_services(lab->stage) : NULL, lab->player);

    loop_timer_set(lab->env.loop, &lab->point_timer, clock_mono_ns() + POINT_INTERVAL_NS,
                   make_point, lab);
    live_point(lab->live, point);
    report_point(lab->report, point);
    if (lab->terminal.out)
        terminal_point(&lab->terminal, point);
}

static int open_parts(struct lab *lab, const struct lab_options *o, struct err *err)
{
    struct env *env = &lab->env;
    int r = images_init(&lab->images, &o->images, err);

    env->clock = labclock_start(o->speed);
    env->images = &lab->images;
    env->store = store_new(&env->clock);
    if (r == 0)
        r = statedir_make(env->state_dir, sizeof(env->state_dir), err);
    (void)snprintf(env->hosts_path, sizeof(env->hosts_path), "%s/hosts", env->state_dir);
    (void)setenv("SWELL_HOSTS", env->hosts_path, 1); /* for our own requests and the load's */
    if (r == 0)
        r = loop_new(&env->loop, err);
    if (r == 0)
        r = block_new(&env->block, err);
    if (r == 0)
        r = cpu_control_new((enum cpu_way)o->cpu_limits, &env->cpu, err);
    if (r == 0)
        r = proxies_new(&env->proxies, err);
    return r;
}

static int open_views(struct lab *lab, struct err *err)
{
    lab->api = api_new(lab->env.store);
    lab->live = live_new();
    lab->points = point_maker_new(&lab->env);
    lab->report = report_new(&lab->env);
    lab->service = service_new("swell-lab", "lab");
    if (!lab->api || !lab->live || !lab->points || !lab->report || !lab->service)
        return err_set(err, -ENOMEM, "out of memory");
    scrape_init(&lab->scrape, service_metrics(lab->service), lab->env.store);
    return 0;
}

static int open_server(struct lab *lab, const struct lab_options *o, struct err *err)
{
    const struct http_routes routes[] = {{api_routes, api_route_count, lab->api},
                                         {live_routes, live_route_count, lab->live},
                                         {targets_routes, targets_route_count, lab->env.store}};
    const struct http_server_config config = {
        .address = o->address, .port = (uint16_t)o->port, .error_reply = status_reply};
    int r = service_start(lab->service, &config, routes, ARRAY_LEN(routes), err);

    if (r == 0)
        service_set_ready(lab->service, true);
    return r;
}

static int watch_signals(struct lab *lab, struct err *err)
{
    lab->signal_fd = signals_fd();
    if (lab->signal_fd < 0)
        return err_errno(err, -lab->signal_fd, "cannot wait for signals");
    int r = loop_watch(lab->env.loop, lab->signal_fd, on_signal, lab);
    return r < 0 ? err_errno(err, -r, "cannot wait for signals") : 0;
}

int lab_open(struct lab **ret, const struct lab_options *options, struct err *err)
{
    struct lab *lab = calloc(1, sizeof(*lab));

    if (!lab)
        return err_set(err, -ENOMEM, "out of memory");
    lab->signal_fd = -1;
    lab->terminal.out = options->show_table ? stdout : NULL;
    lab->periods = (struct stage_periods){options->sync_period_ns, options->metrics_interval_ns};
    int r = open_parts(lab, options, err);
    if (r == 0)
        r = open_views(lab, err);
    if (r == 0)
        r = open_server(lab, options, err);
    if (r == 0)
        r = watch_signals(lab, err);
    if (r < 0) {
        lab_close(lab);
        return r;
    }
    log_info("cpu limits", LOG_STR("by", cpu_control_name(lab->env.cpu)),
             LOG_DOUBLE("speed", options->speed));
    make_point(lab);
    *ret = lab;
    return 0;
}

uint16_t lab_port(const struct lab *lab)
{
    return service_port(lab->service);
}

static void end_player(struct lab *lab)
{
    player_free(lab->player);
    lab->player = NULL;
    scene_free(lab->scene);
    lab->scene = NULL;
}

void lab_stop_stage(struct lab *lab)
{
    end_player(lab);
    stage_stop(lab->stage, STAGE_GRACE_NS);
    lab->stage = NULL;
}

static void close_server(struct lab *lab)
{
    if (lab->api)
        api_close_watches(lab->api);
    if (lab->service)
        (void)service_stop(lab->service, SERVER_GRACE_NS);
    service_free(lab->service);
    api_free(lab->api);
    live_free(lab->live);
}

void lab_close(struct lab *lab)
{
    struct env *env = &lab->env;

    if (env->loop) {
        loop_timer_off(env->loop, &lab->point_timer);
        lab_stop_stage(lab);
    }
    close_server(lab);
    report_free(lab->report);
    point_maker_free(lab->points);
    proxies_free(env->proxies);
    cpu_control_free(env->cpu);
    block_free(env->block);
    if (lab->signal_fd >= 0) {
        loop_unwatch(env->loop, lab->signal_fd);
        (void)close(lab->signal_fd);
    }
    loop_free(env->loop);
    statedir_remove(env->state_dir);
    store_free(env->store);
    images_done(&lab->images);
    free(lab);
}

int lab_start_stage(struct lab *lab, const char *folder, struct err *err)
{
    return stage_start(&lab->env, folder, &lab->periods, &lab->stage, err);
}

void lab_run(struct lab *lab)
{
    if (!lab->asked_to_end)
        loop_run(lab->env.loop);
}

static void play_to_the_end(struct lab *lab)
{
    while (!lab->asked_to_end && player_state(lab->player) == PLAYER_PLAYING)
        loop_once(lab->env.loop, clock_mono_ns() + NS_PER_S);
}

int lab_play(struct lab *lab, const char *folder, bool *ret_passed, char **ret_summary,
             struct err *err)
{
    int r = scene_read(folder, &lab->scene, err);

    if (r == 0)
        r = lab_start_stage(lab, folder, err);
    if (r < 0)
        return r;
    report_begin_scene(lab->report);
    lab->player = player_new(&lab->env, lab->stage, lab->scene);
    if (!lab->player)
        return err_set(err, -ENOMEM, "out of memory");
    play_to_the_end(lab);
    make_point(lab); /* the end is shown too */
    report_end_scene(lab->report, lab->player);
    *ret_passed = player_state(lab->player) == PLAYER_PASSED;
    *ret_summary = strdup(player_summary(lab->player));
    return 0;
}

void lab_announce_end(struct lab *lab, const char *summary, bool ok)
{
    live_end(lab->live, summary, ok);
}

int lab_write_report(struct lab *lab, const char *path, bool ok, struct err *err)
{
    return report_write(lab->report, path, ok, err);
}

bool lab_was_asked_to_end(const struct lab *lab)
{
    return lab->asked_to_end;
}
