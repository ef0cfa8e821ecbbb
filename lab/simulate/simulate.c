// SPDX-License-Identifier: MIT
#include "base/buf.h"
#include "base/command.h"
#include "base/err.h"
#include "base/log.h"
#include "base/options.h"
#include "base/scoped.h"
#include "lab/commands.h"
#include "lab/simulate/input.h"
#include "lab/simulate/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define OUTPUT_MAX (256 * MIB)

enum form { FORM_TABLE, FORM_CSV, FORM_JSON, FORM_SVG, FORM_CHANGES };

static const char *const form_names[] = {"table", "csv", "json", "svg", "changes", NULL};

struct options {
    const char *folder, *workload;
    int form;
    struct opt_list sets;
};

static const struct opt rows[] = {
    {"f", OPT_STRING, offsetof(struct options, folder), NULL,
     "Folder with simulation.yaml and the manifests of Deployments and HorizontalPodAutoscalers.",
     .env = "SWELL_SIMULATION"},
    {"output", OPT_CHOICE, offsetof(struct options, form), "table",
     "table: the figures; csv: the course over time; json: both; svg: a chart for a projector; "
     "changes: each change of a scale with its reason.",
     .choices = form_names},
    {"set", OPT_LIST, offsetof(struct options, sets), NULL,
     "FIELD=VALUE[,VALUE...]: sets hpa.PATH, deployment.PATH or simulation.PATH (hpa/NAME.PATH for "
     "one of several); several values are run one after the other and compared."},
    {"workload", OPT_STRING, offsetof(struct options, workload), NULL,
     "Whose course the chart shows; without it that of all workloads together."},
};

static const struct opt_table table = {
    .program = "swell-lab simulate",
    .summary = "runs HorizontalPodAutoscalers against a model of load and pods: a day in seconds.",
    OPT_TABLE(rows),
};

struct job { /* what one call of the command works on */
    const struct options *options;
    struct input input;
    struct sweep sweep;
    size_t variants;
    struct buf out;
};

/* ---- running ---- */

static void note_change(void *arg, const struct blueprint *b, size_t copy, uint64_t at_ns,
                        const struct hpa_decision *decision)
{
    struct buf *out = arg;

    (void)output_change(b, copy, at_ns, decision, out);
    if (out->len > 64 * KIB) {
        (void)fwrite(out->data, 1, out->len, stdout);
        buf_clear(out);
    }
}

/* Borrows the changed objects. */
static int simulate(struct job *j, const struct sweep_objects *objects, struct run **ret,
                    struct err *err)
{
    struct change_listener listener = {0};
    struct plan *plan = NULL;
    int r = plan_make(j->input.file, objects->plan, j->input.folder, &plan, err);

    if (r < 0)
        return r;
    if (j->options->form == FORM_CHANGES)
        listener = (struct change_listener){note_change, &j->out};
    return run_simulation(plan, objects->hpas, objects->deployments, listener, ret, err);
}

static int run_variant(struct job *j, size_t variant, struct run **ret, struct err *err)
{
    json_auto_t *plan = json_deep_copy(j->input.plan);
    json_auto_t *hpas = json_deep_copy(j->input.hpas);
    json_auto_t *deployments = json_deep_copy(j->input.deployments);
    const struct sweep_objects objects = {plan, hpas, deployments};

    if (!plan || !hpas || !deployments)
        return err_set(err, -ENOMEM, "out of memory");
    int r = sweep_apply(&j->sweep, variant, &objects, err);
    return r < 0 ? r : simulate(j, &objects, ret, err);
}

/* ---- telling ---- */

static int print_svg(struct job *j, const struct run *run, struct err *err)
{
    struct course course;
    int r = run_course(run, j->options->workload, &course);

    if (r == -ENOENT)
        return err_set(err, -EINVAL, "--workload: there is no workload '%s'", j->options->workload);
    if (r == 0) {
        r = output_svg(run, &course, &j->out);
        series_done(&course.series);
    }
    return r < 0 ? err_set(err, r, "the chart became too large") : 0;
}

static int print_run(struct job *j, const struct run *run, struct err *err)
{
    static int (*const outputs[])(const struct run *, struct buf *) = {
        [FORM_TABLE] = output_table, [FORM_CSV] = output_csv, [FORM_JSON] = output_json};

    if (j->options->form == FORM_CHANGES)
        return 0;
    if (j->options->form == FORM_SVG)
        return print_svg(j, run, err);
    int r = outputs[j->options->form](run, &j->out);
    return r < 0 ? err_set(err, r, "the output became too large") : 0;
}

static int print_trade_off(struct job *j, const char *title, const struct figures *figures,
                           struct err *err)
{
    static int (*const outputs[])(const struct trade_off *,
                                  struct buf *) = {[FORM_TABLE] = output_trade_off_table,
                                                   [FORM_CSV] = output_trade_off_csv,
                                                   [FORM_JSON] = output_trade_off_json,
                                                   [FORM_SVG] = output_trade_off_svg};
    const struct trade_off t = {title, &j->sweep, figures, j->variants};

    int r = outputs[j->options->form](&t, &j->out);
    return r < 0 ? err_set(err, r, "the output became too large") : 0;
}

static int run_one(struct job *j, struct err *err)
{
    struct run *run = NULL;
    int r = run_variant(j, 0, &run, err);

    if (r == 0)
        r = print_run(j, run, err);
    run_free(run);
    return r;
}

/* Of each variant only the figures are kept. */
static int run_sweep(struct job *j, struct err *err)
{
    scoped(free_at) struct figures *figures = calloc(j->variants, sizeof(*figures));
    char title[200] = "";
    int r = figures ? 0 : err_set(err, -ENOMEM, "out of memory");

    if (j->options->form == FORM_CHANGES || j->options->workload)
        return err_set(err, -EINVAL,
                       "--set with several values takes neither --output=changes nor --workload");
    for (size_t i = 0; r == 0 && i < j->variants; i++) {
        struct run *run = NULL;
        r = run_variant(j, i, &run, err);
        if (r == 0) {
            figures[i] = run->total;
            (void)snprintf(title, sizeof(title), "%s", run->plan->title);
        }
        run_free(run);
    }
    return r == 0 ? print_trade_off(j, title, figures, err) : r;
}

/* ---- the command ---- */

static int read_job(struct job *j, struct err *err)
{
    int r = 0;

    if (!j->options->folder)
        return err_set(err, -EINVAL, "-f FOLDER is needed: simulation.yaml and manifests");
    for (size_t i = 0; r == 0 && i < j->options->sets.count; i++)
        r = sweep_add(&j->sweep, j->options->sets.values[i], err);
    if (r == 0)
        r = sweep_variants(&j->sweep, &j->variants, err);
    return r == 0 ? input_read(j->options->folder, &j->input, err) : r;
}

static int run_job(struct job *j)
{
    struct err e = {0};
    int r = read_job(j, &e);

    if (r == 0)
        r = j->variants > 1 ? run_sweep(j, &e) : run_one(j, &e);
    if (r < 0)
        return command_refuse(table.program, r, &e);
    if (j->out.len > 0)
        (void)fwrite(j->out.data, 1, j->out.len, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "%s: the output could not be written\n", table.program);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int run_simulate(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    int r = options_parse(&table, argc, argv, &o, &e);

    if (r < 0)
        return command_refuse(table.program, r, &e);
    struct job job = {.options = &o, .out = {.max = OUTPUT_MAX}};
    int code = run_job(&job);
    buf_done(&job.out);
    sweep_done(&job.sweep);
    input_done(&job.input);
    return code;
}
