// SPDX-License-Identifier: MIT
#include "base/options.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 64

struct flag { /* a row of the table, and what its offset counts from */
    const struct opt *opt;
    size_t base;
};

/* The flag number i of the table, in the order of --help. False behind the last one. */
static bool flag_at(const struct opt_table *t, size_t i, struct flag *ret)
{
    for (size_t k = 0; k < t->part_count; k++) {
        const struct opt_part *part = &t->parts[k];
        if (i < part->group->count) {
            *ret = (struct flag){&part->group->opts[i], part->base};
            return true;
        }
        i -= part->group->count;
    }
    if (i >= t->count)
        return false;
    *ret = (struct flag){&t->opts[i], 0};
    return true;
}

static void *value_of(const struct flag *f, void *options)
{
    return (char *)options + f->base + f->opt->offset;
}

static const char *env_name(const struct opt *o, char name[NAME_MAX_LEN + 8])
{
    if (o->env)
        return o->env;

    size_t n = (size_t)snprintf(name, NAME_MAX_LEN + 8, "SWELL_%s", o->name);
    for (size_t i = 6; i < n && i < NAME_MAX_LEN + 7; i++)
        name[i] = o->name[i - 6] == '-' ? '_' : (char)toupper((unsigned char)o->name[i - 6]);
    return name;
}

static double upper_bound(const struct opt *o)
{
    return o->max != 0 ? o->max : INFINITY;
}

static int set_choice(const struct opt *o, const char *text, int *ret)
{
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], text) == 0) {
            *ret = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int set_u64(const struct opt *o, const char *text, uint64_t *ret)
{
    uint64_t max = o->max != 0 ? (uint64_t)o->max : UINT64_MAX;

    return parse_u64(text, (uint64_t)o->min, max, ret);
}

static int set_duration(const struct opt *o, const char *text, uint64_t *ret)
{
    uint64_t ns;
    int r = clock_parse_duration(text, &ns);

    if (r < 0)
        return r;
    double seconds = (double)ns / (double)NS_PER_S;
    if (seconds < o->min || seconds > upper_bound(o))
        return -ERANGE;
    *ret = ns;
    return 0;
}

static int add_to_list(const char *text, struct opt_list *list)
{
    if (list->count == OPT_LIST_MAX)
        return -E2BIG;
    list->values[list->count++] = text;
    return 0;
}

static int set_value(const struct opt *o, const char *text, void *ret)
{
    switch (o->type) {
    case OPT_BOOL:
        return parse_bool(text, ret);
    case OPT_STRING:
        *(const char **)ret = text;
        return 0;
    case OPT_U64:
        return set_u64(o, text, ret);
    case OPT_DOUBLE:
        return parse_double(text, o->min, upper_bound(o), ret);
    case OPT_DURATION:
        return set_duration(o, text, ret);
    case OPT_CHOICE:
        return set_choice(o, text, ret);
    case OPT_LIST:
        return add_to_list(text, ret);
    }
    return -EINVAL;
}

static void what_it_takes(const struct opt *o, char *text, size_t size)
{
    static const char *const kinds[] = {
        [OPT_BOOL] = "true or false",
        [OPT_STRING] = "a text",
        [OPT_U64] = "a whole number",
        [OPT_DOUBLE] = "a number",
        [OPT_DURATION] = "a duration such as 300ms or 1m30s",
        [OPT_CHOICE] = "one of",
        [OPT_LIST] = "at most 32 values",
    };
    size_t n = (size_t)snprintf(text, size, "%s", kinds[o->type]);

    if (o->type == OPT_CHOICE)
        for (size_t i = 0; o->choices[i] && n < size; i++)
            n += (size_t)snprintf(text + n, size - n, "%s %s", i ? "," : "", o->choices[i]);
    const char *unit = o->type == OPT_DURATION ? " s" : "";
    if (o->type != OPT_U64 && o->type != OPT_DOUBLE && o->type != OPT_DURATION)
        return;
    if (o->max != 0 && n < size)
        (void)snprintf(text + n, size - n, " from %.15g to %.15g%s", o->min, o->max, unit);
    else if (o->min != 0 && n < size)
        (void)snprintf(text + n, size - n, ", at least %.15g%s", o->min, unit);
}

/* source is "--port" or "SWELL_PORT", as the person wrote it. */
static int set_or_explain(const struct opt *o, const char *source, const char *text, void *ret,
                          struct err *err)
{
    char takes[256];
    int r = set_value(o, text, ret);

    if (r == 0)
        return 0;
    what_it_takes(o, takes, sizeof(takes));
    return err_set(err, -EINVAL, "%s takes %s, not '%s'", source, takes, text);
}

static int set_defaults_and_environment(const struct opt_table *t, void *options, struct err *err)
{
    char name[NAME_MAX_LEN + 8];
    struct flag f;

    for (size_t i = 0; flag_at(t, i, &f); i++) {
        const struct opt *o = f.opt;
        void *value = value_of(&f, options);
        if (o->type == OPT_STRING)
            *(const char **)value = NULL;
        if (o->type == OPT_LIST)
            *(struct opt_list *)value = (struct opt_list){0};

        const char *source = env_name(o, name);
        const char *text = getenv(source);
        if (!text) {
            source = o->name;
            text = o->def;
        }
        int r = text ? set_or_explain(o, source, text, value, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static bool find(const struct opt_table *t, const char *name, size_t len, struct flag *ret)
{
    for (size_t i = 0; flag_at(t, i, ret); i++)
        if (strlen(ret->opt->name) == len && strncmp(ret->opt->name, name, len) == 0)
            return true;
    return false;
}

/* A flag wins over the environment: the list's first flag forgets what stood there. */
static void start_list(struct opt_list *list)
{
    if (!list->from_flags)
        list->count = 0;
    list->from_flags = true;
}

/* "--name", or "-n" for a name of one letter. */
static bool is_flag(const char *arg)
{
    return strncmp(arg, "--", 2) == 0 || (arg[0] == '-' && arg[1] && (!arg[2] || arg[2] == '='));
}

static const char *dashes(const struct opt *o)
{
    return o->name[1] ? "--" : "-";
}

/* Takes the flag at argv[i] and returns the index of the next argument. */
static int take_flag(const struct opt_table *t, int argc, char **argv, int i, void *options,
                     struct err *err)
{
    char source[NAME_MAX_LEN + 8];
    const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    struct flag f;

    if (!find(t, name, len, &f))
        return err_set(err, -EINVAL, "unknown flag '%.*s'; see '%s --help'",
                       (int)(name + len - argv[i]), argv[i], t->program);

    const struct opt *o = f.opt;
    const char *text = equals ? equals + 1 : o->type == OPT_BOOL ? "true" : argv[++i];
    if (!text || i >= argc)
        return err_set(err, -EINVAL, "%s%s needs a value", dashes(o), o->name);

    if (o->type == OPT_LIST)
        start_list(value_of(&f, options));
    (void)snprintf(source, sizeof(source), "%s%s", dashes(o), o->name);
    int r = set_or_explain(o, source, text, value_of(&f, options), err);
    return r < 0 ? r : i + 1;
}

static int positional_at(const struct opt_table *t, int argc, char **argv, int i, struct err *err)
{
    if (i < argc && !t->positional)
        return err_set(err, -EINVAL, "unexpected argument '%s'; see '%s --help'", argv[i],
                       t->program);
    return i;
}

/* Moves what take_flag took, argv[from..to), in front of the positional arguments that begin at
 * start. Returns where they begin now. */
static int move_in_front(char **argv, int start, int from, int to)
{
    char *taken[2] = {0}; /* a flag and its value */
    size_t count = (size_t)(to - from);

    memcpy(taken, argv + from, count * sizeof(*argv));
    memmove(argv + start + count, argv + start, (size_t)(from - start) * sizeof(*argv));
    memcpy(argv + start, taken, count * sizeof(*argv));
    return start + (int)count;
}

int options_parse(const struct opt_table *table, int argc, char **argv, void *ret_options,
                  struct err *err)
{
    int r = set_defaults_and_environment(table, ret_options, err);
    int start = 1; /* of the positional arguments seen so far, which end at i */

    for (int i = 1; r == 0 && i < argc;) {
        if (strcmp(argv[i], "--help") == 0) {
            options_help(table, stdout);
            return -ECANCELED;
        }
        if (strcmp(argv[i], "--") == 0) {
            start = move_in_front(argv, start, i, i + 1);
            break;
        }
        if (!is_flag(argv[i])) {
            if (argv[i][0] == '-' && argv[i][1])
                return err_set(err, -EINVAL, "unknown flag '%s'; see '%s --help'", argv[i],
                               table->program);
            i++;
            continue;
        }
        int next = take_flag(table, argc, argv, i, ret_options, err);
        if (next < 0)
            return next;
        start = move_in_front(argv, start, i, next);
        i = next;
    }
    return r < 0 ? r : positional_at(table, argc, argv, start, err);
}

int options_set(const struct opt_table *table, const char *name, const char *text,
                void *ret_options, struct err *err)
{
    struct flag f;

    if (!find(table, name, strlen(name), &f))
        return err_set(err, -ENOENT, "there is no '%.64s'", name);
    return set_or_explain(f.opt, name, text, value_of(&f, ret_options), err);
}

void options_help(const struct opt_table *table, FILE *out)
{
    char name[NAME_MAX_LEN + 8], takes[256];
    struct flag f;

    (void)fprintf(out, "%s: %s\n\nUsage: %s [flags]%s%s\n\nFlags:\n", table->program,
                  table->summary, table->program, table->positional ? " " : "",
                  table->positional ? table->positional : "");
    for (size_t i = 0; flag_at(table, i, &f); i++) {
        const struct opt *o = f.opt;
        what_it_takes(o, takes, sizeof(takes));
        (void)fprintf(out, "  %s%s\n        %s\n        Takes %s", dashes(o), o->name, o->help,
                      takes);
        if (o->def)
            (void)fprintf(out, "; default %s", *o->def ? o->def : "empty");
        (void)fprintf(out, ". Environment: %s\n", env_name(o, name));
    }
    (void)fprintf(out, "  --help\n        Print this and end.\n");
    if (table->more_help)
        table->more_help(out);
}
