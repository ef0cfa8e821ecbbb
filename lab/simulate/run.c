// SPDX-License-Identifier: MIT
#include "lab/simulate/run.h"

#include "base/err.h"
#include "lab/simulate/nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t step_count(const struct plan *p)
{
    return p->duration_ns / p->step_ns;
}

static int new_loop(struct run *r, size_t workload, size_t copy, struct nodes *nodes,
                    struct change_listener listener, struct closed_loop **ret)
{
    const struct closed_loop_setup setup = {.plan = r->plan,
                                            .blueprint = r->workloads[workload].blueprint,
                                            .copy = copy,
                                            .nodes = nodes,
                                            .series = &r->workloads[workload].series,
                                            .listener = listener};

    return closed_loop_new(&setup, ret);
}

/* ---- each on its own ---- */

static int run_alone(struct run *r, size_t workload, size_t copy, struct change_listener listener)
{
    struct closed_loop *loop = NULL;
    int ret = new_loop(r, workload, copy, NULL, listener, &loop);

    for (uint64_t i = 0; ret == 0 && i < step_count(r->plan); i++)
        ret = closed_loop_step(loop);
    if (ret == 0)
        figures_add(&r->workloads[workload].figures, closed_loop_figures(loop));
    closed_loop_free(loop);
    return ret;
}

static int run_one_by_one(struct run *r, struct change_listener listener)
{
    int ret = 0;

    for (size_t i = 0; i < r->plan->workload_count; i++)
        for (size_t k = 0; ret == 0 && k < r->plan->workloads[i].copies; k++)
            ret = run_alone(r, i, k, listener);
    return ret;
}

/* ---- together on nodes ---- */

struct crowd {
    struct closed_loop **loops; /* in the order of the plan */
    size_t count;
    struct nodes *nodes;
};

static int gather(struct run *r, struct change_listener listener, struct crowd *c)
{
    size_t count = 0;
    int ret = 0;

    for (size_t i = 0; i < r->plan->workload_count; i++)
        count += r->plan->workloads[i].copies;
    c->nodes = nodes_new(r->plan->node_count, r->plan->node_cpu_milli);
    c->loops = calloc(count, sizeof(struct closed_loop *));
    if (!c->nodes || !c->loops)
        return -ENOMEM;
    for (size_t i = 0; i < r->plan->workload_count; i++)
        for (size_t k = 0; ret == 0 && k < r->plan->workloads[i].copies; k++)
            ret = new_loop(r, i, k, c->nodes, listener, &c->loops[c->count++]);
    return ret;
}

static int step_all(const struct crowd *c)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < c->count; i++)
        ret = closed_loop_step(c->loops[i]);
    return ret;
}

static void collect(struct run *r, const struct crowd *c)
{
    size_t next = 0;

    for (size_t i = 0; i < r->plan->workload_count; i++)
        for (size_t k = 0; k < r->plan->workloads[i].copies; k++)
            figures_add(&r->workloads[i].figures, closed_loop_figures(c->loops[next++]));
}

static int run_together(struct run *r, struct change_listener listener)
{
    struct crowd c = {0};
    int ret = gather(r, listener, &c);

    for (uint64_t i = 0; ret == 0 && i < step_count(r->plan); i++)
        ret = step_all(&c);
    if (ret == 0)
        collect(r, &c);
    for (size_t i = 0; i < c.count; i++)
        closed_loop_free(c.loops[i]);
    free(c.loops);
    nodes_free(c.nodes);
    return ret;
}

/* ---- all of it ---- */

static int prepare(struct run *r, const json_t *hpas, const json_t *deployments, struct err *err)
{
    const struct plan *p = r->plan;
    int ret = 0;

    r->workloads = calloc(p->workload_count, sizeof(*r->workloads));
    if (!r->workloads)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; ret == 0 && i < p->workload_count; i++) {
        struct run_workload *w = &r->workloads[i];
        ret = blueprint_new(&p->workloads[i], hpas, deployments, &w->blueprint, err);
        if (ret == 0 && series_init(&w->series, p->duration_ns, p->sync_period_ns) < 0)
            ret = err_set(err, -ENOMEM, "out of memory");
    }
    return ret;
}

int run_simulation(struct plan *plan, const json_t *hpas, const json_t *deployments,
                   struct change_listener listener, struct run **ret, struct err *err)
{
    struct run *r = calloc(1, sizeof(*r));

    if (!r) {
        plan_free(plan);
        return err_set(err, -ENOMEM, "out of memory");
    }
    r->plan = plan;
    int code = prepare(r, hpas, deployments, err);
    if (code == 0) {
        code = plan->node_count ? run_together(r, listener) : run_one_by_one(r, listener);
        if (code < 0)
            (void)err_set(err, code, "out of memory");
    }
    if (code < 0) {
        run_free(r);
        return code;
    }
    for (size_t i = 0; i < plan->workload_count; i++)
        figures_add(&r->total, &r->workloads[i].figures);
    *ret = r;
    return 0;
}

void run_free(struct run *r)
{
    if (!r)
        return;
    for (size_t i = 0; r->workloads && i < r->plan->workload_count; i++) {
        blueprint_free(r->workloads[i].blueprint);
        series_done(&r->workloads[i].series);
    }
    free(r->workloads);
    plan_free(r->plan);
    free(r);
}

/* ---- courses ---- */

static void add_course(const struct run_workload *w, struct course *ret)
{
    series_add_all(&ret->series, &w->series);
    ret->name = w->blueprint->workload->name;
    if (ret->target_percent < 0)
        ret->target_percent = w->blueprint->target_percent;
    else if (ret->target_percent != w->blueprint->target_percent)
        ret->target_percent = 0;
}

int run_course(const struct run *r, const char *name, struct course *ret)
{
    struct course c = {.target_percent = -1};
    size_t found = 0;

    if (series_init(&c.series, r->plan->duration_ns, r->plan->sync_period_ns) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < r->plan->workload_count; i++) {
        if (name && strcmp(r->plan->workloads[i].name, name) != 0)
            continue;
        add_course(&r->workloads[i], &c);
        found++;
    }
    if (found == 0) {
        series_done(&c.series);
        return -ENOENT;
    }
    if (found > 1)
        c.name = "all workloads";
    *ret = c;
    return 0;
}
