// SPDX-License-Identifier: MIT
/* response: sends a reply with libmicrohttpd. Inside common/http.
 *
 * What is sent again and again is made once a second and kept: replies whose body is borrowed for
 * ever and that have no headers of their own. A kept response bears its second's Date, which
 * libmicrohttpd would otherwise format for every reply. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "http/server_private.h"

/* Queues the reply on the exchange's connection; from libmicrohttpd's callbacks only. Takes reply.
 * MHD_NO, which drops the connection, when out of memory. */
enum MHD_Result response_queue(struct http_exchange *x, struct http_reply reply);

void response_init_kept(struct http_server *s);
void response_free_kept(struct http_server *s);

#endif
