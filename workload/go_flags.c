// SPDX-License-Identifier: MIT
#include "workload/go_flags.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* "-port", but neither "-h" nor "-1" nor "-". */
static bool has_one_dash(const char *arg)
{
    return arg[0] == '-' && isalpha((unsigned char)arg[1]) && isalpha((unsigned char)arg[2]);
}

/* The list and, behind it, room for its texts with one more dash each. */
static size_t size_of(int argc, char **argv)
{
    size_t size = ((size_t)argc + 1) * sizeof(*argv);

    for (int i = 0; i < argc; i++)
        size += strlen(argv[i]) + sizeof("-");
    return size;
}

char **go_flags_new(int argc, char **argv)
{
    char **list = malloc(size_of(argc, argv));
    char *at = list ? (char *)(list + argc + 1) : NULL;
    bool flags = true;

    for (int i = 0; list && i < argc; i++) {
        flags = flags && strcmp(argv[i], "--") != 0;
        list[i] = at;
        if (flags && has_one_dash(argv[i]))
            *at++ = '-';
        at = stpcpy(at, argv[i]) + 1;
    }
    if (list)
        list[argc] = NULL;
    return list;
}
