// SPDX-License-Identifier: MIT
#include "workload/backoff.h"

/* xorshift64 (Marsaglia 2003): even enough for jitter. */
static uint64_t random_u64(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

uint64_t backoff_next_ns(struct backoff *b, uint64_t max_ns)
{
    b->whole_ns = b->whole_ns ? b->whole_ns * 2 : BACKOFF_FIRST_NS;
    if (b->whole_ns > max_ns)
        b->whole_ns = max_ns;

    uint64_t half_ns = b->whole_ns / 2;
    return b->whole_ns - random_u64(&b->seed) % (half_ns + 1);
}

void backoff_reset(struct backoff *b)
{
    b->whole_ns = 0;
}
