// SPDX-License-Identifier: MIT
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/scoped.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#define LINE_MAX_BYTES (16 * KIB) /* a longer line loses its last fields */

const char *const log_level_names[] = {"error", "warn", "info", "debug", NULL};
const char *const log_format_names[] = {"logfmt", "json", NULL};

static struct {
    FILE *out;
    enum log_format format;
    enum log_level level;
} settings = {.level = LOG_INFO};

void log_init(FILE *out, enum log_format format, enum log_level level)
{
    settings.out = out;
    settings.format = format;
    settings.level = level;
}

/* JSON's escapes; logfmt readers take the same ones. Bytes that are not UTF-8 go through as they
 * are: a log is read by people. */
static void quoted(struct buf *line, const char *text)
{
    (void)buf_puts(line, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            (void)buf_printf(line, "\\%c", *c);
        else if (*c == '\n')
            (void)buf_puts(line, "\\n");
        else if (*c < 0x20 || *c == 0x7f)
            (void)buf_printf(line, "\\u%04x", *c);
        else
            (void)buf_append(line, c, 1);
    }
    (void)buf_puts(line, "\"");
}

static bool is_plain(const char *text)
{
    if (!*text)
        return false;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c <= ' ' || *c == '"' || *c == '=' || *c == '\\' || *c >= 0x7f)
            return false;
    return true;
}

static void put_text(struct buf *line, const char *text)
{
    if (settings.format == LOG_LOGFMT && is_plain(text))
        (void)buf_puts(line, text);
    else
        quoted(line, text);
}

static void put_key(struct buf *line, const char *key)
{
    bool first = line->len <= 1; /* JSON has its brace already */

    if (settings.format == LOG_JSON)
        (void)buf_printf(line, "%s\"%s\":", first ? "" : ",", key);
    else
        (void)buf_printf(line, "%s%s=", first ? "" : " ", key);
}

static void put_double(struct buf *line, double value)
{
    if (isfinite(value))
        (void)buf_printf(line, "%.6g", value);
    else
        put_text(line, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

static void put_field(struct buf *line, const struct log_field *f)
{
    put_key(line, f->key);
    if (f->type == LOG_FIELD_STR)
        put_text(line, f->str ? f->str : "");
    else if (f->type == LOG_FIELD_INT)
        (void)buf_printf(line, "%" PRId64, f->integer);
    else
        put_double(line, f->real);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    scoped(buf_done)
    struct buf line = {.max = LINE_MAX_BYTES};
    char now[CLOCK_TEXT_MAX];
    FILE *out = settings.out ? settings.out : stderr;

    if (level > settings.level)
        return;

    if (settings.format == LOG_JSON)
        (void)buf_puts(&line, "{");
    put_field(&line, &LOG_STR("time", clock_rfc3339_micro(clock_wall_ns(), now)));
    put_field(&line, &LOG_STR("level", log_level_names[level]));
    put_field(&line, &LOG_STR("msg", message));
    for (; fields->type != LOG_FIELD_END; fields++)
        put_field(&line, fields);
    line.max += 2;
    (void)buf_puts(&line, settings.format == LOG_JSON ? "}\n" : "\n");

    (void)fwrite(line.data, 1, line.len, out); /* one call, so stdio's lock keeps lines whole */
    (void)fflush(out);
}
