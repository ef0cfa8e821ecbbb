// SPDX-License-Identifier: MIT
#include "adapter/rules/pool.h"

#include "base/scoped.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)2048)

struct pool_block {
    struct pool_block *older;
    size_t size;
    max_align_t bytes[];
};

static struct pool_block *block_new(size_t size)
{
    struct pool_block *b = calloc(1, sizeof(*b) + size);

    if (b)
        b->size = size;
    return b;
}

void *pool_take(struct pool *p, size_t size)
{
    const size_t unit = alignof(max_align_t);

    if (size > p->max - p->used)
        return NULL;
    size_t whole = (size + unit - 1) / unit * unit;
    if (!p->blocks || whole > p->left) {
        struct pool_block *b = block_new(whole > BLOCK_BYTES ? whole : BLOCK_BYTES);
        if (!b)
            return NULL;
        b->older = p->blocks;
        p->blocks = b;
        p->left = b->size;
    }
    void *taken = (char *)p->blocks->bytes + (p->blocks->size - p->left);
    p->left -= whole;
    p->used += size;
    return taken;
}

char *pool_text(struct pool *p, const char *text, size_t len)
{
    char *copy = pool_take(p, len + 1);

    return copy ? memcpy(copy, text, len) : NULL;
}

void pool_done(struct pool *p)
{
    while (p->blocks) {
        struct pool_block *b = p->blocks;
        p->blocks = b->older;
        free(b);
    }
    *p = (struct pool){.max = p->max};
}
