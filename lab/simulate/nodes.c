// SPDX-License-Identifier: MIT
#include "lab/simulate/nodes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct nodes {
    size_t count;
    int64_t free_milli[]; /* count of them */
};

struct nodes *nodes_new(size_t count, int64_t cpu_milli)
{
    struct nodes *n = calloc(1, sizeof(*n) + count * sizeof(n->free_milli[0]));

    if (!n)
        return NULL;
    n->count = count;
    for (size_t i = 0; i < count; i++)
        n->free_milli[i] = cpu_milli;
    return n;
}

void nodes_free(struct nodes *n)
{
    free(n);
}

int nodes_take(struct nodes *n, int64_t cpu_milli)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->free_milli[i] < cpu_milli)
            continue;
        n->free_milli[i] -= cpu_milli;
        return (int)i;
    }
    return -ENOSPC;
}

void nodes_give(struct nodes *n, int node, int64_t cpu_milli)
{
    assert(node >= 0 && (size_t)node < n->count);
    n->free_milli[node] += cpu_milli;
}
