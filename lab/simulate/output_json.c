// SPDX-License-Identifier: MIT
#include "lab/simulate/output.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define VERSION 1
#define FLAGS (JSON_INDENT(2) | JSON_REAL_PRECISION(10))

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* New, or NULL. */
static json_t *figures_json(const struct figures *f)
{
    json_t *object = json_object();

    for (size_t i = 0; i < OUTPUT_FIGURES; i++)
        if (json_object_set_new(object, output_figures[i].member,
                                json_real(output_figures[i].value(f))) < 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *point_json(const struct series *s, size_t i)
{
    const struct point *p = &s->points[i];

    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "seconds", seconds(i * s->stretch_ns),
                     "requestsPerSecond", series_rate(s, i), "wanted", p->wanted, "granted",
                     p->granted, "ready", p->ready, "utilizationPercent",
                     series_utilization_percent(s, i), "backlog", p->backlog);
}

static json_t *course_json(const struct series *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->count; i++)
        if (json_array_append_new(list, point_json(s, i)) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *workload_json(const struct run_workload *w)
{
    const struct plan_workload *plan = w->blueprint->workload;

    return json_pack("{s:s, s:I, s:o, s:o}", "name", plan->name, "copies", (json_int_t)plan->copies,
                     "figures", figures_json(&w->figures), "course", course_json(&w->series));
}

/* Takes object. */
static int dump(json_t *object, struct buf *out)
{
    char *text = object ? json_dumps(object, FLAGS) : NULL;
    int r = text ? buf_puts(out, text) : -ENOMEM;

    free(text);
    json_decref(object);
    return r == 0 ? buf_puts(out, "\n") : r;
}

int output_json(const struct run *r, struct buf *out)
{
    json_t *workloads = json_array();

    for (size_t i = 0; i < r->plan->workload_count; i++)
        if (json_array_append_new(workloads, workload_json(&r->workloads[i])) < 0) {
            json_decref(workloads);
            return -ENOMEM;
        }
    return dump(json_pack("{s:i, s:s, s:f, s:f, s:I, s:o, s:o}", "version", VERSION, "title",
                          r->plan->title, "seconds", seconds(r->plan->duration_ns), "stepSeconds",
                          seconds(r->plan->step_ns), "seed", (json_int_t)r->plan->seed, "workloads",
                          workloads, "total", figures_json(&r->total)),
                out);
}

static json_t *variant_json(const struct trade_off *t, size_t variant)
{
    json_t *set = json_object();

    for (size_t i = 0; i < t->sweep->count; i++)
        if (json_object_set_new(set, t->sweep->axes[i].field,
                                json_deep_copy(sweep_value(t->sweep, variant, i))) < 0) {
            json_decref(set);
            return NULL;
        }
    return json_pack("{s:o, s:o}", "set", set, "figures", figures_json(&t->figures[variant]));
}

int output_trade_off_json(const struct trade_off *t, struct buf *out)
{
    json_t *variants = json_array();

    for (size_t i = 0; i < t->count; i++)
        if (json_array_append_new(variants, variant_json(t, i)) < 0) {
            json_decref(variants);
            return -ENOMEM;
        }
    return dump(
        json_pack("{s:i, s:s, s:o}", "version", VERSION, "title", t->title, "variants", variants),
        out);
}
