// SPDX-License-Identifier: MIT
/* read: one request for values: from the queries that have them to the reply, which is made at once
 * when all were read before, and when their first polls ended otherwise. Any thread. */
#ifndef ADAPTER_API_READ_H
#define ADAPTER_API_READ_H

#include "adapter/query.h"
#include "http/server.h"

#include <jansson.h>
#include <stdbool.h>

struct read_result {
    struct query *query;
    struct reading *reading; /* NULL: there is none in time */
};

/* Makes the reply; all is borrowed. */
typedef struct http_reply read_reply_fn(const void *context, const struct read_result *results,
                                        size_t count);

/* Takes the queries in a list (a NULL in it: out of memory) but not the list, and context, which
 * free_context releases when the reply is made. */
struct http_reply read_start(const struct http_request *r, struct query *const *queries,
                             size_t count, read_reply_fn *reply, void *context,
                             void (*free_context)(void *context));

/* What every read checks first: 406 without JSON in Accept, 405 for a watch. True when it may go
 * on; else *ret is the refusal. */
bool read_is_possible(const struct http_request *r, struct http_reply *ret);

/* Whether a person reads it (?pretty=true, curl): the JSON is indented then. */
bool read_is_pretty(const struct http_request *r);

/* Takes body. */
struct http_reply read_reply_json(bool pretty, json_t *body);

#endif
