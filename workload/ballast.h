// SPDX-License-Identifier: MIT
/* ballast: memory that is held for a time: every page is written to, so it counts as resident, and
 * locked where the limit of locked memory allows, so it stays so. Any thread. */
#ifndef WORKLOAD_BALLAST_H
#define WORKLOAD_BALLAST_H

#include <stdint.h>

struct ballast;
struct err;

#define BALLAST_BLOCKS_MAX 1000

/* Starts its thread. -ENOMEM or -EAGAIN with a sentence. */
int ballast_new(struct ballast **ret, struct err *err);

/* Takes bytes from now on, for so long; they are written to soon after. 0; -ENOSPC beyond
 * BALLAST_BLOCKS_MAX at a time; -ENOMEM when the system does not give that much. */
int ballast_add(struct ballast *b, uint64_t bytes, uint64_t duration_ns);

/* How much is held and written to. */
uint64_t ballast_resident_bytes(struct ballast *b);

void ballast_free(struct ballast *b);

#endif
