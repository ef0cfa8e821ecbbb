// SPDX-License-Identifier: MIT
/* watch: streams of changes to API clients: one JSON object a line, {"type":…,"object":…}. A client
 * that reads too slowly is cut, as a real API server does. Any thread. */
#ifndef LAB_API_WATCH_H
#define LAB_API_WATCH_H

#include "lab/kinds.h"

#include <stdint.h>

struct http_stream;
struct selector;
struct store;
struct watches;

#define WATCHES_MAX 200

struct watches *watches_new(struct store *store); /* NULL when out of memory */
void watches_free(struct watches *w);

/* Starts a watch of objects of a kind; ns, name NULL: any. Takes selector, also on failure.
 * *ret_stream is for http_reply_stream. -ERANGE: since is too old; -EMFILE: WATCHES_MAX; -ENOMEM.
 */
int watches_add(struct watches *w, enum kind_id kind, const char *ns, const char *name,
                struct selector *selector, uint64_t since, struct http_stream **ret_stream);

void watches_close_all(struct watches *w);

#endif
