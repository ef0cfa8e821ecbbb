// SPDX-License-Identifier: MIT
/* exchange: what libmicrohttpd tells of a connection and its requests. Inside common/http.
 *
 * arg is the server. The daemon's threads call these; all of one connection come from one thread.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/server_private.h"

/* A connection came or went (MHD_NotifyConnectionCallback). */
void exchange_on_connection(void *arg, struct MHD_Connection *connection, void **slot,
                            enum MHD_ConnectionNotificationCode what);

/* A request's first line arrived; the exchange begins (MHD_OPTION_URI_LOG_CALLBACK). */
void *exchange_on_uri(void *arg, const char *uri, struct MHD_Connection *connection);

/* Called with the headers, then with pieces of the body, then once more for the reply; and again
 * when a suspended connection was resumed (MHD_AccessHandlerCallback). */
enum MHD_Result exchange_on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **slot);

/* The exchange ended, in whatever way (MHD_RequestCompletedCallback). */
void exchange_on_completed(void *arg, struct MHD_Connection *connection, void **slot,
                           enum MHD_RequestTerminationCode how);

/* Whoever stops the server finds x in its list from now on, until x is done. Called with the
 * server's lock held, before x gets its pending reply or stream. */
void exchange_list(struct http_exchange *x);

#endif
