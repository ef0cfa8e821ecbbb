// SPDX-License-Identifier: MIT
/* hash: FNV-1a of texts, for names made from content. Not against an adversary. Any thread.
 * Source: the FNV offset basis and prime for 64 bits. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#define HASH_START UINT64_C(14695981039346656037)

/* Goes on from hash (HASH_START at first). */
static inline uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        hash = (hash ^ *c) * UINT64_C(1099511628211);
    return hash;
}

#endif
