// SPDX-License-Identifier: MIT
/* channel: bytes to and from a server over TLS, for protocols other than HTTP. libcurl connects,
 * with client.h's rules for names and certificates.
 *
 * Calls wait until deadline_ns (CLOCK_MONOTONIC). After an error there is nothing to do but close.
 * One thread. */
#ifndef HTTP_CHANNEL_H
#define HTTP_CHANNEL_H

#include "http/client.h"

struct channel;

/* Of call the url, "https://host:port", the certificates and the timeout count. New in *ret; errors
 * are those of http_client_call. */
int channel_open(const struct http_call *call, struct channel **ret, struct err *err);
void channel_close(struct channel *c); /* NULL does nothing */

/* All bytes. 0, -ETIMEDOUT or -EIO. */
int channel_send(struct channel *c, const char *data, size_t len, uint64_t deadline_ns,
                 struct err *err);

/* Some bytes, at least one. 0, -ETIMEDOUT, -ECONNRESET at the end, or -EIO. */
int channel_receive(struct channel *c, char *data, size_t size, uint64_t deadline_ns,
                    size_t *ret_len, struct err *err);

#endif
