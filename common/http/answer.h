// SPDX-License-Identifier: MIT
/* answer: the reply that the routes give to a request. Inside common/http. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/server_private.h"

/* Calls the route that fits, or says what is wrong with the request. Sets x->route. */
struct http_reply answer(struct http_exchange *x, const char *method, const char *path);

/* A reply of the server's own. */
struct http_reply answer_error(const struct http_server *s, int status, const char *message);

#endif
