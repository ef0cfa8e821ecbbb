// SPDX-License-Identifier: MIT
/* log: one line per event: time, level, message, key=value. Any thread; a line is written whole.
 *
 *     log_info("pod ready", LOG_STR("pod", name), LOG_INT("port", port));
 *
 * logfmt by default, JSON on request. Texts from outside are quoted and escaped, so a line stays a
 * line. Servers log to stdout, command-line tools to stderr. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>
#include <stdio.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

enum log_field_type { LOG_FIELD_END, LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_DOUBLE };

struct log_field { /* built by the macros below */
    enum log_field_type type;
    const char *key; /* [a-z_]+ */
    const char *str; /* NULL is written as "" */
    int64_t integer;
    double real;
};

#define LOG_STR(k, v) ((struct log_field){.type = LOG_FIELD_STR, .key = (k), .str = (v)})
#define LOG_INT(k, v) ((struct log_field){.type = LOG_FIELD_INT, .key = (k), .integer = (v)})
#define LOG_DOUBLE(k, v) ((struct log_field){.type = LOG_FIELD_DOUBLE, .key = (k), .real = (v)})

/* Says where lines go, in which form, and up to which level. Before the first line and before
 * threads start; without it: stderr, logfmt, info. out stays the caller's. */
void log_init(FILE *out, enum log_format format, enum log_level level);

/* Changes the level while lines are written. Any thread. */
void log_set_level(enum log_level level);

/* The names for options tables: "error" .. "debug" and "logfmt", "json", each ending in NULL. */
extern const char *const log_level_names[];
extern const char *const log_format_names[];

/* fields ends with a LOG_FIELD_END. Use the macros. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

#define log_at(level, message, ...)                                                                \
    log_write(level, message, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#define log_error(message, ...) log_at(LOG_ERROR, message __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(message, ...) log_at(LOG_WARN, message __VA_OPT__(, ) __VA_ARGS__)
#define log_info(message, ...) log_at(LOG_INFO, message __VA_OPT__(, ) __VA_ARGS__)
#define log_debug(message, ...) log_at(LOG_DEBUG, message __VA_OPT__(, ) __VA_ARGS__)

#endif
