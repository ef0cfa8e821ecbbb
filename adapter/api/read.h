// SPDX-License-Identifier: MIT
/* read: one request for values: from the query that has them to the reply, which is made at once
 * when the query was read before, and when its first poll ended otherwise. Any thread. */
#ifndef ADAPTER_API_READ_H
#define ADAPTER_API_READ_H

#include "adapter/query.h"
#include "http/server.h"

#include <jansson.h>
#include <stdbool.h>

/* Makes the reply of a reading (borrowed; NULL: there is none in time). */
typedef struct http_reply read_reply_fn(const void *context, const struct query *query,
                                        const struct reading *reading);

/* Takes query (NULL: out of memory) and context, which free_context releases when the reply is
 * made. */
struct http_reply read_start(const struct http_request *r, struct query *query,
                             read_reply_fn *reply, void *context,
                             void (*free_context)(void *context));

/* What every read checks first: 406 without JSON in Accept, 405 for a watch. True when it may go
 * on; else *ret is the refusal. */
bool read_is_possible(const struct http_request *r, struct http_reply *ret);

/* Whether a person reads it (?pretty=true, curl): the JSON is indented then. */
bool read_is_pretty(const struct http_request *r);

/* Takes body. */
struct http_reply read_reply_json(bool pretty, json_t *body);

#endif
