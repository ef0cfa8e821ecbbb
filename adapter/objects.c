// SPDX-License-Identifier: MIT
#include "adapter/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int names_add(struct names *n, const char *name)
{
    if ((n->count & (n->count - 1)) == 0) { /* sizes are powers of two, so none is stored */
        char **grown = reallocarray(n->items, n->count ? 2 * n->count : 1, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        n->items = grown;
    }
    n->items[n->count] = strdup(name);
    if (!n->items[n->count])
        return -ENOMEM;
    n->count++;
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_sort(struct names *n)
{
    if (n->count)
        qsort(n->items, n->count, sizeof(*n->items), by_text);
}

size_t names_position(const struct names *n, const char *name)
{
    char **at = n->count ? bsearch(&name, n->items, n->count, sizeof(*n->items), by_text) : NULL;

    return at ? (size_t)(at - n->items) : n->count;
}

void names_done(struct names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->items[i]);
    free(n->items);
    *n = (struct names){0};
}
