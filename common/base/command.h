// SPDX-License-Identifier: MIT
/* command: a program made of roles or subcommands, `swell-workload serve ...`. One thread. */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include <stddef.h>

struct command {
    const char *name;
    const char *summary; /* a few words for the list in --help */
    /* argv[0] is the subcommand's name. Returns the exit code. */
    int (*run)(int argc, char **argv);
};

struct program {
    const char *name, *summary;
    const struct command *commands;
    size_t count;
};

#define EXIT_USAGE 2 /* a wrong flag, file or value: nothing was started */

/* Runs the subcommand named by argv[1]. --help lists them, --version prints name and version, both
 * with exit code 0; a missing or unknown name is one line on stderr and EXIT_USAGE. */
int command_run(const struct program *program, int argc, char **argv);

/* What a subcommand does with a negative result of options_parse and friends: prints
 * "program: text" on stderr and returns EXIT_USAGE; for -ECANCELED (help was printed) 0. */
struct err;
int command_refuse(const char *program, int code, const struct err *err);

#endif
