// SPDX-License-Identifier: MIT
/* pending: a reply that an app owes; the server's half of http_defer. Inside common/http. */
#ifndef HTTP_PENDING_H
#define HTTP_PENDING_H

#include "http/server.h"

/* Takes the reply once it is there; false while it is not. */
bool pending_take_reply(struct http_pending *p, struct http_reply *ret);

/* The same for http_pending_retry: true when the request is to be served again. */
bool pending_take_ticket(struct http_pending *p, void **ret);

/* Wakes the connection without a reply, so that the server can stop. */
void pending_abandon(struct http_pending *p);

void pending_unref(struct http_pending *p);

#endif
