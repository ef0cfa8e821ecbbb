// SPDX-License-Identifier: MIT
/* stream: the server's half of an answer without an end. Inside common/http. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/server_private.h"

/* The exchange is answered with s from now on. Takes s; stream_detach gives it back. */
void stream_attach(struct http_exchange *x, struct http_stream *s);

/* The response that sends what is written to an attached stream. NULL when out of memory. */
struct MHD_Response *stream_response(struct http_stream *s);

void stream_detach(struct http_stream *s);

#endif
