// SPDX-License-Identifier: MIT
/* connections: who is connected, and who must go when there are too many. Inside common/http.
 *
 * A connection waits for its client until a whole request is there, and is busy until that is
 * answered. Those that wait are cut, never those that are busy: whoever has waited longest when one
 * more comes than may stay, and everybody who has waited longer than a request may take. So neither
 * idle clients nor slow ones keep others out. Any thread. */
#ifndef HTTP_CONNECTIONS_H
#define HTTP_CONNECTIONS_H

#include <stddef.h>
#include <stdint.h>

struct connection;
struct connections;

/* NULL when out of memory. */
struct connections *connections_new(size_t max, uint64_t wait_max_ns);
void connections_free(struct connections *all); /* after the last one left */

/* A new one, which waits. NULL when it cannot stay, because all are busy or memory is out. fd is
 * shut down when the connection is cut, and must stay open until connections_leave. */
struct connection *connections_enter(struct connections *all, int fd);

/* It waits from now on (CLOCK_MONOTONIC): for a request, or for the rest of one whose body begins
 * to come. */
void connections_wait(struct connections *all, struct connection *c, uint64_t now_ns);

/* A whole request is there. */
void connections_busy(struct connections *all, struct connection *c);

void connections_leave(struct connections *all, struct connection *c); /* takes c */

#endif
