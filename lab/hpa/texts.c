// SPDX-License-Identifier: MIT
#include "lab/hpa/texts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_MEMORY "out of memory"

static int make_room(struct texts *t)
{
    size_t size = t->size ? 2 * t->size : 8;

    if (t->count < t->size)
        return 0;

    char **all = reallocarray(t->all, size, sizeof(*all));
    if (!all)
        return -1;
    t->all = all;
    t->size = size;
    return 0;
}

const char *texts_format(struct texts *t, const char *format, ...)
{
    char *text;
    va_list args;

    if (make_room(t) < 0)
        return NO_MEMORY;

    va_start(args, format);
    int r = vasprintf(&text, format, args);
    va_end(args);
    if (r < 0)
        return NO_MEMORY;
    t->all[t->count++] = text;
    return text;
}

void texts_clear(struct texts *t)
{
    while (t->count)
        free(t->all[--t->count]);
}

void texts_done(struct texts *t)
{
    texts_clear(t);
    free(t->all);
    *t = (struct texts){0};
}
