// SPDX-License-Identifier: MIT
/* backoff: how long to wait before trying again: twice as long each time, up to a maximum, with
 * jitter so that many who failed together do not come back together. One thread. */
#ifndef WORKLOAD_BACKOFF_H
#define WORKLOAD_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_NS UINT64_C(100000000)

struct backoff {       /* {.seed = any number but 0} is ready to use */
    uint64_t seed;     /* of the jitter */
    uint64_t whole_ns; /* the last wait before its jitter; 0 after a success */
};

/* The next wait: from half of it to all of BACKOFF_FIRST_NS, twice that and so on, up to max_ns. */
uint64_t backoff_next_ns(struct backoff *b, uint64_t max_ns);

/* After a success. */
void backoff_reset(struct backoff *b);

#endif
