// SPDX-License-Identifier: MIT
#include "lab/simulate/trace.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/scoped.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_MAX 128 /* bytes of a cell that is looked at */
#define TIME_MAX_S 1e11

struct reader { /* one text being read */
    const char *name;
    const char *next, *end;
    unsigned line; /* the one before next */
    size_t time_column, rate_column;
    double first_s; /* time of the first row */
    struct profile_steps *steps;
    size_t size; /* of steps->list */
    struct err *err;
};

static int refuse(const struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct reader *r, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return err_set(r->err, -EINVAL, "%s:%u: %s", r->name, r->line, text);
}

/* ---- lines and cells ---- */

struct line {
    const char *text;
    size_t len;
};

static bool take_line(struct reader *r, struct line *ret)
{
    while (r->next < r->end) {
        const char *newline = memchr(r->next, '\n', (size_t)(r->end - r->next));
        *ret = (struct line){r->next, (size_t)((newline ? newline : r->end) - r->next)};
        r->next = newline ? newline + 1 : r->end;
        r->line++;
        if (ret->len > 0 && ret->text[ret->len - 1] == '\r')
            ret->len--;
        if (ret->len > 0 && ret->text[0] != '#')
            return true;
    }
    return false;
}

/* Copies a cell without white space and quotes around it. */
static void copy_cell(const char *text, size_t len, char ret[CELL_MAX])
{
    while (len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
        text++;
        len -= 2;
    }
    (void)snprintf(ret, CELL_MAX, "%.*s", (int)(len < CELL_MAX ? len : CELL_MAX - 1), text);
}

/* False when the line has fewer columns. Commas inside of quotes do not separate. */
static bool cell(const struct line *l, size_t column, char ret[CELL_MAX])
{
    size_t start = 0;
    bool quoted = false;

    for (size_t i = 0; i <= l->len; i++) {
        if (i < l->len && l->text[i] == '"')
            quoted = !quoted;
        if (i < l->len && (l->text[i] != ',' || quoted))
            continue;
        if (column-- == 0) {
            copy_cell(l->text + start, i - start, ret);
            return true;
        }
        start = i + 1;
    }
    return false;
}

static bool read_time(const char *text, double *ret_s)
{
    uint64_t ns;

    if (parse_double(text, -TIME_MAX_S, TIME_MAX_S, ret_s) == 0)
        return true;
    if (clock_parse_rfc3339(text, &ns) < 0)
        return false;
    *ret_s = (double)(ns / NS_PER_S) + (double)(ns % NS_PER_S) / (double)NS_PER_S;
    return true;
}

/* ---- the header ---- */

static int find_column(const struct reader *r, const struct line *header, const char *name,
                       size_t *ret)
{
    char text[CELL_MAX];

    for (size_t i = 0; cell(header, i, text); i++) {
        if (strcmp(text, name) == 0) {
            *ret = i;
            return 0;
        }
    }
    return refuse(r, "there is no column '%.60s'", name);
}

static int read_header(struct reader *r, struct trace_columns columns, const struct line *header)
{
    int ret = 0;

    if (columns.time)
        ret = find_column(r, header, columns.time, &r->time_column);
    if (ret == 0 && columns.rate)
        ret = find_column(r, header, columns.rate, &r->rate_column);
    return ret;
}

static bool is_header(const struct reader *r, const struct line *l)
{
    char text[CELL_MAX];
    double time_s;

    return cell(l, r->time_column, text) && !read_time(text, &time_s);
}

/* ---- rows ---- */

static int add_step(struct reader *r, double at_s, double rate)
{
    struct profile_steps *steps = r->steps;

    if (steps->count == r->size) {
        const size_t size = r->size ? 2 * r->size : 64;
        struct profile_step *list = reallocarray(steps->list, size, sizeof(*list));
        if (!list)
            return err_set(r->err, -ENOMEM, "out of memory");
        steps->list = list;
        r->size = size;
    }
    steps->list[steps->count++] = (struct profile_step){at_s, rate};
    return 0;
}

static int read_row(struct reader *r, const struct line *l)
{
    const struct profile_steps *steps = r->steps;
    char text[CELL_MAX] = "";
    double time_s, rate;

    if (!cell(l, r->time_column, text) || !read_time(text, &time_s))
        return refuse(r, "column %zu takes a time in seconds or RFC 3339, not '%.60s'",
                      r->time_column + 1, text);
    if (!cell(l, r->rate_column, text))
        return refuse(r, "column %zu is missing", r->rate_column + 1);
    if (parse_double(text, 0, TRACE_RATE_MAX, &rate) < 0)
        return refuse(r, "column %zu takes a rate from 0 to %g per second, not '%.60s'",
                      r->rate_column + 1, TRACE_RATE_MAX, text);
    if (steps->count == 0)
        r->first_s = time_s;
    if (steps->count > 0 && time_s - r->first_s <= steps->list[steps->count - 1].at_s)
        return refuse(r, "this row is not later than the one before it");
    return add_step(r, time_s - r->first_s, rate);
}

static int read_rows(struct reader *r, struct trace_columns columns)
{
    struct line l;
    bool more = take_line(r, &l);
    int ret = 0;

    if (more && (columns.time || columns.rate || is_header(r, &l))) {
        ret = read_header(r, columns, &l);
        more = take_line(r, &l);
    }
    for (; ret == 0 && more; more = take_line(r, &l))
        ret = read_row(r, &l);
    if (ret == 0 && r->steps->count == 0)
        ret = err_set(r->err, -EINVAL, "%s:1: the trace has no rows", r->name);
    return ret;
}

int trace_parse(const char *name, const char *text, size_t len, struct trace_columns columns,
                struct profile_steps *ret, struct err *err)
{
    struct profile_steps steps = {0};
    struct reader reader = {.name = name,
                            .next = text,
                            .end = text + len,
                            .rate_column = 1,
                            .steps = &steps,
                            .err = err};
    int r = read_rows(&reader, columns);

    if (r < 0)
        free(steps.list);
    else
        *ret = steps;
    return r;
}

int trace_read(const char *path, struct trace_columns columns, struct profile_steps *ret,
               struct err *err)
{
    scoped(buf_done) struct buf text = {.max = TRACE_BYTES_MAX};
    int r = buf_read_file(&text, path, err);

    return r < 0 ? r : trace_parse(path, text.data ? text.data : "", text.len, columns, ret, err);
}
