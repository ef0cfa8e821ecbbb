// SPDX-License-Identifier: MIT
/* live: the page's files and its stream of points (server-sent events). Points come from the
 * control thread; requests come on the server's threads. Any thread. */
#ifndef LAB_LIVE_H
#define LAB_LIVE_H

#include "http/server.h"

#include <jansson.h>
#include <stdbool.h>

struct live;

struct live *live_new(void);    /* NULL when out of memory */
void live_free(struct live *l); /* after the server has stopped */

void live_point(struct live *l, const json_t *point);
void live_end(struct live *l, const char *summary, bool ok); /* the demo is over */

extern const struct http_route live_routes[];
extern const size_t live_route_count;

#endif
