// SPDX-License-Identifier: MIT
#include "lab/commands.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/err.h"
#include "base/options.h"
#include "base/parse.h"
#include "base/scoped.h"
#include "lab/why/diff.h"
#include "lab/why/runs.h"
#include "lab/why/table.h"
#include "lab/why/tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct options {
    const char *run, *step, *at, *diff;
    bool table;
};

static const struct opt rows[] = {
    {"run", OPT_STRING, offsetof(struct options, run), NULL,
     "Only this run: its title, or its scene's or scenario's name.", .env = "SWELL_WHY_RUN"},
    {"step", OPT_STRING, offsetof(struct options, step), NULL,
     "Explain the step of this number, counted from 0.", .env = "SWELL_WHY_STEP"},
    {"at", OPT_STRING, offsetof(struct options, at), NULL,
     "Explain the last step at or before this time: RFC 3339, or a duration since the run's first "
     "step (4m10s).",
     .env = "SWELL_WHY_AT"},
    {"table", OPT_BOOL, offsetof(struct options, table), "false", "Figures in columns, not words.",
     .env = "SWELL_WHY_TABLE"},
    {"diff", OPT_STRING, offsetof(struct options, diff), NULL,
     "Compare with another run of the same input: where do they part, and by which rule.",
     .env = "SWELL_WHY_DIFF"},
};

static void more_help(FILE *out)
{
    (void)fprintf(out,
                  "\nRUN.json is a report of 'swell-lab demo --report', the output of 'swell-lab "
                  "evaluate --record',\nor decisions of a lab "
                  "(/apis/swell.dev/v1/scalingdecisions). Without it, or with -, standard input\n"
                  "is read.\n");
}

static const struct opt_table table = {
    .program = "swell-lab why",
    .summary = "explains why an autoscaler did what it did, from its decision records.",
    .positional = "[RUN.json|-]",
    OPT_TABLE(rows),
    .more_help = more_help,
};

struct selection { /* which step; by neither: the whole run */
    bool by_number, by_time;
    uint64_t number;
    bool since_start;
    uint64_t time_ns;
};

static int parse_selection(const struct options *o, struct selection *ret, struct err *err)
{
    *ret = (struct selection){.by_number = o->step != NULL, .by_time = o->at != NULL};
    if (o->step && o->at)
        return err_set(err, -EINVAL, "--step and --at exclude each other");
    if (o->diff && (o->step || o->at || o->table))
        return err_set(err, -EINVAL, "--diff finds the step by itself: no --step, --at or --table");
    if (o->step && parse_u64(o->step, 0, INT64_MAX, &ret->number) < 0)
        return err_set(err, -EINVAL, "--step: '%s' is not a number from 0", o->step);
    if (!o->at || clock_parse_rfc3339(o->at, &ret->time_ns) == 0)
        return 0;
    ret->since_start = true;
    if (clock_parse_duration(o->at, &ret->time_ns) < 0)
        return err_set(err, -EINVAL,
                       "--at: '%s' is neither a time (2026-01-01T00:04:10Z) nor a duration (4m10s)",
                       o->at);
    return 0;
}

static const struct step *select_step(const struct run *run, const struct selection *s)
{
    const uint64_t until = s->since_start ? run->steps[0].time_ns + s->time_ns : s->time_ns;
    const struct step *found = NULL;

    for (size_t i = 0; i < run->count; i++) {
        const struct step *step = &run->steps[i];
        if (s->by_number ? step->number == (int64_t)s->number : step->time_ns <= until)
            found = step;
    }
    return found;
}

static bool is_wanted(const struct run *run, const char *name)
{
    return !name || strcmp(run->title, name) == 0 || strcmp(run->scene, name) == 0;
}

static void explain_step(const struct run *run, const struct step *step, bool figures, FILE *out)
{
    if (figures)
        table_step(run, step, out);
    else
        tell_step(run, step, out);
}

static void explain_run(const struct run *run, bool figures, FILE *out)
{
    if (figures)
        table_run(run, out);
    else
        tell_run(run, out);
}

/* Returns how many runs were explained. */
static size_t explain(const struct runs *runs, const struct options *o, const struct selection *s,
                      FILE *out)
{
    size_t told = 0;

    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->all[i];
        const bool whole = !s->by_number && !s->by_time;
        const struct step *step = whole ? NULL : select_step(run, s);
        if (!is_wanted(run, o->run) || (!whole && !step))
            continue;
        if (told++ > 0)
            (void)fprintf(out, "\n");
        if (whole)
            explain_run(run, o->table, out);
        else
            explain_step(run, step, o->table, out);
    }
    return told;
}

/* By title; two files of one run each belong together whatever they are called. */
static const struct run *counterpart(const struct runs *a, const struct runs *b, size_t i)
{
    if (a->count == 1 && b->count == 1)
        return &b->all[0];
    return runs_find(b, a->all[i].title);
}

static size_t diff_all(const struct runs *a, const char *a_name, const struct runs *b,
                       const struct options *o, FILE *out)
{
    size_t told = 0;

    for (size_t i = 0; i < a->count; i++) {
        const struct run *other = counterpart(a, b, i);
        if (!other || !is_wanted(&a->all[i], o->run))
            continue;
        diff_runs(&a->all[i], a_name, other, o->diff, out);
        told++;
    }
    return told;
}

static int nothing_told(const struct runs *runs, const char *path, const struct options *o,
                        struct err *err)
{
    const struct run *first = &runs->all[0];

    if (o->diff)
        return err_set(err, -EINVAL, "'%s' and '%s' have no run in common", path, o->diff);
    if (o->step || o->at)
        return err_set(err, -EINVAL, "'%s' has no step %s%s; the first run has %zu steps", path,
                       o->step ? "" : "at or before ", o->step ? o->step : o->at, first->count);
    return err_set(err, -EINVAL, "'%s' has no run '%s'; its first is '%s'", path, o->run,
                   first->title);
}

/* Names and messages come from a file: a terminal shall not obey them. */
static void print_harmless(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n')
            text[i] = '?';
        else if (text[i] == 0x7f)
            text[i] = '?';
    (void)fwrite(text, 1, len, stdout);
}

static int answer(const struct runs *runs, const char *path, const struct options *o,
                  const struct selection *s, struct err *err)
{
    struct runs other = {0};
    char *text = NULL;
    size_t len = 0, told;

    if (o->diff) {
        int r = runs_read(o->diff, &other, err);
        if (r < 0)
            return r;
    }
    FILE *out = open_memstream(&text, &len);
    if (!out) {
        runs_done(&other);
        return err_set(err, -ENOMEM, "out of memory");
    }
    told = o->diff ? diff_all(runs, path, &other, o, out) : explain(runs, o, s, out);
    const bool whole = fclose(out) == 0;
    if (whole)
        print_harmless(text, len);
    free(text);
    runs_done(&other);
    if (!whole)
        return err_set(err, -ENOMEM, "out of memory");
    return told ? 0 : nothing_told(runs, path, o, err);
}

int run_why(int argc, char **argv)
{
    struct options o = {0};
    struct selection s;
    struct runs runs = {0};
    struct err e = {0};
    int r = options_parse(&table, argc, argv, &o, &e);
    const char *path = r >= 0 && r < argc ? argv[r] : "-";

    if (r >= 0 && argc - r > 1)
        r = err_set(&e, -EINVAL, "one file at a time; --diff=OTHER compares two");
    if (r >= 0)
        r = parse_selection(&o, &s, &e);
    if (r >= 0)
        r = runs_read(path, &runs, &e);
    if (r >= 0)
        r = answer(&runs, path, &o, &s, &e);
    runs_done(&runs);
    return r < 0 ? command_refuse(table.program, r, &e) : EXIT_SUCCESS;
}
