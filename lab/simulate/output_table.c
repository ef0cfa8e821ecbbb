// SPDX-License-Identifier: MIT
#include "lab/simulate/output.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 300

struct row {
    char label[LABEL_MAX];
    const struct figures *figures;
};

struct table { /* a heading over the labels, one over each figure, the rows */
    const char *heading;
    struct row *rows;
    size_t count;
};

static char *cell(const struct figures *f, size_t column, char text[40])
{
    const struct output_figure *figure = &output_figures[column];

    (void)snprintf(text, 40, "%.*f", figure->decimals, figure->value(f));
    return text;
}

static int larger(int a, size_t b)
{
    return a > (int)b ? a : (int)b;
}

static int label_width(const struct table *t)
{
    int width = (int)strlen(t->heading);

    for (size_t i = 0; i < t->count; i++)
        width = larger(width, strlen(t->rows[i].label));
    return width;
}

static int column_width(const struct table *t, size_t column)
{
    int width = (int)strlen(output_figures[column].heading);
    char text[40];

    for (size_t i = 0; i < t->count; i++)
        width = larger(width, strlen(cell(t->rows[i].figures, column, text)));
    return width;
}

static int print(const struct table *t, struct buf *out)
{
    const int first = label_width(t);
    int widths[OUTPUT_FIGURES];
    char text[40];
    int r = buf_printf(out, "%-*s", first, t->heading);

    for (size_t i = 0; i < OUTPUT_FIGURES; i++) {
        widths[i] = column_width(t, i);
        if (r == 0)
            r = buf_printf(out, "  %*s", widths[i], output_figures[i].heading);
    }
    for (size_t k = 0; r == 0 && k < t->count; k++) {
        r = buf_printf(out, "\n%-*s", first, t->rows[k].label);
        for (size_t i = 0; r == 0 && i < OUTPUT_FIGURES; i++)
            r = buf_printf(out, "  %*s", widths[i], cell(t->rows[k].figures, i, text));
    }
    return r == 0 ? buf_puts(out, "\n") : r;
}

static size_t workload_count(const struct run *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->plan->workload_count; i++)
        count += r->plan->workloads[i].copies;
    return count;
}

/* One row a workload of the plan; below, when there are several, all together. */
static void fill_rows(const struct run *r, struct table *t)
{
    for (size_t i = 0; i < r->plan->workload_count; i++) {
        const struct plan_workload *w = &r->plan->workloads[i];
        struct row *row = &t->rows[t->count++];
        row->figures = &r->workloads[i].figures;
        (void)snprintf(row->label, LABEL_MAX, "%s", w->name);
        if (w->copies > 1)
            (void)snprintf(row->label, LABEL_MAX, "%s x %zu", w->name, w->copies);
    }
    if (t->count > 1) {
        struct row *row = &t->rows[t->count++];
        row->figures = &r->total;
        (void)snprintf(row->label, LABEL_MAX, "all %zu", workload_count(r));
    }
}

int output_table(const struct run *r, struct buf *out)
{
    struct table t = {.heading = "workload",
                      .rows = calloc(r->plan->workload_count + 1, sizeof(*t.rows))};
    char duration[CLOCK_TEXT_MAX];

    if (!t.rows)
        return -ENOMEM;
    fill_rows(r, &t);
    int ret = buf_printf(out, "%s: %s\n\n", r->plan->title,
                         clock_duration(r->plan->duration_ns, duration));
    if (ret == 0)
        ret = print(&t, out);
    free(t.rows);
    return ret;
}

int output_trade_off_table(const struct trade_off *o, struct buf *out)
{
    struct table t = {.heading = "variant", .rows = calloc(o->count, sizeof(*t.rows))};

    if (!t.rows)
        return -ENOMEM;
    for (t.count = 0; t.count < o->count; t.count++) {
        t.rows[t.count].figures = &o->figures[t.count];
        (void)output_variant(o, t.count, t.rows[t.count].label, LABEL_MAX);
    }
    int ret = buf_printf(out, "%s\n\n", o->title);
    if (ret == 0)
        ret = print(&t, out);
    free(t.rows);
    return ret;
}
