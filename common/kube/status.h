// SPDX-License-Identifier: MIT
/* status: the API's Status object, which is how every error reaches a person: the HPA prints the
 * message in its condition, kubectl as "Error from server (Reason): message". Any thread. */
#ifndef KUBE_STATUS_H
#define KUBE_STATUS_H

#include "http/server.h"

#include <jansson.h>

/* New Status of kind Failure. The reason follows from the HTTP code (404 NotFound, 409 Conflict,
 * 422 Invalid, ...). NULL when out of memory. */
json_t *status_new(int code, const char *message);

/* The same as a reply with Content-Type application/json. Fits http_server_config.error_reply. */
struct http_reply status_reply(int code, const char *message);
struct http_reply status_replyf(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 404 in the words of a real API server: `deployments.apps "web" not found`. group may be "". */
struct http_reply status_not_found(const char *group, const char *resource, const char *name);

/* Any JSON body as a reply, compact. Takes body; NULL becomes a 500. */
struct http_reply json_reply(int code, json_t *body);

#endif
