// SPDX-License-Identifier: MIT
#include "base/command.h"

#include "base/err.h"
#include "base/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_help(const struct program *p)
{
    (void)printf("%s: %s\n\nUsage: %s COMMAND [flags]\n\nCommands:\n", p->name, p->summary,
                 p->name);
    for (size_t i = 0; i < p->count; i++)
        (void)printf("  %-12s %s\n", p->commands[i].name, p->commands[i].summary);
    (void)printf("\n'%s COMMAND --help' lists the flags of a command.\n", p->name);
    return EXIT_SUCCESS;
}

int command_run(const struct program *program, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0)
        return print_help(program);
    if (strcmp(name, "--version") == 0) {
        (void)printf("%s %s\n", program->name, SWELL_VERSION);
        return EXIT_SUCCESS;
    }

    for (size_t i = 0; i < program->count; i++)
        if (strcmp(program->commands[i].name, name) == 0)
            return program->commands[i].run(argc - 1, argv + 1);

    if (*name)
        (void)fprintf(stderr, "%s: unknown command '%s'; see '%s --help'\n", program->name, name,
                      program->name);
    else
        (void)fprintf(stderr, "%s: a command is missing; see '%s --help'\n", program->name,
                      program->name);
    return EXIT_USAGE;
}

int command_refuse(const char *program, int code, const struct err *err)
{
    if (code == -ECANCELED)
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "%s: %s\n", program, err->text);
    return EXIT_USAGE;
}
