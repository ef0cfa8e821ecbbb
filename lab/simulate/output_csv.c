// SPDX-License-Identifier: MIT
#include "lab/simulate/output.h"

#include "base/buf.h"
#include "base/clock.h"

#include <string.h>

/* In quotes where a reader of CSV would stumble. */
static int put_text(struct buf *out, const char *text)
{
    int r = 0;

    if (!strpbrk(text, ",\"\r\n"))
        return buf_puts(out, text);
    r = buf_puts(out, "\"");
    for (; r == 0 && *text; text++)
        r = *text == '"' ? buf_puts(out, "\"\"") : buf_append(out, text, 1);
    return r == 0 ? buf_puts(out, "\"") : r;
}

static int put_point(const struct series *s, size_t i, struct buf *out)
{
    const struct point *p = &s->points[i];

    return buf_printf(out, ",%.10g,%.10g,%.10g,%.10g,%.10g,%.10g\n", series_rate(s, i), p->wanted,
                      p->granted, p->ready, series_utilization_percent(s, i), p->backlog);
}

static int put_course(const char *name, const struct series *s, struct buf *out)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->count; i++) {
        const uint64_t start_ns = i * s->stretch_ns;
        r = buf_printf(out, "%.10g,", (double)start_ns / (double)NS_PER_S);
        if (r == 0)
            r = put_text(out, name);
        if (r == 0)
            r = put_point(s, i, out);
    }
    return r;
}

int output_csv(const struct run *r, struct buf *out)
{
    int ret = buf_puts(
        out, "seconds,workload,requests_per_second,replicas_wanted,replicas_granted,pods_ready,"
             "utilization_percent,backlog\n");

    for (size_t i = 0; ret == 0 && i < r->plan->workload_count; i++)
        ret = put_course(r->plan->workloads[i].name, &r->workloads[i].series, out);
    return ret;
}

static int put_heading(const struct trade_off *t, struct buf *out)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < t->sweep->count; i++) {
        r = put_text(out, t->sweep->axes[i].field);
        if (r == 0)
            r = buf_puts(out, ",");
    }
    for (size_t i = 0; r == 0 && i < OUTPUT_FIGURES; i++)
        r = buf_printf(out, "%s%s", output_figures[i].member, i + 1 < OUTPUT_FIGURES ? "," : "\n");
    return r;
}

static int put_value(const json_t *value, struct buf *out)
{
    if (json_is_string(value))
        return put_text(out, json_string_value(value));
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    int r = buf_puts(out, text ? text : "");
    free(text);
    return r;
}

static int put_variant(const struct trade_off *t, size_t variant, struct buf *out)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < t->sweep->count; i++) {
        r = put_value(sweep_value(t->sweep, variant, i), out);
        if (r == 0)
            r = buf_puts(out, ",");
    }
    for (size_t i = 0; r == 0 && i < OUTPUT_FIGURES; i++)
        r = buf_printf(out, "%.10g%s", output_figures[i].value(&t->figures[variant]),
                       i + 1 < OUTPUT_FIGURES ? "," : "\n");
    return r;
}

int output_trade_off_csv(const struct trade_off *t, struct buf *out)
{
    int r = put_heading(t, out);

    for (size_t i = 0; r == 0 && i < t->count; i++)
        r = put_variant(t, i, out);
    return r;
}
