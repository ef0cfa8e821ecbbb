// SPDX-License-Identifier: MIT
/* options: one table per program or role drives parsing, environment, --help and docs.
 *
 *     static const struct opt opts[] = {
 *         {"port", OPT_U64, offsetof(struct options, port), "8080", "TCP port; 0 picks one",
 *          .max = 65535},
 *     };
 *
 * A flag is written --name=value or --name value; OPT_BOOL is --name or --name=value; a name of one
 * letter is written -n. Flags may stand behind positional arguments; "--" ends them. The
 * environment variable is SWELL_ and the name in capitals with _ for -, unless .env says otherwise.
 * A flag wins over the environment, the environment over the default. One thread. */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

enum opt_type {
    OPT_BOOL,     /* bool */
    OPT_STRING,   /* const char *, NULL when def is NULL and nothing is given */
    OPT_U64,      /* uint64_t, min..max */
    OPT_DOUBLE,   /* double, min..max */
    OPT_DURATION, /* uint64_t nanoseconds, written "300ms", "1m30s"; min..max in seconds */
    OPT_CHOICE,   /* int, the index in choices */
    OPT_LIST,     /* struct opt_list: flag may be given several times; environment: one value */
};

#define OPT_LIST_MAX 32

struct opt_list { /* an OPT_LIST's values, in the order given */
    const char *values[OPT_LIST_MAX];
    size_t count;
    bool from_flags; /* the first flag replaces what environment or default gave */
};

struct opt {
    const char *name;
    enum opt_type type;
    size_t offset;   /* in the caller's struct */
    const char *def; /* as text; NULL: none (strings, lists) */
    const char *help;
    double min, max;            /* numbers and durations; max 0 means no upper bound */
    const char *const *choices; /* OPT_CHOICE, ends with NULL */
    const char *env;            /* NULL: derived from the name */
};

struct opt_group {          /* the flags of a module, for the tables of those who use it */
    const struct opt *opts; /* their offsets are in the module's own struct */
    size_t count;
};

struct opt_part {
    const struct opt_group *group;
    size_t base; /* offset of the module's struct in the caller's */
};

struct opt_table {
    const char *program;    /* "swell-workload serve" */
    const char *summary;    /* one sentence for --help */
    const char *positional; /* what stands after the flags, for --help; NULL: nothing may */
    const struct opt *opts;
    size_t count;
    void (*more_help)(FILE *out); /* appended to --help: endpoints, metrics; may be NULL */
    const struct opt_part *parts; /* flags that come before opts; may be NULL */
    size_t part_count;
};

#define OPT_TABLE(rows) .opts = (rows), .count = sizeof(rows) / sizeof((rows)[0])
#define OPT_PARTS(rows) .parts = (rows), .part_count = sizeof(rows) / sizeof((rows)[0])

/* Fills *ret_options (the struct that the offsets point into) from defaults, environment and argv.
 * argv[0] is skipped; argv is put in order, flags first. Strings point into argv, the environment
 * or the table: nothing to free. Returns the index of the first positional argument (argc when
 * there is none); -EINVAL with one sentence in err for a wrong flag or value; -ECANCELED when
 * --help was asked for and has been printed on stdout: the caller ends with exit code 0. */
int options_parse(const struct opt_table *table, int argc, char **argv, void *ret_options,
                  struct err *err);

/* Sets one value by the flag's name, for a file that knows the same names. 0; -ENOENT when there is
 * no such flag, -EINVAL for a wrong value, both with a sentence. Strings are borrowed. */
int options_set(const struct opt_table *table, const char *name, const char *text,
                void *ret_options, struct err *err);

void options_help(const struct opt_table *table, FILE *out);

#endif
