// SPDX-License-Identifier: MIT
#include "workload/settings.h"

#include "base/err.h"
#include "base/log.h"
#include "base/options.h"
#include "base/scoped.h"
#include "workload/burn.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct opt opts[] = {
    {"log-level", OPT_CHOICE, offsetof(struct settings, log_level), .choices = log_level_names},
    {"cpu-ms", OPT_DOUBLE, offsetof(struct settings, cpu_ms), .max = BURN_CPU_MS_MAX},
    {"error-rate", OPT_DOUBLE, offsetof(struct settings, error_rate), .max = 1},
};
static const struct opt_table table = {OPT_TABLE(opts)};

struct reading {
    struct settings settings;
    bool seen[ARRAY_LEN(opts)];
};

/* Cuts white space off both ends; text is changed. */
static char *trim(char *text)
{
    static const char space[] = " \t\r";
    char *end = text + strlen(text);

    while (end > text && strchr(space, end[-1]))
        end--;
    *end = '\0';
    return text + strspn(text, space);
}

static int note_seen(struct reading *r, const char *name, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(opts); i++) {
        if (strcmp(opts[i].name, name) != 0)
            continue;
        if (r->seen[i])
            return err_set(err, -EINVAL, "%s is given more than once", name);
        r->seen[i] = true;
    }
    return 0;
}

static int read_line(struct reading *r, char *line, struct err *err)
{
    line = trim(line);
    if (!*line || *line == '#')
        return 0;

    char *equals = strchr(line, '=');
    if (!equals)
        return err_set(err, -EINVAL, "'%.64s' is not of the form name=value", line);
    *equals = '\0';
    const char *name = trim(line);
    int result = options_set(&table, name, trim(equals + 1), &r->settings, err);
    if (result == -ENOENT)
        return err_set(err, -EINVAL, "there is log-level, cpu-ms and error-rate, but no '%.64s'",
                       name);
    return result < 0 ? result : note_seen(r, name, err);
}

int settings_parse(const char *text, size_t len, struct settings *ret, struct err *err)
{
    struct reading reading = {.settings = *ret};
    unsigned number = 0;

    if (len > SETTINGS_MAX_BYTES || memchr(text, '\0', len))
        return err_set(err, -EINVAL,
                       len > SETTINGS_MAX_BYTES ? "it is longer than 64 KiB"
                                                : "there is a NUL byte in it");
    scoped(free_at) char *copy = strndup(text, len);
    if (!copy)
        return err_set(err, -ENOMEM, "out of memory");

    for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
        int r = read_line(&reading, line, err);
        number++;
        if (r < 0)
            return err_wrap(err, r, "line %u", number);
    }
    *ret = reading.settings;
    return 0;
}
