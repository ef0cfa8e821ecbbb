// SPDX-License-Identifier: MIT
/* pool: memory that is released all at once, for trees and snapshots of many small parts.
 *
 *     scoped(pool_done) struct pool pool = {.max = 64 * KIB};
 *
 * One thread while it grows; what was taken from it may then be read by any. */
#ifndef ADAPTER_RULES_POOL_H
#define ADAPTER_RULES_POOL_H

#include <stddef.h>

struct pool_block;

struct pool {   /* {.max = bytes} is ready to use; the rest belongs to pool.c */
    size_t max; /* all that was taken never gets larger */
    size_t used;
    struct pool_block *blocks;
    size_t left; /* bytes free at the end of the newest block */
};

/* Zeroed, for any type. NULL when out of memory or beyond max. */
void *pool_take(struct pool *p, size_t size);

/* A copy with a NUL behind it. Errors as pool_take. */
char *pool_text(struct pool *p, const char *text, size_t len);

void pool_done(struct pool *p); /* leaves {.max}: ready to use again */

#endif
