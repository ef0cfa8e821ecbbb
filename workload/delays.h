// SPDX-License-Identifier: MIT
/* delays: answers that come after a while and cost nothing until then. One thread waits for all of
 * them. Any thread. */
#ifndef WORKLOAD_DELAYS_H
#define WORKLOAD_DELAYS_H

#include "http/server.h"

#include <stdint.h>

struct delays;
struct err;

#define DELAYS_MAX 1000 /* at a time */

int delays_new(struct delays **ret, struct err *err); /* 0, or a negative errno with a sentence */

/* Answers r with reply after delay_ns, or 503 at once when DELAYS_MAX wait already. Takes reply. */
struct http_reply delays_add(struct delays *d, const struct http_request *r, uint64_t delay_ns,
                             struct http_reply reply);

void delays_free(struct delays *d); /* answers what still waits */

#endif
