// SPDX-License-Identifier: MIT
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/scoped.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define LINE_MAX_BYTES (16 * KIB) /* a longer line loses its last fields, each of them whole */

const char *const log_level_names[] = {"error", "warn", "info", "debug", NULL};
const char *const log_format_names[] = {"logfmt", "json", NULL};

static struct {
    FILE *out;
    enum log_format format;
    _Atomic enum log_level level;
} settings = {.level = LOG_INFO};

void log_init(FILE *out, enum log_format format, enum log_level level)
{
    settings.out = out;
    settings.format = format;
    settings.level = level;
}

void log_set_level(enum log_level level)
{
    settings.level = level;
}

/* A piece that does not fit spoils its field: max 0 lets nothing after it in, put_field repairs. */
static void put(struct buf *line, const char *text, size_t len)
{
    if (buf_append(line, text, len) < 0)
        line->max = 0;
}

static void puts_to(struct buf *line, const char *text)
{
    put(line, text, strlen(text));
}

/* JSON's escapes; logfmt readers take the same ones. Bytes that are not UTF-8 go through as they
 * are: a log is read by people. */
static void put_quoted(struct buf *line, const char *text)
{
    char code[8];

    put(line, "\"", 1);
    for (const char *c = text; *c && line->max; c++) {
        if (*c == '"' || *c == '\\')
            put(line, "\\", 1);
        if (*c == '\n') {
            put(line, "\\n", 2);
        } else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            (void)snprintf(code, sizeof(code), "\\u%04x", (unsigned)*c);
            puts_to(line, code);
        } else {
            put(line, c, 1);
        }
    }
    put(line, "\"", 1);
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
        puts_to(line, text);
    else
        put_quoted(line, text);
}

static void put_key(struct buf *line, const char *key)
{
    const char *quote = settings.format == LOG_JSON ? "\"" : "";
    bool first = line->len <= 1; /* JSON has its brace already */

    if (!first)
        put(line, settings.format == LOG_JSON ? "," : " ", 1);
    puts_to(line, quote);
    puts_to(line, key);
    puts_to(line, quote);
    put(line, settings.format == LOG_JSON ? ":" : "=", 1);
}

static void put_double(struct buf *line, double value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.6g", value);
    if (isfinite(value))
        puts_to(line, text);
    else
        put_text(line, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

/* False when the field does not fit; the line is then as it was. Half a field is worse than none:
 * its open quote would swallow the rest of the line. */
static bool put_field(struct buf *line, const struct log_field *f)
{
    size_t before = line->len;
    char number[24];

    put_key(line, f->key);
    if (f->type == LOG_FIELD_STR) {
        put_text(line, f->str ? f->str : "");
    } else if (f->type == LOG_FIELD_INT) {
        (void)snprintf(number, sizeof(number), "%" PRId64, f->integer);
        puts_to(line, number);
    } else {
        put_double(line, f->real);
    }
    if (line->max)
        return true;

    line->max = LINE_MAX_BYTES;
    line->len = before;
    return false;
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    scoped(buf_done) struct buf line = {.max = LINE_MAX_BYTES};
    char now[CLOCK_TEXT_MAX];
    FILE *out = settings.out ? settings.out : stderr;

    if (level > settings.level)
        return;

    if (settings.format == LOG_JSON)
        (void)buf_puts(&line, "{");
    (void)put_field(&line, &LOG_STR("time", clock_rfc3339_micro(clock_wall_ns(), now)));
    (void)put_field(&line, &LOG_STR("level", log_level_names[level]));
    (void)put_field(&line, &LOG_STR("msg", message));
    while (fields->type != LOG_FIELD_END && put_field(&line, fields))
        fields++;
    line.max += 2;
    (void)buf_puts(&line, settings.format == LOG_JSON ? "}\n" : "\n");

    (void)fwrite(line.data, 1, line.len, out); /* one call, so stdio's lock keeps lines whole */
    (void)fflush(out);
}
